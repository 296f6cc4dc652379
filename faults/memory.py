"""L8: a server answers batch after batch and is none the larger for it.

Looked at is the memory that is no mapped file (``RssAnon``), as the database is mapped and may grow; beside it what the
collector watches, open files and tasks.
"""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Sequence
from time import monotonic
from typing import NamedTuple, overload

from faults.checker import at_rest, leaked, printed
from faults.client import batch_body, request
from faults.server import ROOMY, Inner, Sample, Server
from faults.setting import Figures, Scenario, Setting
from faults.shooting import Range, Shots
from faults.stores import home
from faults.workload import Ground, prepare

CONNECTIONS = 8
MB = 1024 * 1024
MOST_PER_100K = 1.0
"""MB that it may grow by with a hundred thousand batches."""

MOST_QUICK = 4.0
"""MB that a short run may grow by in all, beside what SQLite keeps of its file, which is bounded and not yet full then:
too little for a slope that means something."""

SAMPLES = 100

AT_ONCE = "reads=20000,writes=20000"
"""Limits of a short run: what is counted over a minute is kept for a minute, in which it grows."""


def long(batches: int) -> bool:
    """Whether a run is long enough for a slope that means something."""
    return batches >= 400_000


class Mixed(Sequence[bytes]):
    """Batches of three, made when they are sent: two of three read, some write, make, or bring a key.

    With ``filling`` each makes a task, so that the database is soon larger than the part of it that is kept in memory
    (64 MB, which a server needs some time to fill).
    """

    def __init__(self, server: Server, ground: Ground, *, filling: bool = False) -> None:
        self._server = server
        self._ground = ground
        self._filling = filling

    def __len__(self) -> int:
        return 10**12

    @overload
    def __getitem__(self, place: int) -> bytes: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[bytes]: ...
    def __getitem__(self, place: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(place, slice):
            raise TypeError("there is no end of them")
        tasks = self._ground.registers
        task, other = tasks[place % len(tasks)], tasks[(place + 1) % len(tasks)]
        actions: list[object] = [
            {"method": "get", "relative_path": f"/tasks/{task}", "options": {"fields": ["name", "notes"]}},
            {"method": "get", "relative_path": f"/tasks/{other}"},
        ]
        actions.append(self._third(place, task))
        return request(self._server.address, "POST", "/api/1.0/batch", batch_body(actions))

    def _third(self, place: int, task: str) -> dict[str, object]:
        kind = 3 if self._filling else place % 20
        if kind < 3:
            return {"method": "put", "relative_path": f"/tasks/{task}", "data": {"notes": f"note {place}"}}
        if kind == 3:
            data = {"name": f"made {place}", "projects": [self._ground.project], "notes": "x" * 400 * self._filling}
            key = f"key-{self._filling}-{place}"
            return {"method": "post", "relative_path": "/tasks", "data": data, "idempotency_key": key}
        if kind == 4:
            return {"method": "get", "relative_path": "/no/such/place"}
        return {"method": "get", "relative_path": "/users/me"}


class Look(NamedTuple):
    """What a server takes after so many batches."""

    batches: int
    sample: Sample
    inner: Inner


async def _look_on(server: Server, shots: Shots, every: int, looks: list[Look], setting: Setting) -> None:
    """Note what it takes, each time that it has answered so many more."""
    due = every
    while True:
        await asyncio.sleep(0.05)
        done = shots.statuses.total()
        if done >= due:
            looks.append(Look(done, server.sample(), await server.inner()))
            due = done + every
            if len(looks) % (SAMPLES // 10) == 0:
                setting.say(_told(looks[-1]))


def _told(look: Look) -> str:
    taken, sqlite = look.sample.anonymous / MB, look.inner.sqlite / MB
    return f"{look.batches} batches, {taken:.1f} MB, {sqlite:.1f} of it SQLite's; {look.inner.blocks} blocks of Python"


def slope(looks: list[Look]) -> float:
    """MB by which it grows with a hundred thousand batches, by least squares."""
    found = statistics.linear_regression(
        [look.batches / 100_000 for look in looks], [look.sample.anonymous / MB for look in looks]
    )
    return found.slope


async def run(setting: Setting) -> Figures:
    """Send them, and look on."""
    wanted = setting.sized(20_000, 1_000_000)
    warm = min(100_000, wanted // 4)
    async with home(setting, setting.folder) as place:
        log = str(setting.folder / "access.log")
        server = Server(setting.folder, "--access-log", log, db=place.db, limits=ROOMY if long(wanted) else AT_ONCE)
        server.tamper()
        await server.start()
        async with server.link() as link:
            ground = await prepare(link, "memory", registers=50)
        gallery = Range(server.address)
        first = server.sample(), await server.inner()
        await gallery.briskly(Mixed(server, ground, filling=True), CONNECTIONS, 0, count=warm)
        looks: list[Look] = []
        shots = Shots()
        looking = asyncio.create_task(_look_on(server, shots, (wanted - warm) // SAMPLES, looks, setting))
        began = monotonic()
        await gallery.briskly(Mixed(server, ground), CONNECTIONS, 0, count=wanted - warm, shots=shots)
        seconds = monotonic() - began
        looking.cancel()
        await asyncio.sleep(0.5)
        looks.append(Look(wanted, server.sample(), await server.inner()))
        found = leaked(first, (looks[-1].sample, looks[-1].inner))
        async with server.link() as link:
            found += await at_rest(link)
        found += printed(server)
        await server.stop()
    return _figures(wanted, looks, shots, seconds, found)


def _figures(wanted: int, looks: list[Look], shots: Shots, seconds: float, found: list[str]) -> Figures:
    grown = slope(looks)
    begin, end = looks[0], looks[-1]
    more = (end.sample.anonymous - begin.sample.anonymous) / MB
    kept = (end.inner.sqlite - begin.inner.sqlite) / MB
    if (grown > MOST_PER_100K) if long(wanted) else (more - kept > MOST_QUICK):
        found.append(f"I12: memory grew by {grown:.2f} MB per 100,000 batches, {more:.1f} MB in all")
    if shots.statuses.keys() - {200}:
        found.append(f"batches were answered {dict(shots.statuses)}")
    counts = {
        "batches": wanted,
        "per_s": round(shots.statuses.total() / seconds),
        "mb_per_100k": round(grown, 3),
        "mb_per_100k_at_last": round(slope(looks[len(looks) // 3 :]), 3),
        "grown_mb": round(more, 2),
        "anonymous_mb": round(end.sample.anonymous / MB, 1),
        "resident_mb": round(end.sample.resident / MB, 1),
        "sqlite_before_mb": round(begin.inner.sqlite / MB, 1),
        "sqlite_after_mb": round(end.inner.sqlite / MB, 1),
        "blocks_before": begin.inner.blocks,
        "blocks_after": end.inner.blocks,
        "objects_before": begin.inner.objects,
        "objects_after": end.inner.objects,
        "tasks": end.inner.tasks,
        "fds": end.sample.fds,
        "worst_lag_ms": round(end.inner.lag * 1000),
    }
    return Figures(counts=counts, violations=tuple(found))


SCENARIO = Scenario("memory", "batch after batch", "a server does not grow with the number of requests answered", run)
