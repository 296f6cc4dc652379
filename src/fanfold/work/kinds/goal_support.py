"""What supports goals: the link between a goal and the work, or the goal, that carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.change import deletion

if TYPE_CHECKING:
    from fanfold.work.change import Change

SUPPORT = "goal.support"
"""Link field: what supports a goal, in order; the note is the goal relationship."""

SUPPORTING = ("goal", "project", "task", "portfolio")
"""The kinds that may support a goal."""


def supports_no_longer(change: Change) -> None:
    """A rule for the deletion of any of these kinds: its goal relationships go with it."""
    store = change.store
    notes = [note for _, note in store.owners(change.gid, SUPPORT) if note is not None]
    for row in store.records(notes).values() if notes else ():
        deletion(change.view, row).write()
