"""Several workers that share limits in one Redis, and a ledger; some die, and the way to Redis is as bad as it gets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from unittest import mock

import msgspec

from fanfold.engine import Admission, Engine
from fanfold.errors import LimitsUnknown
from fanfold.idempotency import Ledger, MemoryAnswers
from fanfold.limits import Concurrency, Profile, Window
from fanfold.limits import line as lines
from fanfold.limits.fallback import FallbackLimiter, Policy
from fanfold.limits.line import Line
from fanfold.limits.redis import RedisLimiter
from fanfold.limits.shapes import SCRIPTS
from fanfold.model import Caller, Grant, Limiter, Refusal, Standing
from faults.simulation.answers import FarAnswers
from faults.simulation.clients import Crowd, Worker
from faults.simulation.dice import Dice, draw_weather
from faults.simulation.journal import Journal
from faults.simulation.loop import VirtualLoop
from faults.simulation.shard import RedisError, Shard
from faults.simulation.target import Ground, SwarmTarget, slots_of
from faults.simulation.wire import Wire

CALLERS = (Caller("ada"), Caller("bob"))

LEASE = 6.0
"""Seconds after which a slot comes back that nobody renews."""

POLICIES: tuple[Policy, ...] = ("local", "local", "deny")

UNSURE = ("message_lost", "message_late", "worker_dies", "shard_restarts")
"""Rates that all have to be 0 for every worker to know at any time what it holds."""

SECONDS = 20.0
"""What the window spans: short, so that a run sees many."""


class Member:
    """One worker: an engine, a line to Redis, and a share of the limits for when that is away."""

    def __init__(self, name: str, fleet: Fleet, count: int) -> None:
        dice, loop = Dice(name), fleet.loop
        self.ground = fleet.ground_of_one()
        self.target = SwarmTarget(self.ground, dice, fleet.weather, loop)
        self.wire = Wire(fleet.shard, dice, fleet.weather, loop, self.ground)
        self.line = Line(self.wire.connection, RedisError, scripts=SCRIPTS)
        self.shared = RedisLimiter(fleet.profile, self.line)
        for caller in CALLERS:
            fleet.shard.names[self.shared._caller(caller.key)] = caller.key  # noqa: SLF001 - who it stands for
        self.limiter = FallbackLimiter(
            self.shared, fleet.policy, fleet=count, watch=Alone(self.ground.journal), clock=loop.time
        )
        self.answers = FarAnswers(fleet.answers, dice, fleet.weather, self.wire.is_dead)
        self.ledger = Ledger(self.answers, clock=loop.time, elsewhere=fleet.elsewhere)
        self.engine = Engine(self.target, Admission(Admissions(self.limiter, fleet, self.ground)), ledger=self.ledger)
        self.engine.means.clock = loop.time
        self.worker = Worker(self.engine, self.ground)


class Alone:
    """Counts what is decided without Redis."""

    def __init__(self, journal: Journal) -> None:
        self.decisions = 0
        self._journal = journal

    def shared(self, *, up: bool) -> None:
        """Redis can be asked, or cannot."""
        self._journal.note("shared", up)

    def alone(self, policy: str) -> None:
        """A decision."""
        self.decisions += 1
        self._journal.note("alone", policy)


class Admissions:
    """Looks at all that any worker admits, together."""

    def __init__(self, limiter: Limiter, fleet: Fleet, ground: Ground) -> None:
        self._limiter = limiter
        self._fleet = fleet
        self._ground = ground

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """What the limiter says."""
        asked = self._fleet.loop.time()
        outcome = await self._limiter.take(key, costs)
        if not isinstance(outcome, Refusal) and self._ground.journal.alive:  # type: ignore[attr-defined]
            self._fleet.admitted(key, costs.get("requests", 0), asked)
        return outcome

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What the limiter would say."""
        return await self._limiter.look(key, costs)


class Fleet:
    """A few workers, the shard that they ask, and their clients."""

    def __init__(self, seed: int, loop: VirtualLoop, journal: Journal) -> None:
        self.loop = loop
        self._seed = seed
        self._journal = journal
        dice = self._dice = Dice(f"{seed}/fleet")
        self.weather = draw_weather(Dice(f"{seed}/fleet/weather"))
        if dice.happens(0.25):
            self.weather = msgspec.structs.replace(self.weather, **dict.fromkeys(UNSURE, 0.0))
        self.profile = _profile(dice)
        self.policy: Policy = dice.one_of(POLICIES)
        self._all = Ground(journal, mistakes=self.weather.mistakes > 0)
        self._sure = not any(getattr(self.weather, name) for name in UNSURE)
        self._all.exact = self._sure
        self.shard = Shard(self.profile, self._all, loop)
        self.answers = MemoryAnswers()
        self.elsewhere = dice.one_of((0.0, 5.0))
        self._admitted: list[tuple[float, str, int]] = []
        count = dice.randint(2, 4)
        self.members = [Member(f"{seed}/fleet/{number}", self, count) for number in range(count)]
        self._crowd = Crowd([one.worker for one in self.members], Dice(f"{seed}/fleet/clients"), self.weather, loop)

    def ground_of_one(self) -> Ground:
        """What a worker shares with the others, and what it has for itself."""
        shared = self._all
        ground = Ground(self._journal.witness(), nonces=shared.nonces, effects=shared.effects, mistakes=shared.mistakes)
        ground.died = self.loop.create_future()
        ground.exact = self._sure
        if self._sure:
            ground.live, ground.held = shared.live, shared.held
            ground.slots = slots_of(self.profile)
        return ground

    def admitted(self, key: str, requests: int, asked: float) -> None:
        """Something was let through: no span of the window holds more than twice the limit, whatever happens."""
        now = self.loop.time()
        self._admitted = [one for one in self._admitted if one[0] > now - SECONDS]
        self._admitted.append((asked, key, requests))
        total = sum(n for _, other, n in self._admitted if other == key)
        limit = max(self.profile.rules[0].limit, len(self.members))
        self._journal.demand(total <= 2 * limit, "more than twice the limit was let through", key, total, limit)
        if self._sure:
            self._journal.demand(total <= limit, "more than the limit was let through", key, total, limit)

    # -- what happens ------------------------------------------------------------------------------------------------

    async def live(self) -> None:
        """Bad weather, good weather, rest."""
        with _no_other_chance(self._seed):
            await self._gather()
            await self._storm()
            await self._settle()
            await self._rest()
            for member in self.members:
                await member.shared.close()
            await asyncio.sleep(1.0)
            self._journal.demand_no_tasks()

    async def _gather(self) -> None:
        """Have all see the shard: who comes later cannot tell whether it has lost its counts."""
        for member in self.members:
            member.line.open()
            while not member.line.up:
                await asyncio.sleep(0.1)

    async def _storm(self) -> None:
        dice = self._dice
        clients = [
            self.loop.create_task(self._crowd.ask_for_a_while(caller, dice.randint(2, 5)))
            for caller in CALLERS
            for _ in range(dice.randint(1, 6))
        ]
        mishaps = self.loop.create_task(self._have_mishaps())
        await asyncio.wait(clients)
        mishaps.cancel()
        await asyncio.wait([mishaps])
        for client in clients:
            client.result()

    async def _have_mishaps(self) -> None:
        """Workers die, all but the last; the shard goes away, comes back empty, forgets, is full, or is cut off."""
        dice, weather = self._dice, self.weather
        dying = self.members[1:]
        while True:
            await asyncio.sleep(dice.random() * 2)
            if dying and dice.happens(weather.worker_dies):
                self._kill(dying.pop())
            if dice.happens(weather.shard_restarts):
                await self._restart(dice.random() * dice.one_of((0.05, 5.0)))
            if dice.happens(weather.message_lost):
                await self._cut(dice.random() * 10)
            if dice.happens(weather.shard_restarts / 2):
                self.shard.flush_scripts()
            self.shard.full = dice.happens(weather.shard_restarts / 4)

    def _kill(self, member: Member) -> None:
        """From one moment to the next it does nothing any more that anybody can see."""
        self._journal.note("dies", self.members.index(member))
        if member.ground.died is not None:
            member.ground.died.set_result(None)
        member.ground.journal.alive = False  # type: ignore[attr-defined]

    async def _restart(self, seconds: float) -> None:
        self._journal.note("away", seconds)
        self.shard.away = True
        for member in self.members:
            member.wire.break_all()
        await asyncio.sleep(seconds)
        self.shard.restart()
        self.shard.away = False

    async def _cut(self, seconds: float) -> None:
        """Some of the workers see the shard no more."""
        some = [member for member in self.members if self._dice.happens(0.7)]
        self._journal.note("cut", seconds, *[self.members.index(member) for member in some])
        for member in some:
            member.wire.cut = True
        await asyncio.sleep(seconds)
        for member in some:
            member.wire.cut = False
        self._journal.note("mended")

    async def _settle(self) -> None:
        """Faults are off."""
        self._journal.note("calm")
        self._crowd.calm()
        self.shard.away = self.shard.full = False
        for member in self.members:
            member.wire.calm()
            member.target.calm()
            member.answers.calm()
        if self._crowd.orphans:
            await asyncio.wait(self._crowd.orphans)
        for member in self.members:
            await member.engine.drain()
            await member.ledger.drain()

    async def _rest(self) -> None:
        """At rest nothing is held; what dead workers held has come back when its time was over."""
        await self._crowd.look_back()
        await asyncio.sleep(LEASE + 2 * SECONDS)
        journal = self._journal
        limiter = self.shard.limiter
        for caller in CALLERS:
            whole = await limiter.take(caller.key, {rule.counts: rule.limit for rule in self.profile.rules})
            if isinstance(whole, Refusal):
                journal.wrong(f"not everything came back: {caller.key}, {whole.limit}")
            else:
                whole.release()
        for member in self.members:
            # A connection over which nothing comes any more looks like one on which there is nothing to say, and that a
            # server has forgotten something is found out, and believed for a while, when it is asked.
            for _ in range(2):
                with suppress(LimitsUnknown):
                    grant = await member.limiter.take(CALLERS[0].key, {"requests": 1})
                    if not isinstance(grant, Refusal):
                        grant.release()
                await asyncio.sleep(2.0)
        await asyncio.sleep(2 * SECONDS)
        living = [member for member in self.members if not member.worker.is_dead()]
        for member in living:
            left = {what: count for what, count in member.ground.live.items() if count}
            journal.demand(not left, "live at rest", left)
            journal.demand(member.line.up is not False, "a line is down in good weather")
        for _ in living:
            for caller in CALLERS:
                await self._crowd.ask_plainly(caller)
                statuses = [result.status for result in self._crowd.attempts[-1].results]
                journal.demand(statuses == [200, 201], "not well in good weather", caller.key, statuses)
        await asyncio.sleep(1.0)
        left = {what: count for what, count in self._all.held.items() if count and what[1] in ("reads", "writes")}
        if self._sure:
            journal.demand(not left, "held at rest", left)


def _profile(dice: Dice) -> Profile:
    return Profile(
        (
            Window("requests", dice.randint(10, 60), SECONDS),
            Concurrency("reads", dice.randint(4, 30), lease=LEASE, deadline=LEASE),
            Concurrency("writes", dice.randint(2, 12), lease=LEASE, deadline=LEASE),
        ),
        charge_refused=dice.happens(0.5),
    )


class _Secrets:
    """Names that nobody else has, in the same order each time."""

    def __init__(self, dice: Dice) -> None:
        self._dice = dice

    def token_hex(self, size: int) -> str:
        """As the library's."""
        return self._dice.randbytes(size).hex()

    def token_urlsafe(self, size: int) -> str:
        """Likewise, as long as that."""
        return self._dice.randbytes(size).hex()[: (size * 4 + 2) // 3]


@contextmanager
def _no_other_chance(seed: int) -> Iterator[None]:
    """Let nothing but the seed decide."""
    dice = Dice(f"{seed}/fleet/lines")
    with mock.patch.object(lines, "secrets", _Secrets(dice)), mock.patch.object(lines, "random", dice):
        yield
