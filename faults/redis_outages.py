"""F6: the Redis that keeps the limits of two servers dies, hangs, is full, forgets, or cannot be reached.

Under each policy for its absence (``--without-redis``): what is decided then, how fast, and whether that is told; and
whether Redis decides again when it is back, with no slot left held, and nobody given more than twice a limit.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import NamedTuple

from msgspec.structs import replace

from faults import disturbances
from faults.asking import READ, Asked, Asker, most_within
from faults.checker import ask_again, assert_invariants, at_rest, printed
from faults.client import Link
from faults.history import History
from faults.patience import patiently
from faults.proxy import ChaosProxy
from faults.redis_server import BINARY, RedisServer, redis_server
from faults.server import ROOMY, Server
from faults.setting import Figures, Scenario, Setting, UnableError, shortened
from faults.stores import Builder, Home, PostgresBuilder, builder
from faults.wording import Careful
from faults.workload import prepare

SERVERS = 2
POLICIES = ("deny", "local", "allow")
DECIDED_WITHIN = 0.1
"""Seconds that a decision may take, on a process that is never late."""

TURNS = 4
"""Turns of its event loop that a decision takes after its time is up; each is late where others use the machine."""

NOTICED = 0.3
"""Seconds after which everybody has noticed that there is no Redis."""

BACK_WITHIN = 3.0
"""Seconds after which Redis has to decide again."""

FREE_WITHIN = 2.0
"""Seconds after which what was held has been given back."""

PATIENT = 30.0

LIMIT = 60
LIMITS = f"{ROOMY},searches={LIMIT}"
SEARCH = {"method": "get", "relative_path": "/workspaces/1005/tasks/search", "data": {"text": "nothing"}}
WINDOW = 60.0


class Shared(NamedTuple):
    """Two servers with one database and one Redis, which they come to through a proxy."""

    policy: str
    redis: RedisServer
    proxy: ChaosProxy
    home: Home
    servers: tuple[Server, ...]


class Fault(NamedTuple):
    """Something that is done to Redis, and undone. ``away``: nobody can ask it meanwhile, for sure."""

    begin: Callable[[Shared, random.Random], Awaitable[object]]
    end: Callable[[Shared], Awaitable[object]]
    away: bool = False


def _told(*words: str) -> Callable[..., Awaitable[object]]:
    return lambda shared, *_: asyncio.to_thread(shared.redis.do, *words)


def _network(name: str, *, away: bool = False) -> Fault:
    return Fault(
        lambda shared, dice: disturbances.begin(name, shared.proxy, dice),
        lambda shared: disturbances.lift(shared.proxy),
        away=away,
    )


KICK = ("CLIENT", "KILL", "TYPE", "normal")

FAULTS: dict[str, Fault] = {
    "killed": Fault(
        lambda shared, _: asyncio.to_thread(shared.redis.kill),
        lambda shared: asyncio.to_thread(shared.redis.start),
        away=True,
    ),
    "stopped": Fault(
        lambda shared, _: asyncio.to_thread(shared.redis.hold_up),
        lambda shared: asyncio.to_thread(shared.redis.go_on),
        away=True,
    ),
    "kicks": Fault(_told(*KICK), _told(*KICK)),
    "full": Fault(_told("CONFIG", "SET", "maxmemory", "1"), _told("CONFIG", "SET", "maxmemory", "0"), away=True),
    "replica": Fault(_told("REPLICAOF", "127.0.0.1", "1"), _told("REPLICAOF", "NO", "ONE"), away=True),
    "scripts": Fault(_told("SCRIPT", "FLUSH"), _told("SCRIPT", "FLUSH")),
    "delay": _network("delay"),
    "reset": _network("reset"),
    "half-open": _network("half-open", away=True),
    "garbage": _network("garbage"),
    "refuse": _network("refuse", away=True),
}


@asynccontextmanager
async def shared(makes: Builder, setting: Setting, policy: str, folder: Path) -> AsyncIterator[Shared]:
    """Two servers for as long as a block."""
    async with AsyncExitStack() as stack:
        redis = stack.enter_context(redis_server())
        proxy = await stack.enter_async_context(ChaosProxy(redis.port, dice=setting.dice("network", policy)))
        home = await makes.make(folder)
        flags = ("--redis", f"redis://127.0.0.1:{proxy.port}", "--without-redis", policy)
        environment = {"FANFOLD_METRICS": "true", "FANFOLD_FLEET": str(SERVERS)}
        servers = [Server(folder, *flags, db=home.db, limits=LIMITS, environment=environment) for _ in range(SERVERS)]
        for server in servers:  # one caller, whichever server is asked
            server.address = server.address._replace(token=servers[0].address.token)
        for server in servers:
            stack.callback(server.kill)
            server.tamper()
            await server.start()
        yield Shared(policy, redis, proxy, home, tuple(servers))


class Ordeal:
    """What is done to the Redis of two servers, and what was seen."""

    def __init__(self, setting: Setting, of: Shared) -> None:
        self._setting = setting
        self._of = of
        self.violations: list[str] = []
        self.rounds = self.alone = self.answers = self.acknowledged = 0
        self.slowest = self.beyond = self.slowest_return = 0.0
        """Seconds: the slowest decision; one beyond what its process was late; until Redis decided again."""

    async def round(self, number: int, name: str) -> None:
        """Have everybody at work, take Redis away, bring it back, compare."""
        of, fault = self._of, FAULTS[name]
        dice = self._setting.dice("redis", of.policy, number)
        history = History()
        async with patiently(of.servers[0]).link() as link:
            ground = await prepare(link, f"round {number}")
        over = asyncio.Event()
        askers = [Asker(server) for server in of.servers for _ in range(2)]
        writers = [
            Careful(f"r{number}s{place}", server, ground, history, self._setting.dice(number, place))
            for place, server in enumerate(of.servers)
        ]
        for writer in writers:
            writer.may = frozenset({503} if of.policy == "deny" else ())
        flying = [asyncio.create_task(one.fly(over)) for one in (*askers, *writers)]
        await asyncio.sleep(0.5)
        before = await self._decided_alone()
        await self._decision()
        began = monotonic()
        await fault.begin(of, dice)
        gone = monotonic()
        await asyncio.sleep(dice.uniform(0.5, 0.8 if self._setting.tier == "quick" else 5.0))
        found = await self._tells(fault, before)
        back = monotonic()
        found += await self._decision()
        await fault.end(of)
        found += await self._back()
        over.set()
        await asyncio.gather(*flying)
        asked = [one for asker in askers for one in asker.asked]
        found += self._decided(asked, began, gone + NOTICED, back, away=fault.away)
        found += [one for writer in writers for one in writer.unfit] + [one for asker in askers for one in asker.wrong]
        unanswered = sum(writer.unanswered for writer in writers)
        found += [f"{unanswered} batches were not answered"] if unanswered else []
        one = patiently(of.servers[number % SERVERS])
        async with one.link() as link:
            found += await _free(link)
            found += await ask_again(link, history, ground)
        found += await assert_invariants(one, of.home.inside, ground, history, sound=number % 5 == 0)
        for server in of.servers:
            found += printed(server)
        self.violations += [f"{of.policy}, round {number}, {name}: {one}" for one in found]
        self.rounds += 1
        self.answers += len(asked)
        self.acknowledged += history.acknowledged

    def _decided(self, asked: list[Asked], began: float, noticed: float, back: float, *, away: bool) -> list[str]:
        """Whether it was decided as the policy says while there was no Redis."""
        policy = self._of.policy
        during = [one for one in asked if began <= one.at < back]
        found = []
        may = {200, 503} if policy == "deny" else {200}
        found += [f"an answer was {one.status}" for one in asked if one.status not in may][:3]
        if away:
            wanted = 503 if policy == "deny" else 200
            sure = [one for one in during if noticed < one.at and one.at + one.seconds < back]
            found += [f"without Redis it was answered {one.status}" for one in sure if one.status != wanted][:3]
            if any(one.told for one in sure):
                found.append("it was told how limits stand while nobody can know")
        return found

    async def _decision(self) -> list[str]:
        """How long decisions took since this was asked last; whether one took too long."""
        found = []
        for server in self._of.servers:
            inner = await server.inner()
            self.slowest = max(self.slowest, inner.decision)
            self.beyond = max(self.beyond, inner.decision - inner.late)
            if inner.decision > DECIDED_WITHIN + TURNS * inner.late:
                found.append(f"a decision took {inner.decision * 1000:.0f} ms, {inner.late * 1000:.0f} of them late")
        return found

    async def _decided_alone(self) -> list[float]:
        return [await _metric(server, "fanfold_limits_alone_total") for server in self._of.servers]

    async def _tells(self, fault: Fault, before: list[float]) -> list[str]:
        """Whether what happened is told while there is no Redis."""
        now = await self._decided_alone()
        self.alone += int(sum(now) - sum(before))
        if not fault.away:
            return []
        found = [
            "the metric does not tell that it was decided without Redis"
            for earlier, later in zip(before, now, strict=True)
            if later <= earlier
        ]
        for server in self._of.servers:
            if await _metric(server, "fanfold_limits_shared") != 0:
                found.append("the metric says that limits are shared")
            if "cannot be asked for the limits" not in server.printed():
                found.append("the log does not tell that there is no Redis")
        return found

    async def _back(self) -> list[str]:
        """Wait until Redis decides again, for every server."""
        began = monotonic()
        await asyncio.gather(*(_decides(server, began + BACK_WITHIN * 5) for server in self._of.servers))
        took = monotonic() - began
        self.slowest_return = max(self.slowest_return, took)
        return [f"Redis decided again only after {took:.1f} s"] if took > BACK_WITHIN else []


async def _decides(server: Server, until: float) -> None:
    """Return when Redis decides about what a server is asked, or when time is up."""
    async with server.link() as link:
        while monotonic() < until:
            before = await _metric(server, "fanfold_limits_alone_total")
            replies = [await link.batch([READ]) for _ in range(3)]
            if (
                all(reply.status == 200 for reply in replies)
                and await _metric(server, "fanfold_limits_shared") == 1
                and await _metric(server, "fanfold_limits_alone_total") == before
            ):
                return
            await asyncio.sleep(0.02)


async def _metric(server: Server, name: str) -> float:
    """A number that a server tells of itself."""
    async with server.link() as link:
        reply = await link.ask("GET", "/-/metrics")
    lines = [line for line in reply.body.decode().splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


async def _free(link: Link) -> list[str]:
    """Whether all slots are free, as soon as what was held has been given back."""
    until = monotonic() + FREE_WITHIN
    while (found := await at_rest(link)) and monotonic() < until:
        await asyncio.sleep(0.05)
    return found


async def _window(setting: Setting, of: Shared) -> tuple[int, list[str]]:
    """How much is admitted in one window while Redis comes back empty again and again; what is wrong with that."""
    over = asyncio.Event()
    askers = [Asker(server, SEARCH) for server in of.servers for _ in range(2)]
    flying = [asyncio.create_task(asker.fly(over)) for asker in askers]
    dice = setting.dice("window", of.policy)
    until = monotonic() + setting.seconds(2.0, 90.0)
    while monotonic() < until or (not _refused(askers) and monotonic() < until + PATIENT):
        await asyncio.sleep(dice.uniform(0.8, 2.0))
        await asyncio.to_thread(of.redis.kill)
        await asyncio.sleep(dice.uniform(0.0, 0.5))
        await asyncio.to_thread(of.redis.start)
    over.set()
    await asyncio.gather(*flying)
    asked = [one for asker in askers for one in asker.asked]
    # A moment less than the window, as it is counted by when it was decided, and seen here when it was answered.
    most = most_within([one.at + one.seconds for one in asked if one.status == 200], WINDOW - 0.5)
    found = [one for asker in askers for one in asker.wrong]
    if most > 2 * LIMIT:
        found.append(f"{most} requests were admitted in one window, of {LIMIT}")
    if not _refused(askers):
        found.append(f"{most} requests were admitted and none refused: nothing is proved by that")
    return most, [f"{of.policy}, window: {one}" for one in found]


def _refused(askers: list[Asker]) -> bool:
    """Whether there was more to do than the limit allows."""
    return any(one.status == 429 for asker in askers for one in asker.asked)


def _names(setting: Setting, policy: str, wanted: int) -> list[str]:
    """What is done in so many rounds: everything once before anything twice."""
    dice = setting.dice("redis", policy)
    found: list[str] = []
    while len(found) < wanted:
        found += dice.sample(list(FAULTS), len(FAULTS))
    return found[:wanted]


async def run(setting: Setting) -> Figures:
    """Take Redis away under each policy."""
    if BINARY is None:
        raise UnableError("there is no Redis server on this machine to start one's own")
    counts: dict[str, float] = {}
    violations: list[str] = []
    async with builder(replace(setting, db="postgres")) as makes:
        if not isinstance(makes, PostgresBuilder):
            raise UnableError("servers that share limits share a PostgreSQL")
        for policy in POLICIES:
            async with shared(makes, setting, policy, setting.folder / policy) as of:
                ordeal = Ordeal(setting, of)
                for number, name in enumerate(_names(setting, policy, setting.sized(1, 66)), 1):
                    await ordeal.round(number, name)
                    setting.say(f"{policy}, round {number}, {name}: {len(ordeal.violations)} violations")
                if policy != "allow":
                    most, found = await _window(setting, of)
                    ordeal.violations += found
                    counts[f"{policy}_most_in_a_window_of_{LIMIT}"] = most
            violations += ordeal.violations
            counts |= {
                f"{policy}_rounds": ordeal.rounds,
                f"{policy}_answers": ordeal.answers,
                f"{policy}_decided_alone": ordeal.alone,
                f"{policy}_acknowledged": ordeal.acknowledged,
                f"{policy}_slowest_decision_ms": round(ordeal.slowest * 1000),
                f"{policy}_beyond_lag_ms": round(ordeal.beyond * 1000),
                f"{policy}_slowest_return_s": round(ordeal.slowest_return, 2),
            }
    return Figures(counts=counts, violations=shortened(violations))


SCENARIO = Scenario(
    "redis",
    "the Redis of two servers dies, hangs, is full, forgets, cannot be reached",
    "the policy for that holds, soon and visibly; nobody is given more than twice a limit; no slot stays held",
    run,
)
"""Always over PostgreSQL, which both servers share."""
