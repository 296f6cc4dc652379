"""Connections on which an answer is waited for that will never come.

Where a network falls silent and still says that everything arrives, nothing ends a connection; only that the answer is
late can be seen. The database is asked then, over another connection, whether it is still at it. If it has long been
done, or never heard of the question, the connection is broken off, and whoever waits need not wait until their patience
is at its end.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

import psycopg

from fanfold.work.store.questions import Connection

logger = logging.getLogger("fanfold")

TURN = 1.0
"""Seconds between two looks. Who is waited for at two of them, one after the other, is suspicious."""

ASKING = 2
"""Seconds that the database may take to tell."""

STILL = """
SELECT pid FROM pg_stat_activity
WHERE pid = ANY (%s) AND (state = 'active' OR state_change > clock_timestamp() - interval '2 seconds')
"""
"""Those that are at something, or were a moment ago."""


class Vigil:
    """Looks after the connections of one process to the database at ``url``; ``parameters`` are for one of its own."""

    def __init__(self, url: str, parameters: dict[str, Any]) -> None:
        self._url = url
        self._parameters = parameters | {"connect_timeout": ASKING}
        self._waited: WeakKeyDictionary[Connection, int] = WeakKeyDictionary()
        """How many looks in a row have found somebody waiting for it."""

    async def look_after(self, connection: Connection) -> None:
        """Have an eye on a connection from now on, if the database knows it by the number that we know."""
        async with asyncio.timeout(ASKING):
            cursor = await connection.execute("SELECT pg_backend_pid()")
            row = await cursor.fetchone()
        # Behind what deals out connections the number is another from one transaction to the next.
        if row is not None and row[0] == connection.info.backend_pid:
            self._waited[connection] = 0

    async def keep(self) -> None:
        """Look again and again."""
        while True:
            await asyncio.sleep(TURN)
            if suspicious := self._suspicious():
                with suppress(psycopg.Error, OSError, TimeoutError):
                    await self._ask_about(suspicious)

    def _suspicious(self) -> dict[int, Connection]:
        found = {}
        for connection, waited in list(self._waited.items()):
            if connection.closed:
                del self._waited[connection]
                continue
            self._waited[connection] = waited + 1 if connection.lock.locked() else 0
            if self._waited[connection] > 1:
                found[connection.info.backend_pid] = connection
        return found

    async def _ask_about(self, suspicious: dict[int, Connection]) -> None:
        async with (
            asyncio.timeout(ASKING + TURN),
            await psycopg.AsyncConnection.connect(self._url, **self._parameters) as asked,
        ):
            cursor = await asked.execute(STILL, [list(suspicious)])
            busy = {pid for (pid,) in await cursor.fetchall()}
        for pid, connection in suspicious.items():
            if pid not in busy and not connection.closed and connection.lock.locked():
                logger.warning("the database is done with what is still waited for: a connection is broken off")
                _break_off(connection)


def _break_off(connection: Connection) -> None:
    """End a connection so that whoever waits for it notices, in whichever task that is."""
    with socket.socket(fileno=os.dup(connection.fileno())) as ours, suppress(OSError):
        ours.shutdown(socket.SHUT_RDWR)
