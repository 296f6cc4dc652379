"""Reading beside the event loop: what takes long must not hold up what does not.

A file is read over a connection of its own, in a thread of its own, from which only SQL is run; a database in memory
has but one connection, so there it is done on the spot.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, TypeVar

import apsw

from fanfold.errors import RequestError

T = TypeVar("T")

PATIENCE = 10.0
"""Seconds that one search may take: it stops then, so that the next has its turn."""

_CHECKED = 200_000
"""How often a search looks at the clock, in instructions of the database's machine."""


class Reader:
    """Runs queries over the database file ``path``, one after the other."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: Any = None
        self._until = 0.0
        self._thread = ThreadPoolExecutor(1, "fanfold-search")

    async def run(self, work: Callable[[Any], T]) -> T:
        """What ``work`` makes of a cursor. Raises ``RequestError`` if it takes too long."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._work, work)

    def close(self) -> None:
        """Wait for the query that is running, and let go of the file."""
        self._thread.submit(self._close)
        self._thread.shutdown()

    def _work(self, work: Callable[[Any], T]) -> T:
        if self._connection is None:
            self._connection = self._open()
        self._until = monotonic() + PATIENCE
        cursor = self._connection.cursor()
        try:
            cursor.execute("BEGIN")
            return work(cursor)
        except apsw.InterruptError:
            raise RequestError("This search takes too long; narrow it down with further parameters.") from None
        finally:
            if self._connection.in_transaction:
                cursor.execute("ROLLBACK")

    def _open(self) -> Any:
        connection = apsw.Connection(self._path, flags=apsw.SQLITE_OPEN_READONLY, statementcachesize=64)
        connection.set_busy_timeout(5000)
        for pragma in ("cache_size = -16384", "mmap_size = 268435456", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {pragma}")
        connection.set_progress_handler(lambda: monotonic() > self._until, _CHECKED)
        return connection

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
