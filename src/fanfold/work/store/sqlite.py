"""The SQLite store, called directly on the event loop thread.

A point read takes about two microseconds there, some sixty times less than a hop to another thread would cost. Writes
collect in one transaction until ``commit`` (the dispatcher calls it once a batch), each action in a savepoint of its
own, so that a failed action leaves nothing behind and ten actions pay for one commit. WAL with synchronous=NORMAL: what
was acknowledged survives the death of the process at any moment.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from importlib import resources
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

import apsw
from msgspec import Struct

from fanfold.errors import SetupError
from fanfold.work.store.remembered import MAX_COMPACTS, MAX_NOTES, Compact, Remembered

VERSION = 1
"""Layout of the tables; written into each database. Newer ones are refused, older ones will be upgraded."""

GAP = 1 << 32
"""Distance between neighbours in an ordered list: room for 32 insertions at one place before it is renumbered."""

FIRST_GID = 1001
GID_BLOCK = 1024
"""Gids are taken from the database in blocks, so that most creations need no write to the counter."""


class Row(NamedTuple):
    """A record as stored."""

    gid: int
    kind: str
    workspace: int
    private: int
    document: bytes
    compact: bytes


class Link(Struct, frozen=True, gc=False):
    """One linked record, seen from the record whose relation is read."""

    gid: int
    note: int | None
    workspace: int
    private: int
    compact: bytes


class Held(Struct, frozen=True, gc=False):
    """A record on a page: ``border`` is its place in the list's order, where the next page starts after it.

    ``document`` is empty in what the store's pages give: most lists show compact forms only.
    """

    border: int
    gid: int
    kind: str
    workspace: int
    private: int
    document: bytes
    compact: bytes


class Where(Struct, frozen=True):
    """A further condition on the records of a page: SQL over ``r`` with its values. Made by the filter makers only."""

    sql: str = ""
    values: tuple[Any, ...] = ()


ALL = Where()
_LOWEST = -(1 << 63)


def _named_queries() -> dict[str, str]:
    text = resources.files(__package__).joinpath("queries.sql").read_text()
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return {name: sql.strip().rstrip(";") for name, sql in zip(parts[::2], parts[1::2], strict=True)}


SQL = _named_queries()


@lru_cache(maxsize=1024)
def _sql(name: str, values: int, fields: int = 0) -> str:
    return SQL[name].replace("{in}", ",".join("?" * values)).replace("{fields}", ",".join("?" * fields))


class SqliteStore:
    """Records, links, events, tokens and settings in one file, or in memory."""

    def __init__(self, path: str | Path = ":memory:") -> None:
        """Open or create ``path``; raises ``SetupError`` in one sentence where that is impossible."""
        self.path = str(path)
        try:
            self._connection = apsw.Connection(self.path, statementcachesize=256)
            self._connection.set_busy_timeout(5000)
            # Plans that depend on bound values are prepared anew for each execution, which costs more than the query.
            self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
            self._prepare()
        except apsw.NotADBError as error:
            raise SetupError(f"{path} is not a Fanfold database; choose another file with --db.") from error
        except apsw.Error as error:
            raise SetupError(f"The database {path} cannot be opened for writing: {error}.") from error
        self._cursor = self._connection.cursor()
        self._open = self._writing = False
        self._remembered = Remembered()
        self._gid = self._gid_end = 0
        self._reserved = False
        self.signing_key = self._lasting_key("signing_key")

    def _prepare(self) -> None:
        run = self._connection.execute
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "cache_size = -65536",
            "mmap_size = 268435456",
            "wal_autocheckpoint = 4000",
        ):
            run(f"PRAGMA {pragma}")
        (version,) = run("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise SetupError(
                f"The database {self.path} was written by a newer Fanfold (layout {version}, this one knows {VERSION}); "
                "upgrade Fanfold or choose another file with --db."
            )
        if version == 0:
            (tables,) = run("SELECT count(*) FROM sqlite_schema").fetchone()
            if tables:
                raise SetupError(f"{self.path} is a database of another program; choose another file with --db.")
            schema = resources.files(__package__).joinpath("schema.sql").read_text()
            run(f"BEGIN IMMEDIATE; {schema} PRAGMA user_version = {VERSION}; COMMIT")
        else:
            run("BEGIN IMMEDIATE; ROLLBACK")

    def sign(self, text: str) -> str:
        """A signature that only this database can make."""
        return hmac.digest(self.signing_key, text.encode(), "sha256").hex()

    def _lasting_key(self, name: str) -> bytes:
        key = self.setting(name)
        if key is None:
            key = secrets.token_bytes(32)
            self.set(name, key)
        return key

    # -- transactions ------------------------------------------------------------------------------------------------

    def begin_read(self) -> None:
        """Read from one snapshot until ``commit``: without the locks of its own, a query costs half as much."""
        if not self._open:
            self._cursor.execute("BEGIN")
            self._open = True
            self._remembered.look(self.changes_elsewhere())

    def begin_action(self) -> None:
        """Open a savepoint for one action's writes, and the transaction around it if there is none yet."""
        if not self._writing:
            if self._open:
                self._cursor.execute("COMMIT")
                self._open = False
            self._cursor.execute("BEGIN IMMEDIATE")
            self._open = self._writing = True
            self._remembered.look(self.changes_elsewhere())
        self._cursor.execute("SAVEPOINT action")

    def end_action(self) -> None:
        """Keep the action's writes until the next ``commit``."""
        self._cursor.execute("RELEASE action")
        self._remembered.keep()
        self._reserved = False

    def undo_action(self) -> None:
        """Take back all that the action wrote."""
        self._cursor.execute("ROLLBACK TO action; RELEASE action")
        self._remembered.undo()
        if self._reserved:
            self.forget_gids()
            self._reserved = False

    def commit(self) -> None:
        """Make everything written since the last commit durable; on failure nothing of it is kept."""
        if not self._open:
            return
        self._open = self._writing = False
        try:
            self._cursor.execute("COMMIT")
        except apsw.Error:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")
            self.forget_gids()
            self._remembered.clear()
            raise

    def close(self) -> None:
        """Commit and close."""
        self.commit()
        self._connection.close()

    @property
    def compacts_at_hand(self) -> Mapping[int, Compact]:
        """Compact forms that need not be looked up: a live view, true for the transaction that is open."""
        return self._remembered.compacts

    @property
    def epoch(self) -> int:
        """Grows whenever something changed that may be remembered elsewhere: who belongs where."""
        return self._remembered.epoch

    def changes_elsewhere(self) -> int:
        """A number that differs from the last one if another process has written since."""
        return int(self._cursor.execute("PRAGMA data_version").fetchone()[0])

    # -- records -----------------------------------------------------------------------------------------------------

    def peek_gid(self) -> int:
        """The gid that ``new_gid`` will give next."""
        gid = self.new_gid()
        self._gid = gid
        return gid

    def new_gid(self) -> int:
        """The next gid: ascending, never reused, also not after a crash."""
        if self._gid == self._gid_end:
            stored = self.setting("next_gid")
            self._gid = int(stored) if stored else FIRST_GID
            self._gid_end = self._gid + GID_BLOCK
            self._reserved = True
            self.set("next_gid", str(self._gid_end).encode())
        self._gid += 1
        return self._gid - 1

    def forget_gids(self) -> None:
        """Read the counter anew: what was taken from it has been rolled back."""
        self._gid = self._gid_end = 0

    def record(self, gid: int) -> Row | None:
        """One record by gid."""
        found = self._cursor.execute(SQL["record"], (gid,)).fetchone()
        return Row._make(found) if found else None

    def records(self, gids: Iterable[int]) -> dict[int, Row]:
        """Those of ``gids`` that exist."""
        return {row[0]: Row._make(row) for row in self._in("records", tuple(gids))}

    def compacts(self, gids: Collection[int]) -> dict[int, Compact]:
        """Workspace, private flag and compact form by gid; those of ``gids`` that do not exist are left out."""
        known = self._remembered.compacts
        missing = [gid for gid in gids if gid not in known]
        if missing:
            if len(known) > MAX_COMPACTS:
                known.clear()
                missing = list(gids)
            for gid, *found in self._in("compacts", missing):
                known[gid] = tuple(found)  # type: ignore[assignment]
        return known

    def user_by_email(self, email: str) -> int | None:
        """Gid of the user with this address, in any case."""
        found = self._one("user_by_email", email)
        return None if found is None else int(found)

    def documents(self, gids: Sequence[int]) -> dict[int, bytes]:
        """The documents of those of ``gids`` that exist."""
        return dict(self._in("documents", gids)) if gids else {}

    def insert(self, row: Row) -> None:
        """Add a record."""
        self._cursor.execute(SQL["insert"], row)
        self._remembered.touch(row.gid)

    def rewrite(self, row: Row) -> None:
        """Replace a record's document, compact form and private flag."""
        self._cursor.execute(SQL["rewrite"], (row.private, row.document, row.compact, row.gid))
        self._remembered.touch(row.gid)

    def delete(self, gid: int) -> None:
        """Remove a record and every link that it has a part in."""
        for name in ("delete", "delete_links_of", "delete_links_to"):
            self._cursor.execute(SQL[name], (gid,))
        self._remembered.clear()

    # -- links -------------------------------------------------------------------------------------------------------

    def link(self, owner: int, field: str, target: int, position: int = 0, note: int | None = None) -> None:
        """Add one link; the pair must not be linked by this field yet."""
        self._remembered.link(field)
        self._cursor.execute(SQL["link"], (owner, field, position, target, note))

    def append(self, owner: int, field: str, target: int, note: int | None = None) -> None:
        """Add one link at the end of the owner's list; the pair must not be linked by this field yet."""
        self.link(owner, field, target, self.end(owner, field), note)

    def unlink(self, owner: int, field: str, target: int) -> bool:
        """Remove one link; False if there was none."""
        self._remembered.link(field)
        self._cursor.execute(SQL["unlink"], (owner, field, target))
        return bool(self._connection.changes())

    def linked(self, owner: int, field: str, target: int) -> bool:
        """Whether the two are linked."""
        return self.place(owner, field, target) is not None

    def place(self, owner: int, field: str, target: int) -> int | None:
        """Position of ``target`` in the owner's list, or None if it is not in it."""
        found = self._cursor.execute(SQL["place"], (target, field, owner)).fetchone()
        return found[0] if found else None

    def links(
        self, gids: Sequence[int], forward: Sequence[str], backward: Sequence[str]
    ) -> dict[tuple[int, str], list[Link]]:
        """What hangs on each of ``gids`` by the named fields, in the order of the lists.

        Keyed by gid and field, with ``<`` before a field that was read backwards.
        """
        rows: list[tuple[int, str, int, int | None]] = []
        for name, fields in (("forward", forward), ("backward", backward)):
            if fields and gids:
                rows += self._cursor.execute(_sql(name, len(gids), len(fields)), (*gids, *fields))
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
        return [row[0] for row in self._cursor.execute(SQL["targets"], (owner, field))]

    def places(self, owner: int, field: str) -> list[tuple[int, int]]:
        """Position and gid of all in the owner's list, in order."""
        return self._cursor.execute(SQL["places"], (owner, field)).fetchall()

    def last(self, owner: int, field: str) -> int | None:
        """Gid of the last in the owner's list."""
        found = self._one("last_target", owner, field)
        return None if found is None else int(found)

    def tree(self, gid: int, field: str) -> list[tuple[int, int]]:
        """Gid and level (1 and up) of all that hang below by a field that never leads back, nearest first."""
        return self._cursor.execute(SQL["tree"], (gid, field)).fetchall()

    def reaches(self, gid: int, field: str, target: int) -> bool:
        """Whether following a field from ``gid`` again and again leads to ``target``."""
        return self._one("reaches", gid, field, target) is not None

    def owners(self, target: int, field: str) -> list[tuple[int, int | None]]:
        """Gid and note of all that have ``target`` in their list."""
        return self._cursor.execute(SQL["owners"], (target, field)).fetchall()

    def count(self, owner: int, field: str) -> int:
        """How many the owner's list holds."""
        return int(self._one("count_forward", owner, field) or 0)

    def counts(self, owners: Sequence[int], field: str) -> dict[int, int]:
        """How many the list of each owner holds; owners with none are left out."""
        return dict(self._in("count_many", owners, field)) if owners else {}

    def end(self, owner: int, field: str) -> int:
        """A position behind all others in the owner's list."""
        last = self._one("last", owner, field)
        return 0 if last is None else int(last) + GAP

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
        rows = self._cursor.execute(
            "SELECT target, note FROM link WHERE owner = ? AND field = ? ORDER BY position", (owner, field)
        ).fetchall()
        self._cursor.execute("DELETE FROM link WHERE owner = ? AND field = ?", (owner, field))
        for index, (target, note) in enumerate(rows):
            self.link(owner, field, target, index * GAP, note)

    # -- pages -------------------------------------------------------------------------------------------------------

    def page_linked(self, owner: int, field: str, after: int | None, limit: int, where: Where = ALL) -> list[Held]:
        """Up to ``limit`` members of the owner's list behind the border ``after``."""
        return self._page("page_linked", owner, field, after, limit, where)

    def page_linking(self, target: int, field: str, after: int | None, limit: int, where: Where = ALL) -> list[Held]:
        """Up to ``limit`` records that have ``target`` in their list, by gid."""
        return self._page("page_linking", target, field, after, limit, where)

    def page_notes(self, owner: int, field: str, after: int | None, limit: int, where: Where = ALL) -> list[Held]:
        """Up to ``limit`` of the records that the owner's links have as notes, in the order of the list."""
        return self._page("page_notes", owner, field, after, limit, where)

    def by_name(self, owner: int, field: str, limit: int) -> list[Held]:
        """The first ``limit`` members of the owner's list in alphabetical order."""
        return list(starmap(Held, self._cursor.execute(SQL["by_name"], (owner, field, limit))))

    def page_kind(self, workspace: int, kind: str, after: int | None, limit: int, where: Where = ALL) -> list[Held]:
        """Up to ``limit`` records of a kind in a workspace, by gid."""
        return self._page("page_kind", workspace, kind, after, limit, where)

    def _page(self, name: str, first: int, second: str, after: int | None, limit: int, where: Where) -> list[Held]:
        sql = SQL[name].replace("{where}", where.sql)
        border = _LOWEST if after is None else after
        return list(starmap(Held, self._cursor.execute(sql, (first, second, border, *where.values, limit))))

    def page_nested(
        self, owner: int, outer: str, inner: str, after: tuple[int, int] | None, limit: int, where: Where = ALL
    ) -> list[Held]:
        """Up to ``limit`` members of the lists ``inner`` of the members of the owner's list ``outer``, list after list.

        ``after`` is a place in the outer and one in the inner list; the borders given back are places in the inner ones.
        """
        found: list[Held] = []
        spot, border = after or (_LOWEST, None)
        for place, member in self.places(owner, outer):
            if place >= spot:
                start = border if place == spot else None
                found += self.page_linked(member, inner, start, limit - len(found), where)
                if len(found) >= limit:
                    break
        return found

    def found(self, workspace: int, kind: str, where: Where, order: str, limit: int, start: int = 0) -> list[Held]:
        """Up to ``limit`` records of a kind in a workspace, from number ``start`` on in the given order; borders are gids."""
        sql = SQL["found"].replace("{where}", where.sql).replace("{order}", order)
        return list(starmap(Held, self._cursor.execute(sql, (workspace, kind, *where.values, limit, start))))

    def task_counts(self, project: int) -> tuple[int, int, int, int]:
        """How many tasks a project has, how many are completed, how many are milestones, how many are both."""
        total, completed, milestones, both = self._cursor.execute(SQL["task_counts"], (project,)).fetchone()
        return total, completed, milestones, both

    def restrict_sections_of(self, project: int) -> None:
        """Bring the private flag of a project's sections into line with the project's."""
        self._cursor.execute(SQL["restrict_sections_of"], (project,))
        self._remembered.clear()

    def restrict_tasks_of(self, gid: int) -> None:
        """Bring the private flag of a project's tasks, or of one task, into line with the projects they are in."""
        self._cursor.execute(SQL["restrict_tasks_of"], (gid,))
        self._remembered.clear()

    # -- events, tokens, settings ------------------------------------------------------------------------------------

    def add_event(self, workspace: int, resource: int, document: bytes) -> None:
        """Append to the log of what happened."""
        self._cursor.execute(SQL["event"], (workspace, resource, document))

    def events(self, workspace: int, after: int, limit: int) -> list[tuple[int, int, bytes]]:
        """Sequence number, resource and document of what happened in a workspace after ``after``."""
        return self._cursor.execute(SQL["events_of_workspace"], (after, workspace, limit)).fetchall()

    def last_event(self) -> int:
        """Sequence number of the newest event."""
        return int(self._one("last_event") or 0)

    def setting(self, name: str) -> bytes | None:
        """A stored setting."""
        value = self._one("setting", name)
        return None if value is None else bytes(value)

    def set(self, name: str, value: bytes) -> None:
        """Store a setting."""
        self._cursor.execute(SQL["set"], (name, value))

    def token_user(self, digest: bytes) -> tuple[int, int] | None:
        """Token id and user gid for the digest of a token that is valid."""
        return self._cursor.execute(SQL["token_by_digest"], (digest,)).fetchone()

    def tokens(self) -> list[tuple[int, int, str, str, str | None]]:
        """Id, user gid, name, creation and revocation time of all tokens."""
        return self._cursor.execute(SQL["tokens"]).fetchall()

    def add_token(self, digest: bytes, user: int, name: str, created_at: str) -> None:
        """Make a token valid."""
        self._cursor.execute(SQL["add_token"], (digest, user, name, created_at))

    def revoke_token(self, token: int, at: str) -> bool:
        """End a token; False if there was none to end."""
        self._cursor.execute(SQL["revoke_token"], (at, token))
        return bool(self._connection.changes())

    # -- plumbing ----------------------------------------------------------------------------------------------------

    def _one(self, name: str, *values: Any) -> Any:
        found = self._cursor.execute(SQL[name], values).fetchone()
        return found[0] if found else None

    def _in(self, name: str, gids: Sequence[int], *more: Any) -> Iterator[Any]:
        return self._cursor.execute(_sql(name, len(gids)), (*gids, *more))
