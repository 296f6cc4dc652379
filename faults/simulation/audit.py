"""A second opinion on every decision of a limiter, by a book that forgets nothing and is too simple to be wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.limits import Concurrency, MemoryGrant, MemoryLimiter, Profile
from fanfold.model import Grant, Limiter, Refusal, Standing
from faults.simulation.dice import CALM, Dice, Weather
from faults.simulation.target import Ground


class Entry(Struct, eq=False):
    """What was taken of one rule: it counts until ``end``, ``span`` seconds after it was taken or renewed."""

    key: str
    rule: str
    n: int
    span: float
    end: float


class Book:
    """Everything that was ever taken, and a decision of its own."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._entries: list[Entry] = []

    def used(self, key: str, name: str, now: float) -> int:
        """What counts against a rule."""
        return sum([entry.n for entry in self._entries if entry.end > now and (entry.key, entry.rule) == (key, name)])

    def decide(self, key: str, costs: Mapping[str, int], now: float) -> tuple[list[str], bool]:
        """The rules without room, and whether the costs alone exceed one."""
        asked = [(rule, costs[rule.counts]) for rule in self._profile.rules if rule.counts in costs]
        full = [rule.name for rule, n in asked if self.used(key, rule.name, now) + n > rule.limit]
        return full, any(n > rule.limit for rule, n in asked)

    def charge(self, key: str, costs: Mapping[str, int], now: float, *, admitted: bool) -> list[Entry]:
        """Write down what a decision takes; the slots among it, which come back."""
        self._entries = [entry for entry in self._entries if entry.end > now]
        slots = []
        for rule in self._profile.rules:
            if rule.counts not in costs:
                continue
            if isinstance(rule, Concurrency):
                if admitted:
                    slots.append(Entry(key, rule.name, costs[rule.counts], rule.span, now + rule.span))
            elif admitted or self._profile.charge_refused:
                n, span = costs[rule.counts], rule.seconds
                self._entries.append(Entry(key, rule.name, n, span, now + span))
        self._entries += slots
        return slots


class Audited:
    """Stands around a limiter in memory. ``ground`` is told what is held, where this is the one that guards it."""

    def __init__(
        self, limiter: MemoryLimiter, profile: Profile, ground: Ground, clock: Callable[[], float], *, guards: bool
    ) -> None:
        self.profile = profile
        self.book = Book(profile)
        self._limiter = limiter
        self._ground = ground
        self._clock = clock
        self._guards = guards
        self._unreleased: dict[Held, None] = {}

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """What the limiter says, once it was looked at."""
        now = self._clock()
        self._look_for_lapsed(now)
        outcome = await self._limiter.take(key, costs)
        journal = self._ground.journal
        full, impossible = self.book.decide(key, costs, now)
        if isinstance(outcome, Refusal):
            journal.note("refused", key, dict(costs), outcome.limit, outcome.retry_after)
            journal.demand(full, "refused what fits", key, dict(costs))
            journal.demand(outcome.limit in full, "named a limit that has room", outcome.limit, full)
            journal.demand((outcome.retry_after is None) == impossible, "a wait that cannot help", outcome.retry_after)
            self.book.charge(key, costs, now, admitted=False)
            self._compare(key, outcome.standing)
            return outcome
        journal.note("granted", key, dict(costs))
        journal.demand(not full, "granted what does not fit", key, dict(costs), full)
        held = Held(outcome, self, key, costs if self._guards else {}, self.book.charge(key, costs, now, admitted=True))
        self.hold(key, held.costs, 1)
        if held.slots:
            self._unreleased[held] = None
        self._compare(key, outcome.standing())
        return held

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What ``take`` would say."""
        outcome = await self._limiter.look(key, costs)
        full, _ = self.book.decide(key, costs, self._clock())
        self._ground.journal.demand(isinstance(outcome, Refusal) == bool(full), "looked wrongly", key, dict(costs))
        return outcome

    def hold(self, key: str, costs: Mapping[str, int], times: int) -> None:
        """Tell the ground what is held from now on, or no longer."""
        for name, n in costs.items():
            self._ground.held[key, name] += times * n

    def released(self, held: Held) -> None:
        """Note that slots came back, and look whether they did."""
        self._ground.journal.note("released", held.key, len(held.slots))
        self._unreleased.pop(held, None)
        for entry in held.slots:
            entry.end = 0.0
        self.hold(held.key, held.costs, -1)
        self._compare(held.key, held.grant.standing())

    def renewed(self, held: Held, *, all_of_it: bool) -> None:
        """Note that slots are held for longer, and look whether it was said which were lost."""
        now = self._clock()
        kept = [entry for entry in held.slots if entry.end > now]
        for entry in kept:
            entry.end = now + entry.span
        right = all_of_it == (len(kept) == len(held.slots))
        self._ground.journal.demand(right, "renewed wrongly", held.key, all_of_it, len(kept), len(held.slots))
        self._compare(held.key, held.grant.standing())

    def _look_for_lapsed(self, now: float) -> None:
        """Where nothing gets lost no lease runs out under whoever holds it."""
        for held in self._unreleased if self._ground.exact else ():
            lapsed = any(entry.end <= now for entry in held.slots)
            self._ground.journal.demand(not lapsed, "a lease ran out that somebody held", held.key)

    def _compare(self, key: str, standing: tuple[Standing, ...]) -> None:
        """Neither more nor less is taken than the book has."""
        now = self._clock()
        for stand in standing:
            left = max(0, stand.quota - self.book.used(key, stand.limit, now))
            self._ground.journal.demand(stand.left == left, "counted wrongly", key, stand.limit, stand.left, left)


class Held:
    """A grant of an audited limiter."""

    def __init__(
        self, grant: MemoryGrant, audited: Audited, key: str, costs: Mapping[str, int], slots: list[Entry]
    ) -> None:
        self.grant = grant
        self.key = key
        self.costs = costs
        self.slots = slots
        self._audited: Audited | None = audited

    def standing(self) -> tuple[Standing, ...]:
        """How the limits stand."""
        return self.grant.standing()

    async def renew(self) -> bool:
        """Hold the slots for longer."""
        renewed = await self.grant.renew()
        if self._audited is not None:
            self._audited.renewed(self, all_of_it=renewed)
        return renewed

    def release(self) -> None:
        """Give back."""
        audited, self._audited = self._audited, None
        self.grant.release()
        if audited is not None:
            audited.released(self)


class Moody:
    """A limiter that takes its time and breaks down, as one on another machine does."""

    def __init__(self, limiter: Limiter, dice: Dice, weather: Weather) -> None:
        self._limiter = limiter
        self._dice = dice
        self._weather = weather

    def calm(self) -> None:
        """From now on nothing goes wrong."""
        self._weather = CALM

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """What the limiter says, sooner or later."""
        await self._wait()
        if self._dice.happens(self._weather.limiter_breaks):
            if self._dice.happens(0.5):
                raise RequestError("the limiter is away", status=503)
            raise ConnectionError("the limiter is away")
        outcome = await self._limiter.take(key, costs)
        if isinstance(outcome, Refusal):
            return outcome
        try:
            await self._wait()
        except BaseException:
            outcome.release()
            raise
        return outcome

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What the limiter says."""
        return await self._limiter.look(key, costs)

    async def _wait(self) -> None:
        if self._dice.happens(self._weather.limiter_waits):
            await asyncio.sleep(self._dice.seconds() / 4)
