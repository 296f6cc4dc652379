"""Reading for many requests at once: whatever is asked in the same moment is asked together.

All questions that come up before the event loop goes round once more share a round trip, whoever asked them: the ten
actions of a batch, or ten clients. Questions that differ in nothing but the keys that they look up become one question
with all the keys, and the rows go back to those who asked for them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Hashable, Sequence
from typing import Any

from msgspec import Struct
from psycopg_pool import AsyncConnectionPool

from fanfold.work.store.greenlets import wait
from fanfold.work.store.questions import Connection, is_lost, put
from fanfold.work.store.wire import Found, LookUp, Question, Rows, asked_of

logger = logging.getLogger("fanfold")

Pool = AsyncConnectionPool[Connection]

MAX_TOGETHER = 100
"""Statements of one round trip; more go by the next connection."""


class _Asked(Struct, eq=False):
    """A statement that somebody waits for."""

    question: Question
    future: asyncio.Future[Found]


class _Folded(Struct, eq=False):
    """A look-up with the keys of all who want it; each of them waits for the rows of theirs."""

    sql: str
    values: tuple[Any, ...]
    keys: dict[Hashable, None]
    wanted: list[tuple[Sequence[Hashable], asyncio.Future[Rows]]]


class Readers:
    """Those who read, over a few connections."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._asked: list[_Asked] = []
        self._folded: dict[tuple[str, tuple[Any, ...]], _Folded] = {}
        self._scheduled = False
        self._rounds: set[asyncio.Task[None]] = set()
        self.first = ""
        """SQL of the look-up that goes before all others."""
        self.trips = 0
        """Round trips made."""

    def ask(self, question: Question) -> asyncio.Future[Found]:
        """What a statement gives."""
        loop = asyncio.get_running_loop()
        asked = _Asked(question, loop.create_future())
        self._asked.append(asked)
        self._schedule(loop)
        return asked.future

    def look_up(self, wanted: LookUp) -> asyncio.Future[Rows]:
        """The rows for some keys."""
        sql, keys, values = wanted
        loop = asyncio.get_running_loop()
        folded = self._folded.get((sql, values))
        if folded is None:
            folded = self._folded[sql, values] = _Folded(sql, values, {}, [])
        future: asyncio.Future[Rows] = loop.create_future()
        folded.keys.update(dict.fromkeys(keys))
        folded.wanted.append((keys, future))
        self._schedule(loop)
        return future

    def _schedule(self, loop: asyncio.AbstractEventLoop) -> None:
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._send)

    def _send(self) -> None:
        """Send all that has come up. Where every connection is busy it waits, with what comes meanwhile."""
        self._scheduled = False
        if len(self._rounds) >= self._pool.max_size:
            return
        asked, folded = self._asked[:MAX_TOGETHER], list(self._folded.values())
        # What is read with a comparison is to be as new as that.
        folded.sort(key=lambda fold: fold.sql is not self.first)
        del self._asked[:MAX_TOGETHER]
        self._folded.clear()
        if asked or folded:
            task = asyncio.get_running_loop().create_task(self._round(asked, folded))
            self._rounds.add(task)
            task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._rounds.discard(task)
        if self._asked or self._folded:
            self._send()

    async def _round(self, asked: list[_Asked], folded: list[_Folded]) -> None:
        questions = [
            *[one.question for one in asked],
            *[asked_of((fold.sql, list(fold.keys), fold.values)) for fold in folded],
        ]
        try:
            found = await self._put(questions)
        except Exception as error:  # noqa: BLE001 - it is raised by those who asked
            if len(questions) > 1 and not is_lost(error):
                await self._one_by_one(asked, folded)
            else:
                _fail(asked, folded, error)
        else:
            _give(asked, folded, found)

    async def _one_by_one(self, asked: list[_Asked], folded: list[_Folded]) -> None:
        """Ask each for itself, so that only those fail that are wrong."""
        for one in asked:
            await self._round([one], [])
        for fold in folded:
            await self._round([], [fold])

    async def _put(self, questions: list[Question]) -> list[Found]:
        """What the database says. If the connection turns out to be dead, over another: reading changes nothing."""
        for attempt in range(self._pool.max_size + 1):
            last = attempt == self._pool.max_size  # all that there were may have died at once
            self.trips += 1
            connection = await self._pool.getconn()
            try:
                return await put(connection, questions)
            except Exception as error:
                if last or not is_lost(error) or isinstance(error, TimeoutError):
                    raise
            finally:
                await self._pool.putconn(connection)
        raise AssertionError


def _give(asked: list[_Asked], folded: list[_Folded], found: list[Found]) -> None:
    for one, rows in zip(asked, found, strict=False):
        if not one.future.done():
            one.future.set_result(rows)
    for fold, gave in zip(folded, found[len(asked) :], strict=True):
        if not fold.keys:
            for _, future in fold.wanted:
                if not future.done():
                    future.set_result(gave.rows)
            continue
        by_key: dict[Hashable, Rows] = defaultdict(list)
        for row in gave.rows:
            by_key[row[0]].append(row)
        for keys, future in fold.wanted:
            if not future.done():
                future.set_result([row for key in keys for row in by_key.get(key, ())])


def _fail(asked: list[_Asked], folded: list[_Folded], error: Exception) -> None:
    futures: list[asyncio.Future[Any]] = [one.future for one in asked]
    futures += [future for fold in folded for _, future in fold.wanted]
    for future in futures:
        if not future.done():
            future.set_exception(error)


class ReadWire:
    """A store's wire for reading, in work that is carried."""

    __slots__ = ("_readers",)

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    def ask(self, sql: str, values: Sequence[Any] = ()) -> Found:
        """Run a statement and wait for what it gives."""
        return wait(self._readers.ask((sql, values)))

    def ask_all(self, questions: Sequence[Question]) -> list[Found]:
        """Run several and wait once."""
        futures = [self._readers.ask(question) for question in questions]
        return wait(asyncio.gather(*futures))

    def look_up(self, *wanted: LookUp) -> list[Rows]:
        """The rows for some keys, of several look-ups at once."""
        futures = [self._readers.look_up(one) for one in wanted]
        return [wait(futures[0])] if len(futures) == 1 else wait(asyncio.gather(*futures))

    def tell(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Nothing is written here."""
        raise RuntimeError(f"a write outside of a transaction: {sql} {len(values)}")

    def close(self) -> None:
        """The connections belong to all."""
