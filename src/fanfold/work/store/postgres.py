"""The store in a PostgreSQL database, which many processes may share.

What one process has read another may have changed since, so nothing is remembered from one transaction to the next.
Whoever writes holds a lock until the commit: what an action decides by is still so when it is committed, and the log of
events is in the order of the commits, as its readers take for granted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg

from fanfold.errors import RequestError, SetupError
from fanfold.work.store import migrations
from fanfold.work.store.coherent import COMPARE, AtHand, CoherentReads, Touching
from fanfold.work.store.links import LOWEST
from fanfold.work.store.mirror import Mirror
from fanfold.work.store.postgres_content import PostgresContent
from fanfold.work.store.postgres_idiom import IDIOM, places
from fanfold.work.store.queries import Queries
from fanfold.work.store.reader import PATIENCE
from fanfold.work.store.rows import ALL, Held, Row, Where
from fanfold.work.store.sqlite import SqliteStore
from fanfold.work.store.tables import Content, copy
from fanfold.work.store.wire import BlockingWire, Found, Wire, numbered, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from fanfold.work.store.store import TokenRow

T = TypeVar("T")

SQL = Queries(IDIOM, "queries.sql", "postgres.sql", arrays=True)
"""What is asked of PostgreSQL."""

WRITING = 0x66616E66
"""The first number of the advisory locks that are held while something is written. The second is of the workspace; zero
is shared by all who write to one, and held alone by whoever may write to any."""

CHANNEL = "fanfold_access"
"""On which is told that others may come in than before."""

AHEAD = 4
"""Gids that are fetched together with the lock: what most actions need. Those that are left over are lost."""

MORE = 64
"""Gids that are fetched when those are used up."""


class OutOfScopeError(BaseException):
    """What is about to be written is not of the workspace that is locked: it has to be done again with all of them.

    Nothing that goes wrong in an action, so nothing that deals with that may catch it.
    """


class _Cursor:
    """The statements of the store, sent over a wire. What only writes is not waited for."""

    __slots__ = ("_wire",)

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def execute(self, sql: str, values: Iterable[Any] = ()) -> Found:
        text, writes = numbered(sql)
        if writes:
            self._wire.tell(text, tuple(values))
            return _NOTHING
        return self._wire.ask(text, tuple(values))

    def executemany(self, sql: str, rows: Iterable[Iterable[Any]]) -> None:
        text, _ = numbered(sql)
        for values in rows:
            self._wire.tell(text, tuple(values))


_NOTHING = Found([])


class PostgresStore(CoherentReads):
    """Everything the work API keeps, in a database that others use too.

    For one request, or one transaction: what it remembers is true that long. ``signing_key`` is read unless given.
    ``scope``: the workspace that is written to, of which nothing else is written meanwhile; 0 for any.
    """

    _sql = SQL
    far = True
    step = 50
    _prepared = False

    def __init__(
        self, wire: Wire, path: str = "", signing_key: bytes = b"", scope: int = 0, mirror: Mirror | None = None
    ) -> None:
        self.path = path
        self._scope = scope
        self._wire = wire
        self._cursor = _Cursor(wire)
        self._writing = False
        super().__init__()
        self._remembered = Touching()
        self.mirror = mirror or Mirror()
        self._webhooks: list[int] = []
        self._begin_reading()
        self._gids: deque[int] = deque()
        self.signing_key = signing_key or self._lasting_key("signing_key")

    @classmethod
    def open(cls, url: str) -> PostgresStore:
        """The database at a URL, over a connection that waits. Tables are made where there are none.

        Raises ``SetupError`` in one sentence where that is impossible.
        """
        wire = BlockingWire(url)
        try:
            migrations.prepare(wire, shown(url))
            return cls(wire, shown(url))
        except psycopg.Error as error:
            wire.close()
            raise SetupError(f"The database {shown(url)} cannot be used: {str(error).strip()}") from None
        except BaseException:
            wire.close()
            raise

    def _may_listen(self) -> bool:
        return True

    # -- transactions ------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Let others know of what was written outside of any transaction, before anything else begins."""
        if self._remembered.noted():
            self.commit()

    def begin_read(self) -> None:
        """Read what is committed by now."""
        if not self._writing and not self._prepared:
            self._settle()
            self.compare()
        self._prepared = False

    def begin_action(self) -> None:
        """Open a savepoint for one action's writes, and the transaction around it if there is none yet."""
        if not self._writing:
            self._settle()
            self._wire.tell("BEGIN")
            before, moment = self.mirror.known_until(), self.mirror.moment
            scope = self._scope
            lock = self._question("lock_workspace", WRITING, scope) if scope else self._question("lock", WRITING)
            _, gids, compared = self._wire.ask_all(
                [
                    lock,
                    self._question("gids", AHEAD),
                    self._question(COMPARE, before),
                ]
            )
            self._compared(compared.rows, before, moment)
            self._gids = deque([gid for (gid,) in gids])
            self._writing = True
            self._remembered.clear()
            self.compacts_at_hand = AtHand(self.mirror.compacts, self._remembered)
        self._wire.tell("SAVEPOINT action")

    def end_action(self) -> None:
        """Keep the action's writes until the next ``commit``."""
        self._wire.tell("RELEASE action")
        self._remembered.keep()

    def undo_action(self) -> None:
        """Take back all that the action wrote."""
        self._wire.tell("ROLLBACK TO action")
        self._wire.tell("RELEASE action")
        self._remembered.undo()

    def commit(self) -> None:
        """Make everything written since the last commit durable; on failure nothing of it is kept."""
        touching, subjects = self._remembered, tuple(self._told)
        touched, lists, everything = list(touching.touched), list(touching.lists), touching.everything
        writing, self._writing = self._writing, False
        self.compacts_at_hand = self.mirror.compacts
        touching.clear()
        touching.touched.clear()
        touching.lists.clear()
        touching.everything = False
        self._gids.clear()
        self._told.clear()
        self._expected.clear()
        if everything:
            self._tell("touched", None, None)
        elif touched or lists:
            self._tell("touched", touched, [f"{gid} {field}" for gid, field in lists])
        questions = [self._question("listening", list(subjects))] if subjects else []
        if writing or questions:
            found = self._wire.ask_all([*questions, *[("COMMIT", ())] * writing])
            self._webhooks += [gid for rows in found[: len(questions)] for (gid,) in rows]
        if everything:
            self.mirror.clear()
        else:
            self.mirror.forget(touched, lists)

    def to_be_told(self) -> list[int]:
        """The webhooks that what was committed since this was last asked may be for."""
        webhooks, self._webhooks = self._webhooks, []
        return webhooks

    def close(self) -> None:
        """Commit and let go of the wire."""
        self.commit()
        self._wire.close()

    # -- reading at length -------------------------------------------------------------------------------------------

    def look(self, work: Callable[[Any], T]) -> T:
        """What ``work`` makes of a cursor that it only reads with, here and now."""
        return work(self._cursor)

    async def look_aside(self, work: Callable[[Any], T]) -> T:
        """The same of what is committed. Raises ``RequestError`` if it takes too long."""
        if self._writing:
            return self.look(work)
        self._wire.tell("BEGIN READ ONLY")
        self._wire.tell(f"SET LOCAL statement_timeout = {int(PATIENCE * 1000)}")
        try:
            return self.look(work)
        except psycopg.errors.QueryCanceled:
            raise RequestError("This search takes too long; narrow it down with further parameters.") from None
        finally:
            self._wire.tell("ROLLBACK")

    def _prepare_index(self) -> None:
        """The tables are there."""

    # -- copies ------------------------------------------------------------------------------------------------------

    def content(self) -> Content:
        """All that is in it."""
        return PostgresContent(self, self._wire)

    def copy_to(self, path: Path) -> None:
        """Write a copy of what is committed to a new SQLite file."""
        file = SqliteStore(path)
        try:
            copy(self.content(), file.content())
            file.use_key(self.signing_key)
        finally:
            file.close()

    def touch_everything(self) -> None:
        """Nothing is as it was."""
        self._remembered.clear()
        self._remembered.everything = True
        self._tell_all()

    # -- what is remembered ------------------------------------------------------------------------------------------

    def changes_elsewhere(self) -> int:
        """A number that differs from the last one if anybody has written since."""
        return int(self._one("changes"))

    # -- gids --------------------------------------------------------------------------------------------------------

    def peek_gid(self) -> int:
        """The gid that ``new_gid`` will give next."""
        if not self._gids:
            self._gids.extend([gid for (gid,) in self._rows("gids", MORE if self._writing else 1)])
        return self._gids[0]

    def new_gid(self) -> int:
        """The next gid: ascending, never reused, also not after a crash."""
        gid = self.peek_gid()
        self._gids.popleft()
        self._remembered.newborn[gid] = []
        return gid

    def page_nested(
        self, owner: int, outer: str, inner: str, after: tuple[int, int] | None, limit: int, where: Where = ALL
    ) -> list[Held]:
        """Up to ``limit`` members of the lists ``inner`` of the members of its list ``outer``, in one query.

        ``after`` is a place in the outer and one in the inner list; the borders given back are places in inner ones.
        """
        sql = self._with("page_nested", where)
        values = (owner, outer, inner, *_behind(after), *where.values, limit)
        return list(starmap(Held, self._cursor.execute(sql, values)))

    # -- what many rows are written by -------------------------------------------------------------------------------

    def delete(self, gid: int) -> list[tuple[int, str, int | None]]:
        """Remove a record and every link that it has a part in; what it hung on: owner, field and note of each link."""
        _, had, hung_on = self._wire.ask_all(
            [self._question(name, gid) for name in ("delete", "delete_links_of", "delete_links_to")]
        )
        self._remembered.clear()
        self._remembered.touched.add(gid)
        self._remembered.lists.update([(other, f"<{field}") for field, other in had])
        self._remembered.lists.update([(owner, field) for owner, field, _ in hung_on])
        self._remembered.lists.update([(gid, field) for field, _ in had])
        self._remembered.lists.update([(gid, f"<{field}") for _, field, _ in hung_on])
        return hung_on.fetchall()

    def empty(self, owner: int, field: str) -> None:
        """Remove all links of a list."""
        gone = self._gids_of("empty_list", owner, field)
        self._touch()
        self._remembered.lists.update([(owner, field), *[(gid, f"<{field}") for gid in gone]])

    def restrict_sections_of(self, project: int) -> None:
        """Bring the private flag of a project's sections into line with the project's."""
        self._touch(*self._gids_of("restrict_sections_of", project))

    def restrict_tasks_of(self, gid: int) -> None:
        """Bring the private flag of a project's tasks, or of one task, into line with the projects they are in."""
        self._touch(*self._gids_of("restrict_tasks_of", gid))

    def _gids_of(self, name: str, *values: Any) -> list[int]:
        return [gid for (gid,) in self._wire.ask(*self._question(name, *values))]

    def _touch(self, *gids: int) -> None:
        self._remembered.clear()
        self._remembered.touched.update(gids)

    def insert(self, row: Row) -> None:
        """Add a record."""
        self._must_be_in_scope(row.workspace)
        super().insert(row)

    def rewrite(self, row: Row) -> None:
        """Replace a record's document, compact form and private flag."""
        self._must_be_in_scope(row.workspace)
        super().rewrite(row)

    def _must_be_in_scope(self, workspace: int) -> None:
        if self._scope and workspace != self._scope:
            raise OutOfScopeError(workspace)

    # -- what others may remember ------------------------------------------------------------------------------------

    def revoke_token(self, token: int, at: str) -> bool:
        """End a token; False if there was none to end."""
        self._tell_all()
        return super().revoke_token(token, at)

    def delete_app(self, client: str) -> bool:
        """Remove an app and all that it holds; False if there is none."""
        self._tell_all()
        return super().delete_app(client)

    def revoke_consent(self, consent: int) -> None:
        """End a consent and every voucher for it."""
        self._tell_all()
        super().revoke_consent(consent)

    def spend_voucher(self, digest: bytes) -> None:
        """Mark a voucher as used up."""
        self._tell_all()
        super().spend_voucher(digest)

    def keep_tokens(self, tokens: Iterable[TokenRow]) -> None:
        """Have these tokens and no others; of two with one number the later gets a new one."""
        self._tell_all()
        super().keep_tokens(tokens)

    def _tell_all(self) -> None:
        """Have every process look anew who may come in, once this is committed."""
        self._wire.tell(f"NOTIFY {CHANNEL}")

    # -- the log -----------------------------------------------------------------------------------------------------

    def latest_event(self, workspace: int) -> int:
        """A sequence number up to which everything is known that happened in a workspace.

        Numbers are given before the commit: where others write to other workspaces, the highest may be ahead of one
        that is still to come. Within a workspace they come in order, and what was cut off is long since there.
        """
        return int(self._one("latest_event", workspace))

    def _log(self, workspace: int, resource: int, document: bytes, subjects: Iterable[int]) -> None:
        self._tell("event", workspace, resource, document, list(subjects))

    def forget_events(self, upto: int, told: Iterable[tuple[int, int]]) -> None:
        """Remove the oldest entries; ``told`` are subject and sequence number of all that is told of them."""
        pairs = list(told)
        self._tell("forget_event_of", [subject for subject, _ in pairs], [seq for _, seq in pairs])
        self._tell("forget_events", upto)

    # -- the index ---------------------------------------------------------------------------------------------------

    def _indexed_all(self) -> None:
        """Until somebody has counted, searches are planned as if there were next to nothing."""
        self._wire.tell("ANALYZE task_facts, task_value, named, words, task_names, names")

    def _words(self, *texts: str) -> tuple[str, ...]:
        return (places(*texts),)

    def _value(self, value: str | float | None) -> tuple[Any, ...]:
        return (None, value) if isinstance(value, str) else (value if value is None else float(value), None)

    # -- plumbing ----------------------------------------------------------------------------------------------------

    def _question(self, name: str, *values: Any) -> tuple[str, tuple[Any, ...]]:
        return numbered(self._sql[name])[0], values

    def _tell(self, name: str, *values: Any) -> None:
        self._wire.tell(*self._question(name, *values))

    def _among(self, values: Sequence[Any]) -> Sequence[Any]:
        return (list(values),)

    def _add(self, name: str, *values: Any) -> int:
        return int(self._one(name, *values))

    def _change(self, name: str, *values: Any) -> int:
        return self._wire.ask(*self._question(name, *values)).count


def _behind(after: tuple[int, int | None] | None) -> tuple[int, int]:
    """The borders to go on behind."""
    spot, border = after or (LOWEST, None)
    return spot, LOWEST if border is None else border
