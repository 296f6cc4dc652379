"""Reading many tasks through our client, aiohttp, httpx and Asana's own client, from one process, in one run.

For each: wall time and CPU time of the client process for 1,000 ``GET /tasks/{gid}``. Rounds are interleaved, every
second one in reverse; medians. Then the same over a way that takes 20 ms more in each direction, where round trips
decide, against aiohttp with ten connections.

    python benchmarks/client.py [--rounds 5] [--calls 1000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import asana
import httpx
from _data import TOKEN, Made, make
from _load import Server, free_port, stand_aside

from fanfold import Client

LIMITS = "requests=1000000000,reads=1000000,writes=1000000"
DELAY = 0.02
GOALS = {("ours", "aiohttp, 50 in flight"): 0.6, ("ours", "official client"): 0.15}
FAR_GOALS = {("ours", "aiohttp, 10 connections"): 0.25}

Read = Callable[[list[str]], Awaitable[list[Any]]]


class Spent(NamedTuple):
    """Seconds."""

    wall: float
    cpu: float


class Ours:
    """Calls that are simply awaited together."""

    def __init__(self, api: str, **settings: Any) -> None:
        self._client = Client(api, TOKEN, **settings)

    async def read(self, gids: list[str]) -> list[Any]:
        """The tasks of these gids."""
        return await asyncio.gather(*[self._client.get(f"/tasks/{gid}") for gid in gids])

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.close()


class Aiohttp:
    """A session and a semaphore, as everybody writes it."""

    def __init__(self, api: str, at_once: int) -> None:
        self._api = api
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {TOKEN}"}, connector=aiohttp.TCPConnector(limit=at_once)
        )
        self._room = asyncio.Semaphore(at_once)

    async def _one(self, gid: str) -> Any:
        async with self._room, self._session.get(f"{self._api}/tasks/{gid}") as response:
            response.raise_for_status()
            return (await response.json())["data"]

    async def read(self, gids: list[str]) -> list[Any]:
        """The tasks of these gids."""
        return await asyncio.gather(*[self._one(gid) for gid in gids])

    async def close(self) -> None:
        """Let go of connections."""
        await self._session.close()


class Httpx:
    """The same with httpx."""

    def __init__(self, api: str, at_once: int) -> None:
        limits = httpx.Limits(max_connections=at_once, max_keepalive_connections=at_once)
        self._client = httpx.AsyncClient(
            base_url=api, headers={"Authorization": f"Bearer {TOKEN}"}, limits=limits, timeout=60
        )
        self._room = asyncio.Semaphore(at_once)

    async def _one(self, gid: str) -> Any:
        async with self._room:
            response = await self._client.get(f"/tasks/{gid}")
        response.raise_for_status()
        return response.json()["data"]

    async def read(self, gids: list[str]) -> list[Any]:
        """The tasks of these gids."""
        return await asyncio.gather(*[self._one(gid) for gid in gids])

    async def close(self) -> None:
        """Let go of connections."""
        await self._client.aclose()


class Official:
    """Asana's own client: one call after the other, or in its own pool of ``threads``."""

    def __init__(self, api: str, threads: int = 0) -> None:
        configuration = asana.Configuration()
        configuration.host = api
        configuration.access_token = TOKEN
        configuration.connection_pool_maxsize = max(threads, 1)
        self._client = asana.ApiClient(configuration)
        self._tasks = asana.TasksApi(self._client)
        self._threads = threads
        if threads:
            self._client.pool._processes = threads  # noqa: SLF001 - it has no setting for that
            self._client.pool._repopulate_pool()  # noqa: SLF001

    async def read(self, gids: list[str]) -> list[Any]:
        """The tasks of these gids."""
        if not self._threads:
            return [self._tasks.get_task(gid, {}) for gid in gids]
        waiting = [self._tasks.get_task(gid, {}, async_req=True) for gid in gids]
        return [one.get()["data"] for one in waiting]

    async def close(self) -> None:
        """Its pool ends with the process."""


async def once(system: Any, gids: list[str]) -> Spent:
    """One round, whose answers are looked at."""
    wall, cpu = time.perf_counter(), time.process_time()
    found = await system.read(gids)
    spent = Spent(time.perf_counter() - wall, time.process_time() - cpu)
    if [task["gid"] for task in found] != gids:
        message = "the answers are not those of the questions"
        raise RuntimeError(message)
    return spent


async def compare(systems: dict[str, Any], gids: list[str], rounds: int) -> dict[str, list[Spent]]:
    """All systems in turn; the first round only warms up."""
    found: dict[str, list[Spent]] = {name: [] for name in systems}
    for number in range(rounds + 1):
        for name in list(systems) if number % 2 else reversed(list(systems)):
            spent = await once(systems[name], gids)
            if number:
                found[name].append(spent)
    for system in systems.values():
        await system.close()
    return found


def tell(found: dict[str, list[Spent]], where: str, calls: int, goals: dict[tuple[str, str], float]) -> None:
    """Medians as JSON lines, and how they stand to the goals."""
    middle = {name: statistics.median([one.wall for one in spent]) for name, spent in found.items()}
    for name, spent in found.items():
        walls = [one.wall for one in spent]
        line = {
            "benchmark": "client",
            "where": where,
            "case": name,
            "calls": calls,
            "wall_ms": round(middle[name] * 1000, 1),
            "client_cpu_us_a_call": round(statistics.median([one.cpu for one in spent]) / calls * 1e6, 1),
            "spread": round((max(walls) - min(walls)) / middle[name], 2),
        }
        print(json.dumps(line), flush=True)
    for (ours, theirs), goal in goals.items():
        ratio = middle[ours] / middle[theirs]
        line = {"name": f"{where}: {ours} / {theirs}", "value": round(ratio, 3), "target": goal, "met": ratio <= goal}
        print(json.dumps(line), flush=True)


async def near(api: str, gids: list[str], rounds: int) -> None:
    """On the same machine."""
    systems = {
        "ours": Ours(api),
        "ours, results whole": Ours(api, streaming=False),
        "aiohttp, 50 in flight": Aiohttp(api, 50),
        "httpx, 50 in flight": Httpx(api, 50),
        "official client": Official(api),
        "official client, 10 threads": Official(api, 10),
    }
    tell(await compare(systems, gids, rounds), "same machine", len(gids), GOALS)


async def far(api: str, gids: list[str], rounds: int) -> None:
    """Twenty milliseconds away."""
    systems = {
        "ours": Ours(api),
        "aiohttp, 10 connections": Aiohttp(api, 10),
        "aiohttp, 50 connections": Aiohttp(api, 50),
    }
    tell(await compare(systems, gids, rounds), "20 ms each way", len(gids), FAR_GOALS)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made: Made = make(Path(folder) / "client.db", max(2000, options.calls))
        gids = (made.tasks * (options.calls // len(made.tasks) + 1))[: options.calls]
        port, slow = free_port(), free_port()
        log = str(Path(folder) / "access.log")
        flags = ["--port", str(port), "--db", str(made.path), "--limits", LIMITS, "--access-log", log]
        server = Server(["-m", "fanfold", "serve", *flags], port)
        delay = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("_delay.py")), str(slow), str(port), str(DELAY)]
        )
        stand_aside()
        try:
            asyncio.run(near(f"http://127.0.0.1:{port}/api/1.0", gids, options.rounds))
            asyncio.run(far(f"http://127.0.0.1:{slow}/api/1.0", gids, options.rounds))
        finally:
            delay.terminate()
            delay.wait()
            server.stop()


if __name__ == "__main__":
    main()
