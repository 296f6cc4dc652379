"""What an export of a graph holds: a record, all that hangs below it, and so on, as far as the caller sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.background import CHUNK, State
from fanfold.work.kinds.attachments import ATTACHMENTS
from fanfold.work.kinds.current_status import STATUSES
from fanfold.work.kinds.export_files import append, completed
from fanfold.work.kinds.sections import SECTIONS, TASKS
from fanfold.work.kinds.task_parents import SUBTASKS
from fanfold.work.selection import select
from fanfold.work.shape import encode, shape
from fanfold.work.stories import STORIES

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.view import View

BELOW = {
    "team": ("team.projects",),
    "portfolio": ("portfolio.items", STATUSES),
    "goal": ("goal.support", STATUSES),
    "project": (SECTIONS, ATTACHMENTS, STATUSES),
    "section": (TASKS,),
    "task": (SUBTASKS, ATTACHMENTS, STORIES),
}
"""Link fields: what hangs below a record of each kind."""

QUEUE = "job.queue"
"""Link field: the records that a job exports, in order."""


def export_graph(job: Change, state: State) -> State | None:
    """A step: export some of the records that were found, and find what hangs below them."""
    if state.get("known"):
        return None
    view, store = job.view, job.store
    text = b""
    if state["done"] is None:
        store.append(job.gid, QUEUE, state["parent"])
        text = b'{"data":['
    todo = store.stretch(job.gid, QUEUE, state["done"], CHUNK)
    found = _shown(view, [gid for _, gid, _ in todo])
    state["tasks"] += sum(kind == "task" for kind, _ in found.values())
    records = [encode(found[gid][1]) for _, gid, _ in todo if gid in found]
    if records and state["done"] is not None:
        text += b",\n"
    text += b",\n".join(records)
    if todo:
        state["done"] = todo[-1][0]
    for gid, (kind, _) in found.items():
        for link in BELOW.get(kind, ()):
            _find(job, gid, link, state["done"])
    if store.stretch(job.gid, QUEUE, state["done"], 1):
        return {**state, "size": append(view, state["export"], state["size"], text)}
    append(view, state["export"], state["size"], text + b"]}\n")
    completed(job, state["export"], tasks=state["tasks"])
    store.empty(job.gid, QUEUE)
    return None


def _shown(view: View, gids: list[int]) -> dict[int, tuple[str, object]]:
    """Kind and full form of those of the records that the caller sees."""
    rows, found = view.rows(gids), dict[int, tuple[str, object]]()
    for kind in {row.kind for row in rows.values()}:
        some = [row for row in rows.values() if row.kind == kind]
        shown = shape(view, view.kinds[kind], [(row.gid, row.document) for row in some], select("", "", full=True))
        found.update({row.gid: (kind, record) for row, record in zip(some, shown, strict=True)})
    return found


def _find(job: Change, gid: int, link: str, done: int) -> None:
    """Have exported what hangs on a record, each record once."""
    store = job.store
    for target in store.targets(gid, link):
        if not store.linked(job.gid, QUEUE, target):
            # Where the last in the queue were deleted meanwhile, its end is before what has been done.
            store.link(job.gid, QUEUE, target, max(store.end(job.gid, QUEUE), done + 1))
