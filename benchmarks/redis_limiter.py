"""What admission of a batch of ten costs over Redis: round trips, time and CPU, beside a script that does nothing.

A Redis of its own is started for it (``redis-server`` or ``valkey-server``). Each case takes and releases ten requests
and ten reads, ``at_once`` of them at a time, for as many callers. ``bare`` asks a script that only returns, over the
same connection; ``library`` asks that one too, over the pool of redis-py with a connection for each; ``memory`` is the
limiter of a single process. Round trips are what the server counts of decisions, which is what a batch waits for;
releases are sent and not waited for.

Medians of interleaved rounds, so that a busy machine slows all alike. CPU is that of this process.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import platform
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from statistics import median
from typing import Any

import redis.asyncio
import uvloop
from _load import free_port

from fanfold.limits import Concurrency, MemoryLimiter, Profile, Window
from fanfold.limits.line import Line, Script, line_to, packed
from fanfold.limits.redis import RedisLimiter
from fanfold.limits.shapes import SCRIPTS
from fanfold.model import Limiter, Refusal

COSTS = {"requests": 10, "reads": 10}


def profile_of(seconds: float) -> Profile:
    """The rules of the real profiles; a window of some milliseconds rolls as one of a minute does, only sooner."""
    return Profile((Window("requests", 1500, seconds), Concurrency("reads", 50), Concurrency("writes", 15)))


BARE = Script("return 1")

One = Callable[[str], Awaitable[object]]


def say(case: str, **figures: object) -> None:
    """Print a line."""
    print(json.dumps({"benchmark": "redis_limiter", "case": case, **figures}), flush=True)


@contextlib.contextmanager
def server(binary: str) -> Iterator[str]:
    """The URL of a Redis, for as long as a block."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [binary, "--port", str(port), "--save", "", "--dir", folder]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            yield f"redis://127.0.0.1:{port}"
        finally:
            process.kill()
            process.wait()


class Counted:
    """What a server says that it did."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def calls(self) -> dict[str, tuple[int, int]]:
        """Commands by name: how many, and how many microseconds of the server's time."""
        found = await self._client.info("commandstats")
        return {name.removeprefix("cmdstat_"): (one["calls"], one["usec"]) for name, one in found.items()}

    async def between(self, work: Callable[[], Awaitable[object]]) -> dict[str, tuple[int, int]]:
        """What some work made it do."""
        before = await self.calls()
        await work()
        after = await self.calls()
        return {
            name: (calls - before.get(name, (0, 0))[0], usec - before.get(name, (0, 0))[1])
            for name, (calls, usec) in after.items()
        }


def taking(limiter: Limiter) -> One:
    """A take and its release."""

    async def one(caller: str) -> None:
        grant = await limiter.take(caller, COSTS)
        if isinstance(grant, Refusal):
            raise RuntimeError(f"not meant to be refused: {grant}")  # noqa: TRY004 - no matter of types
        grant.release()

    return one


def bare(line: Line) -> One:
    """A script that does nothing, over the same line."""
    command = packed(b"EVALSHA", BARE.digest, 1, b"{k}")

    async def one(_: str) -> object:
        return await line.ask(command)

    return one


async def measure(one: One, count: int, at_once: int) -> tuple[float, float]:
    """Microseconds for one, and of CPU."""

    async def several(caller: str) -> None:
        for _ in range(count // at_once):
            await one(caller)

    began, cpu = time.perf_counter(), _cpu()
    await asyncio.gather(*[several(f"caller {n}") for n in range(at_once)])
    return (time.perf_counter() - began) / count * 1e6, (_cpu() - cpu) / count * 1e6


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@contextlib.asynccontextmanager
async def cases(url: str) -> AsyncIterator[dict[str, One]]:
    """What is compared, by name."""
    line = line_to(url, (*SCRIPTS, BARE), deadline=10.0)
    client: Any = redis.asyncio.Redis.from_url(url, max_connections=200)

    async def library(_: str) -> object:
        return await client.evalsha(BARE.digest, 1, "{k}")

    limiter = RedisLimiter(profile_of(0.01), line)
    yield {
        "redis": taking(limiter),
        "bare": bare(line),
        "library": library,
        "memory": taking(MemoryLimiter(profile_of(0.0001))),
    }
    await limiter.close()
    await client.aclose()


async def trips(url: str, count: int) -> None:
    """Count what one admission makes the server do."""
    client: Any = redis.asyncio.Redis.from_url(url)
    counted = Counted(client)
    limiter = RedisLimiter(Profile((Window("requests", 10**6), Concurrency("reads", 10**6))), url, space="trips")
    grants: list[Any] = []

    async def take() -> None:
        for _ in range(count):
            grants.append(await limiter.take("caller", COSTS))  # noqa: PERF401 - one after the other

    async def release() -> None:
        for grant in grants:
            grant.release()
        await limiter.line.ping()

    await limiter.take("somebody else", COSTS)
    taken = await counted.between(take)
    released = await counted.between(release)
    say(
        "round trips",
        round_trips=round(taken["evalsha"][0] / count, 3),
        commands_within=sum(calls for name, (calls, _) in taken.items() if name not in ("evalsha", "info")) // count,
        releases=round(released["evalsha"][0] / count, 3),
        goal=1,
    )
    await limiter.close()
    await client.aclose()


async def compare(compared: dict[str, One], counted: Counted, options: argparse.Namespace, at_once: int) -> None:
    """All cases in turn, so many of each at a time."""
    figures: dict[str, list[tuple[float, float]]] = {}
    server_time = []
    for _ in range(options.rounds):
        for name, one in compared.items():
            before = await counted.calls()
            found = await measure(one, options.count, at_once)
            figures.setdefault(name, []).append(found)
            after = await counted.calls()
            if name == "redis":
                server_time.append((after["evalsha"][1] - before["evalsha"][1]) / options.count)
    for name, values in figures.items():
        took, cpu = (round(median(column), 1) for column in zip(*values, strict=True))
        more = {"server_us": round(median(server_time), 1)} if name == "redis" else {}
        say(name, at_once=at_once, us=took, cpu_us=cpu, **more)


async def main(options: argparse.Namespace, url: str) -> None:
    """Measure and print."""
    client: Any = redis.asyncio.Redis.from_url(url)
    while True:
        with contextlib.suppress(redis.exceptions.RedisError):
            version = (await client.info("server"))["redis_version"]
            break
        await asyncio.sleep(0.01)
    await trips(url, 1000)
    counted = Counted(client)
    async with cases(url) as compared:
        for at_once in (1, 10, 100):
            await compare(compared, counted, options, at_once)
    say("of", python=platform.python_version(), redis=version)
    await client.aclose()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--count", type=int, default=4000)
    chosen = parser.parse_args()
    found = shutil.which("redis-server") or shutil.which("valkey-server")
    if found is None:
        say("nothing", why="there is no redis-server or valkey-server")
    else:
        with server(found) as where:
            uvloop.run(main(chosen, where))
