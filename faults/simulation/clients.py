"""Those who ask: they wait, or go away, or are cancelled, and ask again with the same keys."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

from msgspec import Struct

from fanfold.engine import Engine, Gone
from fanfold.errors import LimitExceeded, RequestError
from fanfold.model import Caller
from faults.simulation.checks import (
    Attempt,
    Watching,
    check_answered,
    check_left,
    check_refused,
    check_unchanged,
)
from faults.simulation.dice import CALM, Dice, Weather
from faults.simulation.loop import VirtualLoop
from faults.simulation.requests import Asked, Drafting
from faults.simulation.target import Ground

MOST_ATTEMPTS = 3

SOON = 0.06
"""Seconds within which a target that may end by itself has ended, or is cancelled."""


class Worker(Struct, frozen=True):
    """Whom one may ask, and who looks on there."""

    engine: Engine
    ground: Ground

    def is_dead(self) -> bool:
        """Whether it will never answer."""
        return self.ground.died is not None and self.ground.died.done()


class Crowd:
    """The clients of some workers; each attempt asks any of those that live."""

    def __init__(self, workers: Sequence[Worker], dice: Dice, weather: Weather, loop: VirtualLoop) -> None:
        self.attempts: list[Attempt] = []
        self.orphans: list[asyncio.Task[Any]] = []
        self._workers = workers
        self._dice = dice
        self._weather = weather
        self._loop = loop
        self._drafting = Drafting(dice, weather)
        self._looking: list[asyncio.Task[None]] = []
        self._number = 0

    def calm(self) -> None:
        """From now on everybody waits for their answers."""
        self._weather = CALM

    async def ask_for_a_while(self, caller: Caller, batches: int) -> None:
        """One client: a batch after the other."""
        for _ in range(batches):
            await asyncio.sleep(self._dice.seconds() / 2)
            asked = self._drafting.draft()
            for _ in range(MOST_ATTEMPTS):
                wait = await self.ask(asked, caller)
                if wait is None or not self._dice.happens(self._weather.retries):
                    break
                await asyncio.sleep(wait)

    async def ask_plainly(self, caller: Caller) -> None:
        """One batch that any limits admit."""
        await self.ask(self._drafting.plain_one(), caller)

    async def ask(self, asked: Asked, caller: Caller) -> float | None:
        """Ask once; in how many seconds it is worth asking again, None where it is not."""
        self._number += 1
        loop, dice = self._loop, self._dice
        living = [worker for worker in self._workers if not worker.is_dead()]
        worker = living[0] if len(living) == 1 else dice.one_of(living)
        ground = worker.ground
        number = self._number
        watching = Watching(number, ground, loop.time())
        attempt = Attempt(number, asked, asked.again(number), caller.counted or caller.key, watching, ground)
        attempt.watched = dice.happens(0.9)
        self.attempts.append(attempt)
        conduct = asked.batch.conduct
        ground.widths[number] = 0 if conduct is None else 1 if conduct.serial else conduct.max_parallel
        ground.journal.note("ask", number, attempt.caller, *asked.nonces)
        gone: Gone | None = None
        if dice.happens(self._weather.goes):
            attempt.left_at = loop.time() + dice.seconds() / 2
            gone = self._goes_at(attempt.left_at)
        if dice.happens(0.1):
            await self._look_ahead(worker.engine, attempt, caller)
        worked = loop.worked
        watch = watching if attempt.watched else None
        task = loop.create_task(worker.engine.run(attempt.batch, caller, gone, watch))
        if dice.happens(self._weather.cancelled):
            loop.call_later(dice.seconds() / 2, task.cancel)
        awaited: list[asyncio.Future[Any]] = [task] if ground.died is None else [task, ground.died]
        await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        if worker.is_dead():
            self.orphans.append(task)
            task.add_done_callback(_forget)
            return 0.01
        attempt.busy = loop.worked - worked
        return self._look(attempt, task)

    async def _look_ahead(self, engine: Engine, attempt: Attempt, caller: Caller) -> None:
        """A preview says what the batch costs, takes nothing, and carries nothing out."""
        ground = attempt.ground
        journal = ground.journal
        held, steps = sum(ground.held.values()), self._loop.steps
        plan, refusals, _ = await engine.preview(attempt.batch, caller)
        journal.note("preview", attempt.number, plan.costs, [refusal.limit for refusal in refusals])
        if attempt.batch.conduct is None:
            requests = plan.costs.get("requests")
            journal.demand(requests == len(attempt.batch.actions), "a preview that costs otherwise", attempt.number)
        alone = self._loop.steps == steps  # or somebody else has had their turn
        took = alone and sum(ground.held.values()) != held
        journal.demand(not took, "a preview took something", attempt.number)
        check_refused(attempt)

    def _goes_at(self, moment: float) -> Gone:
        async def gone() -> None:
            await asyncio.sleep(max(0.0, moment - self._loop.time()))

        def begin() -> Coroutine[Any, Any, object]:
            return gone()

        return begin

    def _look(self, attempt: Attempt, task: asyncio.Task[Any]) -> float | None:
        """What came of it, checked."""
        ground = attempt.ground
        self._looking.append(self._loop.create_task(self._look_again(attempt)))
        if task.cancelled():
            ground.journal.note("cancelled", attempt.number)
            return 0.01
        error = task.exception()
        if error is None:
            results = task.result()
            ground.journal.note("answered", attempt.number, *[result.status for result in results])
            check_answered(attempt, results)
            unsure = any(result.status in {500, 502, 504} for result in results)
            return 0.01 if unsure else None
        ground.journal.note("failed", attempt.number, type(error).__name__)
        foreseen = isinstance(error, LimitExceeded | RequestError | ConnectionError)
        ground.journal.demand(foreseen, "a batch crashed", attempt.number, repr(error))
        check_refused(attempt)
        return float(error.retry_after) if isinstance(error, LimitExceeded) and error.retry_after else None

    async def _look_again(self, attempt: Attempt) -> None:
        await asyncio.sleep(SOON)
        check_left(attempt)

    async def look_back(self) -> None:
        """Look at everything once more at the end."""
        if self._looking:
            await asyncio.wait(self._looking)
        for attempt in self.attempts:
            check_unchanged(attempt)


def _forget(task: asyncio.Task[Any]) -> None:
    """Whatever a dead worker has to say."""
    if not task.cancelled():
        task.exception()
