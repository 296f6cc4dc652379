"""F19: receivers of webhooks that fail in every way, beside good ones that must not wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic

from faults.afterwork import all_is_delivered, sync_token
from faults.checker import printed
from faults.client import Link
from faults.receiver import Delivery, Receiver
from faults.server import Server
from faults.setting import Figures, Scenario, Setting, shortened
from faults.stores import home
from faults.workload import prepare

BAD = 12
"""Bad receivers of each sort: more than a host may have at once would hold up the good ones."""

ELSEWHERE = "127.0.0.2"
"""Where bad receivers are: one host may be told only so much at once."""

QUICK_ENOUGH = 2.0
"""Seconds in which a good receiver has to be told, at the 99th percentile."""


def _answering(status: int) -> Callable[[Delivery, asyncio.StreamWriter], Awaitable[int]]:
    async def manner(_: Delivery, __: asyncio.StreamWriter) -> int:
        return status

    return manner


async def _never(_: Delivery, __: asyncio.StreamWriter) -> int:
    await asyncio.sleep(3600)
    return 200


async def _dripping(_: Delivery, writer: asyncio.StreamWriter) -> int:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    for _number in range(3600):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(1)
    return 0


async def _flooding(_: Delivery, writer: asyncio.StreamWriter) -> int:
    writer.write(b"HTTP/1.1 500 No\r\nContent-Length: 1000000000\r\n\r\n")
    while True:
        writer.write(bytes(65536))
        await writer.drain()


SORTS = {
    "500": _answering(500),
    "410": _answering(410),
    "429": _answering(429),
    "301": _answering(301),
    "reset": _answering(0),
    "never": _never,
    "drip": _dripping,
    "flood": _flooding,
}


class Post:
    """How soon a good receiver is told."""

    def __init__(self, good: Receiver) -> None:
        self._good = good
        self.delays: list[float] = []

    async def write(self, link: Link, project: str, count: int) -> None:
        """Make tasks one by one, and wait until the good receiver knows of each."""
        for number in range(count):
            before = len(self._good.events())
            began = monotonic()
            await link.data("POST", "/tasks", name=f"told {number}", projects=[project])
            while len(self._good.events()) <= before and monotonic() < began + 20:
                await asyncio.sleep(0.002)
            self.delays.append(monotonic() - began)

    def percentile(self, share: float) -> float:
        """Seconds."""
        return sorted(self.delays)[min(len(self.delays) - 1, int(share * len(self.delays)))]


async def run(setting: Setting) -> Figures:
    """Tell good and bad ones of the same."""
    violations: list[str] = []
    async with home(setting, setting.folder) as place, Receiver() as good, Receiver(ELSEWHERE) as bad:
        server = Server(setting.folder, "--access-log", "off", *place.flags, db=place.db)
        server.tamper()
        await server.start()
        post = Post(good)
        async with server.link() as link:
            ground = await prepare(link, "receivers")
            await link.data("POST", "/webhooks", resource=ground.project, target=good.url())
            sync = await sync_token(link, ground.project)
            await post.write(link, ground.project, 1)
            post.delays.clear()
            await post.write(link, ground.project, setting.sized(20, 200))
            alone = post.percentile(0.99)
            post.delays.clear()
            hooks = []
            for sort, manner in SORTS.items():
                for number in range(setting.sized(BAD, BAD * 4)):
                    path = f"/{sort}/{number}"
                    hook = await link.data("POST", "/webhooks", resource=ground.project, target=bad.url(path))
                    bad.manners[path] = manner
                    hooks.append(hook["gid"])
            await post.write(link, ground.project, setting.sized(60, 600))
            beside = post.percentile(0.99)
            violations += await all_is_delivered(link, good, ground.project, sync)
            inner = await server.inner()
            kept = sum([(await link.ask("GET", f"/api/1.0/webhooks/{gid}")).status == 200 for gid in hooks])
        if beside > QUICK_ENOUGH:
            violations.append(f"good receivers were told after {beside:.1f} s beside bad ones, {alone:.2f} s without")
        if kept < len(hooks) - sum(path.startswith("/410") for path in bad.manners):
            violations.append(f"{len(hooks) - kept} webhooks were given up too early")
        if inner.lag > 1.0:
            violations.append(f"F20: the loop was {inner.lag:.1f} s late")
        violations += [*bad.wrong, *printed(server)]
        server.kill()
    counts = {
        "bad_receivers": len(hooks),
        "attempts_at_bad": len(bad.begun),
        "told_p99_ms_alone": round(alone * 1000),
        "told_p99_ms_beside_bad": round(beside * 1000),
        "deliveries": len(good.taken),
        "worst_lag_ms": round(inner.lag * 1000),
    }
    return Figures(counts=counts, violations=shortened(violations))


SCENARIO = Scenario(
    "receivers",
    "receivers of webhooks that fail",
    "bad receivers hold up no good one, nobody is sent to where a redirect points, and nothing is lost",
    run,
)
