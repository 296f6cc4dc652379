"""Rules for what hangs on a project or task: it is in that one's workspace, listed there, and as visible as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.schema import Rule


def hangs_on(field: str, link: str) -> Rule:
    """A rule for creation and update: the record is in the list ``link`` of the record that ``field`` names.

    The kind says the same with ``within``. It counts as private, so that lists ask whether that one may be seen.
    """

    def rule(change: Change) -> None:
        old, new = change.before.get(field), change.after.get(field)
        if new is None:
            raise RequestError(f"{field}: Missing input")
        if new == old:
            return
        store = change.store
        if change.moment == "create":
            row = store.record(int(new))
            if row is None:
                raise RequestError(f"{field}: Unknown object: {new}")
            change.workspace, change.private = row.workspace, 1
        if old is not None:
            store.unlink(int(old), link, change.gid)
        store.link(int(new), link, change.gid, change.gid)

    return rule


def is_signed(change: Change) -> None:
    """A rule for creation: it is known who made the record."""
    change.after["created_by"] = str(change.view.user) if change.view.user else None


def ends_after_it_starts(change: Change) -> None:
    """A rule for creation and update: the last day is not before the first."""
    start, end = change.after.get("start_date"), change.after.get("end_date")
    if start is not None and end is not None and end < start:
        raise RequestError("end_date: Must not be earlier than start_date")
