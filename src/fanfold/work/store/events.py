"""The log of what happened: appended to with each change, read by event streams and webhooks, cut off behind them."""

from __future__ import annotations

from collections.abc import Iterable

from fanfold.work.store.lists import Lists
from fanfold.work.store.remembered import MAX_NOTES

Logged = tuple[int, int, bytes]
"""Sequence number, resource and document of one entry."""


class Events(Lists):
    """The table of events. The newest entry is never removed, so that no sequence number is given twice."""

    def add_event(self, workspace: int, resource: int, document: bytes, subjects: Iterable[int]) -> None:
        """Append to the log; ``subjects`` are the records whose followers are told of it."""
        self._log(workspace, resource, document, subjects)

    def _log(self, workspace: int, resource: int, document: bytes, subjects: Iterable[int]) -> None:
        seq = self._add("event", workspace, resource, document)
        self._cursor.executemany(self._sql["event_of"], [(subject, seq) for subject in subjects])

    def events(self, workspace: int, after: int, limit: int) -> list[Logged]:
        """What happened in a workspace after ``after``, oldest first."""
        return self._rows("events_of_workspace", after, workspace, limit)

    def events_of(self, subject: int, after: int, limit: int) -> list[Logged]:
        """What followers of a record are told of that happened after ``after``, oldest first."""
        return self._rows("events_of_record", subject, after, limit)

    def task_places(self, gid: int) -> list[tuple[int, int | None]]:
        """What a task is in and below: section and project of each place, and its parent with None."""
        born = self._remembered.newborn.get(gid)
        if born is not None:
            return [(owner, note) for field, owner, note in born if field in ("<section.tasks", "<task.subtasks")]
        known = self._remembered.places
        if gid not in known:
            if len(known) > MAX_NOTES:
                known.clear()
            known[gid] = self._rows("task_places", gid)
        return known[gid]

    def last_event(self) -> int:
        """Sequence number of the newest entry."""
        return int(self._one("last_event") or 0)

    def latest_event(self, workspace: int) -> int:  # noqa: ARG002 - here all writes are in one order
        """A sequence number up to which everything is known that happened in a workspace."""
        return self.last_event()

    def first_event(self) -> int:
        """Sequence number of the oldest entry that is still there."""
        return int(self._one("first_event") or 0)

    def oldest_events(self, limit: int) -> list[Logged]:
        """The oldest entries that may be removed, if they are of no more use."""
        return self._rows("oldest_events", self.last_event(), limit)

    def forget_events(self, upto: int, told: Iterable[tuple[int, int]]) -> None:
        """Remove the oldest entries; ``told`` are subject and sequence number of all that is told of them."""
        self._cursor.executemany(self._sql["forget_event_of"], told)
        self._cursor.execute(self._sql["forget_events"], (upto,))
