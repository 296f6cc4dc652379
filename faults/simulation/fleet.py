"""Several workers that share a limiter and a ledger, of which some die, and messages that get lost between them."""

from __future__ import annotations

import asyncio

from fanfold.engine import Admission, Engine
from fanfold.idempotency import Ledger, MemoryAnswers
from fanfold.limits import Concurrency, MemoryLimiter, Profile, Window
from fanfold.model import Caller, Refusal
from faults.simulation.audit import Audited
from faults.simulation.clients import Crowd, Worker
from faults.simulation.dice import CALM, Dice, draw_weather
from faults.simulation.journal import Journal
from faults.simulation.loop import VirtualLoop
from faults.simulation.target import Ground, SwarmTarget
from faults.simulation.wire import DEADLINE, LEASE, RemoteLimiter, Shard, Wire, part_of

CALLERS = (Caller("ada"), Caller("bob"))


class Fleet:
    """A few workers, the shard that they ask, and their clients."""

    def __init__(self, seed: int, loop: VirtualLoop, journal: Journal) -> None:
        self._seed = seed
        self._loop = loop
        self._journal = journal
        dice = self._dice = Dice(f"{seed}/fleet")
        self.weather = draw_weather(Dice(f"{seed}/fleet/weather"))
        self._profile = _profile(dice)
        self._all = Ground(journal, mistakes=self.weather.mistakes > 0)
        weather = self.weather
        self._sure = not (weather.message_lost or weather.message_late or weather.worker_dies)
        self._limiter = self._audited(self._profile, self._all)
        self._shard = Shard(self._limiter)
        self._answers = MemoryAnswers()
        self._wires: list[Wire] = []
        self._targets: list[SwarmTarget] = []
        self._limiters: list[RemoteLimiter] = []
        self._ledgers: list[Ledger] = []
        count = dice.randint(2, 4)
        self._workers = [self._worker(number, count) for number in range(count)]
        self._crowd = Crowd(self._workers, Dice(f"{seed}/fleet/clients"), weather, loop)

    def _audited(self, profile: Profile, ground: Ground) -> Audited:
        limiter = MemoryLimiter(profile, self._loop.time)
        return Audited(limiter, profile, ground, self._loop.time, guards=True)

    def _worker(self, number: int, count: int) -> Worker:
        dice = Dice(f"{self._seed}/fleet/{number}")
        witness = self._journal.witness()
        ground = self._ground(witness)
        target = SwarmTarget(ground, dice, self.weather, self._loop)
        wire = Wire(self._shard, dice, self.weather, self._loop, witness)
        part = self._audited(part_of(self._profile, count), ground)
        limiter = RemoteLimiter(f"w{number}", wire, part, self._loop)
        ledger = Ledger(self._answers, clock=self._loop.time)
        engine = Engine(target, Admission(limiter), ledger=ledger)
        engine.means.clock = self._loop.time
        self._wires.append(wire)
        self._targets.append(target)
        self._limiters.append(limiter)
        self._ledgers.append(ledger)
        return Worker(engine, ground)

    def _ground(self, witness: Journal) -> Ground:
        """What a worker shares with the others, and what it has for itself."""
        shared = self._all
        ground = Ground(witness, nonces=shared.nonces, effects=shared.effects, mistakes=shared.mistakes)
        ground.died = self._loop.create_future()
        ground.exact = self._sure
        if self._sure:
            ground.live, ground.held = shared.live, shared.held
            ground.counted = tuple([rule.counts for rule in self._profile.rules if isinstance(rule, Concurrency)])
        return ground

    # -- what happens ------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Bad weather, good weather, rest."""
        dice = self._dice
        clients = [
            self._loop.create_task(self._crowd.ask_for_a_while(caller, dice.randint(2, 4)))
            for caller in CALLERS
            for _ in range(dice.randint(1, 3))
        ]
        mishaps = self._loop.create_task(self._have_mishaps())
        await asyncio.wait(clients)
        mishaps.cancel()
        for client in clients:
            client.result()
        await self._settle()
        await self._rest()

    async def _have_mishaps(self) -> None:
        """Workers die, all but the last; the shard is cut off for a while."""
        dice, weather = self._dice, self.weather
        dying = self._workers[1:]
        while True:
            await asyncio.sleep(dice.random() * 2)
            if dying and dice.happens(weather.worker_dies):
                self._kill(dying.pop())
            if dice.happens(weather.message_lost):
                await self._cut(dice.random() * 10)

    def _kill(self, worker: Worker) -> None:
        """From one moment to the next it does nothing any more that anybody can see."""
        number = self._workers.index(worker)
        self._journal.note("dies", number)
        died = worker.ground.died
        if died is not None and not died.done():
            died.set_result(None)
        worker.ground.journal.alive = False  # type: ignore[attr-defined]

    async def _cut(self, seconds: float) -> None:
        self._journal.note("cut", seconds)
        for wire in self._wires:
            wire.cut = True
        await asyncio.sleep(seconds)
        for wire in self._wires:
            wire.cut = False
        self._journal.note("mended")

    async def _settle(self) -> None:
        """Faults are off."""
        self._journal.note("calm")
        self._crowd.calm()
        for target in self._targets:
            target.calm()
        for wire in self._wires:
            wire.calm()
            wire.cut = False
        if self._crowd.orphans:
            await asyncio.wait(self._crowd.orphans)
        for worker, ledger in zip(self._workers, self._ledgers, strict=True):
            await worker.engine.drain()
            await ledger.drain()

    async def _rest(self) -> None:
        """At rest nothing is held; what dead workers held has come back when its time was over."""
        await self._crowd.look_back()
        await asyncio.sleep(LEASE + 60.0)
        journal = self._journal
        for caller in CALLERS:
            costs = {rule.counts: rule.limit for rule in self._profile.rules}
            grant = await self._limiter.take(caller.key, costs)
            if isinstance(grant, Refusal):
                journal.wrong(f"not everything came back: {caller.key}, {grant.limit}")
            else:
                grant.release()
        await asyncio.sleep(60.0)
        for worker in self._workers:
            if not worker.is_dead():
                left = {what: count for what, count in worker.ground.live.items() if count}
                journal.demand(not left, "live at rest", left)
        before = sum(limiter.alone for limiter in self._limiters)
        for caller in CALLERS:
            await self._crowd.ask_plainly(caller)
            statuses = [result.status for result in self._crowd.attempts[-1].results]
            journal.demand(statuses == [200, 201], "not well in good weather", caller.key, statuses)
        alone = sum(limiter.alone for limiter in self._limiters) - before
        journal.demand(not alone, "decided alone in good weather", alone)
        await asyncio.sleep(DEADLINE)
        journal.demand_no_tasks()
        journal.demand(self._targets[0].weather is CALM, "it is not calm")


def _profile(dice: Dice) -> Profile:
    return Profile(
        (
            Window("requests", dice.randint(20, 300)),
            Concurrency("reads", dice.randint(10, 50), lease=LEASE, deadline=LEASE),
            Concurrency("writes", dice.randint(5, 15), lease=LEASE, deadline=LEASE),
        ),
        charge_refused=dice.happens(0.5),
    )
