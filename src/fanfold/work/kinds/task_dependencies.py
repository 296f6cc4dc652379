"""Tasks that wait for other tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import touching
from fanfold.work.request import EMPTY, Request
from fanfold.work.schema import many
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.store import Row, Store

DEPENDENCIES = "task.dependencies"
"""Link field: the tasks that a task waits for; read backwards, those that wait for it."""

MAX_TOGETHER = 30
"""How many dependencies and dependents a task may have, both counted together."""

TAKES = {name: (many(name, "task", required=True),) for name in ("dependencies", "dependents")}


def add_dependencies(request: Request) -> Answer:
    """Have a task wait for others."""
    return _link_all(request, add=True)


def remove_dependencies(request: Request) -> Answer:
    """Have a task no longer wait for others."""
    return _link_all(request, add=False)


def add_dependents(request: Request) -> Answer:
    """Have other tasks wait for a task."""
    return _link_all(request, add=True)


def remove_dependents(request: Request) -> Answer:
    """Have other tasks no longer wait for a task."""
    return _link_all(request, add=False)


def _link_all(request: Request, *, add: bool) -> Answer:
    (field,) = request.route.takes
    given = read(request, request.route.takes)
    others = [given.rows[gid] for gid in given.lists[field.name]]
    if field.name == "dependencies":
        pairs = [(touching(request.view, request.row), others)]
    else:
        pairs = [(touching(request.view, other), [request.row]) for other in others]
    for change, targets in pairs:
        for target in targets:
            if add:
                _wait(change, target, field.name)
            else:
                change.remove("dependencies", target.gid)
        change.write()
    return EMPTY


def _wait(change: Change, target: Row, label: str) -> None:
    store = change.store
    if target.workspace != change.workspace:
        raise RequestError(f"{label}: Not in the same workspace: {target.gid}")
    if store.reaches(target.gid, DEPENDENCIES, change.gid):
        raise RequestError(f"{label}: A task cannot wait for itself: {target.gid}")
    if change.add("dependencies", target.gid) and any(_both(store, g) > MAX_TOGETHER for g in (change.gid, target.gid)):
        raise RequestError(f"{label}: A task can have at most {MAX_TOGETHER} dependencies and dependents together")


def _both(store: Store, gid: int) -> int:
    return store.count(gid, DEPENDENCIES) + len(store.owners(gid, DEPENDENCIES))


def may_wait(store: Store, gid: int, target: int) -> bool:
    """Whether a task that nothing waits for yet may come to wait for another."""
    return not store.linked(gid, DEPENDENCIES, target) and all(_both(store, g) < MAX_TOGETHER for g in (gid, target))
