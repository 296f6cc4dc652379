"""A process whose holders take, keep, renew, give back and forget, until it is told to stop or killed.

The scripts of the product are run as they are, but each of them notes in a stream what it was asked and what it
answered. So the note is made with the decision or not at all, the order of the notes is that of the decisions, and one
whose process was killed before it heard of it has a note too.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import sys
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, json

from fanfold.errors import LimitsUnknown
from fanfold.limits import Concurrency, Profile, Window, shapes
from fanfold.limits.line import Line, Script, line_to
from fanfold.limits.redis import RedisLimiter
from fanfold.model import Refusal

RULES = (
    Window("requests", 40, seconds=2),
    Window("burst", 15, seconds=0.25, cost="requests"),
    Concurrency("reads", 12, lease=1.5, deadline=1.0),
    Concurrency("writes", 5, lease=1.0, deadline=0.5),
    Window("searches", 7, seconds=1.0),
)
"""Short ones, so that all that may happen does. Each has another limit, by which the checker knows it."""

SPACES = {"free": Profile(RULES), "charged": Profile(RULES, charge_refused=True)}
CALLERS = 400
"""In each space; the first are asked for far more often than the last."""
AT_ONCE = 24
DEADLINE = 0.5

TRACE = "fanfold:trace"

_NOTING = """
local function decide()
%s
end
%s
local answer = decide()
redis.call('XADD', '%s', '*', 'e', KEYS[1] .. '|' .. table.concat(ARGV, ' ') .. '|' .. answer)
return answer
"""
_AT = "local clock = redis.call('TIME') ARGV[3] = string.format('%.0f', clock[1] * 1000000 + clock[2])"
"""Says when a lease is renewed, as the script itself does not tell."""


class Seen(Struct, array_like=True):
    """What a program was answered: the name of the admission, the refusing limit, the wait, what is left of each."""

    name: str
    limit: str
    wait: int | None
    left: list[int]


def noting() -> None:
    """Have the scripts note what they do."""
    shapes.TAKE = Script(_NOTING % (shapes.TAKE.source.decode(), "", TRACE))
    shapes.LEASE = Script(_NOTING % (shapes.LEASE.source.decode(), _AT, TRACE))
    shapes.SCRIPTS = (shapes.TAKE, shapes.LEASE)


class Named:
    """A line that lets a task know the name of the admission that it asked for last."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)

    def name(self) -> bytes:
        """The next name."""
        name = self._line.name()
        task = asyncio.current_task()
        if task is not None:
            task.set_name(name.decode())
        return name


class Holders:
    """All holders of this process."""

    def __init__(self, url: str, seed: str, notes: str) -> None:
        self._dice = random.Random(seed)
        self._line = line_to(url, shapes.SCRIPTS, deadline=DEADLINE)
        named: Any = Named(self._line)
        self._limiters = {space: RedisLimiter(limits, named, space=space) for space, limits in SPACES.items()}
        self._notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._stopping = False
        self._forgotten: list[Any] = []

    def stop(self) -> None:
        """Take no more."""
        self._stopping = True

    async def run(self) -> None:
        """Until told to stop."""
        await asyncio.gather(*[self._hold() for _ in range(AT_ONCE)])
        await self._line.close()

    async def _hold(self) -> None:
        while not self._stopping:
            try:
                await self._once()
            except LimitsUnknown:
                await asyncio.sleep(0.01)

    async def _once(self) -> None:
        dice = self._dice
        limiter = self._limiters[dice.choice(list(SPACES))]
        if dice.random() < 0.02:
            await self._give_up(limiter)
            return
        outcome = await limiter.take(*self._asked())
        standing = outcome.standing if isinstance(outcome, Refusal) else outcome.standing()
        limit, wait = (outcome.limit, outcome.retry_after) if isinstance(outcome, Refusal) else ("", None)
        task = asyncio.current_task()
        seen = Seen(task.get_name() if task is not None else "", limit, wait, [one.left for one in standing])
        os.write(self._notes, json.encode(seen) + b"\n")
        if isinstance(outcome, Refusal):
            if dice.random() < 0.5:
                await asyncio.sleep(dice.random() * 0.02)
            return
        await self._use(outcome)

    def _asked(self) -> tuple[str, Mapping[str, int]]:
        dice = self._dice
        caller = f"caller {min(dice.randrange(CALLERS), dice.randrange(CALLERS))}"
        costs = {"requests": dice.choice((1, 1, 2, 3, 5, 10, 16))}
        for name, chance, most in (("reads", 0.6, 6), ("writes", 0.3, 3), ("searches", 0.1, 3)):
            if dice.random() < chance:
                costs[name] = dice.randint(1, most)
        names = list(costs)
        dice.shuffle(names)
        return caller, {name: costs[name] for name in names}

    async def _use(self, grant: Any) -> None:
        """Hold what was granted, and do with it whatever a program may do."""
        dice = self._dice
        await asyncio.sleep(dice.expovariate(1 / 0.004))
        fate = dice.random()
        if fate < 0.05:
            return  # whoever holds it has crashed
        if fate < 0.10:
            await grant.renew()
        elif fate < 0.103:
            await asyncio.sleep(dice.random() * 3)  # renewed by itself meanwhile
        grant.release()
        if fate > 0.95:
            grant.release()
            await grant.renew()

    async def _give_up(self, limiter: RedisLimiter) -> None:
        """Ask, and leave before the answer is there."""
        task = asyncio.ensure_future(limiter.take(*self._asked()))
        for _ in range(self._dice.randrange(4)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and task.exception() is None:
            outcome: Any = task.result()
            if not isinstance(outcome, Refusal):
                outcome.release()


async def _run(url: str, seed: str, notes: str) -> None:
    holders = Holders(url, seed, notes)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, holders.stop)
    await holders.run()


if __name__ == "__main__":
    logging.getLogger("fanfold").setLevel(logging.ERROR)  # what is broken on purpose need not be told
    noting()
    asyncio.run(_run(*sys.argv[1:4]))
