"""Reading a shared database through a mirror: what is there is not asked for, and what is asked for is kept there.

What this transaction has touched itself is asked for, as nobody else knows of it yet.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from fanfold.work.store.mirror import ListName, Mirror, Other
from fanfold.work.store.periods import FIRST_PERIOD, period
from fanfold.work.store.remembered import Compact, Remembered
from fanfold.work.store.rows import Link, Reach, Row
from fanfold.work.store.store import Store
from fanfold.work.store.wire import LookUp, Rows, Wire, numbered

COMPARE = "compare"
"""The query that a mirror is compared by."""


class Touching(Remembered):
    """Also notes what was written in this transaction: the records, and the lists at both ends of links."""

    def __init__(self) -> None:
        super().__init__()
        self.touched: set[int] = set()
        self.lists: set[ListName] = set()
        self.everything = False

    def noted(self) -> bool:
        """Whether there is anything."""
        return bool(self.touched or self.lists or self.everything)

    def wrote(self, row: Row) -> None:
        """A record was written."""
        super().wrote(row)
        self.touched.add(row.gid)

    def linked(self, owner: int, field: str, target: int, note: int | None, end: int | None = None) -> None:
        """A link was made."""
        super().linked(owner, field, target, note, end)
        self.lists.update(((owner, field), (target, f"<{field}")))

    def unlinked(self, owner: int, field: str, target: int) -> None:
        """A link was taken away."""
        super().unlinked(owner, field, target)
        self.lists.update(((owner, field), (target, f"<{field}")))


class AtHand(Mapping[int, Compact]):
    """The short forms of the mirror, without those that this transaction has touched."""

    def __init__(self, compacts: Mapping[int, Compact], touching: Touching) -> None:
        self._compacts = compacts
        self._touching = touching

    def __getitem__(self, gid: int) -> Compact:
        if gid in self._touching.touched or self._touching.everything:
            raise KeyError(gid)
        return self._compacts[gid]

    def __iter__(self) -> Any:
        return (gid for gid in self._compacts if gid not in self._touching.touched)

    def __len__(self) -> int:
        return len(self._compacts)


class CoherentReads(Store):
    """The reading half of a store over a wire and a mirror, which may be one of its own."""

    _wire: Wire
    _remembered: Touching
    _prepared: bool
    mirror: Mirror

    def _begin_reading(self) -> None:
        self._expected: set[int] = set()
        self._brought: dict[tuple[int, str], tuple[Other, ...]] = {}
        self.compacts_at_hand = self.mirror.compacts

    # -- the mirror --------------------------------------------------------------------------------------------------

    def compare(self, *asked: LookUp) -> tuple[int, list[Rows]]:
        """Forget what was touched since the mirror was compared last; meanwhile look up something.

        What that gave, and the moment as of which it is to be kept.
        """
        before, moment = self.mirror.known_until(), self.mirror.moment
        (compared, *found) = self._wire.look_up((self._said(COMPARE), (), (before,)), *asked)
        return self._compared(compared, before, moment), found

    def _compared(self, rows: Rows, before: str | None, moment: int) -> int:
        """Bring the mirror up to a comparison with what it was ``before``, asked at a moment.

        The moment as of which what came with it is to be kept. Of what is written after it the next comparison tells,
        if that begins at this one. Where another has come in between it does not, and what was heard of meanwhile may
        be older than that: then the mirror stays where it is, with less in it.
        """
        (row,) = rows
        mirror = self.mirror
        if row is mirror.latest:  # others asked together with us
            return mirror.latest_moment
        snapshot, touched, lists, everything = row
        unknown = before is None or everything
        names = map(_list_name, lists or ())
        if mirror.snapshot == before:
            mirror.compared(snapshot, None if unknown else touched or (), names)
            moment = mirror.moment
        elif unknown:
            mirror.forget_all()
        else:
            mirror.forget(touched or (), names)
        mirror.latest, mirror.latest_moment = row, moment
        return moment

    def prepare(self, user: int, places: tuple[str, ...], subject: int | None, reach: Reach) -> None:
        """Begin to read: compare the mirror, and have come with that what is going to be asked for.

        ``places``: the lists that the user is looked for in; ``reach``: those that are looked at of the subject.
        """
        self._prepared = True
        asked: list[LookUp] = []
        takers: list[Callable[[Rows, int], None]] = []
        if any([f"<{field}" not in self.mirror.links.get(user, {}) for field in places]):  # noqa: C419 - hot
            asked.append((self._said("backward_links"), (user,), (places,)))
            takers.append(
                lambda rows, moment: self._take_lists([user], _names((), places), rows, moment, self._brought)
            )
        if subject is not None and subject < FIRST_PERIOD and not self._has(subject, reach):
            asked.append((self._said("subject"), (subject,), reach))
            takers.append(lambda rows, moment: self._take_subject(subject, reach, rows, moment))
        moment, found = self.compare(*asked)
        for take, rows in zip(takers, found, strict=True):
            take(rows, moment)

    def _has(self, gid: int, reach: Reach) -> bool:
        if gid not in self.mirror.rows:
            return False
        forward, backward = reach
        known = self.mirror.links.get(gid, {})
        return all([field in known for field in forward]) and all([f"<{field}" in known for field in backward])  # noqa: C419 - hot

    def _take_subject(self, gid: int, reach: Reach, rows: Rows, moment: int) -> None:
        """Take a record, which comes first under no name, and the lists that hang on it."""
        if not rows or rows[0][1]:
            return
        forward, backward = reach
        (*_, workspace, private, compact, _, kind, document), *links = rows
        self._keep_rows([(gid, kind, workspace, private, document, compact)], moment, {})
        self._take_lists([gid], _names(forward, backward), links, moment, self._brought)

    def expect(self, *gids: int) -> None:
        """These short forms are going to be asked for: have them come with the next answer."""
        compacts = self.mirror.compacts
        self._expected.update([gid for gid in gids if gid not in compacts])

    def _fetch(self, wanted: LookUp) -> Rows:
        """Look something up, and with it the short forms that are expected."""
        moment = self.mirror.moment
        expected, self._expected = self._expected, set()
        if not expected:
            return self._wire.look_up(wanted)[0]
        found, compacts = self._wire.look_up(wanted, (self._said("compacts"), tuple(expected), ()))
        self._keep_compacts(compacts, moment)
        return found

    def _keep_compacts(self, rows: Iterable[tuple[Any, ...]], moment: int) -> dict[int, Compact]:
        found: dict[int, Compact] = {}
        for gid, workspace, private, compact in rows:
            found[gid] = workspace, private, compact
            if not self._is_ours(gid):
                self.mirror.keep_compact(gid, found[gid], moment)
        return found

    def _is_ours(self, gid: int) -> bool:
        """Whether this transaction has touched it."""
        return self._remembered.everything or gid in self._remembered.touched

    def _said(self, name: str) -> str:
        return numbered(self._sql[name])[0]

    def _relinked(self, gid: int, fields: Iterable[str]) -> bool:
        """Whether this transaction has changed one of these lists."""
        touching = self._remembered
        return touching.everything or (bool(touching.lists) and any((gid, field) in touching.lists for field in fields))

    # -- records -----------------------------------------------------------------------------------------------------

    def record(self, gid: int) -> Row | None:
        """One record by gid."""
        row = self._at_hand(gid)
        return self.records((gid,)).get(gid) if row is None else row

    def _at_hand(self, gid: int) -> Row | None:
        written = self._remembered.rows.get(gid)
        if written is not None:
            return written
        if gid >= FIRST_PERIOD:
            return period(gid)
        return None if self._is_ours(gid) else self.mirror.rows.get(gid)

    def records(self, gids: Iterable[int]) -> dict[int, Row]:
        """Those of ``gids`` that exist."""
        found: dict[int, Row] = {}
        missing: list[int] = []
        for gid in gids:
            row = self._at_hand(gid)
            if row is not None:
                found[gid] = row
            elif gid < FIRST_PERIOD:
                missing.append(gid)
        if missing:
            moment = self.mirror.moment
            self._keep_rows(self._fetch((self._said("records"), missing, ())), moment, found)
        return found

    def documents(self, gids: Sequence[int]) -> dict[int, bytes]:
        """The documents of those of ``gids`` that exist."""
        return {gid: row.document for gid, row in self.records(gids).items()}

    def _keep_rows(self, rows: Rows, moment: int, found: dict[int, Row]) -> None:
        for values in rows:
            row = found[values[0]] = Row._make(values)
            if not self._is_ours(row.gid):
                self.mirror.keep_row(row, moment)

    def compacts(self, gids: Collection[int]) -> dict[int, Compact]:
        """Workspace, private flag and compact form by gid; those of ``gids`` that do not exist are left out."""
        found: dict[int, Compact] = {}
        missing: list[int] = []
        for gid in gids:
            written = self._remembered.rows.get(gid) or (period(gid) if gid >= FIRST_PERIOD else None)
            if written is not None:
                found[gid] = written.workspace, written.private, written.compact
                continue
            known = None if self._is_ours(gid) else self.mirror.compacts.get(gid)
            if known is not None:
                found[gid] = known
            elif gid < FIRST_PERIOD:
                missing.append(gid)
        if missing:
            moment = self.mirror.moment
            found.update(self._keep_compacts(self._fetch((self._said("compacts"), missing, ())), moment))
        return found

    # -- links -------------------------------------------------------------------------------------------------------

    def links(
        self, gids: Sequence[int], forward: Sequence[str], backward: Sequence[str]
    ) -> dict[tuple[int, str], list[Link]]:
        """What hangs on each of ``gids`` by the named fields, in the order of the lists.

        Keyed by gid and field, with ``<`` before a field that was read backwards.
        """
        if len(gids) == 1 and gids[0] in self._remembered.newborn:
            return self._opened(self._of_newborn(gids[0], forward, backward))
        listed = self._lists(gids, forward, backward)
        compacts = self.compacts({other for others in listed.values() for other, _ in others})
        return {
            key: [Link(other, note, *compacts[other]) for other, note in others if other in compacts]
            for key, others in listed.items()
            if others
        }

    def owners(self, target: int, field: str) -> list[Other]:
        """Gid and note of all that have ``target`` in their list."""
        return list(self._lists((target,), (), (field,))[target, f"<{field}"])

    def owners_by(self, target: int, *fields: str) -> list[list[Other]]:
        """The same for several fields."""
        listed = self._lists((target,), (), fields)
        return [list(listed[target, f"<{field}"]) for field in fields]

    def owners_ahead(self, targets: Sequence[int], field: str) -> None:
        """These lists are going to be asked for one by one."""
        self._lists(targets, (), (field,))

    def task_places(self, gid: int) -> list[Other]:
        """What a task is in and below: section and project of each place, and its parent with None."""
        born = self._remembered.newborn.get(gid)
        if born is not None:
            return super().task_places(gid)
        found = self._lists((gid,), (), ("section.tasks", "task.subtasks"))
        return [*found[gid, "<section.tasks"], *found[gid, "<task.subtasks"]]

    def _lists(
        self, gids: Sequence[int], forward: Sequence[str], backward: Sequence[str]
    ) -> dict[tuple[int, str], tuple[Other, ...]]:
        """The others of each list, for each of the gids and fields."""
        fields = _names(forward, backward)
        found: dict[tuple[int, str], tuple[Other, ...]] = {}
        missing: list[int] = []
        for gid in gids:
            known = self.mirror.links.get(gid)
            if known is not None and all([field in known for field in fields]) and not self._relinked(gid, fields):  # noqa: C419 - no generator: hot
                for field in fields:
                    found[gid, field] = known[field]
            elif self._brought and all([(gid, field) in self._brought for field in fields]):  # noqa: C419 - as above
                found.update({(gid, field): self._brought[gid, field] for field in fields})
            else:
                missing.append(gid)
        if missing and fields:
            self._fetch_lists(missing, tuple(forward), tuple(backward), fields, found)
        return found

    def _fetch_lists(
        self,
        gids: list[int],
        forward: tuple[str, ...],
        backward: tuple[str, ...],
        fields: list[str],
        found: dict[tuple[int, str], tuple[Other, ...]],
    ) -> None:
        """Ask for lists, with the short forms of what is in them."""
        moment = self.mirror.moment
        name = "links" if forward and backward else "forward_links" if forward else "backward_links"
        rows = self._fetch((self._said(name), gids, tuple([part for part in (forward, backward) if part])))
        self._take_lists(gids, fields, rows, moment, found)

    def _take_lists(
        self,
        gids: list[int],
        fields: list[str],
        rows: Rows,
        moment: int,
        found: dict[tuple[int, str], tuple[Other, ...]],
    ) -> None:
        lists: dict[tuple[int, str], list[Other]] = {(gid, field): [] for gid in gids for field in fields}
        for gid, field, other, note, workspace, private, compact, *_ in rows:
            lists[gid, field].append((other, note))
            if workspace is not None and not self._is_ours(other):
                self.mirror.keep_compact(other, (workspace, private, compact), moment)
        for (gid, field), others in lists.items():
            found[gid, field] = tuple(others)
            if not self._relinked(gid, (field,)):
                self.mirror.keep_links(gid, field, found[gid, field], moment)


def _names(forward: Iterable[str], backward: Iterable[str]) -> list[str]:
    return [*forward, *[f"<{field}" for field in backward]]


def _list_name(text: str) -> ListName:
    gid, _, field = text.partition(" ")
    return int(gid), field
