"""Jobs and deliveries while the server is killed again and again: each job is done once, each event delivered."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any, NamedTuple

from faults.afterwork import (
    Large,
    all_is_delivered,
    copies_are_known,
    copy_is_whole,
    export_is_whole,
    large_project,
    sync_token,
)
from faults.checker import assert_invariants
from faults.client import BrokenError, Link
from faults.history import History
from faults.receiver import Receiver
from faults.server import Server
from faults.setting import Figures, Scenario, Setting, shortened
from faults.stores import Home, home
from faults.workload import Client, Ground, fly_all, prepare

LIVES = 10
"""Kills in a round; then everything has to come to its end, and is compared."""

WRITERS = 2
LONGEST_LIFE = 0.6
"""Seconds that a server lives at most, once it serves."""


class Asked(NamedTuple):
    """A job that was acknowledged."""

    sort: str
    gid: str


class Round:
    """One database, some lives of its server, and the end."""

    def __init__(self, setting: Setting, place: Home, receiver: Receiver, number: int) -> None:
        self._dice = setting.dice("jobs", number)
        self._place = place
        self._receiver = receiver
        self.server = Server(place.folder, "--access-log", "off", *place.flags, db=place.db)
        self.asked: list[Asked] = []
        self.named: set[str] = set()
        self.history = History()
        self.kills = self.repetitions = 0
        self._numbers = itertools.count()

    async def run(self, lives: int) -> list[str]:
        """What was wrong at the end."""
        server = self.server
        self._receiver.clear()
        await server.start()
        async with server.link() as link:
            large = await large_project(link, 420)
            ground = await prepare(link, "jobs")
            await link.data("POST", "/webhooks", resource=ground.project, target=self._receiver.url())
            sync = await sync_token(link, ground.project)
        for life in range(lives):
            await self._one_life(large, ground, life)
            server.kill()
            self.kills += 1
            await server.start()
        return await self._end(large, ground, sync)

    async def _one_life(self, large: Large, ground: Ground, life: int) -> None:
        dice = self._dice
        over = asyncio.Event()
        writers = [Client(f"l{life}w{n}", self.server, ground, self.history, dice) for n in range(WRITERS)]
        flying = asyncio.create_task(fly_all(writers, over))
        asking = asyncio.create_task(self._ask(large, ground))
        await asyncio.sleep(dice.uniform(0.02, LONGEST_LIFE))
        self.server.kill()
        over.set()
        await asyncio.gather(flying, asking)

    async def _ask(self, large: Large, ground: Ground) -> None:
        """Begin jobs, one after the other, until nobody answers."""
        try:
            async with self.server.link() as link:
                for _ in range(2):
                    await self._begin(link, large, ground)
        except BrokenError:
            pass

    async def _begin(self, link: Link, large: Large, ground: Ground) -> None:
        sort = self._dice.choice(("duplicate", "duplicate", "instantiate", "export"))
        name = f"Job {next(self._numbers)} of {self.server.address.port}"
        if sort == "export":
            export = await link.data("POST", "/organization_exports", organization=ground.workspace)
            self.asked.append(Asked(sort, export["gid"]))
            return
        self.named.add(name)
        path = f"/projects/{large.project}/duplicate"
        if sort == "instantiate":
            path = f"/project_templates/{large.template}/instantiateProject"
        job = await link.data("POST", path, name=name)
        self.asked.append(Asked(sort, job["gid"]))

    async def _end(self, large: Large, ground: Ground, sync: str) -> list[str]:
        found: list[str] = []
        async with self.server.link() as link:
            for asked in self.asked:
                if asked.sort == "export":
                    found += await export_is_whole(link, asked.gid)
                else:
                    found += await copy_is_whole(link, large, asked.gid)
            found += await self._unfinished()
            found += await all_is_delivered(link, self._receiver, ground.project, sync)
        found += copies_are_known(self._place.inside, "Job ", self.named)
        found += await assert_invariants(self.server, self._place.inside, ground, self.history)
        self.repetitions = self._receiver.repetitions()
        code = await self.server.stop()
        return found + ([f"the server ended with {code}"] if code else [])

    async def _unfinished(self) -> list[str]:
        """Jobs that nobody was told of have to come to their end too."""
        for _ in range(600):
            left = self._place.inside.unfinished_jobs()
            if not left:
                return []
            await asyncio.sleep(0.05)
        return [f"I8: {left} jobs never came to their end"]


async def run(setting: Setting) -> Figures:
    """Rounds, each on a database of its own."""
    wanted = setting.sized(LIVES, 200)
    violations: list[str] = []
    totals: dict[str, Any] = {"kills": 0, "jobs": 0, "acknowledged_writes": 0, "events": 0, "repeated_deliveries": 0}
    async with Receiver() as receiver:
        for number, first in enumerate(range(0, wanted, LIVES)):
            async with home(setting, setting.folder / f"round-{number}") as place:
                of = Round(setting, place, receiver, number)
                violations += [f"round {number}: {one}" for one in await of.run(min(LIVES, wanted - first))]
            totals["kills"] += of.kills
            totals["jobs"] += len(of.asked)
            totals["acknowledged_writes"] += sum(one.state == "ok" for one in of.history.operations)
            totals["events"] += len(receiver.events())
            totals["repeated_deliveries"] += of.repetitions
            setting.say(f"{totals['kills']} of {wanted} kills, {totals['jobs']} jobs, {len(violations)} violations")
    totals["jobs_doubled"] = sum("times" in one or "twice" in one for one in violations)
    return Figures(counts=totals, violations=shortened(violations))


SCENARIO = Scenario(
    "jobs",
    "kill -9 while jobs and deliveries are under way",
    "every job comes to its end once, every committed event is delivered, with the same bytes if it comes again",
    run,
)
