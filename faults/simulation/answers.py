"""The answers of a ledger, kept on another machine: they are there sooner or later, and nobody may know whether."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fanfold.errors import Undecided
from fanfold.idempotency import MemoryAnswers
from fanfold.idempotency.answers import Kept
from fanfold.model import Answer
from faults.simulation.dice import CALM, Dice, Weather

T = TypeVar("T")


class FarAnswers:
    """A store as one worker sees it. What it does when it is dead is not done."""

    def __init__(self, store: MemoryAnswers, dice: Dice, weather: Weather, is_dead: Callable[[], bool]) -> None:
        self._store = store
        self._dice = dice
        self._weather = weather
        self._is_dead = is_dead

    def calm(self) -> None:
        """From now on nothing goes wrong."""
        self._weather = CALM

    async def begin(self, name: bytes, fingerprint: bytes, now: float, until: float) -> Kept | None:
        """Note a beginning, or tell what stands there."""
        return await self._ask(lambda: self._store.begin(name, fingerprint, now, until))

    async def finish(self, name: bytes, fingerprint: bytes, answer: Answer, until: float) -> None:
        """Keep an answer."""
        await self._ask(lambda: self._store.finish(name, fingerprint, answer, until))

    async def forget(self, name: bytes) -> None:
        """Take back a beginning."""
        await self._ask(lambda: self._store.forget(name))

    async def _ask(self, what: Callable[[], Awaitable[T]]) -> T:
        await self._wait()
        if self._is_dead() or self._dice.happens(self._weather.store_breaks):
            raise ConnectionError("the store is away")
        found = await what()
        await self._wait()
        if self._dice.happens(self._weather.store_breaks):
            raise Undecided
        return found

    async def _wait(self) -> None:
        if self._dice.happens(self._weather.store_waits):
            await asyncio.sleep(self._dice.seconds() / 10)
