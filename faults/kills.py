"""F1: the server is killed at a random moment while batches are on their way, and started again on what it left."""

from __future__ import annotations

import asyncio
from pathlib import Path

from faults.checker import ask_again, assert_invariants
from faults.history import History
from faults.inside import Inside
from faults.server import Server
from faults.setting import Figures, Scenario, Setting, shortened
from faults.stores import home
from faults.workload import Client, fly_all, prepare

CLIENTS = 8
WITHIN = 0.05
"""Seconds, counted from when all clients are at work, in which it dies."""

LIVES = 25
"""Kills on one database: each is checked for itself, and a database that grows would make that slower and slower."""

SLOWEST_START = 3.0


class Run:
    """Kills, one after the other."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.kills = self.acknowledged = self.unknown = self.starts = 0
        self.slowest_start = 0.0
        self.violations: list[str] = []

    async def on_one_database(self, folder: Path, first: int, count: int) -> None:
        """So many kills of servers on one database."""
        async with home(self.setting, folder) as place:
            server = Server(folder, db=place.db)
            await server.start()
            for number in range(first, first + count):
                await self._one(server, place.inside, number, sound=number == first + count - 1)
            await server.stop()
        self.slowest_start = max(self.slowest_start, server.slowest_start)

    async def _one(self, server: Server, inside: Inside, number: int, *, sound: bool) -> None:
        dice = self.setting.dice("kills", number)
        history = History()
        async with server.link() as link:
            ground = await prepare(link, f"run {number}")
        clients = [
            Client(f"r{number}c{n}", server, ground, history, self.setting.dice(number, n)) for n in range(CLIENTS)
        ]
        never = asyncio.Event()
        flying = asyncio.create_task(fly_all(clients, never))
        while history.acknowledged < CLIENTS and not flying.done():
            await asyncio.sleep(0)
        await asyncio.sleep(dice.uniform(0, WITHIN))
        server.kill()
        await flying
        self.kills += 1
        await server.start()
        async with server.link() as link:
            again = await ask_again(link, history, ground)
        found = again + await assert_invariants(server, inside, ground, history, sound=sound)
        self.violations += [f"kill {number}: {one}" for one in found]
        self.acknowledged += sum(one.state == "ok" and one.what != "read" for one in history.operations)
        self.unknown += sum(one.state == "info" for one in history.operations)


async def run(setting: Setting) -> Figures:
    """Kill, start, compare."""
    of = Run(setting)
    wanted = setting.sized(20, 500)
    for first in range(0, wanted, LIVES):
        folder = setting.folder / f"life-{first}"
        folder.mkdir()
        await of.on_one_database(folder, first, min(LIVES, wanted - first))
        setting.say(f"{of.kills} of {wanted} kills, {len(of.violations)} violations")
    if of.slowest_start > SLOWEST_START:
        of.violations.append(f"a start took {of.slowest_start:.2f} s, more than {SLOWEST_START:g}")
    counts = {
        "kills": of.kills,
        "acknowledged_writes": of.acknowledged,
        "unanswered": of.unknown,
        "slowest_restart_s": round(of.slowest_start, 3),
    }
    return Figures(counts=counts, violations=shortened(of.violations))


SCENARIO = Scenario(
    "kills",
    "kill -9 at a random moment",
    "no acknowledged write is lost, none is there in part, and a key never does its work twice",
    run,
)
