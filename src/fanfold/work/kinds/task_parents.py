"""Tasks below tasks: parents, subtasks, and what goes when a task is deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import deletion, touching
from fanfold.work.kinds.task_places import ANCHORS, refresh_privacy
from fanfold.work.places import position
from fanfold.work.request import EMPTY, Request
from fanfold.work.schema import one
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.store import Store

SUBTASKS = "task.subtasks"
"""Link field: the subtasks of a task, in order."""

MAX_LEVELS = 30
"""How many levels of tasks may hang one below another."""

PARENT = (one("parent", "task", required=True), *ANCHORS)
"""What ``setParent`` takes."""


def set_parent(request: Request) -> Answer:
    """Hang a task below another, move it among its parent's subtasks, or free it from its parent."""
    change = touching(request.view, request.row, read(request, PARENT))
    change.after["parent"] = change.given.values["parent"]
    change.write()
    return request.reread(change.gid)


def hangs_below(change: Change) -> None:
    """A rule: a task is listed with its parent's subtasks, never below itself, and as visible as its parent."""
    given = change.given
    if "parent" not in given.values:
        return
    old, new = change.before.get("parent"), change.after["parent"]
    anchored = given.values.keys() & {"insert_before", "insert_after"}
    if new == old and not (new and anchored):
        return
    if new is None and any(given.values[name] for name in anchored):
        raise RequestError("insert_before: Only a subtask has neighbours")
    if old is not None:
        change.store.unlink(int(old), SUBTASKS, change.gid)
    if new is not None:
        _check_levels(change, int(new))
        where = position(change.store, int(new), SUBTASKS, given)
        change.store.link(int(new), SUBTASKS, change.gid, where)
    if change.moment == "update":
        refresh_privacy(change)
    elif new is not None:
        change.private &= given.rows[int(new)].private


def _check_levels(change: Change, parent: int) -> None:
    store = change.store
    below = store.tree(change.gid, SUBTASKS) if change.moment == "update" else []
    above = _above(store, parent)
    if change.gid in above:
        raise RequestError(f"parent: A task cannot be below itself: {parent}")
    if len(above) + 1 + max((level for _, level in below), default=0) > MAX_LEVELS:
        raise RequestError(f"parent: Tasks can be at most {MAX_LEVELS} levels deep")


def _above(store: Store, gid: int) -> list[int]:
    """A task, its parent, that one's parent and so on."""
    found = [gid]
    while owners := store.owners(found[-1], SUBTASKS):
        found.append(owners[0][0])
    return found


def delete(request: Request) -> Answer:
    """Delete a task with its subtasks, and with the stories and attachments of all of them."""
    view, store = request.view, request.view.store
    below = [gid for gid, _ in store.tree(request.row.gid, SUBTASKS)]
    rows = store.records(below)
    for gid in reversed(below):
        deletion(view, rows[gid]).write()
    deletion(view, request.row).write()
    return EMPTY


def takes_its_own_along(change: Change) -> None:
    """A rule for deletion: stories, attachments and time entered go with their task, whatever week that is of."""
    store, view = change.store, change.view
    owned = [*store.targets(change.gid, "task.stories"), *store.targets(change.gid, "attachments")]
    for row in store.records(owned).values():
        deletion(view, row).write()
    for row in store.records(store.targets(change.gid, "task.time_tracking_entries")).values():
        deletion(view, row).keep()
