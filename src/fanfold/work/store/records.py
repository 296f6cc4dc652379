"""Records: read by gid, written whole, and as visible as what they hang on."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from fanfold.work.store.connection import Connection
from fanfold.work.store.periods import FIRST_PERIOD, period
from fanfold.work.store.remembered import Compact
from fanfold.work.store.rows import Row


class Records(Connection):
    """The table of records."""

    def record(self, gid: int) -> Row | None:
        """One record by gid."""
        written = self._remembered.rows.get(gid)
        if written is not None:
            return written
        found = self._cursor.execute(self._sql["record"], (gid,)).fetchone()
        if found:
            return Row._make(found)
        return period(gid) if gid >= FIRST_PERIOD else None

    def records(self, gids: Iterable[int]) -> dict[int, Row]:
        """Those of ``gids`` that exist."""
        wanted = tuple(gids)
        if len(wanted) == 1:
            row = self.record(wanted[0])
            return {} if row is None else {row.gid: row}
        found = {row[0]: Row._make(row) for row in self._in("records", wanted)}
        if len(found) < len(wanted):
            found.update(_periods(wanted))
        return found

    def compacts(self, gids: Collection[int]) -> dict[int, Compact]:
        """Workspace, private flag and compact form by gid; those of ``gids`` that do not exist are left out."""
        known = self._remembered.compacts
        missing = [gid for gid in gids if gid not in known]
        if missing:
            if self._remembered.make_room_for_compacts():
                missing = list(gids)
            for gid, workspace, private, compact in self._in("compacts", missing):
                self._remembered.keep_compact(gid, (workspace, private, compact))
            for gid, row in _periods(missing):
                self._remembered.keep_compact(gid, (row.workspace, row.private, row.compact))
        return known

    def user_by_email(self, email: str) -> int | None:
        """Gid of the user with this address, in any case."""
        found = self._one("user_by_email", email)
        return None if found is None else int(found)

    def documents(self, gids: Sequence[int]) -> dict[int, bytes]:
        """The documents of those of ``gids`` that exist."""
        return dict(self._in("documents", gids)) if gids else {}

    def unfinished(self) -> list[int]:
        """Gids of the jobs that are not at their end, oldest first."""
        return [gid for (gid,) in self._rows("unfinished")]

    def old_exports(self, before: str, limit: int) -> list[int]:
        """Exports that have a file and were at their end, or begun and never ended, before a moment."""
        return [gid for (gid,) in self._rows("old_exports", before, limit)]

    def jobs_under_way(self, caller: str) -> int:
        """How many of the jobs that a caller (its key) began are not at their end."""
        found = self._one("jobs_under_way", caller)
        return 0 if found is None else int(found)

    def insert(self, row: Row) -> None:
        """Add a record."""
        self._cursor.execute(self._sql["insert"], row)
        self._remembered.wrote(row)

    def rewrite(self, row: Row) -> None:
        """Replace a record's document, compact form and private flag."""
        self._cursor.execute(self._sql["rewrite"], (row.private, row.document, row.compact, row.gid))
        self._remembered.wrote(row)

    def delete(self, gid: int) -> list[tuple[int, str, int | None]]:
        """Remove a record and every link that it has a part in; what it hung on: owner, field and note of each link."""
        self._cursor.execute(self._sql["delete"], (gid,))
        self._cursor.execute(self._sql["delete_links_of"], (gid,))
        hung_on = self._rows("delete_links_to", gid)
        self._remembered.clear()
        return hung_on

    def restrict_sections_of(self, project: int) -> None:
        """Bring the private flag of a project's sections into line with the project's."""
        self._cursor.execute(self._sql["restrict_sections_of"], (project,))
        self._remembered.clear()

    def restrict_tasks_of(self, gid: int) -> None:
        """Bring the private flag of a project's tasks, or of one task, into line with the projects they are in."""
        self._cursor.execute(self._sql["restrict_tasks_of"], (gid,))
        self._remembered.clear()


def _periods(gids: Iterable[int]) -> list[tuple[int, Row]]:
    """The periods among ``gids``, which are in no table."""
    found = [(gid, period(gid)) for gid in gids if gid >= FIRST_PERIOD]
    return [(gid, row) for gid, row in found if row is not None]
