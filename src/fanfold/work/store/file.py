"""The SQLite file: opening it, its transactions, and what it can do that no other database can.

Called directly on the event loop thread: a point read takes about two microseconds there, some sixty times less than a
hop to another thread would cost. WAL with synchronous=NORMAL: what was acknowledged survives the death of the process
at any moment.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar

import apsw

from fanfold.errors import NoRoom, SetupError, Unavailable
from fanfold.work.store.connection import FIRST_GID, VERSION, Connection
from fanfold.work.store.links import external_field
from fanfold.work.store.queries import Queries
from fanfold.work.store.reader import Reader
from fanfold.work.store.sqlite_content import SqliteContent
from fanfold.work.store.sqlite_idiom import IDIOM
from fanfold.work.store.tables import Content

T = TypeVar("T")

logger = logging.getLogger("fanfold")

SQL = Queries(IDIOM, "queries.sql")
"""What is asked of SQLite."""

PATIENCE = 5000
"""Milliseconds that another process is waited for which has the file locked."""

HURRY = 100
"""The same while others wait as long: every request of a server."""

SILENCE = 10.0
"""Seconds between two lines in the log that the database cannot be written."""

WAL = 64 * 1024 * 1024
"""Bytes that the log of changes is cut back to, once nobody needs them any more who kept it from being so."""

GID_BLOCK = 1024
"""Gids are taken from the database in blocks, so that most creations need no write to the counter."""


class File(Connection):
    """One open database file, or one in memory."""

    _sql = SQL
    _reader: Reader | None = None

    def __init__(self, path: str | Path = ":memory:") -> None:
        """Open or create ``path``; raises ``SetupError`` in one sentence where that is impossible."""
        super().__init__()
        self.path = str(path)
        try:
            self._connection: Any = apsw.Connection(self.path, statementcachesize=256)
            self._connection.set_busy_timeout(PATIENCE)
            # Plans that depend on bound values are prepared anew for each execution, which costs more than the query.
            self._connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
            self._prepare()
        except apsw.NotADBError as error:
            raise SetupError(f"{path} is not a Fanfold database; choose another file with --db.") from error
        except apsw.Error as error:
            raise SetupError(f"The database {path} cannot be opened for writing: {error}.") from error
        self._cursor: Any = self._connection.cursor()
        self._open = self._writing = False
        self._broken: Exception | None = None
        self._patience = PATIENCE
        self._locked = False
        self._complained = float("-inf")
        self._gid = self._gid_end = 0
        self._reserved = False
        self.signing_key = self._lasting_key("signing_key")

    def _prepare(self) -> None:
        run = self._connection.execute
        (version,) = run("PRAGMA user_version").fetchone()
        if version > VERSION:
            raise SetupError(
                f"The database {self.path} was written by a newer Fanfold (layout {version}, this knows {VERSION}); "
                "upgrade Fanfold or choose another file with --db."
            )
        (tables,) = run("SELECT count(*) FROM sqlite_schema").fetchone()
        if tables and version == 0:
            raise SetupError(f"{self.path} is a database of another program; choose another file with --db.")
        # Not before: the first of these is written into the file, which may be none of ours.
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "cache_size = -65536",
            "mmap_size = 268435456",
            "wal_autocheckpoint = 4000",
            f"journal_size_limit = {WAL}",
            "temp_store = MEMORY",
        ):
            run(f"PRAGMA {pragma}")
        if version < VERSION:
            scripts = ["schema.sql", *["upgrade.sql"] * (version == 1), *["upgrade_links.sql"] * (0 < version < 5)]
            self._connection.create_scalar_function("external_field", external_field, 1, deterministic=True)
            sql = "".join(resources.files(__package__).joinpath(script).read_text() for script in scripts)
            run(f"BEGIN IMMEDIATE; {sql} PRAGMA user_version = {VERSION}; COMMIT")
        else:
            run("BEGIN IMMEDIATE; ROLLBACK")

    # -- transactions ------------------------------------------------------------------------------------------------

    def begin_read(self) -> None:
        """Read from one snapshot until ``commit``: without the locks of its own, a query costs half as much."""
        if not self._open:
            self._cursor.execute("BEGIN")
            self._open = True
            self._remembered.look(self.changes_elsewhere())

    def begin_action(self) -> None:
        """Open a savepoint for one action's writes, and the transaction around it if there is none yet."""
        if self._broken is not None:
            raise self._broken
        try:
            if not self._writing:
                if self._open:
                    self._cursor.execute("COMMIT")
                    self._open = False
                self._lock()
                self._open = self._writing = True
                self._remembered.look(self.changes_elsewhere())
            self._cursor.execute("SAVEPOINT action")
        except apsw.Error as error:
            raise self.in_words(error) from None

    def _lock(self) -> None:
        """Begin to write. Whoever has the file locked is waited for once; after that it is only tried."""
        try:
            self._cursor.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            if not self._locked:
                self._locked = True
                self._connection.set_busy_timeout(0)
                logger.warning("another process has the database locked: nothing can be written")
            raise
        if self._locked:
            self._locked = False
            self._connection.set_busy_timeout(self._patience)

    def hurry(self) -> None:
        """From now on others have to wait as long as this does."""
        self._patience = HURRY
        self._connection.set_busy_timeout(HURRY)

    def end_action(self) -> None:
        """Keep the action's writes until the next ``commit``."""
        self._cursor.execute("RELEASE action")
        self._remembered.keep()
        self._reserved = False

    def undo_action(self) -> None:
        """Take back all that the action wrote."""
        if not self._writing:
            return
        if not self._connection.in_transaction:
            # The database has undone everything: without room it cannot undo a part. So all that was written with it is
            # lost, as whoever commits is told.
            self._broken = self._broken or Unavailable()
            self._start_over()
            return
        self._cursor.execute("ROLLBACK TO action; RELEASE action")
        self._remembered.undo()
        if self._reserved:
            self.forget_gids()
            self._reserved = False

    def commit(self) -> None:
        """Make everything written since the last commit durable; on failure nothing of it is kept."""
        broken, self._broken = self._broken, None
        if not self._open:
            return
        self._open = self._writing = False
        try:
            if broken is not None:
                raise broken
            self._cursor.execute("COMMIT")
        except (apsw.Error, Unavailable) as error:
            if self._connection.in_transaction:
                self._cursor.execute("ROLLBACK")
            self._start_over()
            raise self.in_words(error) from None

    def _start_over(self) -> None:
        """Nothing is known any more: what was has been undone."""
        self.forget_gids()
        self._remembered.clear()

    def in_words(self, error: Exception) -> Exception:
        """What to tell whoever asked for something that failed."""
        if isinstance(error, apsw.FullError):
            return self._say(NoRoom(), error)
        if isinstance(error, (apsw.BusyError, apsw.LockedError, apsw.IOError, apsw.CantOpenError, apsw.ReadOnlyError)):
            return self._say(Unavailable(), error)
        return super().in_words(error)

    def _say(self, said: Unavailable, error: apsw.Error) -> Unavailable:
        """Keep what is said, if all that was being written is lost with it."""
        if self._writing and not self._connection.in_transaction:
            self._broken = said
        if not isinstance(error, apsw.BusyError) and monotonic() - self._complained >= SILENCE:
            self._complained = monotonic()
            logger.warning("the database cannot be written: %s", error)
        return said

    # -- reading at length -------------------------------------------------------------------------------------------

    def look(self, work: Callable[[Any], T]) -> T:
        """What ``work`` makes of a cursor that it only reads with, here and now."""
        return work(self._connection.cursor())

    async def look_aside(self, work: Callable[[Any], T]) -> T:
        """The same of what is committed, in a thread where the database is a file."""
        if self.path == ":memory:":
            return self.look(work)
        if self._reader is None:
            self._reader = Reader(self.path)
        return await self._reader.run(work)

    def _prepare_index(self) -> None:
        self._connection.execute(resources.files(__package__).joinpath("search.sql").read_text())

    # -- copies ------------------------------------------------------------------------------------------------------

    def take_over(self, other: Connection) -> None:
        """Become a copy of another database, in one step. What was here is forgotten, and its signatures end."""
        if not isinstance(other, File):
            super().take_over(other)
            return
        self.commit()
        other.commit()
        self._cursor.close()
        self._cursor = self._connection.cursor()
        with self._connection.backup("main", other._connection, "main") as backup:  # noqa: SLF001 - of this class
            backup.step()
        rest = other.gids_at_hand()
        if rest is not None:
            self.set("next_gid", str(rest).encode())
        self.forget_gids()
        self._renew()

    def content(self) -> Content:
        """All that is in it."""
        return SqliteContent(self, self._connection.execute)

    def copy_to(self, path: Path) -> None:
        """Write a copy of what is committed to a new file."""
        self.commit()
        copy = apsw.Connection(str(path))
        try:
            copy.execute("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF").fetchall()
            with copy.backup("main", self._connection, "main") as backup:
                backup.step()
            # What is left of a block belongs to the copy too: records made there get the gids that they would here.
            rest = self.gids_at_hand()
            if rest is not None:
                copy.execute(SQL["set"], ("next_gid", str(rest).encode()))
        finally:
            copy.close()

    def close(self) -> None:
        """Commit and close."""
        if self._reader is not None:
            self._reader.close()
        self.commit()
        self._connection.close()

    def changes_elsewhere(self) -> int:
        """A number that differs from the last one if another process has written since."""
        return int(self._cursor.execute("PRAGMA data_version").fetchone()[0])

    # -- gids --------------------------------------------------------------------------------------------------------

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
        self._remembered.newborn[self._gid - 1] = []
        return self._gid - 1

    def gids_at_hand(self) -> int | None:
        """The next gid of the block at hand, or None where all are taken."""
        return self._gid if self._gid < self._gid_end else None

    def forget_gids(self) -> None:
        """Read the counter anew: what was taken from it has been rolled back."""
        self._gid = self._gid_end = 0

    # -- plumbing ----------------------------------------------------------------------------------------------------

    def _add(self, name: str, *values: Any) -> int:
        self._cursor.execute(SQL[name], values)
        return int(self._connection.last_insert_rowid())

    def _change(self, name: str, *values: Any) -> int:
        self._cursor.execute(SQL[name], values)
        return int(self._connection.changes())
