"""How far each webhook has come: its place in the log, and what is being sent to it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from fanfold.work.store.events import Events


class Sending(NamedTuple):
    """The state of a webhook's deliveries.

    ``body`` is being sent until it has arrived, and holds all up to ``upto``; without one, all up to ``cursor`` has
    arrived. ``due``: the moment of the next attempt, or of the next heartbeat.
    """

    webhook: int
    subject: int
    secret: bytes
    cursor: int
    upto: int
    body: bytes | None
    due: str


class Deliveries(Events):
    """The table of deliveries, and who is to be told of what the open transaction logs."""

    def __init__(self, *path: Any) -> None:
        super().__init__(*path)
        self._listened = self._may_listen()
        self._told: set[int] = set()

    def _may_listen(self) -> bool:
        """Whether there may be webhooks."""
        return bool(self._one("deliveries"))

    def add_event(self, workspace: int, resource: int, document: bytes, subjects: Iterable[int]) -> None:
        """Append to the log; ``subjects`` are the records whose followers are told of it."""
        super().add_event(workspace, resource, document, subjects)
        if self._listened:
            self._told.update(subjects)

    def _taken_over(self) -> None:
        super()._taken_over()
        self._listened = self._may_listen()
        self._told.clear()

    def to_be_told(self) -> list[int]:
        """The webhooks that what was logged since this was last asked may be for."""
        if not self._told:
            return []
        subjects = tuple(self._told)
        self._told.clear()
        return [gid for (gid,) in self._in("listening", subjects)]

    def add_delivery(self, webhook: int, subject: int, secret: bytes, due: str, workspace: int) -> None:
        """Begin to deliver what happens from now on to a record of a workspace."""
        cursor = self.latest_event(workspace)
        self._cursor.execute(self._sql["add_delivery"], (webhook, subject, secret, cursor, due))
        self._listened = True
        self._told.add(subject)

    def delivery(self, webhook: int) -> Sending | None:
        """How far a webhook has come."""
        found = self._cursor.execute(self._sql["delivery"], (webhook,)).fetchone()
        return Sending._make(found) if found else None

    def begin_delivery(self, webhook: int, upto: int, body: bytes, due: str) -> None:
        """Note what is about to be sent, at the moment ``due``."""
        self._cursor.execute(self._sql["begin_delivery"], (upto, body, due, webhook))

    def move_delivery(self, webhook: int, cursor: int) -> None:
        """Pass over entries of which a webhook does not want to know."""
        self._cursor.execute(self._sql["move_delivery"], (cursor, webhook))

    def put_off_delivery(self, webhook: int, due: str) -> None:
        """Note when what is being sent is to be tried again."""
        self._cursor.execute(self._sql["put_off_delivery"], (due, webhook))

    def end_delivery(self, webhook: int, due: str) -> None:
        """What was being sent has arrived; ``due`` is the next heartbeat."""
        self._cursor.execute(self._sql["end_delivery"], (due, webhook))

    def drop_delivery(self, webhook: int) -> None:
        """Deliver no more."""
        self._cursor.execute(self._sql["drop_delivery"], (webhook,))

    def overdue(self, now: str, limit: int) -> list[int]:
        """Webhooks to which something should have been sent by now."""
        return [gid for (gid,) in self._rows("overdue", now, limit)] if self._listened else []

    def read_by_all(self) -> int | None:
        """Up to which entry every webhook has read; None where there is no webhook."""
        found = self._one("read_by_all") if self._listened else None
        return None if found is None else int(found)
