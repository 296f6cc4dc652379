"""F14: the clock is set an hour ahead, an hour back, a day ahead, stands still, and is right again.

Meanwhile clients write and read, jobs are begun, webhooks are told of it all and one receiver fails for a while, a
caller asks for as much as a limit gives, and a gateway waits for an API that does not answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any, NamedTuple

from msgspec import json

from faults.afterwork import Large, all_is_delivered, copy_is_whole, large_project, sync_token
from faults.checker import ask_again, assert_invariants, leaked, printed
from faults.client import BrokenError, Link, batch_body
from faults.faked_time import FakedTime
from faults.history import History
from faults.receiver import Delivery, Receiver
from faults.server import Gateway, Server
from faults.setting import Figures, Scenario, Setting, shortened
from faults.stores import Home, home
from faults.upstream import Upstream
from faults.workload import Client, Ground, fly_all, prepare

HOUR = 3600.0
DAY = 24 * HOUR


class Spell(NamedTuple):
    """A time for which the clock is wrong: by so many seconds, or standing still."""

    name: str
    ahead: float | None


SPELLS = (
    Spell("an hour ahead", HOUR),
    Spell("an hour back", -HOUR),
    Spell("a day ahead", DAY),
    Spell("standing still", None),
    Spell("right again", 0.0),
)

WINDOW = 60.0
LIMIT = 100
"""Requests that the hungry caller may send in a window."""

TIMEOUT = 1.0
"""Seconds after which the gateway gives up an action."""

SLACK = 0.5
PROMPT = 5.0
"""Seconds in which anything has to be answered on a machine that others use too. The clock is wrong by an hour."""

RETRIED_WITHIN = 30.0
"""Seconds after which a receiver has to be told again that failed once: 10, and what a busy machine takes."""

PATIENCE = 30.0
"""Seconds in which a first delivery has to fail."""

DIFFERS = 30.0
"""Seconds by which an event's time may differ from what the clock showed."""

JOB_ACTIONS = 40


class Watchers:
    """What is at work while the clock is set."""

    def __init__(self, faked: FakedTime) -> None:
        self.faked = faked
        self.found: list[str] = []
        self.slowest = 0.0
        self.admitted: list[float] = []
        self.refused = 0
        self.timed_out: list[float] = []
        self.shown: list[float] = []
        """By how much the clocks were ahead that there were."""

        self.over = asyncio.Event()

    async def hungry(self, server: Server) -> None:
        """Ask for as much as the limit gives, and note when it gave it."""
        async with server.link() as link:
            while not self.over.is_set():
                reply = await link.ask("GET", "/api/1.0/users/me")
                self.slowest = max(self.slowest, reply.seconds)
                if reply.status == 200:
                    self.admitted.append(monotonic())
                elif reply.status == 429:
                    self.refused += 1
                    self._hint(reply.headers.get("retry-after", ""))
                else:
                    self.found.append(f"a hungry caller was answered {reply.status} {reply.body[:200]!r}")
                await asyncio.sleep(0.01)

    def _hint(self, value: str) -> None:
        if not (value.isdecimal() and 1 <= int(value) <= WINDOW):
            self.found.append(f"a refusal says to come again after {value!r} seconds")

    async def waiting(self, gateway: Gateway) -> None:
        """Ask what is never answered, beside what is: the timeout is as long as always."""
        actions = [{"method": "get", "relative_path": f"/late/300/{number}"} for number in range(9)]
        async with gateway.link() as link:
            while not self.over.is_set():
                reply = await link.ask(
                    "POST", "/batch", batch_body([*actions, {"method": "get", "relative_path": "/hang"}])
                )
                self.timed_out.append(reply.seconds)
                statuses = [one["status_code"] for one in json.decode(reply.body)["data"]]
                if statuses != [200] * 9 + [504]:
                    self.found.append(f"a batch through the gateway was answered {statuses}")
                if not TIMEOUT - 0.1 <= reply.seconds <= TIMEOUT + SLACK:
                    self.found.append(f"a timeout of {TIMEOUT:g} s took {reply.seconds:.2f} s")

    async def timed(self, server: Server, ground: Ground) -> None:
        """Read, and compare what the server says that took with what it took."""
        actions = [{"method": "get", "relative_path": f"/tasks/{gid}"} for gid in ground.registers]
        async with server.link() as link:
            while not self.over.is_set():
                reply = await link.batch(actions)
                self.slowest = max(self.slowest, reply.seconds)
                told = [float(part.partition("dur=")[2]) for part in reply.headers["server-timing"].split(",")]
                if min(told) < 0 or max(told) / 1000 > reply.seconds + SLACK:
                    self.found.append(f"what took {reply.seconds:.3f} s is said to have taken {told} ms")
                await asyncio.sleep(0.05)

    def most_in_a_window(self) -> int:
        """How many requests were admitted in the worst window."""
        within: deque[float] = deque()
        most = 0
        for at in self.admitted:
            within.append(at)
            while within[0] <= at - WINDOW:
                within.popleft()
            most = max(most, len(within))
        return most


class Work:
    """Jobs of all sorts on one server, begun at one time and looked at in the end."""

    def __init__(self, server: Server, large: Large, ground: Ground) -> None:
        self._server = server
        self._large = large
        self._ground = ground
        self._copies: list[str] = []
        self._batches: list[str] = []
        self._before_a_day: set[str] = set()
        self.overtaken = 0
        """Jobs for which the hour that they have was over as the clock was set a day ahead."""

    @property
    def count(self) -> int:
        """How many were begun."""
        return len(self._copies) + len(self._batches)

    async def begin(self, name: str) -> None:
        """Have a project copied and many tasks made."""
        async with self._server.link() as link:
            job = await link.data("POST", f"/projects/{self._large.project}/duplicate", name=f"Copy {name}")
            self._copies.append(job["gid"])
            actions = [
                {
                    "method": "post",
                    "relative_path": "/tasks",
                    "data": {"name": f"{name} {number}", "workspace": self._ground.workspace},
                }
                for number in range(JOB_ACTIONS)
            ]
            reply = await link.batch(actions, "Prefer: respond-async")
            if reply.status != 202:
                raise BrokenError(f"a job was answered {reply.status} {reply.body[:200]!r}")
            self._batches.append(reply.headers["location"])

    def a_day_passes(self) -> None:
        """The clock is about to be set ahead by more than a job may take: it goes by the clock, across restarts."""
        self._before_a_day.update(self._batches)

    async def ended(self, link: Link) -> list[str]:
        """What is wrong with them at their end."""
        found: list[str] = []
        for job in self._copies:
            found += await copy_is_whole(link, self._large, job)
        for place in self._batches:
            reply = await link.ask("GET", place, None, "Prefer: wait=20")
            job = json.decode(reply.body)["data"]
            statuses = {one["status_code"] for one in job["results"] if one}
            self.overtaken += 504 in statuses
            if job["finished_at"] is None or not statuses <= ({201, 504} if place in self._before_a_day else {201}):
                found.append(
                    f"I8: a job of {JOB_ACTIONS} actions is {job['status']}: {job['progress']} {job.get('error')}"
                )
        return found


class Flaky:
    """A receiver that fails for as long as it is told to."""

    def __init__(self) -> None:
        self.failing = False
        self.failed = 0

    async def __call__(self, _: Delivery, __: asyncio.StreamWriter) -> int:
        """Answer a delivery."""
        self.failed += self.failing
        return 500 if self.failing else 200


class Trial:
    """The servers of one run, which all go by the same clock."""

    def __init__(self, setting: Setting, place: Home, upstream: Upstream, receiver: Receiver) -> None:
        self.setting = setting
        self.place = place
        self.faked = FakedTime(setting.folder)
        self.server = Server(setting.folder, "--access-log", "off", *place.flags, db=place.db)
        self.limited = Server(
            setting.folder,
            *("--access-log", "off"),
            db=str(setting.folder / "limited.db"),
            limits=f"requests={LIMIT},reads=50,writes=15",
        )
        folder = setting.folder / "gateway"
        folder.mkdir()
        self.gateway = Gateway(
            folder, "", config=f'[upstreams.u]\nurl = "{upstream.url}"\nprefix = "/"\ntimeout = {TIMEOUT}\n'
        )
        self.receiver = receiver
        self.flaky = receiver.manners["/flaky"] = Flaky()
        self.history = History()
        self.watchers = Watchers(self.faked)
        self._day_ahead = 0.0
        """When the clock was last a day ahead, where keys from before are too old to be known."""

    async def run(self, rounds: int, seconds: float) -> tuple[list[str], dict[str, Any]]:
        """What was wrong, and figures."""
        servers = self.server, self.limited, self.gateway
        for server in servers:
            server.tamper()
            self.faked.give(server)
        await asyncio.gather(*(server.start() for server in servers))
        async with self.server.link() as link:
            large = await large_project(link, 60)
            ground = await prepare(link, "clocks")
            for path in ("/hook", "/flaky"):
                await link.data("POST", "/webhooks", resource=ground.project, target=self.receiver.url(path))
            sync = await sync_token(link, ground.project)
        async with self.gateway.link() as link:
            while (await link.ask("GET", "/echo/first")).status != 200:
                await asyncio.sleep(0.2)  # what the gateway needs for it is loaded first
        before = self.server.sample(), await self.server.inner()
        work = Work(self.server, large, ground)
        watchers = self.watchers
        clients = [Client(f"c{n}", self.server, ground, self.history, self.setting.dice("clocks", n)) for n in range(2)]
        tasks = [
            asyncio.create_task(flying)
            for flying in (
                fly_all(clients, watchers.over),
                watchers.hungry(self.limited),
                watchers.waiting(self.gateway),
                watchers.timed(self.server, ground),
            )
        ]
        began = datetime.now(UTC)
        for number in range(rounds):
            for spell in SPELLS:
                await self._live(spell, seconds, work, f"{number}, {spell.name}")
        watchers.over.set()
        await asyncio.gather(*tasks)
        found = [*watchers.found, *await self._end(ground, work, sync, before, began)]
        cpu = self.server.cpu()
        for server in servers:
            asked = monotonic()
            code = await server.stop()
            if code or monotonic() - asked > 2 * PROMPT:
                found.append(f"a server took {monotonic() - asked:.1f} s to end with {code}")
        return found, {"jobs": work.count, "jobs_overtaken": work.overtaken, "server_cpu_s": round(cpu, 1)}

    async def _live(self, spell: Spell, seconds: float, work: Work, name: str) -> None:
        """One spell. While the clock is ahead the receiver fails, so that it is to be told again after it went back."""
        if spell.ahead == DAY:
            work.a_day_passes()
        if spell.ahead is None:
            self.faked.freeze(datetime.now(UTC) + timedelta(seconds=HOUR))
            self.watchers.shown.append(HOUR)
        else:
            self.faked.set(spell.ahead)
            self.watchers.shown.append(spell.ahead)
        if spell.ahead == DAY:
            await asyncio.sleep(SLACK)
            self._day_ahead = monotonic()
        self.flaky.failing = spell.ahead == HOUR
        await work.begin(name)
        await asyncio.sleep(seconds)
        until = monotonic() + PATIENCE
        while self.flaky.failing and not self.flaky.failed and monotonic() < until:
            await asyncio.sleep(0.05)
        self.setting.say(f"{name}: {self.history.acknowledged} acknowledged, {len(self.watchers.found)} violations")

    async def _end(self, ground: Ground, work: Work, sync: str, before: Any, began: datetime) -> list[str]:
        async with self.server.link() as link:
            found = await work.ended(link)
            for path in ("/hook", "/flaky"):
                late = await all_is_delivered(link, self.receiver, ground.project, sync, path, RETRIED_WITHIN)
                found += [f"{path}: {one}" for one in late]
            found += await ask_again(link, self.history, ground, since=self._day_ahead)
        found += self._events(began)
        found += await assert_invariants(self.server, self.place.inside, ground, self.history)
        # The engine of jobs and deliveries and the connections to receivers are there only since the first of them.
        found += leaked(before, (self.server.sample(), await self.server.inner()), most_fds=12, most_tasks=8)
        return found + printed(self.limited) + printed(self.gateway)

    def _events(self, began: datetime) -> list[str]:
        """Whether the time of each event is one that the clock showed."""
        lasted = (datetime.now(UTC) - began).total_seconds()
        for event in self.receiver.events("/hook"):
            at = (datetime.fromisoformat(event["created_at"]) - began).total_seconds()
            if not any(ahead - DIFFERS <= at <= ahead + lasted + DIFFERS for ahead in self.watchers.shown):
                return [f"I9: an event is said to be of {event['created_at']}"]
        return []


async def run(setting: Setting) -> Figures:
    """Set the clock again and again."""
    rounds = setting.sized(1, 10)
    async with home(setting, setting.folder) as place, Upstream() as upstream, Receiver() as receiver:
        trial = Trial(setting, place, upstream, receiver)
        found, figures = await trial.run(rounds, setting.seconds(2.5, 8))
    watchers = trial.watchers
    most = watchers.most_in_a_window()
    if most > LIMIT:
        found.append(f"I6: {most} requests were admitted in {WINDOW:g} s, not {LIMIT}")
    if watchers.slowest > PROMPT:
        found.append(f"an answer took {watchers.slowest:.1f} s")
    if not trial.flaky.failed:
        found.append("no delivery failed, so that none had to be repeated")
    counts = {
        "times_set": rounds * len(SPELLS),
        "acknowledged_writes": sum(one.state == "ok" for one in trial.history.operations),
        **figures,
        "events": len(receiver.events()),
        "failed_deliveries": trial.flaky.failed,
        "admitted_in_a_window": most,
        "refused": watchers.refused,
        "timeouts": len(watchers.timed_out),
        "longest_timeout_ms": round(max(watchers.timed_out, default=0.0) * 1000),
        "slowest_answer_ms": round(watchers.slowest * 1000),
    }
    return Figures(counts=counts, violations=shortened(found))


SCENARIO = Scenario(
    "clocks",
    "the clock is set ahead and back, and stands still",
    "nothing takes longer or shorter for it, no limit gives more, jobs and deliveries come to their end",
    run,
)
