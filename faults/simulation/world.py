"""One worker in bad weather, and then in good: everything that its engine needs, drawn from a seed."""

from __future__ import annotations

import asyncio

from fanfold.engine import Admission, Engine
from fanfold.idempotency import Ledger, MemoryAnswers
from fanfold.limits import Concurrency, MemoryLimiter, Profile, StandingLimiter, Waiting, Window
from fanfold.model import Caller, Limiter, Refusal
from faults.simulation.answers import FarAnswers
from faults.simulation.audit import Audited, Moody
from faults.simulation.clients import Crowd, Worker
from faults.simulation.dice import CALM, Dice, Weather, draw_weather
from faults.simulation.journal import Journal
from faults.simulation.loop import VirtualLoop
from faults.simulation.target import EarlySwarmTarget, Ground, InlineSwarmTarget, SwarmTarget, slots_of

LONG = 1e6
"""Seconds that a lease lasts which nobody is to lose."""

CALLERS = ("ada", "bob", "cy", "dot")


class World:
    """A worker with its target, its limiters, its ledger and its clients."""

    def __init__(self, seed: int, loop: VirtualLoop, journal: Journal) -> None:
        self.journal = journal
        self._loop = loop
        dice = self._dice = Dice(f"{seed}/world")
        self.weather = draw_weather(Dice(f"{seed}/weather"))
        self.ground = Ground(journal, mistakes=self.weather.mistakes > 0)
        kind = dice.one_of((SwarmTarget, SwarmTarget, InlineSwarmTarget, EarlySwarmTarget))
        self.target = kind(self.ground, Dice(f"{seed}/target"), self.weather, loop)
        self._moody: list[Moody] = []
        self._audited: list[Audited] = []
        self._standing: StandingLimiter | None = None
        self._wall = Wall(loop)
        self._answers = FarAnswers(MemoryAnswers(), Dice(f"{seed}/answers"), self.weather, lambda: False)
        self.ledger = Ledger(self._answers, clock=self._wall.time)
        self.engine = Engine(
            self.target,
            Admission(*self._limiters(Dice(f"{seed}/limiters"))),
            shuffle=seed if dice.happens(0.2) else None,
            max_fan_out=dice.one_of((10, 30, 100)),
            max_results=dice.one_of((None, None, 200, 2000)),
            ledger=self.ledger,
        )
        self.engine.means.clock = loop.time
        self.crowd = Crowd([Worker(self.engine, self.ground)], Dice(f"{seed}/clients"), self.weather, loop)
        self.callers = [self._caller(name) for name in CALLERS[: dice.randint(1, len(CALLERS))]]

    def _caller(self, name: str) -> Caller:
        return Caller(name, counted=f"org-{name}" if self._dice.happens(0.2) else "")

    # -- limits ------------------------------------------------------------------------------------------------------

    def _limiters(self, dice: Dice) -> list[Limiter]:
        own = self._profile(dice)
        limiters = [self._in_mood(self._audit(own, guards=True), dice)]
        self.ground.slots = slots_of(own)
        self.ground.exact = all(rule.span >= LONG for rule in own.rules if isinstance(rule, Concurrency))
        if dice.happens(0.4):
            shared = self._audit(Profile((Window("requests", dice.randint(20, 300)),)), guards=False)
            limiters.append(Waiting(self._in_mood(shared, dice), dice.one_of((0.0, 10.0, 60.0)), key="all"))
        if dice.happens(0.5):
            most = self.ground.most_jobs = dice.randint(1, 5)
            self._standing = StandingLimiter("jobs", most, self._under_way, 30.0)
            limiters.append(self._standing)
        dice.shuffle(limiters)
        return limiters

    async def _under_way(self, key: str) -> int:
        """How many jobs somebody has, read somewhere else."""
        dice, waits = self._dice, self.target.weather.limiter_waits
        if dice.happens(waits):
            await asyncio.sleep(dice.seconds() / 10)
        found = self.ground.jobs[key]
        if dice.happens(waits):
            await asyncio.sleep(dice.seconds() / 10)
        return found

    def _profile(self, dice: Dice) -> Profile:
        lease = LONG if dice.happens(0.8) else dice.one_of((1.0, 40.0))
        slots = [
            Concurrency(name, dice.randint(1, most), lease=lease, deadline=min(30.0, lease))
            for name, most in (("reads", 50), ("writes", 15))
            if dice.happens(0.9)
        ]
        windows = [Window("requests", dice.randint(5, 300)), Window("searches", dice.randint(1, 60), 20.0)]
        if dice.happens(0.3):
            windows.append(Window("a-second", dice.randint(5, 40), 1.0, cost="requests"))
        rules: list[Window | Concurrency] = [*slots, *windows]
        dice.shuffle(rules)
        return Profile(tuple(rules), charge_refused=dice.happens(0.5))

    def _audit(self, profile: Profile, *, guards: bool) -> Audited:
        limiter = MemoryLimiter(profile, self._loop.time)
        audited = Audited(limiter, profile, self.ground, self._loop.time, guards=guards)
        self._audited.append(audited)
        return audited

    def _in_mood(self, limiter: Limiter, dice: Dice) -> Limiter:
        if not dice.happens(0.5):
            return limiter
        moody = Moody(limiter, dice, self.weather)
        self._moody.append(moody)
        return moody

    # -- what happens ------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Everything in turn: bad weather, good weather, rest."""
        await self._storm()
        if self._dice.happens(0.3):
            await self._close()
        else:
            await self._settle()
        await self._rest()
        await self._try_limits()
        await self._try_jobs()
        await self._ask_calmly()

    async def _storm(self) -> None:
        dice = self._dice
        clients = [
            self._loop.create_task(self.crowd.ask_for_a_while(caller, dice.randint(2, 5)))
            for caller in self.callers
            for _ in range(dice.randint(1, 3))
        ]
        jumps = self._loop.create_task(self._wall.jump(dice, self.weather))
        await asyncio.wait(clients)
        jumps.cancel()
        for client in clients:
            client.result()

    def _calm(self) -> None:
        self.journal.note("calm")
        self.target.calm()
        self._answers.calm()
        self.crowd.calm()
        for moody in self._moody:
            moody.calm()

    async def _settle(self) -> None:
        """Faults are off: whatever still runs comes to its end."""
        self._calm()
        await self.engine.drain()
        await self.ledger.drain()

    async def _close(self) -> None:
        """The server goes down, and does not wait for ever."""
        self._calm()
        self.ground.closing = True
        await self.engine.drain(5.0)
        await self.ledger.drain(5.0)
        await asyncio.sleep(10.0)
        self.ground.closing = False

    async def _rest(self) -> None:
        """At rest nothing is held, nothing is live, and nothing runs."""
        await self.crowd.look_back()
        await asyncio.sleep(1.0)
        ground, journal = self.ground, self.journal
        for name, counts in (("live", ground.live), ("held", ground.held)):
            left = {what: count for what, count in counts.items() if count}
            journal.demand(not left, f"{name} at rest", left)
        journal.demand(not len(self.engine.background), "tasks are left in the background", len(self.engine.background))
        journal.demand(not len(self.ledger), "requests with a key are left", len(self.ledger))
        journal.demand_no_tasks()

    async def _try_limits(self) -> None:
        """Windows fill again, and a hint is honest where nobody else asks."""
        await asyncio.sleep(61.0)
        for audited in self._audited:
            rules = audited.profile.rules
            costs = {rule.counts: min(one.limit for one in rules if one.counts == rule.counts) for rule in rules}
            for caller in self.callers:
                key = caller.counted or caller.key
                grant = await audited.take(key, costs)
                if isinstance(grant, Refusal):
                    self.journal.wrong(f"full at rest: {key}, {grant.limit}")
                    continue
                refusal = await audited.take(key, costs)
                grant.release()
                if isinstance(refusal, Refusal) and refusal.retry_after is not None:
                    await asyncio.sleep(refusal.retry_after)
                    again = await audited.take(key, costs)
                    self.journal.demand(not isinstance(again, Refusal), "a hint that was not honest", key)
                    if not isinstance(again, Refusal):
                        again.release()
                else:
                    self.journal.wrong(f"granted twice as much as there is: {key}")
            await asyncio.sleep(61.0)

    async def _try_jobs(self) -> None:
        """When all jobs are done, as many may be begun as ever."""
        await asyncio.sleep(500.0)
        standing = self._standing
        if standing is None:
            return
        for caller in self.callers:
            outcome = await standing.take(caller.counted or caller.key, {"jobs": self.ground.most_jobs})
            self.journal.demand(not isinstance(outcome, Refusal), "jobs are under way at rest", caller.key)
            if not isinstance(outcome, Refusal):
                outcome.release()

    async def _ask_calmly(self) -> None:
        """In good weather every batch that fits is answered."""
        self.journal.demand(self.target.weather is CALM, "it is not calm")
        for caller in self.callers:
            before = len(self.crowd.attempts)
            await self.crowd.ask_plainly(caller)
            for attempt in self.crowd.attempts[before:]:
                statuses = [result.status for result in attempt.results]
                self.journal.demand(statuses == [200, 201], "not well in good weather", attempt.number, statuses)
        await self.engine.drain()
        await self.ledger.drain()
        await self._rest()


class Wall:
    """A clock on the wall, which is set now and then."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._offset = 1.8e9

    def time(self) -> float:
        """Seconds since 1970, or so."""
        return self._loop.time() + self._offset

    async def jump(self, dice: Dice, weather: Weather) -> None:
        """Be set again and again."""
        while True:
            await asyncio.sleep(5.0)
            if dice.happens(weather.clock_jumps):
                self._offset += dice.one_of((-3600.0, -1.0, 1.0, 3600.0))
