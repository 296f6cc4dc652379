"""F15, F17: files, slots, lines and the anteroom are full, and then there is room again.

Each is made small and filled by many at once. Whoever has no room is told so quickly, nobody is given what is
somebody else's, and once the crowd has gone all is as before without anybody's doing.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from time import monotonic

from msgspec import json

from faults.afterwork import copy_is_whole, large_project
from faults.checker import assert_invariants, at_rest, leaked, printed
from faults.client import Address, BrokenError, Link, batch_body
from faults.history import History
from faults.leaving import misplaced
from faults.server import Gateway, Server
from faults.setting import Figures, Scenario, Setting, shortened
from faults.stores import home
from faults.upstream import Upstream
from faults.workload import Client, Ground, prepare

FILES = 64
CROWD = 200
"""Idle connections that are tried to open: more than there are files for."""

MOST_CPU = 0.2
"""CPU seconds of a second in which nobody asks for anything, but many wait to be let in."""

QUICK = 1.0
"""Seconds in which a refusal has to be there, at the 99th percentile, on a machine that others use too."""

TURN = 0.03
"""Seconds that a server lets a request wait for its turn."""

LINE = 1.5
"""Seconds that a gateway lets a batch wait for room."""

RECOVERS_WITHIN = 10.0
MANY = 40
"""Callers at once, of a place for two."""

FULL = frozenset({429, 503})


class Crowd:
    """Connections that ask for nothing."""

    def __init__(self, address: Address) -> None:
        self._held: list[socket.socket] = []
        for _ in range(CROWD):
            held = socket.socket()
            held.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                held.connect((address.host, address.port))
            self._held.append(held)

    @property
    def closed(self) -> int:
        """How many the server has sent away."""
        return sum(_is_closed(held) for held in self._held)

    def leave(self) -> None:
        """All of them go."""
        for held in self._held:
            held.close()


def _is_closed(held: socket.socket) -> bool:
    try:
        return not held.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True


async def _recovered(address: Address, path: str) -> float:
    """Seconds until somebody new is answered, or more than that may take."""
    began = monotonic()
    while monotonic() < began + RECOVERS_WITHIN:
        with contextlib.suppress(BrokenError):
            async with Link(address) as link:
                if (await link.ask("GET", path, within=1.0)).status == 200:
                    return monotonic() - began
        await asyncio.sleep(0.05)
    return RECOVERS_WITHIN + 1


async def _cpu(server: Server, seconds: float) -> float:
    """CPU time that it uses of a second in which nobody asks."""
    before = server.cpu()
    await asyncio.sleep(seconds)
    return (server.cpu() - before) / seconds


# -- files -------------------------------------------------------------------------------------------------------------


async def _no_files(setting: Setting) -> tuple[list[str], dict[str, float]]:
    """A server that may have ``FILES`` files, all of which are taken by a crowd that asks for nothing."""
    async with home(setting, setting.folder / "files") as place:
        server = Server(place.folder, "--access-log", "off", *place.flags, db=place.db)
        server.before = ("prlimit", f"--nofile={FILES}:{FILES}")
        server.tamper()
        await server.start()
        history = History()
        async with server.link() as link:
            large = await large_project(link, 40)
            ground = await prepare(link, "full")
        before = server.sample(), await server.inner()
        client = Client("inside", server, ground, history, setting.dice("full"))
        client.may = FULL | {507}
        await client.once()
        crowd = Crowd(server.address)
        await asyncio.sleep(0.5)
        at_most = server.sample().fds
        cpu = await _cpu(server, 1.0)
        job = await _begin_job(client, large.project)
        until = monotonic() + setting.seconds(2, 20)
        while monotonic() < until and await client.once():
            await asyncio.sleep(0.01)
        closed = crowd.closed
        crowd.leave()
        back = await _recovered(server.address, "/healthz")
        found: list[str] = []
        async with server.link() as link:
            found += await copy_is_whole(link, large, job) if job else []
            await _settle(server, before[1].tasks, before[0].fds)
        found += leaked(before, (server.sample(), await server.inner()), most_fds=12, most_tasks=8)
        found += await assert_invariants(server, place.inside, ground, history)
        code = await server.stop()
    found += [] if back <= RECOVERS_WITHIN else ["F17: nobody new was let in once there were files again"]
    found += [] if cpu <= MOST_CPU else [f"F17: it used {cpu:.2f} of a CPU while nobody asked and there were no files"]
    found += [] if at_most >= FILES - 2 else [f"only {at_most} files were taken, so nothing was tried"]
    found += [f"the server ended with {code}"] if code else []
    return found, {
        "files_taken": at_most,
        "sent_away": closed,
        "cpu_without_files": round(cpu, 3),
        "acknowledged_without_files": sum(one.state == "ok" for one in history.operations),
        "files_back_s": round(back, 2),
    }


async def _begin_job(client: Client, project: str) -> str:
    """Have a project copied over the connection that is there, if the server can; the job."""
    reply = await client.link.ask("POST", f"/api/1.0/projects/{project}/duplicate", {"data": {"name": "A copy"}})
    if reply.status in (200, 201):
        return str(reply.data["gid"])
    if reply.status not in FULL:
        client.history.wrong.append(f"F17: a job was answered {reply.status} {reply.body[:200]!r}")
    return ""


async def _settle(server: Server, tasks: int, fds: int) -> None:
    """Give it some time to let go of everything."""
    until = monotonic() + RECOVERS_WITHIN
    while monotonic() < until and ((await server.inner()).tasks > tasks or server.sample().fds > fds):
        await asyncio.sleep(0.2)


def _echoes(numbers: Iterator[int], count: int, late: int) -> tuple[bytes, list[str]]:
    nonces = [f"nonce-{next(numbers)}-" for _ in range(count)]
    actions = [{"method": "get", "relative_path": f"/late/{late}/{nonce}"} for nonce in nonces]
    return batch_body(actions), nonces


async def _ask_upstream(link: Link, numbers: Iterator[int]) -> tuple[list[str], Counter[int]]:
    """A batch of ten through the gateway: what was wrong with it, and the statuses."""
    body, nonces = _echoes(numbers, 10, 1)
    reply = await link.ask("POST", "/batch", body)
    return misplaced(reply.body, nonces), Counter(one["status_code"] for one in json.decode(reply.body)["data"])


async def _no_files_at_the_gateway(setting: Setting) -> tuple[list[str], dict[str, float]]:
    """The same before an upstream, which it cannot reach then: the error of each action, and nothing more."""
    folder = setting.folder / "gateway-files"
    folder.mkdir()
    numbers = iter(range(10**9))
    statuses: Counter[int] = Counter()
    found: list[str] = []
    async with Upstream() as upstream:
        config = f'access_log = "off"\n[upstreams.u]\nurl = "{upstream.url}"\nprefix = "/"\n'
        gateway = Gateway(folder, "", config=config)
        gateway.before = ("prlimit", f"--nofile={FILES}:{FILES}")
        gateway.tamper()
        await gateway.start()
        async with gateway.link() as link:
            await _first(link)
            await asyncio.sleep(4.5)  # so that no connection to the upstream is kept
            before = gateway.sample(), await gateway.inner()
            crowd = Crowd(gateway.address)
            await asyncio.sleep(0.5)
            cpu = await _cpu(gateway, 1.0)
            for _ in range(setting.sized(5, 50)):
                wrong, answered = await _ask_upstream(link, numbers)
                found += wrong
                statuses += answered
            crowd.leave()
            began = monotonic()
            while answered.keys() != {200} and monotonic() < began + 2 * RECOVERS_WITHIN:
                await asyncio.sleep(0.2)
                _, answered = await _ask_upstream(link, numbers)
            back = monotonic() - began
            await _settle(gateway, before[1].tasks, before[0].fds)
        found += leaked(before, (gateway.sample(), await gateway.inner()))
        found += printed(gateway)
        await gateway.stop()
    found += [] if statuses.keys() <= {200, 502, 503} else [f"F17: actions were answered {dict(statuses)}"]
    found += [] if back <= 2 * RECOVERS_WITHIN else ["F17: the gateway did not reach its upstream again"]
    found += [] if cpu <= MOST_CPU else [f"F17: the gateway used {cpu:.2f} of a CPU while nobody asked"]
    refused = sum(count for status, count in statuses.items() if status != 200)
    return found, {"gateway_refused": refused, "gateway_cpu": round(cpu, 3), "gateway_back_s": round(back, 2)}


# -- slots, lines, the anteroom ----------------------------------------------------------------------------------------


class Pushing:
    """Many callers of a place with little room; what they were told, and how soon."""

    def __init__(self, address: Address, path: str, make: Callable[[], tuple[bytes, list[str]]]) -> None:
        self._address = address
        self._path = path
        self._make = make
        self.found: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.refused: list[float] = []

    async def push(self, seconds: float, many: int = MANY) -> None:
        """All of them, again and again."""
        until = monotonic() + seconds
        await asyncio.gather(*(self._one(until) for _ in range(many)))

    async def _one(self, until: float) -> None:
        async with Link(self._address) as link:
            while monotonic() < until:
                body, nonces = self._make()
                reply = await link.ask("POST", self._path, body)
                self.statuses[reply.status] += 1
                if reply.status == 200:
                    self.found += misplaced(reply.body, nonces)
                    continue
                self.refused.append(reply.seconds)
                if reply.status not in FULL:
                    self.found.append(f"F15: answered {reply.status} {reply.body[:200]!r}")
                elif not reply.headers.get("retry-after", "").isdecimal() or not reply.data["errors"][0]["message"]:
                    self.found.append(f"F15: {reply.status} says not when to come again: {reply.body[:200]!r}")

    def told(self, name: str, within: float) -> tuple[list[str], dict[str, float]]:
        """What was wrong, and figures."""
        p99 = sorted(self.refused)[int(0.99 * len(self.refused))] if self.refused else 0.0
        if p99 > within:
            self.found.append(f"F15: {name}: refusals took {p99:.2f} s, not {within:g}")
        if not self.refused or not self.statuses[200]:
            self.found.append(f"F15: {name}: {dict(self.statuses)}, so nothing was tried")
        done, refused = self.statuses[200], len(self.refused)
        return self.found, {f"{name}_done": done, f"{name}_refused": refused, f"{name}_p99_ms": round(p99 * 1000)}


def _writes(ground: Ground) -> Callable[[], tuple[bytes, list[str]]]:
    numbers = iter(range(10**9))

    def make() -> tuple[bytes, list[str]]:
        nonces = [f"nonce-{next(numbers)}-" for _ in range(2)]
        data = {"projects": [ground.project]}
        actions = [{"method": "post", "relative_path": "/tasks", "data": {"name": nonce, **data}} for nonce in nonces]
        return batch_body(actions), nonces

    return make


async def _no_turns(setting: Setting) -> tuple[list[str], dict[str, float]]:
    """A server on which nobody may wait for long."""
    async with home(setting, setting.folder / "turns") as place:
        server = Server(place.folder, "--access-log", "off", *place.flags, db=place.db)
        server.environment["FANFOLD_MAX_WAIT"] = str(TURN)
        server.tamper()
        await server.start()
        async with server.link() as link:
            ground = await prepare(link, "turns")
        before = server.sample(), await server.inner()
        pushing = Pushing(server.address, "/api/1.0/batch", _writes(ground))
        await pushing.push(setting.seconds(2, 20), 4 * MANY)
        found, counts = pushing.told("turns", QUICK)
        await _settle(server, before[1].tasks, before[0].fds)
        found += leaked(before, (server.sample(), await server.inner()))
        async with server.link() as link:
            found += await at_rest(link)
            made = len(await link.pages(f"/projects/{ground.project}/tasks")) - len(ground.registers)
        if made != 2 * pushing.statuses[200]:
            found.append(f"I2: {pushing.statuses[200]} batches of two were done, and {made} tasks are there")
        found += printed(server)
        await server.stop()
    return found, counts


async def _no_slots(setting: Setting) -> tuple[list[str], dict[str, float]]:
    """A gateway that does two requests of a caller at once, and refuses what is beyond."""
    return await _small_gateway(setting, "slots", 'limits = "reads=2"\n', "", 0.0)


async def _no_room_in_line(setting: Setting) -> tuple[list[str], dict[str, float]]:
    """A gateway before an upstream that takes two requests at once, for which callers wait a little."""
    return await _small_gateway(setting, "line", f"limits_wait = {LINE}\n", 'limits = "reads=2"\n', LINE)


async def _small_gateway(
    setting: Setting, name: str, config: str, upstream_config: str, wait: float
) -> tuple[list[str], dict[str, float]]:
    folder = setting.folder / name
    folder.mkdir()
    numbers = iter(range(10**9))
    async with Upstream() as upstream:
        whole = f'access_log = "off"\n{config}[upstreams.u]\nurl = "{upstream.url}"\nprefix = "/"\n{upstream_config}'
        gateway = Gateway(folder, "", config=whole)
        gateway.tamper()
        await gateway.start()
        async with gateway.link() as link:
            await _first(link)
        before = gateway.sample(), await gateway.inner()
        pushing = Pushing(gateway.address, "/batch", lambda: _echoes(numbers, 2, 50))
        await pushing.push(setting.seconds(3, 20))
        found, counts = pushing.told(name, wait + QUICK)
        await _settle(gateway, before[1].tasks, before[0].fds)
        found += leaked(before, (gateway.sample(), await gateway.inner()))
        async with gateway.link() as link:
            found += await at_rest(link, "/batch")
        found += printed(gateway)
        await gateway.stop()
    return found, counts


async def _first(link: Link) -> None:
    """Have the gateway load what it needs for upstreams."""
    while (await link.ask("GET", "/echo/first")).status != 200:
        await asyncio.sleep(0.2)


async def run(setting: Setting) -> Figures:
    """Fill one after the other."""
    found: list[str] = []
    counts: dict[str, float] = {}
    for fill in ((_no_files, _no_files_at_the_gateway), (_no_turns,), (_no_slots, _no_room_in_line)):
        for wrong, figures in await asyncio.gather(*(one(setting) for one in fill)):
            found += wrong
            counts |= figures
        setting.say(f"{', '.join(one.__name__.strip('_').replace('_', ' ') for one in fill)}: {len(found)} violations")
    return Figures(counts=counts, violations=shortened(found))


SCENARIO = Scenario(
    "full",
    "no files, no slots, no room in line",
    "whoever has no room is told so quickly, nothing spins, and with room all is as before",
    run,
)
