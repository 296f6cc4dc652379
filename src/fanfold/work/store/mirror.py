"""What a process has read of a shared database, for as long as it is still so.

Whoever writes notes in the same transaction which records, and whose links, it has touched. Each request first asks
what was touched since this process last asked, which costs one short look at the end of a list, and forgets that. What
is left is as it is in the database at this moment, so that most of what a request needs is here already.

What is still on its way here may be old when it comes: it is kept only if nothing was heard of it since it was asked
for. A process that has not asked for long begins anew, so that the list need not be kept for ever.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from fanfold.work.store.remembered import Compact
from fanfold.work.store.rows import Row

MAX_RECORDS = 50_000
"""Records that are kept, and as many whose links are."""

MAX_BYTES = 100 * 1024 * 1024
"""What all that is kept may take, roughly: records may be long, and so may lists."""

_ROW, _COMPACT, _LIST, _OTHER = 400, 250, 250, 130
"""Bytes of a record, a short form, a list and a member of one, beside what stands in them."""

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
        """The comparison that came last, as it came."""
        self.latest_moment = 0
        """As of which what came with it is kept."""
        self.moment = 0
        """Grows with each comparison: what was asked for at an earlier one may be old."""
        self._heard: dict[int | ListName, int] = {}
        self._begun = 0
        self._bytes = 0
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
            self._drop_row(gid)
            self._drop_compact(gid)
        for name in lists:
            self._heard[name] = self.moment
            self._drop_list(*name)

    def clear(self) -> None:
        """Begin anew."""
        self.forget_all()
        self.snapshot = None

    def forget_all(self) -> None:
        """Anything may have been written."""
        self.moment += 1
        self._begun = self.moment
        for kept in (self.rows, self.compacts, self.links, self._heard):
            kept.clear()
        self._bytes = 0

    # -- what was read -----------------------------------------------------------------------------------------------

    def keep_row(self, row: Row, moment: int) -> None:
        """A record that was asked for at a moment."""
        if self._is_new(row.gid, moment):
            self._drop_row(row.gid)
            self.rows[row.gid] = row
            self._bytes += _ROW + len(row.document)
            self._keep_compact(row.gid, (row.workspace, row.private, row.compact))

    def keep_compact(self, gid: int, compact: Compact, moment: int) -> None:
        """A short form that was asked for at a moment."""
        if self._is_new(gid, moment):
            self._keep_compact(gid, compact)

    def _keep_compact(self, gid: int, compact: Compact) -> None:
        self._drop_compact(gid)
        self.compacts[gid] = compact
        self._bytes += _COMPACT + len(compact[2])
        self._make_room()

    def keep_links(self, gid: int, field: str, others: tuple[Other, ...], moment: int) -> None:
        """A list that was asked for at a moment."""
        if len(others) <= MAX_LIST and self._is_new((gid, field), moment):
            self._drop_list(gid, field)
            self.links.setdefault(gid, {})[field] = others
            self._bytes += _LIST + _OTHER * len(others)
            self._make_room()

    def _is_new(self, what: int | ListName, moment: int) -> bool:
        return moment >= self._begun and self._heard.get(what, -1) <= moment

    # -- letting go --------------------------------------------------------------------------------------------------

    def _drop_row(self, gid: int) -> None:
        row = self.rows.pop(gid, None)
        if row is not None:
            self._bytes -= _ROW + len(row.document)

    def _drop_compact(self, gid: int) -> None:
        compact = self.compacts.pop(gid, None)
        if compact is not None:
            self._bytes -= _COMPACT + len(compact[2])

    def _drop_list(self, gid: int, field: str) -> None:
        lists = self.links.get(gid, {})
        others = lists.pop(field, None)
        if others is not None:
            self._bytes -= _LIST + _OTHER * len(others)
            if not lists:
                del self.links[gid]

    def _drop_lists(self, gid: int) -> None:
        for field in list(self.links[gid]):
            self._drop_list(gid, field)

    def _make_room(self) -> None:
        """Let the oldest go where there are too many, or they are too large together."""
        drops: tuple[tuple[Mapping[int, object], Callable[[int], None]], ...] = (
            (self.rows, self._drop_row),
            (self.compacts, self._drop_compact),
            (self.links, self._drop_lists),
        )
        while self._bytes > MAX_BYTES or max(len(self.rows), len(self.compacts), len(self.links)) > MAX_RECORDS:
            for kept, drop in drops:
                if self._bytes > MAX_BYTES or len(kept) > MAX_RECORDS:
                    for gid in list(islice(kept, len(kept) // 10 + 1)):
                        drop(gid)
