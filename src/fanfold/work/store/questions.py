"""Statements sent to PostgreSQL together: as many as there are, one round trip."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import errors as refused
from psycopg.generators import send
from psycopg_pool import PoolClosed, PoolTimeout, TooManyRequests

from fanfold.errors import NoRoom, RequestError, Unavailable, Undecided
from fanfold.work.store.wire import Found, Question, packed

logger = logging.getLogger("fanfold")

Connection = psycopg.AsyncConnection[tuple[Any, ...]]

PATIENCE = 10.0
"""Seconds that the database may take for what is asked at once. A connection that is slower is given up."""

_BUSY = (refused.LockNotAvailable, refused.DeadlockDetected, refused.SerializationFailure)
_FULL = (refused.DiskFull, refused.OutOfMemory)
_ENDED = refused.IdleInTransactionSessionTimeout
"""The database has ended a transaction in which nothing was done for too long."""

_LOST = (
    _ENDED,
    refused.ReadOnlySqlTransaction,  # what was the primary is none any more
    psycopg.OperationalError,
    psycopg.InterfaceError,
    PoolTimeout,
    PoolClosed,
    TooManyRequests,
    OSError,
    TimeoutError,
)


async def put(connection: Connection, questions: Sequence[Question]) -> list[Found]:
    """What all the statements give, in one round trip. The first that fails is raised; none behind it was run.

    Raises ``TimeoutError`` where the database does not answer, and whoever gives up leaves a connection that is closed:
    an answer that nobody read would be taken for that to the next question.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            if len(questions) == 1:
                cursor = _cursor(connection)
                ((sql, values),) = questions
                await cursor.execute(sql, packed(values))
                return [await _found(cursor)]
            async with connection.pipeline() as pipeline:
                pipeline.__class__ = _Pipeline
                cursors = [_cursor(connection) for _ in questions]
                for cursor, (sql, values) in zip(cursors, questions, strict=True):
                    await cursor.execute(sql, packed(values))
            # Only now, when the pipeline has ended, is everything there.
            return [await _found(cursor) for cursor in cursors]
    except (TimeoutError, asyncio.CancelledError):
        await connection.close()
        raise


def must_be_there(connection: Connection) -> None:
    """Raise ``psycopg.OperationalError`` if the database is known to have closed a connection that has nothing to read.

    Whoever asks this before they send something knows of a failure that nothing of it can have been done.
    """
    for _ in range(2):  # what the database says in parting comes before the end
        connection.pgconn.consume_input()


class _Pipeline(psycopg.AsyncPipeline):
    """A pipeline whose statements go out in one piece, and that ends with its Sync and no Flush behind it.

    By itself it hands each statement to the system as it comes, which costs more than all else that is done for it.
    The Flush asks for nothing that the Sync does not bring, but with it PostgreSQL no longer counts the session as one
    that idles in its transaction: a process that stood still would keep its locks for ever.
    """

    def _communicate_gen(self) -> Generator[Any, Any, None]:
        while self.command_queue:
            self.command_queue.popleft()()
        yield from ()

    def _fetch_gen(self, *, flush: bool) -> Generator[Any, Any, None]:  # noqa: ARG002 - see above
        yield from send(self.pgconn)  # what was too much for one piece
        yield from super()._fetch_gen(flush=False)


def _cursor(connection: Connection) -> psycopg.AsyncRawCursor[tuple[Any, ...]]:
    cursor = psycopg.AsyncRawCursor(connection)
    cursor.format = psycopg.pq.Format.BINARY
    return cursor


async def _found(cursor: psycopg.AsyncRawCursor[tuple[Any, ...]]) -> Found:
    rows = [] if cursor.rownumber is None else await cursor.fetchall()
    return Found(rows, cursor.rowcount)


def is_lost(error: BaseException) -> bool:
    """Whether an error says that the connection, and not the statement, has failed."""
    if isinstance(error, (*_BUSY, *_FULL, refused.QueryCanceled)):
        return False
    return isinstance(error, _LOST) or _is_gibberish(error)


def may_be_done(error: BaseException) -> bool:
    """Whether a commit may have been carried out although this came of it."""
    return is_lost(error) and not isinstance(error, _ENDED)


def _is_gibberish(error: BaseException) -> bool:
    """Whether the driver could make nothing of what came: its error is of no particular kind then, and has no code."""
    return type(error) in (psycopg.DatabaseError, psycopg.InternalError) and _code(error) is None


def _code(error: BaseException) -> str | None:
    return error.diag.sqlstate if isinstance(error, psycopg.Error) else None


def _brief(error: BaseException) -> str:
    """The first line of what a driver says, with the kind of error."""
    return f"{type(error).__name__} {str(error).partition(chr(10))[0]}".strip()


@contextmanager
def told(*, committing: bool = False) -> Iterator[None]:
    """Say what went wrong in a way that a client can act on; ``committing``: it may have been done all the same."""
    try:
        yield
    except _FULL:
        raise NoRoom from None
    except _BUSY as error:
        logger.warning("the database is busy: %s", _brief(error))
        raise Unavailable from None
    except refused.QueryCanceled:
        raise Unavailable("The database took too long; please try again in a moment.") from None
    except (refused.UntranslatableCharacter, refused.CharacterNotInRepertoire):
        raise RequestError("A text holds a character that cannot be stored, such as NUL; leave it out.") from None
    except Exception as error:
        if not is_lost(error):
            raise
        logger.warning("the database cannot be reached: %s", _brief(error))
        if committing:
            raise Undecided from None
        raise Unavailable from None
