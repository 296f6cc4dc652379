"""The store in a PostgreSQL database, which many processes may share.

What one process has read another may have changed since, so nothing is remembered from one transaction to the next.
Whoever writes holds a lock until the commit: what an action decides by is still so when it is committed, and the log of
events is in the order of the commits, as its readers take for granted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from fanfold.work.store.connection import Connection
from fanfold.work.store.queries import Queries
from fanfold.work.store.store import Store
from fanfold.work.store.wire import Found, Wire, numbered

T = TypeVar("T")

SQL = Queries("queries.sql", "postgres.sql")
"""What is asked of PostgreSQL."""

WRITING = 0x66616E66
"""The first number of the advisory locks that are held while something is written; the second is zero for all of it."""


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


class PostgresStore(Store):
    """Everything the work API keeps, in a database that others use too.

    For one request, or one transaction: what it remembers is true that long. ``signing_key`` is read unless given.
    """

    _sql = SQL

    def __init__(self, wire: Wire, path: str = "", signing_key: bytes = b"") -> None:
        self.path = path
        self._wire = wire
        self._cursor = _Cursor(wire)
        self._writing = False
        super().__init__()
        self._gids: list[int] = []
        self.signing_key = signing_key or self._lasting_key("signing_key")

    def _may_listen(self) -> bool:
        return True

    # -- transactions ------------------------------------------------------------------------------------------------

    def begin_read(self) -> None:
        """Read what is committed."""

    def begin_action(self) -> None:
        """Open a savepoint for one action's writes, and the transaction around it if there is none yet."""
        if not self._writing:
            self._wire.tell("BEGIN")
            self._wire.ask(self._sql["lock"], (WRITING,))
            self._writing = True
            self._remembered.clear()
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
        self._remembered.clear()
        self._gids.clear()
        if self._writing:
            self._writing = False
            self._wire.ask("COMMIT")

    def close(self) -> None:
        """Commit and let go of the wire."""
        self.commit()
        self._wire.close()

    # -- reading at length -------------------------------------------------------------------------------------------

    def look(self, work: Callable[[Any], T]) -> T:
        """What ``work`` makes of a cursor that it only reads with, here and now."""
        raise NotImplementedError

    def look_aside(self, work: Callable[[Any], T]) -> Awaitable[T]:
        """The same of what is committed. Raises ``RequestError`` if it takes too long."""
        raise NotImplementedError

    def _prepare_index(self) -> None:
        raise NotImplementedError

    # -- copies ------------------------------------------------------------------------------------------------------

    def take_over(self, other: Connection) -> None:
        """Become a copy of another database, in one step. What was here is forgotten, and its signatures end."""
        raise NotImplementedError

    def copy_to(self, path: Path) -> None:
        """Write a copy of what is committed to a new SQLite file."""
        raise NotImplementedError

    # -- what is remembered ------------------------------------------------------------------------------------------

    def changes_elsewhere(self) -> int:
        """A number that differs from the last one if another process has written since."""
        raise NotImplementedError

    # -- gids --------------------------------------------------------------------------------------------------------

    def peek_gid(self) -> int:
        """The gid that ``new_gid`` will give next."""
        raise NotImplementedError

    def new_gid(self) -> int:
        """The next gid: ascending, never reused, also not after a crash."""
        raise NotImplementedError

    # -- plumbing ----------------------------------------------------------------------------------------------------

    def _add(self, name: str, *values: Any) -> int:
        return int(self._one(name, *values))

    def _change(self, name: str, *values: Any) -> int:
        return self._wire.ask(numbered(self._sql[name])[0], values).count
