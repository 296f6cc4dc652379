"""F2: the server dies at a named moment: at each commit, before and after each answer, between two statements.

One story is told again and again, on copies of one database: batches, a job that copies a project, deliveries. The
first time all moments are counted, then the server is made to die at one after the other, from its start on.
"""

from __future__ import annotations

import random
import signal
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from msgspec import json

from faults.afterwork import Large, all_is_delivered, copies_are_known, copy_is_whole, large_project, sync_token
from faults.checker import ask_again, assert_invariants
from faults.client import BrokenError
from faults.history import History
from faults.inside import Inside
from faults.receiver import Receiver
from faults.server import NotServingError, Server
from faults.setting import Figures, Scenario, Setting, shortened
from faults.stores import Builder, Home, builder
from faults.tampered import EVERY
from faults.workload import Client, Ground, prepare

FEW = ("commit", "committed", "answer", "answered", "post", "posted", "engine-commit")
"""Moments at which it is tried each time; of the others a sample is taken."""

QUICK = {"sqlite": 10, "postgres": 2}
"""How many of those are tried in the quick tier: over PostgreSQL a story takes several times as long."""

SAMPLED = ("statement", "engine")
COPY = "Copy at points"


class Moment(NamedTuple):
    """Where it dies, and at the how manieth time."""

    where: str
    number: int

    def __str__(self) -> str:
        return f"{self.where}:{self.number}"


class Scene(NamedTuple):
    """What is there before the story begins."""

    ground: Ground
    large: Large
    sync: str


async def _build(server: Server, receiver: Receiver) -> Scene:
    await server.start()
    async with server.link() as link:
        large = await large_project(link)
        ground = await prepare(link, "points")
        await link.data("POST", "/webhooks", resource=ground.project, target=receiver.url())
        sync = await sync_token(link, ground.project)
        found = await all_is_delivered(link, receiver, ground.project, sync)
        if found:
            raise BrokenError(str(found))
    await server.stop()
    return Scene(ground, large, sync)


class Telling:
    """The story told once, and what came of it."""

    def __init__(self, server: Server, place: Home, receiver: Receiver, scene: Scene) -> None:
        self.server = server
        self.place = place
        self.inside: Inside = place.inside
        self.receiver = receiver
        self.scene = scene
        self.history = History()
        self.job = ""

    async def tell(self) -> bool:
        """As far as the server lives; whether it was to the end."""
        client = Client("told", self.server, self.scene.ground, self.history, random.Random(3))
        try:
            for _ in range(2):
                await client.once()
            async with self.server.link() as link:
                job = await link.data("POST", f"/projects/{self.scene.large.project}/duplicate", name=COPY)
                self.job = job["gid"]
            await client.once()
            async with self.server.link() as link:
                await copy_is_whole(link, self.scene.large, self.job)
                await all_is_delivered(link, self.receiver, self.scene.ground.project, self.scene.sync, within=10)
        except BrokenError:
            return False
        else:
            return not any(one.state == "info" for one in self.history.operations)
        finally:
            client.link.close()

    async def check(self) -> list[str]:
        """What is wrong once a server is there again."""
        scene = self.scene
        async with self.server.link() as link:
            found = await ask_again(link, self.history, scene.ground)
            found += await assert_invariants(self.server, self.inside, scene.ground, self.history)
            found += copies_are_known(self.inside, COPY, {COPY})
            job = self.job or str(self.inside.value("SELECT max(gid) FROM record WHERE kind = 'job'"))
            if self.inside.named("project", COPY):
                found += await copy_is_whole(link, scene.large, job)
            elif self.job:
                found.append(f"I1: job {self.job} was acknowledged and its project is not there")
            found += await all_is_delivered(link, self.receiver, scene.ground.project, scene.sync)
        return found


class Theatre:
    """Where the story is told, each time as if for the first time."""

    def __init__(self, setting: Setting, makes: Builder, receiver: Receiver) -> None:
        self._folder = setting.folder
        self._makes = makes
        self._receiver = receiver
        self.reached: Counter[str] = Counter()
        self.acknowledged = self.unreached = 0

    async def prepare(self) -> dict[str, int]:
        """Make the database; how many moments of each sort the story has."""
        self._original = await self._makes.make(self._folder / "original")
        self._scene = await _build(_server(self._original), self._receiver)
        telling = await self._begin("count")
        server = telling.server
        server.tamper(f"{EVERY}:0")
        await server.start()
        await telling.tell()
        await server.inner()
        told = Path(server.environment["FAULTS_TOLD"]).with_suffix(".points")
        counted = json.decode(told.read_bytes(), type=dict[str, int])
        server.kill()
        await self._makes.remove(telling.place)
        return counted

    async def die(self, moment: Moment) -> list[str]:
        """Tell the story to a server that dies at a moment, and look at what is left when it is there again."""
        telling = await self._begin(str(moment).replace(":", "-"))
        server = telling.server
        server.tamper(str(moment))
        try:
            await server.start()
            told = await telling.tell()
        except NotServingError:
            told = False  # it died of it before it served anybody
        if told:
            self.unreached += 1
            server.kill()
        elif await server.ended() == -signal.SIGKILL:
            self.reached[moment.where] += 1
        else:
            return [f"the server ended with {server.code}: {server.printed()[-300:]}"]
        server.program = ("fanfold",)
        await server.start()
        found = await telling.check()
        self.acknowledged += telling.history.acknowledged
        server.kill()
        await self._makes.remove(telling.place)
        return found

    async def _begin(self, name: str) -> Telling:
        self._receiver.clear()
        place = await self._makes.make(self._folder / name, like=self._original)
        return Telling(_server(place), place, self._receiver, self._scene)


def _server(place: Home) -> Server:
    return Server(place.folder, "--access-log", "off", *place.flags, db=place.db)


def moments_of(counted: dict[str, int], setting: Setting) -> list[Moment]:
    """The moments at which it is to die."""
    dice = setting.dice("points")
    all_of_few = [Moment(where, number) for where in FEW for number in range(1, counted.get(where, 0) + 1)]
    sampled = [
        Moment(where, dice.randrange(1, counted[where] + 1))
        for where in SAMPLED
        if where in counted
        for _ in range(setting.sized(2 if setting.db == "sqlite" else 1, 100))
    ]
    if setting.tier == "quick":
        few = dice.sample(all_of_few, min(len(all_of_few), setting.count or QUICK[setting.db]))
        return [*few, *sampled]
    return [*all_of_few, *sampled]


async def run(setting: Setting) -> Figures:
    """Die at each of them."""
    violations: list[str] = []
    async with builder(setting) as makes, Receiver() as receiver:
        theatre = Theatre(setting, makes, receiver)
        counted = await theatre.prepare()
        moments = moments_of(counted, setting)
        setting.say(f"{len(moments)} of {sum(counted.values())} moments: {counted}")
        for place, moment in enumerate(moments, 1):
            violations += [f"{moment}: {one}" for one in await theatre.die(moment)]
            if place % 50 == 0:
                setting.say(f"{place} moments, {len(violations)} violations")
    counts: dict[str, float] = {f"died_at_{where}": count for where, count in sorted(theatre.reached.items())}
    counts |= {
        "moments": sum(counted.values()),
        "died": theatre.reached.total(),
        "not_reached": theatre.unreached,
        "acknowledged": theatre.acknowledged,
    }
    return Figures(counts=counts, violations=shortened(violations))


SCENARIO = Scenario(
    "points",
    "death at each commit and each answer",
    "whatever the moment, what was acknowledged is there, nothing is there by half, jobs and deliveries go on",
    run,
)
