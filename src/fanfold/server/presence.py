"""Who carries on work over one database, and who has died: each process holds a lock for as long as it lives.

The lock is one of the session of a connection, so the database gives it back by itself when the process dies, when its
machine is gone, and when it has stood still for too long. Whoever can take the lock of another knows that nobody
carries on what that one has begun, and holds it while it takes that over, so that no two do.

A process that cannot be sure of its lock begins nothing. When it has it again it has a new life: what it had begun in
the life before may be another's by now, and is given up.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import psycopg

logger = logging.getLogger("fanfold")

LOCKS = 0x66616E77
"""The first number of the locks of those who carry on work; the second is a process's own."""

BEAT = 2.0
"""Seconds between two looks: whether the lock is still ours, and whether somebody has left something."""

SURE = 8.0
"""Seconds after a look for which the lock is ours for sure."""

LOST = 12
"""Seconds after which the database takes the lock from whoever has not looked; more than ``SURE``."""

_TABLES = "SELECT to_regclass('fanfold_work.workflow_status') IS NOT NULL"
_LEFT = """
SELECT executor_id, bool_or(status = 'PENDING') FROM fanfold_work.workflow_status
WHERE status IN ('PENDING', 'ENQUEUED') GROUP BY executor_id
"""

Connection = psycopg.Connection[tuple[Any, ...]]

TakeOver = Callable[[str | None], Future[None]]
"""Has what a process left carried on by the living; without a process only what is already up for anybody."""


class Presence:
    """This process among the others. ``name`` is its own; ``take_over`` is called in a thread that may not wait."""

    def __init__(self, url: str, take_over: TakeOver) -> None:
        self._url = url
        self._take_over = take_over
        self._number = secrets.randbelow(2**31 - 1) + 1
        self.name = str(self._number)
        self.life = 0
        """Counts up whenever the lock was got; what was begun in an earlier life is to be given up."""
        self._fresh = False
        self._sure_until = 0.0
        self._own: Future[None] | None = None
        self._taking: dict[str, Future[None]] = {}
        self._tables = False
        self._connection: Connection | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look_again_and_again, name="fanfold-presence", daemon=True)

    def open(self) -> None:
        """Begin to look, unless that has begun. It is no mistake if the database cannot be reached yet."""
        if self._thread.ident is None:
            self._thread.start()

    @property
    def here(self) -> bool:
        """Whether this process may begin something: it has its lock, and what it had lost is in other hands."""
        own = self._own
        return time.monotonic() < self._sure_until and (own is None or _is_done(own))

    def close(self) -> None:
        """Leave: what is not at its end is another's from now on."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout=LOST)

    # -- in a thread of its own --------------------------------------------------------------------------------------

    def _look_again_and_again(self) -> None:
        failed = False
        while not self._stop.is_set():
            try:
                self._look()
                failed = False
            except (psycopg.Error, OSError) as error:
                self._leave()
                if not failed:
                    logger.warning("work in the background waits for the database: %s", str(error).strip())
                failed = True
            self._stop.wait(BEAT)
        self._leave()

    def _look(self) -> None:
        began = time.monotonic()
        connection = self._connection or self._join()
        if connection is not None:
            self._see_to(connection)
            self._sure_until = began + SURE

    def _join(self) -> Connection | None:
        """A connection with the lock; None while another is taking over what we left."""
        connection = _connect(self._url)
        if not _lock(connection, self._number):
            connection.close()
            return None
        self._connection = connection
        self.life += 1
        self._fresh = True
        self._own = None
        return connection

    def _see_to(self, connection: Connection) -> None:
        """Take over what the dead left, a little of it with each look."""
        for name, taking in list(self._taking.items()):
            if taking.done():
                del self._taking[name]
                connection.execute("SELECT pg_advisory_unlock(%s::int, %s::int)", (LOCKS, int(name)))
        if not self._tables:
            ((self._tables,),) = connection.execute(_TABLES).fetchall()
            if not self._tables:
                return
        for name, carried in connection.execute(_LEFT).fetchall():
            if not carried:
                self._take_over(None)
            elif name == self.name:
                if self._fresh or (self._own is not None and self._own.done() and not _is_done(self._own)):
                    # Whatever was begun in the life before may have been taken over, or not; what was not is now.
                    self._own = self._take_over(name)
            elif name not in self._taking and _lock(connection, int(name)):
                logger.info("taking over what process %s left", name)
                self._taking[name] = self._take_over(name)
        self._fresh = False

    def _leave(self) -> None:
        self._sure_until = 0.0
        self._taking.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def _connect(url: str) -> Connection:
    """A connection of which both ends notice soon that the other is gone."""
    options = {
        "idle_session_timeout": f"{LOST}s",
        "statement_timeout": "5s",
        "tcp_keepalives_idle": 4,
        "tcp_keepalives_interval": 2,
        "tcp_keepalives_count": 3,
    }
    return psycopg.connect(
        url,
        autocommit=True,
        connect_timeout=5,
        application_name="fanfold presence",
        options=" ".join([f"-c {name}={value}" for name, value in options.items()]),
        keepalives_idle=4,
        keepalives_interval=2,
        keepalives_count=2,
        tcp_user_timeout=6_000,
    )


def _is_done(taking: Future[None]) -> bool:
    return taking.done() and not taking.cancelled() and taking.exception() is None


def _lock(connection: Connection, number: int) -> bool:
    row = connection.execute("SELECT pg_try_advisory_lock(%s::int, %s::int)", (LOCKS, number)).fetchone()
    return bool(row and row[0])
