"""Writing: everything that is to be written to one workspace goes one after the other, and is committed in groups.

What has come up while the last group was being written is the next one: one lock, one transaction, one commit for all
of it, each piece of work in a savepoint of its own. So the more there is to do, the less each costs. Where a group as a
whole fails, each piece is done again for itself, and only those fail that are wrong.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import psycopg
from msgspec import Struct

from fanfold.errors import Unavailable
from fanfold.work.store.greenlets import carry, wait
from fanfold.work.store.postgres import OutOfScopeError
from fanfold.work.store.questions import Connection, is_lost, may_be_done, must_be_there, put, told
from fanfold.work.store.reading import Pool
from fanfold.work.store.wire import Found, LookUp, Question, Rows, asked_of

logger = logging.getLogger("fanfold")

T = TypeVar("T")

MAX_GROUP = 50
"""Pieces of work that are committed together."""

EVERYTHING = 0
"""The lane of what may concern any workspace."""


class Writer(Protocol):
    """What work is done with, over one wire: see ``Session``. It is for the work to undo what it does if it fails."""

    def commit(self) -> None:
        """Make durable what was done since the last commit."""


Begin = Callable[["WriteWire", int], Writer]
"""Makes a writer over a wire, for a lane."""


class Errand(Struct, eq=False):
    """A piece of work that somebody waits for. ``alone``: it commits by itself, as often as it likes."""

    work: Callable[[Any], Any]
    future: asyncio.Future[Any]
    alone: bool = False
    attempts: int = 0


class WriteWire:
    """A store's wire for writing, in work that is carried: what only tells goes out with the next question."""

    __slots__ = ("_broken", "_connection", "_told", "sent", "trips")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._told: list[Question] = []
        self._broken: BaseException | None = None
        self.sent = False
        """Whether anything of what was asked last may have reached the database."""
        self.trips = 0

    def ask(self, sql: str, values: Sequence[Any] = ()) -> Found:
        """Run a statement, and what was told before, and wait for what it gives."""
        return self._put([(sql, values)])[0]

    def ask_all(self, questions: Sequence[Question]) -> list[Found]:
        """Run several and wait once."""
        return self._put(questions)

    def look_up(self, *wanted: LookUp) -> list[Rows]:
        """The rows for some keys, of several look-ups at once."""
        return [found.rows for found in self._put([asked_of(one) for one in wanted])]

    def tell(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run a statement some time before the next question."""
        self._told.append((sql, values))

    def _put(self, questions: Sequence[Question]) -> list[Found]:
        if self._broken is not None:
            raise self._broken
        told, self._told = self._told, []
        self.trips += 1
        self.sent = False
        try:
            must_be_there(self._connection)
            self.sent = True
            return wait(put(self._connection, [*told, *questions]))[len(told) :]
        except BaseException as error:
            self._broken = error
            raise

    def close(self) -> None:
        """The connection goes back to the others."""


class Lanes:
    """All lanes of a process, over a few connections; ``begin`` makes what does the work."""

    def __init__(self, pool: Pool, begin: Begin) -> None:
        self._pool = pool
        self._begin = begin
        self._waiting: dict[int, deque[Errand]] = {}
        self._running: dict[int, asyncio.Task[None]] = {}
        self.trips = self.commits = 0
        """Round trips and commits made."""

    async def run(self, work: Callable[[Any], T], lane: int = EVERYTHING, *, alone: bool = False) -> T:
        """What ``work`` returns, once what it wrote is durable. What has begun is done, whoever gives up on it."""
        errand = Errand(work, asyncio.get_running_loop().create_future(), alone)
        self._submit(errand, lane)
        result: T = await errand.future
        return result

    async def drain(self) -> None:
        """Wait until nothing is being written."""
        while self._running:
            await asyncio.wait(list(self._running.values()))

    def _submit(self, errand: Errand, lane: int) -> None:
        self._waiting.setdefault(lane, deque()).append(errand)
        if lane not in self._running:
            self._start(lane)

    def _start(self, lane: int) -> None:
        task = self._running[lane] = asyncio.get_running_loop().create_task(self._go(self._waiting[lane], lane))
        task.add_done_callback(lambda task: self._ended(lane, task))

    def _ended(self, lane: int, task: asyncio.Task[None]) -> None:
        """Go on with what has come since; where nobody can be asked, all that waits is told so."""
        del self._running[lane]
        error = Unavailable() if task.cancelled() else task.exception()
        if error is not None:
            for errand in self._waiting.pop(lane):
                _settle(errand, None, error)
        elif self._waiting[lane]:
            self._start(lane)
        else:
            del self._waiting[lane]

    async def _go(self, waiting: deque[Errand], lane: int) -> None:
        with told():
            connection = await self._pool.getconn()
        try:
            while waiting and not connection.closed:
                group = [waiting.popleft()]
                while waiting and not group[-1].alone and not waiting[0].alone and len(group) < MAX_GROUP:
                    group.append(waiting.popleft())
                await self._do(connection, lane, [errand for errand in group if not errand.future.cancelled()])
        finally:
            await self._pool.putconn(connection)

    async def _do(self, connection: Connection, lane: int, group: list[Errand]) -> None:
        """Do a group, and tell everybody how it went."""
        if not group:
            return
        wire = WriteWire(connection)
        results: list[tuple[Any, BaseException | None]] = []
        committing = False

        def work() -> None:
            nonlocal committing
            writer = self._begin(wire, lane)
            results.extend([_tried(writer, errand) for errand in group])
            committing = True
            writer.commit()

        try:
            await carry(work)
        except Exception as error:  # noqa: BLE001 - whoever waits for it is told
            undecided = committing and wire.sent and may_be_done(error)
            await self._failed(connection, lane, group, error, undecided=undecided)
        else:
            for errand, (result, raised) in zip(group, results, strict=True):
                if isinstance(raised, OutOfScopeError) and lane != EVERYTHING:
                    self._submit(errand, EVERYTHING)
                else:
                    _settle(errand, result, raised)
        finally:
            self.trips += wire.trips
            self.commits += 1

    async def _failed(
        self, connection: Connection, lane: int, group: list[Errand], error: Exception, *, undecided: bool
    ) -> None:
        """The whole group has failed: it is undone, and done again one by one where that may help."""
        lost = is_lost(error)
        if not connection.closed:
            try:
                await put(connection, [("ROLLBACK", ())])
            except Exception:  # noqa: BLE001 - it is of no use any more
                await connection.close()
        if len(group) > 1 and isinstance(error, psycopg.Error) and not lost and not connection.closed:
            for errand in group:
                await self._do(connection, lane, [errand])
            return
        if lost and not undecided and not isinstance(error, TimeoutError) and group[0].attempts <= self._pool.max_size:
            # The connection had died before anything could be done: all that there were may have died at once.
            for errand in reversed(group):
                errand.attempts += 1
                self._waiting[lane].appendleft(errand)
            return
        for errand in group:
            _settle(errand, None, _in_words(error, committing=undecided))


def _tried(writer: Writer, errand: Errand) -> tuple[Any, BaseException | None]:
    """What a piece of work gave or raised; raises only what concerns the whole group."""
    try:
        return errand.work(writer), None
    except (psycopg.Error, TimeoutError, OSError):
        raise
    except (Exception, OutOfScopeError) as error:  # noqa: BLE001 - it is raised by whoever waits
        return None, error


def _in_words(error: Exception, *, committing: bool) -> BaseException:
    try:
        with told(committing=committing):
            raise error
    except Exception as said:  # noqa: BLE001
        return said


def _settle(errand: Errand, result: Any, raised: BaseException | None) -> None:
    if errand.future.done():
        return
    if raised is None:
        errand.future.set_result(result)
    else:
        errand.future.set_exception(raised)
