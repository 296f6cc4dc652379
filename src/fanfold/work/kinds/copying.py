"""Copying tasks in steps: what a job does that duplicates a project or a task, or makes or uses a template.

Which task became which is a list of the job's own: the original, and in the note the gid of its copy. A step takes the
next tasks of it, or of the project's sections, copies them and lists what hangs below them. So a step can be done at
any time by anybody, and nothing is ever copied twice.

The content of a template is copies too, which nobody sees: their workspace is that of the template with a minus sign,
and nobody is in it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from msgspec import Struct, convert, to_builtins

from fanfold.errors import RequestError
from fanfold.work.background import CHUNK, State
from fanfold.work.change import touching
from fanfold.work.kinds.copy_dates import Move
from fanfold.work.kinds.copy_task import Copied, Copier
from fanfold.work.kinds.sections import TASKS
from fanfold.work.request import brief
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fanfold.work.change import Change
    from fanfold.work.schema import Document
    from fanfold.work.store import Row
    from fanfold.work.view import View

COPIES = "job.copies"
"""Link field: the tasks that a job copies, in order; the note is the gid of the copy."""

WORDS = frozenset(
    ("assignee", "attachments", "dates", "dependencies", "followers", "notes", "parent", "projects", "subtasks", "tags")
)
"""What the copy of a task may be asked to include."""


class Copying(Struct):
    """How far the copying of tasks has come: the state of a job.

    ``workspace``: that of the copies. ``source`` and ``project``: the project copied and its copy, or 0; ``sections``:
    those of the one and the other; those up to ``at`` have been read, and of that one the tasks up to ``after``.
    ``root``: the one task copied, or 0, whose ``copy`` has the ``name``. ``section`` and ``project``: where a task that
    is made of a template goes, or 0. ``roles``: by user (into a template) or the user
    by role (out of it). ``done`` and ``related``: how far in the list of copies tasks were copied, and made to wait for
    each other. ``template``: the template that is ready when all is copied, or 0.
    """

    workspace: int
    include: frozenset[str] = frozenset()
    move: Move = Move()
    source: int = 0
    project: int = 0
    sections: list[tuple[int, int]] = []
    at: int = 0
    after: int | None = None
    root: int = 0
    copy: int = 0
    name: str = ""
    section: int = 0
    roles: dict[str, str] = {}
    done: int | None = None
    copied: bool = False
    related: int | None = None
    template: int = 0

    def state(self) -> State:
        """As it is kept in the job."""
        found: State = to_builtins(self)
        found["include"] = sorted(self.include)
        return found


def hidden(view: View) -> View:
    """The same view of somebody who tells nobody: what templates hold makes no stories and no events."""
    return replace(view, observers=())


def read_words(value: Any, allowed: Iterable[str]) -> frozenset[str]:
    """The body field ``include``: words in a list, or separated by commas."""
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list) or not all(isinstance(word, str) for word in parts):
        raise RequestError(f"include: Value is not a string: {brief(value)}")
    found = frozenset(word.strip() for item in parts for word in item.split(",") if word.strip())
    if not found <= set(allowed):
        raise RequestError(f"include: Must be some of {', '.join(sorted(allowed))}, not: {brief(value)}")
    return found


def of_one_task(row: Row, name: str, include: frozenset[str], move: Move, workspace: int = 0) -> Copying:
    """How one task is to be copied, with what hangs below it if that is included."""
    return Copying(workspace or row.workspace, include, move, root=row.gid, name=name)


def copy_some(job: Change, state: State) -> State | None:
    """A step: copy some tasks; when there are none left, make some of them wait for each other; then it is done."""
    copying = convert(state, Copying)
    view = hidden(job.view) if copying.workspace < 0 else job.view
    top = copying.project or (copying.copy if copying.done is not None else 0)
    if top and view.store.record(top) is None:
        raise LookupError(f"what was to hold the copies was deleted: {top}")
    if not copying.copied:
        _copy(view, job.gid, copying)
    if copying.copied and _relate(view, job.gid, copying):
        job.store.empty(job.gid, COPIES)
        if copying.template:
            _is_ready(job.view, copying)
        return None
    return copying.state()


def _copy(view: View, job: int, copying: Copying) -> None:
    """Copy the next tasks: those that are listed already, and as many more from the sections as a step may take."""
    store = view.store
    copied = Copied(store, job, COPIES, copying.done)
    if copying.root and copying.done is None:
        copied.add(copying.root, copying.copy)
    todo = store.stretch(job, COPIES, copying.done, CHUNK)
    if len(todo) < CHUNK and copying.at < len(copying.sections):
        for gid in _from_sections(view, copying, CHUNK - len(todo)):
            copied.add(gid)
        todo = store.stretch(job, COPIES, copying.done, CHUNK)
    copier = Copier(view, copied, copying)
    rows = store.records([gid for _, gid, _ in todo])
    for position, gid, copy in todo:
        copying.done = position
        if gid in rows and copy is not None:
            copier.copy(rows[gid], copy)
    copying.copied = copying.at >= len(copying.sections) and not store.stretch(job, COPIES, copying.done, 1)


def _from_sections(view: View, copying: Copying, room: int) -> list[int]:
    """The next tasks of the project's sections."""
    found: list[int] = []
    while copying.at < len(copying.sections) and len(found) < room:
        section, _ = copying.sections[copying.at]
        stretch = view.store.stretch(section, TASKS, copying.after, room - len(found))
        found += [gid for _, gid, _ in stretch]
        if len(found) < room:
            copying.at, copying.after = copying.at + 1, None
        else:
            copying.after = stretch[-1][0]
    return found


def _relate(view: View, job: int, copying: Copying) -> bool:
    """Have the copies wait for each other as their originals do; whether that was all."""
    if "dependencies" not in copying.include:
        return True
    store = view.store
    some = store.stretch(job, COPIES, copying.related, CHUNK)
    copier = Copier(view, Copied(store, job, COPIES, copying.done), copying)
    for position, gid, copy in some:
        copying.related = position
        if copy is not None and store.record(copy) is not None:
            copier.wait(gid, copy)
    return len(some) < CHUNK


def _is_ready(view: View, copying: Copying) -> None:
    """The template may be used from now on, and has a role for each person that tasks were assigned to."""
    row = view.store.record(copying.template)
    if row is None:
        return
    people = view.store.records([int(user) for user in copying.roles])
    change = touching(view, row)
    change.after["ready"] = True
    change.after["requested_roles"] = [
        _role(gid, decode(people[int(user)].document)["name"])
        for user, gid in copying.roles.items()
        if int(user) in people
    ]
    change.keep()


def _role(gid: str, name: str) -> Document:
    return {"gid": gid, "resource_type": "template_role", "name": name}
