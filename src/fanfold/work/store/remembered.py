"""What is remembered of the database so that it need not be asked again, never what it would answer otherwise.

Most of what records refer to are the same few users, projects and tags. Whatever this process writes is forgotten as
it is written, and once more if that is undone; what another process writes shows in the database's own change counter,
which is read at the start of each transaction.
"""

from __future__ import annotations

from itertools import islice
from typing import TypeVar

from fanfold.work.store.rows import Row

K = TypeVar("K")
V = TypeVar("V")

MAX_COMPACTS = 50_000
"""Compact forms that are kept, some 300 bytes each."""

MAX_COMPACT_BYTES = 32 * 1024 * 1024
"""What they may take together: a name may have 65,535 characters."""

COMPACT = 250
"""Bytes of one beside its text, roughly."""

MAX_NOTES = 50_000

WATCHED = (".members", ".custom_field_settings")
"""Ends of the link fields that something is remembered of."""

PLACES = frozenset(("section.tasks", "task.subtasks"))
"""Link fields that say where a task is."""

Compact = tuple[int, int, bytes]
"""Workspace, private flag and compact form of a record."""

Known = tuple[str, int, int | None]
"""A link of a record as ``Links.links`` keys it: field, with ``<`` if read backwards, the other's gid, and the note."""

End = tuple[int, int]
"""Position and gid of the last in a list."""


class Remembered:
    """Compact forms, places of tasks, ends and notes of lists, how often they were renumbered, what an action made.

    ``epoch`` grows whenever everything is forgotten, for those who remember something of their own. ``newborn``: all
    links of a gid given out in this action were written in it too, so they are known without asking. ``rows`` are the
    records that it wrote. ``ends``: position and gid of the last in a list, None where it is empty.
    """

    def __init__(self) -> None:
        self.compacts: dict[int, Compact] = {}
        self._compact_bytes = 0
        self.notes: dict[tuple[int, str], tuple[int, ...]] = {}
        self.places: dict[int, list[tuple[int, int | None]]] = {}
        self.epoch = 0
        self.version: object = None
        self.renumbered: dict[tuple[int, str], int] = {}
        self.ends: dict[tuple[int, str], End | None] = {}
        self.newborn: dict[int, list[Known]] = {}
        self.rows: dict[int, Row] = {}
        self._touched: list[int] = []

    def keep_compact(self, gid: int, compact: Compact) -> None:
        """A compact form was read. What was forgotten since all were still counts, which does no harm."""
        self.compacts[gid] = compact
        self._compact_bytes += COMPACT + len(compact[2])

    def make_room_for_compacts(self) -> bool:
        """Forget all if they are too many or too large; whether that was so."""
        full = len(self.compacts) > MAX_COMPACTS or self._compact_bytes > MAX_COMPACT_BYTES
        if full:
            self._forget_compacts()
        return full

    def _forget_compacts(self) -> None:
        self.compacts.clear()
        self._compact_bytes = 0

    def wrote(self, row: Row) -> None:
        """A record was written: forget what it was, and what it is if the action is undone."""
        self.compacts.pop(row.gid, None)
        self._touched.append(row.gid)
        self.rows[row.gid] = row

    def link(self, field: str) -> None:
        """A list is being written."""
        if field.endswith(WATCHED):
            self.epoch += 1
            self.notes.clear()

    def linked(self, owner: int, field: str, target: int, note: int | None, end: int | None = None) -> None:
        """A link was made: at the ``end`` of its list, whose position that is, or who knows where."""
        self.link(field)
        if end is None:
            self.ends.pop((owner, field), None)
        else:
            make_room(self.ends, MAX_NOTES)
            self.ends[owner, field] = end, target
        if field in PLACES:
            self.places.pop(target, None)
        newborn = self.newborn
        if owner in newborn:
            if end is not None or field not in [known[0] for known in newborn[owner]]:
                newborn[owner].append((field, target, note))
            else:
                del newborn[owner]
        if target in newborn:
            newborn[target].append((f"<{field}", owner, note))

    def unlinked(self, owner: int, field: str, target: int) -> None:
        """A link was taken away."""
        self.link(field)
        self.ends.pop((owner, field), None)
        self.places.pop(target, None)
        self.newborn.pop(owner, None)
        self.newborn.pop(target, None)

    def keep(self) -> None:
        """The action's writes stand."""
        self._touched.clear()
        self._end()

    def undo(self) -> None:
        """The action's writes are taken back, and with them what was read of them."""
        for gid in self._touched:
            self.compacts.pop(gid, None)
        self._touched.clear()
        self._end()
        self.epoch += 1
        self.notes.clear()
        self.places.clear()
        self.renumbered.clear()
        self.ends.clear()

    def look(self, version: object) -> None:
        """Forget everything if the database's change counter is not what it was."""
        if version != self.version:
            self.version = version
            self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._forget_compacts()
        self.notes.clear()
        self.places.clear()
        self.renumbered.clear()
        self.ends.clear()
        self._end()
        self.epoch += 1

    def _end(self) -> None:
        self.newborn.clear()
        self.rows.clear()


def make_room(kept: dict[K, V], most: int) -> None:
    """Let the oldest go where there are ``most``."""
    if len(kept) >= most:
        for key in list(islice(kept, max(1, most // 10))):
            del kept[key]
