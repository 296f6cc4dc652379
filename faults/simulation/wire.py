"""A limiter on another machine: messages to it are late or lost, it decides in one step, and holders may die.

The limiter of a worker here is the plainest that has the port. Whatever a worker can do about lost messages it does: it
names each admission, so that one which is asked for twice is decided once; it takes back what it has given up waiting
for; it decides by itself where nobody answers; and slots that nobody renews run out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from fanfold.limits import Concurrency, Profile, Window
from fanfold.model import Grant, Refusal, Standing
from faults.simulation.audit import Audited, Held
from faults.simulation.dice import CALM, Dice, Weather
from faults.simulation.journal import Witness
from faults.simulation.loop import VirtualLoop

DEADLINE = 0.1
"""Seconds that a decision is waited for."""

LEASE = 6.0
"""Seconds after which a slot comes back that nobody renews."""

Decision = Grant | Refusal
Costs = Mapping[str, int]


class Shard:
    """Where the decisions fall: one at a time, each admission once, however often its message comes."""

    def __init__(self, limiter: Audited) -> None:
        self._limiter = limiter
        self._decided: dict[str, Decision | None] = {}

    async def take(self, admission: str, key: str, costs: Costs) -> Decision | None:
        """What was decided; None for an admission that was taken back before it was asked for."""
        if admission not in self._decided:
            self._decided[admission] = None
            self._decided[admission] = await self._limiter.take(key, costs)
        return self._decided[admission]

    async def release(self, admission: str) -> None:
        """Give back what was taken; an admission that comes later comes to nothing."""
        decision = self._decided.get(admission)
        self._decided[admission] = None
        if isinstance(decision, Held):
            decision.release()

    async def renew(self, admission: str) -> None:
        """Hold it for longer."""
        decision = self._decided.get(admission)
        if isinstance(decision, Held):
            await decision.renew()


class Wire:
    """The way from one worker to a shard and back."""

    def __init__(self, shard: Shard, dice: Dice, weather: Weather, loop: VirtualLoop, witness: Witness) -> None:
        self._shard = shard
        self._dice = dice
        self._weather = weather
        self._loop = loop
        self._witness = witness
        self.cut = False

    def calm(self) -> None:
        """From now on every message arrives soon."""
        self._weather = CALM

    def send(self, verb: str, *message: object, answer: Callable[[Decision | None], None] | None = None) -> None:
        """Send; ``answer`` is called when there is one, if it ever arrives."""
        for _ in range(2 if self._dice.happens(self._weather.message_late / 4) else 1):
            self._after(lambda: self._arrive(verb, message, answer))

    def _after(self, what: Callable[[], None]) -> None:
        lost = self.cut or not self._witness.alive or self._dice.happens(self._weather.message_lost)
        if not lost:
            late = self._dice.happens(self._weather.message_late)
            self._loop.call_later(self._dice.random() * (0.5 if late else 0.002), what)

    def _arrive(self, verb: str, message: tuple[object, ...], answer: Callable[[Decision | None], None] | None) -> None:
        if self.cut:
            return
        coroutine = getattr(self._shard, verb)(*message)
        try:
            coroutine.send(None)
        except StopIteration as end:
            decision: Decision | None = end.value
            if answer is not None:
                told = answer
                self._after(lambda: told(decision))
        else:
            raise AssertionError("a shard waited")


class RemoteLimiter:
    """A worker's limiter: asks the shard, and decides by itself with its part of the limits where nobody answers."""

    def __init__(self, name: str, wire: Wire, part: Audited, loop: VirtualLoop) -> None:
        self.alone = 0
        self._name = name
        self._wire = wire
        self._part = part
        self._loop = loop
        self._number = 0
        self._held: dict[str, None] = {}
        self._beating: asyncio.TimerHandle | None = None

    async def take(self, key: str, costs: Costs) -> Grant | Refusal:
        """What the shard says, or what we say."""
        self._number += 1
        admission = f"{self._name}/{self._number}"
        reply: asyncio.Future[Decision | None] = self._loop.create_future()

        def answered(decision: Decision | None) -> None:
            if not reply.done():
                reply.set_result(decision)

        decision: Decision | None = None
        try:
            for _ in range(2):
                self._wire.send("take", admission, key, costs, answer=answered)
                await asyncio.wait([reply], timeout=DEADLINE / 2)
                if reply.done():
                    decision = reply.result()
                    break
        except BaseException:
            self._wire.send("release", admission)
            raise
        if isinstance(decision, Refusal):
            return decision
        if decision is None:
            self._wire.send("release", admission)
            self.alone += 1
            return await self._part.take(key, costs)
        return self._hold(admission, decision)

    async def look(self, key: str, costs: Costs) -> Refusal | tuple[Standing, ...]:
        """What we would say."""
        return await self._part.look(key, costs)

    def _hold(self, admission: str, decision: Grant) -> RemoteGrant:
        self._held[admission] = None
        if self._beating is None:
            self._beating = self._loop.call_later(LEASE / 3, self._beat)
        return RemoteGrant(decision, lambda: self._give_back(admission))

    def _beat(self) -> None:
        """Renew all that is held."""
        self._beating = self._loop.call_later(LEASE / 3, self._beat) if self._held else None
        for admission in self._held:
            self._wire.send("renew", admission)

    def _give_back(self, admission: str) -> None:
        if admission in self._held:
            del self._held[admission]
            self._wire.send("release", admission)


class RemoteGrant:
    """What a worker holds at a shard."""

    def __init__(self, decision: Grant, give_back: Callable[[], None]) -> None:
        self._standing = decision.standing()
        self._give_back = give_back

    def standing(self) -> tuple[Standing, ...]:
        """How the limits stood."""
        return self._standing

    def release(self) -> None:
        """Give back."""
        self._give_back()


def part_of(profile: Profile, workers: int) -> Profile:
    """The limits that each of so many workers keeps by itself: never more together than there is, but for rounding."""
    rules: list[Window | Concurrency] = []
    for rule in profile.rules:
        limit = max(1, rule.limit // workers)
        if isinstance(rule, Window):
            rules.append(Window(rule.name, limit, rule.seconds, rule.cost))
        else:
            rules.append(Concurrency(rule.name, limit, rule.lease, rule.deadline, rule.cost))
    return Profile(tuple(rules), charge_refused=profile.charge_refused)
