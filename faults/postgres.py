"""F3, F4 and F5: the database dies as if its power had failed, again and again; workers die, or stand still and go on.

Two workers over one database, batches on their way all the time. A worker that is stopped in the midst of a transaction
holds its lock until the database throws it out; when it goes on, nothing of what it had begun may be committed. And the
database is there and cannot be used: it ends connections, has none left, is locked by others, may only be read.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import AbstractContextManager
from pathlib import Path
from time import monotonic

from faults.checker import ask_again, assert_invariants
from faults.history import History
from faults.server import Server
from faults.setting import Figures, Scenario, Setting, UnableError, shortened
from faults.stores import Home, PostgresBuilder, builder
from faults.wording import Careful
from faults.workload import fly_all, prepare

CLIENTS = 8

AWAY = frozenset({502, 503, 504})
"""What a client may be told while something is away; 504 where nobody knows whether it was done."""

BACK_WITHIN = 10.0
"""Seconds after the database has come back in which a write has to be done again."""

LOCKED = 3.0
"""Seconds that another holds everything at least."""

STILL = 7.0
"""Seconds that a worker stands still: longer than the database lets a transaction stand still."""


class Ordeal:
    """What is done to one server, and what was seen."""

    def __init__(self, setting: Setting, makes: PostgresBuilder, home: Home) -> None:
        self.setting = setting
        self._makes = makes
        self._home = home
        self.server = Server(home.folder, "--workers", "2", "--without-redis", "local", db=home.db, limits="off")
        self.violations: list[str] = []
        self._name = makes.name(home)
        self.counts = {
            "database_deaths": 0,
            "workers_killed": 0,
            "workers_stopped": 0,
            "connections_ended": 0,
            "crowded": 0,
            "locked": 0,
            "read_only": 0,
            "acknowledged_writes": 0,
        }
        self.returns: dict[str, float] = {}
        """The slowest return after each thing."""

    async def round(self, number: int) -> None:
        """Fly, do something, compare."""
        dice = self.setting.dice("postgres", number)
        history = History()
        async with self.server.link() as link:
            ground = await prepare(link, f"round {number}")
        clients = [
            Careful(f"p{number}c{n}", self.server, ground, history, self.setting.dice(number, n))
            for n in range(CLIENTS)
        ]
        for client in clients:
            client.may = AWAY
        over = asyncio.Event()
        flying = asyncio.create_task(fly_all(clients, over))
        while history.acknowledged < CLIENTS:
            await asyncio.sleep(0.01)
        await asyncio.sleep(dice.uniform(0, 0.3))
        ways = (
            self._database,
            self._kill,
            self._halt,
            self._end_connections,
            self._crowd,
            self._lock,
            self._read_only,
        )
        what = ways[number % len(ways)]
        await what(dice.uniform(0.0, 2.0))
        await self._back(what.__name__.strip("_"))
        await asyncio.sleep(0.3)
        over.set()
        await flying
        async with self.server.link() as link:
            again = await ask_again(link, history, ground)
        again += [one for client in clients for one in client.unfit]
        found = again + await assert_invariants(self.server, self._home.inside, ground, history, sound=number % 5 == 0)
        self.violations += [f"round {number}, {what.__name__}: {one}" for one in found]
        self.counts["acknowledged_writes"] += sum(
            one.state == "ok" and one.what != "read" for one in history.operations
        )

    async def _database(self, seconds: float) -> None:
        await asyncio.to_thread(self._makes.server.stop)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._makes.server.start)
        self.counts["database_deaths"] += 1

    async def _kill(self, _: float) -> None:
        os.kill(self._worker(), signal.SIGKILL)
        self.counts["workers_killed"] += 1

    async def _halt(self, seconds: float) -> None:
        worker = self._worker()
        os.kill(worker, signal.SIGSTOP)
        await asyncio.sleep(STILL + seconds)
        os.kill(worker, signal.SIGCONT)
        self.counts["workers_stopped"] += 1

    async def _end_connections(self, seconds: float) -> None:
        until = monotonic() + seconds
        while True:
            self.counts["connections_ended"] += await asyncio.to_thread(self._makes.server.kick, self._name)
            if monotonic() > until:
                return
            await asyncio.sleep(0.3)

    async def _crowd(self, seconds: float) -> None:
        await self._during("crowded", self._makes.server.crowded(self._name), seconds)

    async def _lock(self, seconds: float) -> None:
        await self._during("locked", self._makes.server.locked(self._name), LOCKED + seconds)

    async def _read_only(self, seconds: float) -> None:
        await self._during("read_only", self._makes.server.read_only(self._name), seconds)

    async def _during(self, what: str, disturbed: AbstractContextManager[None], seconds: float) -> None:
        await asyncio.to_thread(disturbed.__enter__)
        try:
            await asyncio.sleep(seconds)
        finally:
            await asyncio.to_thread(disturbed.__exit__, None, None, None)
        self.counts[what] += 1

    def _worker(self) -> int:
        children = Path(f"/proc/{self.server.pid}/task/{self.server.pid}/children").read_text().split()
        return int(children[-1])

    async def _back(self, what: str) -> None:
        """Wait until something can be written again."""
        began = monotonic()
        while monotonic() < began + 60:
            async with self.server.link() as link:
                reply = await link.ask("POST", "/api/1.0/tags", {"data": {"name": "back", "workspace": "1005"}})
            if reply.status == 201:
                break
            await asyncio.sleep(0.05)
        took = monotonic() - began
        self.returns[what] = max(self.returns.get(what, 0.0), took)
        if took > BACK_WITHIN:
            self.violations.append(f"nothing could be written for {took:.1f} s after what was away was there again")


async def run(setting: Setting) -> Figures:
    """Break what the server stands on, and compare."""
    async with builder(setting) as makes:
        if not isinstance(makes, PostgresBuilder):
            raise UnableError("this is about PostgreSQL: --db postgres")
        home = await makes.make(setting.folder / "shared")
        ordeal = Ordeal(setting, makes, home)
        await ordeal.server.start()
        for number in range(setting.sized(7, 200)):
            await ordeal.round(number)
            setting.say(f"round {number}: {len(ordeal.violations)} violations")
        await ordeal.server.stop()
    returns = {f"return_after_{what}_s": round(took, 2) for what, took in ordeal.returns.items()}
    counts = {**ordeal.counts, "slowest_return_s": round(max(ordeal.returns.values()), 2), **returns}
    return Figures(counts=counts, violations=shortened(ordeal.violations))


SCENARIO = Scenario(
    "postgres",
    "the database and workers die, stand still, are locked, crowded, read-only",
    "what was acknowledged is there, nothing is half there, and a worker that went on commits nothing stale",
    run,
    quick=False,
)
"""Only over PostgreSQL."""
