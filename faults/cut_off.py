"""F4 and F11: the network between two servers and their PostgreSQL is slow, breaks off, falls silent, says rubbish.

Both servers come to the database through one proxy, batches and single writes are on their way all the time, and one
disturbance after the other is begun and lifted. Afterwards the database is looked at without the proxy between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from time import monotonic
from urllib.parse import urlsplit, urlunsplit

from msgspec.structs import replace

from faults import disturbances
from faults.checker import ask_again, assert_invariants, at_rest, printed
from faults.history import History
from faults.proxy import ChaosProxy
from faults.server import Server
from faults.setting import Figures, Scenario, Setting, UnableError, shortened
from faults.single import Single
from faults.stores import Home, PostgresBuilder, builder
from faults.wording import Careful
from faults.workload import Ground, prepare

SERVERS = 2
BATCHES = 3
SINGLES = 2
"""Callers of each server."""

AWAY = frozenset({503, 504})
"""What a client may be told while the database is away; 504 where nobody knows whether it was done."""

BACK_WITHIN = 5.0
"""Seconds after the network has come right in which each server has to have written again."""

UNTOLD = 1.2
"""Seconds after which each server has told the other how the requests with a key have ended that it was asked for."""

PATIENT = 60.0

LASTS = {"quick": 1.5, "long": 6.0}
"""Seconds that a disturbance lasts at most; 0.5 at least."""


class Ordeal:
    """Two servers, what is done between them and their database, and what was seen."""

    def __init__(self, setting: Setting, proxy: ChaosProxy, home: Home) -> None:
        self._setting = setting
        self._proxy = proxy
        self._home = home
        parts = urlsplit(home.db)
        db = urlunsplit(parts._replace(netloc=f"{parts.username}@127.0.0.1:{proxy.port}"))
        self.servers = [Server(home.folder, db=db) for _ in range(SERVERS)]
        for server in self.servers:  # one caller, whichever server is asked
            server.address = server.address._replace(token=self.servers[0].address.token)
        self.violations: dict[str, None] = {}
        """What was broken, each once: what stands in the log is found after every round."""

        self.acknowledged = self.refused = self.undecided = self.unanswered = self.rounds = 0
        self.slowest_return: dict[str, float] = {}
        self.slowest_answer = 0.0

    async def round(self, number: int, name: str) -> None:
        """Have everybody at work, disturb, let go, compare."""
        dice = self._setting.dice("cut-off", number)
        history = History()
        async with self.servers[0].link() as link:
            ground = await prepare(link, f"round {number}")
        over = asyncio.Event()
        callers = list(self._callers(number, history, ground))
        flying = [asyncio.create_task(caller.fly(over)) for caller in callers]
        while history.acknowledged < len(callers) and not any(task.done() for task in flying):
            await asyncio.sleep(0.01)
        await asyncio.sleep(dice.uniform(0, 0.3))
        what = await disturbances.begin(name, self._proxy, dice)
        await asyncio.sleep(dice.uniform(0.5, LASTS[self._setting.tier]))
        await disturbances.lift(self._proxy)
        took = max(await asyncio.gather(*(_back(server) for server in self.servers)))
        self.slowest_return[name] = max(self.slowest_return.get(name, 0.0), took)
        over.set()
        await asyncio.gather(*flying)
        await asyncio.sleep(UNTOLD)
        found = [one for caller in callers for one in caller.unfit]
        if took > BACK_WITHIN:
            found.append(f"a server could not write for {took:.1f} s after the network was well again")
        found += await self._compare(history, ground, number)
        self.violations |= dict.fromkeys(f"round {number}, {what}: {one}" for one in found)
        self._count(history, callers)

    def _callers(self, number: int, history: History, ground: Ground) -> Iterator[Careful | Single]:
        for place, server in enumerate(self.servers):
            for n in range(BATCHES):
                caller = Careful(
                    f"p{number}s{place}b{n}", server, ground, history, self._setting.dice(number, place, n)
                )
                caller.may = AWAY
                yield caller
            for n in range(SINGLES):
                yield Single(f"p{number}s{place}w{n}", server, ground, history, AWAY)

    async def _compare(self, history: History, ground: Ground, number: int) -> list[str]:
        first, *others = self.servers if number % 2 else self.servers[::-1]
        async with first.link() as link:
            found = await ask_again(link, history, ground)
        found += await assert_invariants(first, self._home.inside, ground, history, sound=number % 5 == 0)
        for server in others:
            async with server.link() as link:
                found += await at_rest(link)
            found += printed(server)
            if not server.running:
                found.append(f"a server ended with {server.code}")
        return found

    def _count(self, history: History, callers: list[Careful | Single]) -> None:
        self.rounds += 1
        written = [one for one in history.operations if one.what != "read"]
        self.acknowledged += sum(one.state == "ok" for one in written)
        self.refused += sum(one.status == 503 for one in written)
        self.undecided += sum(one.status == 504 for one in written)
        self.slowest_answer = max(self.slowest_answer, *(caller.slowest for caller in callers))
        unanswered = sum(caller.unanswered for caller in callers)
        if unanswered:
            self.violations[f"round {self.rounds}: {unanswered} requests were not answered"] = None


async def _back(server: Server) -> float:
    """Seconds from now until a server has written something again."""
    began = monotonic()
    async with server.link() as link:
        while monotonic() < began + PATIENT:
            reply = await link.ask("POST", "/api/1.0/tags", {"data": {"name": "back", "workspace": "1005"}})
            if reply.status == 201:
                break
            await asyncio.sleep(0.05)
    return monotonic() - began


def _names(setting: Setting, wanted: int) -> list[str]:
    """What is done in so many rounds: everything once before anything twice."""
    dice = setting.dice("cut-off")
    found: list[str] = []
    while len(found) < wanted:
        found += dice.sample(disturbances.NAMES, len(disturbances.NAMES))
    return found[:wanted]


async def run(setting: Setting) -> Figures:
    """Disturb, let go, compare."""
    async with builder(replace(setting, db="postgres")) as makes:
        if not isinstance(makes, PostgresBuilder):
            raise UnableError("this is about PostgreSQL")
        home = await makes.make(setting.folder / "cut-off")
        async with ChaosProxy(makes.server.port, dice=setting.dice("network")) as proxy:
            ordeal = Ordeal(setting, proxy, home)
            for server in ordeal.servers:
                await server.start()
            names = _names(setting, setting.sized(4, 200))
            for number, name in enumerate(names, 1):
                await ordeal.round(number, name)
                setting.say(f"round {number}, {name}: {len(ordeal.violations)} violations")
            for server in ordeal.servers:
                await server.stop()
    returns = {f"slowest_return_after_{name}_s": round(took, 2) for name, took in sorted(ordeal.slowest_return.items())}
    counts = {
        "rounds": ordeal.rounds,
        "acknowledged_writes": ordeal.acknowledged,
        "refused_503": ordeal.refused,
        "undecided_504": ordeal.undecided,
        "connections": proxy.connections,
        "slowest_answer_s": round(ordeal.slowest_answer, 2),
        **returns,
    }
    return Figures(counts=counts, violations=shortened(list(ordeal.violations)))


SCENARIO = Scenario(
    "cut-off",
    "the network before PostgreSQL is slow, silent, broken, or says rubbish",
    "nothing acknowledged is lost, nobody gets an answer to another, and writing goes on when the network is well",
    run,
)
"""Always over PostgreSQL, whatever database is asked for."""
