"""Links: which records hang together by which field, and in which order."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence

from fanfold.work.store.records import Records
from fanfold.work.store.remembered import MAX_NOTES, End
from fanfold.work.store.rows import Link

GAP = 1 << 32
"""Distance between neighbours in an ordered list: room for 32 insertions at one place before it is renumbered."""

EXTERNAL = "external:"
"""The beginning of the link fields by which a workspace keeps the gids that its tasks have in other systems."""

_DIGEST = "sha256:"

_LONGEST = 1000
"""Bytes of such a gid that is kept as it is: an index of PostgreSQL holds few more."""

LOWEST = -(1 << 63)
"""A position before all there may be."""

Linked = tuple[int, str, int, int | None]
"""Gid, field (with ``<`` if read backwards), the other's gid, and the note."""

Border = tuple[int, int, int]
"""Position and gid of the last record read, and how often the list had been renumbered by then."""


def external_field(gid: str) -> str:
    """The link field for a gid of another system; a long one is represented by a digest."""
    if len(gid.encode()) <= _LONGEST and not gid.startswith(_DIGEST):
        return EXTERNAL + gid
    return f"{EXTERNAL}{_DIGEST}{hashlib.sha256(gid.encode()).hexdigest()}"


class BorderLostError(LookupError):
    """A list was renumbered, and the record that its reader had come to has left it."""


class Links(Records):
    """The table of links. An owner's list by one field is in order of position, read backwards of owner."""

    def link(self, owner: int, field: str, target: int, position: int = 0, note: int | None = None) -> None:
        """Add one link; the pair must not be linked by this field yet."""
        self._cursor.execute(self._sql["link"], (owner, field, position, target, note))
        self._remembered.linked(owner, field, target, note)

    def append(self, owner: int, field: str, target: int, note: int | None = None) -> None:
        """Add one link at the end of the owner's list; the pair must not be linked by this field yet."""
        end = self.end(owner, field)
        self._cursor.execute(self._sql["link"], (owner, field, end, target, note))
        self._remembered.linked(owner, field, target, note, end)

    def unlink(self, owner: int, field: str, target: int) -> bool:
        """Remove one link; False if there was none."""
        gone = self._change("unlink", owner, field, target)
        self._remembered.unlinked(owner, field, target)
        return bool(gone)

    def linked(self, owner: int, field: str, target: int) -> bool:
        """Whether the two are linked."""
        return self.place(owner, field, target) is not None

    def place(self, owner: int, field: str, target: int) -> int | None:
        """Position of ``target`` in the owner's list, or None if it is not in it."""
        found = self._cursor.execute(self._sql["place"], (target, field, owner)).fetchone()
        return found[0] if found else None

    def links(
        self, gids: Sequence[int], forward: Sequence[str], backward: Sequence[str]
    ) -> dict[tuple[int, str], list[Link]]:
        """What hangs on each of ``gids`` by the named fields, in the order of the lists.

        Keyed by gid and field, with ``<`` before a field that was read backwards.
        """
        if len(gids) == 1 and (forward or backward):
            return self._opened(self._of_one(gids[0], forward, backward))
        rows: list[Linked] = []
        for name, fields in (("forward", forward), ("backward", backward)):
            if fields and gids:
                rows += self._cursor.execute(self._sql.filled(name, len(gids), len(fields)), (*gids, *fields))
        return self._opened(rows)

    def _of_one(self, gid: int, forward: Sequence[str], backward: Sequence[str]) -> list[Linked]:
        if gid in self._remembered.newborn:
            return self._of_newborn(gid, forward, backward)
        query = self._sql.links_of_one(len(forward), len(backward))
        return [(gid, *found) for found in self._cursor.execute(query, (gid, *forward, *backward))]

    def _of_newborn(self, gid: int, forward: Sequence[str], backward: Sequence[str]) -> list[Linked]:
        wanted = {*forward, *[f"<{field}" for field in backward]}
        rows = [(gid, *known) for known in self._remembered.newborn[gid] if known[0] in wanted]
        if len(rows) > 1:
            rows.sort(key=lambda row: row[2] if row[1].startswith("<") else 0)
        return rows

    def _opened(self, rows: list[Linked]) -> dict[tuple[int, str], list[Link]]:
        found: dict[tuple[int, str], list[Link]] = {}
        if rows:
            compacts = self.compacts([row[2] for row in rows])
            for gid, field, other, note in rows:
                workspace, private, compact = compacts[other]
                key = (gid, field)
                if key in found:
                    found[key].append(Link(other, note, workspace, private, compact))
                else:
                    found[key] = [Link(other, note, workspace, private, compact)]
        return found

    def notes(self, owners: Collection[int], field: str) -> dict[int, tuple[int, ...]]:
        """The notes of each owner's list by a field that is watched, in order. Asked for often, so remembered."""
        known = self._remembered.notes
        missing = [owner for owner in owners if (owner, field) not in known]
        if missing:
            if len(known) > MAX_NOTES:
                known.clear()
                missing = list(owners)
            found = self.links(missing, (field,), ())
            for owner in missing:
                links = found.get((owner, field), ())
                known[owner, field] = tuple([link.note for link in links if link.note is not None])
        return {owner: known[owner, field] for owner in owners}

    def targets(self, owner: int, field: str) -> list[int]:
        """Gids in the owner's list, in order."""
        return [row[0] for row in self._cursor.execute(self._sql["targets"], (owner, field))]

    def stretch(self, owner: int, field: str, after: int | None, limit: int) -> list[tuple[int, int, int | None]]:
        """Position, gid and note of up to ``limit`` in the owner's list behind a position."""
        return self._rows("stretch", owner, field, LOWEST if after is None else after, limit)

    def empty(self, owner: int, field: str) -> None:
        """Remove all links of a list."""
        self._cursor.execute(self._sql["empty_list"], (owner, field))
        self._remembered.clear()

    def places(self, owner: int, field: str) -> list[tuple[int, int]]:
        """Position and gid of all in the owner's list, in order."""
        return self._rows("places", owner, field)

    def last(self, owner: int, field: str) -> int | None:
        """Gid of the last in the owner's list."""
        end = self._end(owner, field)
        return None if end is None else end[1]

    def _end(self, owner: int, field: str) -> End | None:
        known = self._remembered.ends
        if (owner, field) not in known:
            if len(known) > MAX_NOTES:
                known.clear()
            known[owner, field] = self._cursor.execute(self._sql["last"], (owner, field)).fetchone()
        return known[owner, field]

    def tree(self, gid: int, field: str) -> list[tuple[int, int]]:
        """Gid and level (1 and up) of all that hang below by a field that never leads back, nearest first."""
        return self._rows("tree", gid, field)

    def reaches(self, gid: int, field: str, target: int) -> bool:
        """Whether following a field from ``gid`` again and again leads to ``target``."""
        return self._one("reaches", gid, field, target) is not None

    def let_in(self, user: int, gid: int, teams: str) -> bool:
        """Whether a user is in one of the teams in a list of ``gid``, or in a portfolio that shares it."""
        return self._one("let_in", user, gid, teams) is not None

    def owners(self, target: int, field: str) -> list[tuple[int, int | None]]:
        """Gid and note of all that have ``target`` in their list."""
        return self._rows("owners", target, field)

    def owners_by(self, target: int, *fields: str) -> list[list[tuple[int, int | None]]]:
        """The same for several fields."""
        return [self.owners(target, field) for field in fields]

    def owners_ahead(self, targets: Sequence[int], field: str) -> None:
        """These are going to be asked for their ``owners`` one by one; where that takes time, have all come at once."""

    def count(self, owner: int, field: str) -> int:
        """How many the owner's list holds."""
        return int(self._one("count_forward", owner, field) or 0)

    def counts(self, owners: Sequence[int], field: str) -> dict[int, int]:
        """How many the list of each owner holds; owners with none are left out."""
        return dict(self._in("count_many", owners, field)) if owners else {}

    def end(self, owner: int, field: str) -> int:
        """A position behind all others in the owner's list."""
        born = self._remembered.newborn.get(owner)
        if born is not None and field not in [known[0] for known in born]:
            return 0
        last = self._end(owner, field)
        return 0 if last is None else last[0] + GAP

    def start(self, owner: int, field: str) -> int:
        """A position before all others in the owner's list."""
        first = self._one("first", owner, field)
        return 0 if first is None else int(first) - GAP

    def beside(self, owner: int, field: str, anchor: int, *, after: bool) -> int:
        """A position right after (or before) the member ``anchor`` of the owner's list."""
        place = self.place(owner, field, anchor)
        if place is None:
            raise LookupError(anchor)
        neighbour = self._one("next" if after else "previous", owner, field, place)
        if neighbour is None:
            return place + GAP if after else place - GAP
        middle = (place + int(neighbour)) // 2
        if middle in (place, int(neighbour)):
            self._renumber(owner, field)
            return self.beside(owner, field, anchor, after=after)
        return middle

    def _renumber(self, owner: int, field: str) -> None:
        rows = self._rows("list", owner, field)
        self._cursor.execute(self._sql["empty_list"], (owner, field))
        self._remembered.ends.pop((owner, field), None)
        for index, (target, note) in enumerate(rows):
            self.link(owner, field, target, index * GAP, note)
        self.set(f"renumbered {owner} {field}", str(self._renumbered(owner, field) + 1).encode())
        self._remembered.renumbered.clear()

    def _renumbered(self, owner: int, field: str) -> int:
        known = self._remembered.renumbered
        if (owner, field) not in known:
            if len(known) > MAX_NOTES:
                known.clear()
            known[owner, field] = int(self.setting(f"renumbered {owner} {field}") or 0)
        return known[owner, field]

    def border(self, owner: int, field: str, target: int, position: int) -> Border:
        """Where a reader of the owner's list stands who has come as far as ``target``."""
        return position, target, self._renumbered(owner, field)

    def resume(self, owner: int, field: str, border: Border) -> int:
        """The position behind which that reader goes on.

        It is where the reader stood, whatever has been inserted, moved or removed since. Only if the list was
        renumbered is it where ``target`` is now; raises ``BorderLostError`` if that has left the list too.
        """
        position, target, renumbered = border
        if renumbered == self._renumbered(owner, field):
            return position
        place = self.place(owner, field, target)
        if place is None:
            raise BorderLostError(target)
        return place
