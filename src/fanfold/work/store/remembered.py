"""What is remembered of the database so that it need not be asked again, never what it would answer otherwise.

Most of what records refer to are the same few users, projects and tags. Whatever this process writes is forgotten as
it is written, and once more if that is undone; what another process writes shows in the database's own change counter,
which is read at the start of each transaction.
"""

from __future__ import annotations

MAX_COMPACTS = 50_000
"""Compact forms that are kept, some 300 bytes each."""

MAX_NOTES = 50_000

WATCHED = (".members", ".custom_field_settings")
"""Ends of the link fields that something is remembered of."""

Compact = tuple[int, int, bytes]
"""Workspace, private flag and compact form of a record."""


class Remembered:
    """Compact forms by gid, and the notes of watched lists by owner and field.

    ``epoch`` grows whenever everything is forgotten, for those who remember something of their own.
    """

    def __init__(self) -> None:
        self.compacts: dict[int, Compact] = {}
        self.notes: dict[tuple[int, str], tuple[int, ...]] = {}
        self.epoch = 0
        self.version: object = None
        self._touched: list[int] = []

    def touch(self, gid: int) -> None:
        """A record is being written: forget it, and again if the action is undone."""
        self.compacts.pop(gid, None)
        self._touched.append(gid)

    def link(self, field: str) -> None:
        """A list is being written."""
        if field.endswith(WATCHED):
            self.epoch += 1
            self.notes.clear()

    def keep(self) -> None:
        """The action's writes stand."""
        self._touched.clear()

    def undo(self) -> None:
        """The action's writes are taken back, and with them what was read of them."""
        for gid in self._touched:
            self.compacts.pop(gid, None)
        self._touched.clear()
        self.epoch += 1
        self.notes.clear()

    def look(self, version: object) -> None:
        """Forget everything if the database's change counter is not what it was."""
        if version != self.version:
            self.version = version
            self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self.compacts.clear()
        self.notes.clear()
        self.epoch += 1
