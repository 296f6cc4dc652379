"""What a process has read of a shared database, for as long as it is still so.

Whoever writes notes in the same transaction which records, and whose links, it has touched. Each request first asks
what was touched since this process last asked, which costs one short look at the end of a list, and forgets that. What
is left is as it is in the database at this moment, so that most of what a request needs is here already.

What is still on its way here may be old when it comes: it is kept only if nothing was heard of it since it was asked
for. A process that has not asked for long begins anew, so that the list need not be kept for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from fanfold.work.store.remembered import Compact, make_room
from fanfold.work.store.rows import Row

MAX_RECORDS = 50_000
"""Records that are kept, and as many whose links are; some 100 MB at most."""

MAX_LIST = 1000
"""Links of one list; longer ones are not kept."""

LONGEST = 60.0
"""Seconds without asking after which all is forgotten. What was touched is kept in the database for longer."""

MAX_HEARD = 20_000

Other = tuple[int, int | None]
"""The gid at the other end of a link, and the note."""

ListName = tuple[int, str]
"""A gid and a link field, with ``<`` before one that is read backwards."""


class Mirror:
    """Records, short forms and links by gid. Link fields that were read backwards have a ``<`` before their name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.rows: dict[int, Row] = {}
        self.compacts: dict[int, Compact] = {}
        self.links: dict[int, dict[str, tuple[Other, ...]]] = {}
        self.snapshot: str | None = None
        """What all that is here has been compared with last, in the database's words."""
        self.latest: object = None
        """The last comparison, as it came."""
        self.moment = 0
        """Grows with each comparison: what was asked for at an earlier one may be old."""
        self._heard: dict[int | ListName, int] = {}
        self._begun = 0
        self._asked = clock()

    # -- what was touched --------------------------------------------------------------------------------------------

    def known_until(self) -> str | None:
        """The snapshot to compare with, or None where all has to begin anew."""
        if self._clock() - self._asked > LONGEST:
            self.clear()
        return self.snapshot

    def compared(self, snapshot: str, touched: Iterable[int] | None, lists: Iterable[ListName] = ()) -> None:
        """All is as in ``snapshot`` but for what was touched; None: anything may have been."""
        if touched is None:
            self.clear()
        else:
            self.forget(touched, lists)
        self.snapshot = snapshot
        self._asked = self._clock()

    def forget(self, gids: Iterable[int], lists: Iterable[ListName] = ()) -> None:
        """These records have been written, and these lists have other members."""
        self.moment += 1
        if len(self._heard) > MAX_HEARD:
            self._heard.clear()
            self._begun = self.moment
        for gid in gids:
            self._heard[gid] = self.moment
            self.rows.pop(gid, None)
            self.compacts.pop(gid, None)
        for name in lists:
            self._heard[name] = self.moment
            known = self.links.get(name[0])
            if known is not None:
                known.pop(name[1], None)

    def clear(self) -> None:
        """Begin anew."""
        self.moment += 1
        self._begun = self.moment
        self.snapshot = None
        for kept in (self.rows, self.compacts, self.links, self._heard):
            kept.clear()

    # -- what was read -----------------------------------------------------------------------------------------------

    def keep_row(self, row: Row, moment: int) -> None:
        """A record that was asked for at a moment."""
        if self._is_new(row.gid, moment):
            make_room(self.rows, MAX_RECORDS)
            self.rows[row.gid] = row
            self.compacts[row.gid] = row.workspace, row.private, row.compact

    def keep_compact(self, gid: int, compact: Compact, moment: int) -> None:
        """A short form that was asked for at a moment."""
        if self._is_new(gid, moment):
            make_room(self.compacts, MAX_RECORDS)
            self.compacts[gid] = compact

    def keep_links(self, gid: int, field: str, others: tuple[Other, ...], moment: int) -> None:
        """A list that was asked for at a moment."""
        if len(others) <= MAX_LIST and self._is_new((gid, field), moment):
            if gid not in self.links:
                make_room(self.links, MAX_RECORDS)
            self.links.setdefault(gid, {})[field] = others

    def _is_new(self, what: int | ListName, moment: int) -> bool:
        return moment >= self._begun and self._heard.get(what, -1) <= moment
