"""A PostgreSQL database as a server uses it: connections for reading and for writing, and one that listens.

How many connections there are is fixed from the start, so that a database knows how many it has to bear. One that broke
is made anew by the pools, with growing pauses. Whoever finds none in time is told that the database cannot be reached.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import psycopg
from psycopg_pool import AsyncConnectionPool
from psycopg_pool.pool_async import AddConnection

from fanfold.work.store.lanes import Begin, Lanes
from fanfold.work.store.postgres import CHANNEL
from fanfold.work.store.questions import Connection, is_lost, put
from fanfold.work.store.reading import Pool, Readers
from fanfold.work.store.vigil import Vigil
from fanfold.work.store.wire import adapt

logger = logging.getLogger("fanfold")

AT_MOST = 3.0
"""Seconds that somebody waits for a connection."""

LONGEST_PAUSE = 1.0
"""Seconds between two attempts to make a connection."""

CONNECTING = 2
"""Seconds that one attempt may take."""

LISTENING = 5.0
"""Seconds after which it is made sure that there is still somebody to listen to."""

LAST = 10.0
"""Seconds that each part may take to end."""

OPTIONS = (
    "-c statement_timeout=15s -c lock_timeout=8s -c idle_in_transaction_session_timeout=5s -c jit=off "
    "-c max_parallel_workers_per_gather=0 "
    "-c synchronous_commit=on -c tcp_user_timeout=10s"
)
"""What the database is told of each connection: how long it bears with one whose process stands still, or is gone.

A process that stops in the midst of a write loses its transaction, and with it the lock on its workspace, after five
seconds: others go on, and it finds its connection closed when it goes on itself.
"""

ALIVE = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
"""How soon a connection whose other end is gone is given up, in seconds and milliseconds."""


class Database:
    """All connections of one process to a database. ``begin`` makes what writes; see ``lanes.py``."""

    def __init__(self, url: str, connections: int, begin: Begin) -> None:
        writers = max(1, connections // 2)
        self._url = url
        self._vigil = Vigil(url, _parameters("vigil"))
        self._reading = _pool(url, max(1, connections - writers), "reading", self._configure)
        self._writing = _pool(url, writers, "writing", self._configure)
        self.readers = Readers(self._reading)
        self.lanes = Lanes(self._writing, begin)
        self._tasks: list[asyncio.Task[None]] = []
        self._deaf = True
        self._heard = itertools.count(1)
        self._changes = 0

    async def open(self) -> None:
        """Begin to connect. It is no mistake if the database cannot be reached yet."""
        await self._reading.open()
        await self._writing.open()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._listen()), loop.create_task(self._vigil.keep())]

    async def close(self) -> None:
        """Wait for what is being written, and let go of all; where the database does not answer, after a time."""
        for task in self._tasks:
            task.cancel()
        for ending in (self.lanes.drain(), self._reading.close(), self._writing.close()):
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST):
                    await ending
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=LAST)

    @property
    def changes(self) -> int:
        """Another number whenever something was changed that may be remembered, and always while nobody tells us."""
        if self._deaf:
            self._changes = next(self._heard)
        return self._changes

    async def _configure(self, connection: Connection) -> None:
        adapt(connection.adapters)
        connection.prepare_threshold = 2
        await self._vigil.look_after(connection)

    async def _listen(self) -> None:
        pause = 0.1
        while True:
            try:
                connection: Connection = await psycopg.AsyncConnection.connect(self._url, **_parameters("listening"))
                async with connection:
                    await put(connection, [(f"LISTEN {CHANNEL}", ())])
                    self._changes, self._deaf, pause = next(self._heard), False, 0.1
                    while True:
                        async for _ in connection.notifies(timeout=LISTENING):
                            self._changes = next(self._heard)
                        await put(connection, [("SELECT 1", ())])
            except (psycopg.Error, OSError, TimeoutError) as error:
                if not is_lost(error):
                    logger.warning("the database does not tell us of changes: %s", error)
            finally:
                self._deaf = True
            await asyncio.sleep(pause)
            pause = min(2 * pause, 5.0)


class _Pool(AsyncConnectionPool[Connection]):
    """A pool that goes on trying: its own pauses double without end, so that an hour's outage would last for two."""

    async def schedule_task(self, task: Any, delay: float) -> None:
        """Do something later; connect soon."""
        if isinstance(task, AddConnection):
            delay = min(delay, LONGEST_PAUSE * random.uniform(0.8, 1.0))  # noqa: S311 - so that not all come at once
        await super().schedule_task(task, delay)


def _pool(url: str, size: int, name: str, configure: Callable[[Connection], Awaitable[None]]) -> Pool:
    return _Pool(
        url,
        kwargs=_parameters(name),
        min_size=size,
        max_size=size,
        name=name,
        open=False,
        timeout=AT_MOST,
        configure=configure,
        reconnect_timeout=float("inf"),
        num_workers=2,
    )


def _parameters(what: str) -> dict[str, Any]:
    return {
        "autocommit": True,
        "application_name": f"fanfold {what}",
        "connect_timeout": CONNECTING,
        "options": OPTIONS,
        **ALIVE,
    }
