"""F10: clients that send heads and bodies a byte at a time, or ask for much and take nothing, beside a good one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections import Counter
from math import inf
from time import monotonic
from typing import NamedTuple

from faults.checker import at_rest, leaked, printed
from faults.client import Address, Link, batch_body, request
from faults.server import Server
from faults.setting import Figures, Scenario, Setting, shortened
from faults.stores import home
from faults.workload import Ground, prepare

DRIP = 1.0
"""Seconds between two bytes."""

GOOD_P99 = 0.1
MOST_PUT_OFF = 0.01
"""Of the answers to a good client, the share that may tell it to come again."""

SLACK = 4.0
"""Seconds that an end may be late: it is looked for now and then, on a machine that others use too."""

SORTS = ("head", "body", "reader")
ENOUGH = 8
"""Answers of nearly 1 MB: more than the system takes for a client that takes nothing."""

ORDER = ("head", "body", "head", "body", "reader", "head", "body", "head", "body", "head")
"""The sorts in which they come: readers make the server work for them."""


class Crowd:
    """Slow clients of one server, and how long each was borne with."""

    def __init__(self, address: Address, ground: Ground, patience: float) -> None:
        """``patience``: seconds after which it is looked whether one that takes nothing was refused."""
        self._patience = patience
        self._address = address
        self._ground = ground
        self.lived: dict[str, list[float]] = {sort: [] for sort in SORTS}
        self.statuses: Counter[str] = Counter()
        self.refused = 0

    async def come(self, sort: str) -> None:
        """One client, from its coming until the server has had enough of it."""
        held = socket.socket()
        held.settimeout(0)
        held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        try:
            await asyncio.get_running_loop().sock_connect(held, (self._address.host, self._address.port))
            reader, writer = await asyncio.open_connection(sock=held, limit=1024)
        except OSError:
            self.refused += 1
            return
        began = monotonic()
        try:
            await {"head": self._head, "body": self._body, "reader": self._reader}[sort](reader, writer)
        except (OSError, RuntimeError):
            pass  # the server has closed it
        finally:
            self.lived[sort].append(monotonic() - began)
            writer.transport.abort()

    async def _head(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._drip(b"GET /api/1.0/users/me HTTP/1.1\r\nHost: x\r\nX-Slow: " + b"x" * 10_000, reader, writer)

    async def _body(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = request(self._address, "POST", "/api/1.0/batch", batch_body([{"method": "get"}] * 200))
        end = sent.index(b"\r\n\r\n") + 4
        writer.write(sent[:end])
        await self._drip(sent[end:], reader, writer)

    async def _drip(self, sent: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send a byte now and then until there is an answer or an end."""
        waiting = asyncio.create_task(reader.read(400))
        try:
            for byte in sent:
                writer.write(bytes([byte]))
                done, _ = await asyncio.wait([waiting], timeout=DRIP)
                if done:
                    with contextlib.suppress(OSError):
                        self.statuses[waiting.result().split(b" ")[1].decode() if waiting.result() else "closed"] += 1
                    return
        finally:
            waiting.cancel()

    async def _reader(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Asks for much, and takes none of it. One that was refused was not sent enough."""
        page = {"method": "get", "relative_path": f"/projects/{self._ground.project}/tasks", "options": {"limit": 100}}
        sent = request(self._address, "POST", "/api/1.0/batch", batch_body([page] * 10))
        writer.write(sent * ENOUGH)
        looked = monotonic() + self._patience
        while not writer.is_closing() and _is_open(writer):
            await asyncio.sleep(DRIP / 4)
            if monotonic() > looked:
                looked = inf
                if await _was_refused(reader):
                    self.statuses["503"] += 1
                    return


async def _was_refused(reader: asyncio.StreamReader) -> bool:
    """Whether any of what a client was sent is a refusal, so that the system may have taken all of the rest for it."""
    found = b""
    while b"HTTP/1.1 503" not in found:
        try:
            piece = await asyncio.wait_for(reader.read(65_536), 0.5)
        except TimeoutError:
            return False
        if not piece:
            return False
        found = found[-20:] + piece
    return True


ESTABLISHED = 1


def _is_open(writer: asyncio.StreamWriter) -> bool:
    """Whether the other end is still there, found out without taking anything of what it sent."""
    held = writer.get_extra_info("socket")
    try:
        info = held.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)
    except OSError:
        return False
    return bool(info[0] == ESTABLISHED)


class Good(NamedTuple):
    """A good client: how long its answers took, how often it was told to come again, and what else was wrong."""

    times: list[float]
    put_off: list[float]
    wrong: list[str]


async def _good(link: Link, ground: Ground, over: asyncio.Event) -> Good:
    found = Good([], [], [])
    actions = [{"method": "get", "relative_path": f"/tasks/{gid}"} for gid in ground.registers]
    while not over.is_set():
        reply = await link.batch(actions)
        if reply.status == 503 and "retry-after" in reply.headers:
            found.put_off.append(reply.seconds)  # when hundreds of large pages are asked for at the same moment
        elif reply.status != 200:
            found.wrong.append(f"a good client was answered {reply.status}")
        else:
            found.times.append(reply.seconds)
        await asyncio.sleep(0.02)
    link.close()
    return found


def _percentile(times: list[float], share: float) -> float:
    return sorted(times)[min(len(times) - 1, int(share * len(times)))] if times else 0.0


async def run(setting: Setting) -> Figures:
    """Have them come, and wait until all have been sent away."""
    wanted = setting.sized(200, 2000)
    head, body = (2.0, 3.0) if setting.tier == "quick" else (10.0, 30.0)
    async with home(setting, setting.folder) as place:
        patience = {"FANFOLD_HEAD_TIMEOUT": str(head), "FANFOLD_BODY_TIMEOUT": str(body)}
        log = str(setting.folder / "access.log")
        server = Server(setting.folder, "--access-log", log, *place.flags, db=place.db, environment=patience)
        server.tamper()
        await server.start()
        async with server.link() as link:
            ground = await prepare(link, "slow", registers=10)
            for first in range(10):
                await link.batch(
                    [
                        {
                            "method": "post",
                            "relative_path": "/tasks",
                            "data": {"name": "n" * 900, "projects": [ground.project]},
                        }
                        for _ in range(10)
                    ]
                )
                del first
        over = asyncio.Event()
        alone = (await _for_a_while(server, ground, 2.0)).times
        before = server.sample(), await server.inner()
        crowd = Crowd(server.address, ground, 2 * body + SLACK)
        good = asyncio.create_task(_good(server.link(), ground, over))
        slow = [asyncio.create_task(crowd.come(ORDER[number % len(ORDER)])) for number in range(wanted)]
        await asyncio.sleep(min(head, body) / 2)
        async with server.link() as link:
            held = [one for one in await at_rest(link) if "writes" in one]
        most = server.sample()
        await asyncio.wait(slow, timeout=3 * body + 30)
        stuck = sum(not task.done() for task in slow)
        for task in slow:
            task.cancel()
        over.set()
        times, put_off, wrong = await good
        await asyncio.sleep(1.0)
        after = server.sample(), await server.inner()
        found = [*wrong, *held, *leaked(before, after), *printed(server)]
        async with server.link() as link:
            found += await at_rest(link)
        await server.stop()
    found += _judge(crowd, head, body, stuck)
    if len(put_off) > MOST_PUT_OFF * len(times):
        found.append(f"F10: a good client was told to come again {len(put_off)} times, and answered {len(times)} times")
    p99 = _percentile(times, 0.99)
    counts = {
        "slow_clients": wanted,
        "connections_at_once": most.fds - before[0].fds,
        "good_p99_ms": round(p99 * 1000, 1),
        "good_p99_ms_alone": round(_percentile(alone, 0.99) * 1000, 1),
        "good_requests": len(times),
        "good_put_off": len(put_off),
        **{f"longest_{sort}_s": round(max(crowd.lived[sort], default=0.0), 1) for sort in SORTS},
        "stuck": stuck,
        "grown_mb": round((after[0].resident - before[0].resident) / 2**20, 1),
        "worst_lag_ms": round(after[1].lag * 1000),
    }
    notes = () if p99 <= GOOD_P99 else (f"the good client waited {p99 * 1000:.0f} ms at the 99th percentile, not 100",)
    return Figures(counts=counts, violations=shortened(found), notes=notes)


async def _for_a_while(server: Server, ground: Ground, seconds: float) -> Good:
    over = asyncio.Event()
    good = asyncio.create_task(_good(server.link(), ground, over))
    await asyncio.sleep(seconds)
    over.set()
    return await good


def _judge(crowd: Crowd, head: float, body: float, stuck: int) -> list[str]:
    bounds = {"head": head + DRIP + SLACK, "body": body + DRIP + SLACK, "reader": 2 * body + 2 * DRIP + SLACK + 5}
    found = [
        f"F10: a slow {sort} was borne with for {max(lived):.1f} s, more than {bounds[sort]:g}"
        for sort, lived in crowd.lived.items()
        if lived and max(lived) > bounds[sort]
    ]
    if stuck:
        found.append(f"F10: {stuck} slow clients were never sent away")
    if crowd.refused:
        found.append(f"F10: {crowd.refused} clients were not let in")
    return found


SCENARIO = Scenario(
    "slow",
    "clients that send and take a byte at a time",
    "they are sent away in time, hold no slot meanwhile, and a good client does not notice them",
    run,
)
