"""What the work API costs over PostgreSQL: round trips, time beside a bare query, and two workers beside one.

Needs a PostgreSQL server (``--server``, TEST_POSTGRES_URL, or one on this machine) and, for the workers, a Redis. A
database of its own is made there and removed.

A task is read in process: the whole operation with its session and answer, beside one query of the same row over the
same driver, both one after the other over one connection each, interleaved. ``warm``: tasks that this process has read
before, of which it asks only whether they were touched; ``cold``: tasks that it has not read.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

import psycopg
import uvloop
from _data import TOKEN, Made, make
from _load import Load, Server, cpu_of, free_port, named, post

from fanfold.model import Call, Caller
from fanfold.server.opening import open_store
from fanfold.work.seed import first_user
from fanfold.work.shared_api import SharedApi

LIMITS = "requests=1000000000,reads=1000000,writes=1000000"


SETTLED = 4.0
"""Seconds until the load connects, once the first worker is ready: a connection stays with the worker it came to."""


def say(case: str, **figures: object) -> None:
    """Print a line."""
    print(json.dumps({"case": case, **figures}), flush=True)


class Reader:
    """The operations over a database, in process."""

    def __init__(self, api: SharedApi, user: str) -> None:
        self.api = api
        self._caller = Caller("benchmark", user)

    async def ask(self, path: str, method: str = "GET", data: object = None) -> None:
        """Carry out one call."""
        endpoint, params = self.api.resolve(method, path)
        body = None if data is None else {"data": data}
        await self.api.send(Call(method, path, (), body, (), self._caller, endpoint, params))

    async def trips(self, *calls: tuple[str, str, object]) -> int:
        """Round trips of calls that are made at once."""
        before = self._trips()
        await asyncio.gather(*[self.ask(path, method, data) for method, path, data in calls])
        return self._trips() - before

    def _trips(self) -> int:
        database = self.api.database
        return database.readers.trips + database.lanes.trips


async def in_process(url: str, made: Made, rounds: int) -> None:
    """Round trips, and a task beside a bare query."""
    store = open_store(url)
    key, user = store.signing_key, str(first_user(store))
    store.close()
    api = SharedApi(url, key, connections=4)
    await api.open()
    reader = Reader(api, user)
    tasks = made.tasks[:]
    random.Random(1).shuffle(tasks)
    cold, ten = tasks[:10], tasks[10:20]
    reads = [("GET", f"/tasks/{gid}", None) for gid in cold]
    say("round trips of ten tasks read at once, of none of which anything is known", trips=await reader.trips(*reads))
    say("of the same ten once more", trips=await reader.trips(*reads), goal=2)
    other = [("GET", f"/tasks/{gid}", None) for gid in ten]
    say("of ten other tasks of projects that are known", trips=await reader.trips(*other), goal=2)
    new = [("POST", "/tasks", {"name": "New", "projects": [made.project]}) for _ in range(10)]
    await reader.trips(*new)
    say("of ten tasks made at once, in one transaction", trips=await reader.trips(*new))
    await beside_bare(api, reader, url, tasks[20:], rounds)
    await api.close()


async def beside_bare(api: SharedApi, reader: Reader, url: str, tasks: list[str], rounds: int) -> None:
    """The time of one task beside one query."""
    connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
    cursor = connection.cursor(binary=True)

    async def bare(gid: str) -> None:
        await cursor.execute("SELECT document, compact FROM record WHERE gid = %s", (int(gid),))
        await cursor.fetchone()

    async def read(gid: str) -> None:
        await reader.ask(f"/tasks/{gid}")

    async def fresh(gid: str) -> None:
        api.forget()
        await reader.ask(f"/tasks/{gid}")

    some = tasks[:50]
    for gid in some:
        await read(gid)
        await bare(gid)
    cases: list[tuple[str, Callable[[str], Awaitable[None]], list[str]]] = [
        ("bare query", bare, some),
        ("warm", read, some),
        ("cold task", read, tasks[50:100]),
        ("all cold", fresh, some[:10]),
    ]
    took: dict[str, list[tuple[float, float]]] = {name: [] for name, _, _ in cases}
    for number in range(rounds):
        for name, what, gids in cases[:: -1 if number % 2 else 1]:
            await asyncio.gather(*[read(gid) for gid in some])
            if name == "cold task":
                forget(api, gids)
            took[name].append(await _timed(what, gids))
    base = statistics.median([wall for wall, _ in took["bare query"]])
    for name, figures in took.items():
        wall = statistics.median([wall for wall, _ in figures])
        cpu = statistics.median([cpu for _, cpu in figures])
        goal = 3.0 if name in ("warm", "cold task") else None
        say(
            f"GET /tasks/{{gid}}, {name}",
            wall_us=round(wall),
            cpu_us=round(cpu),
            ratio=round(wall / base, 2),
            goal=goal,
        )
    await connection.close()


def forget(api: SharedApi, gids: list[str]) -> None:
    """As if somebody had changed these tasks and all their relations."""
    lists = [(int(gid), field) for gid in gids for field in api._mirror.links.get(int(gid), {})]  # noqa: SLF001
    api._mirror.forget(map(int, gids), lists)  # noqa: SLF001


async def _timed(what: Callable[[str], Awaitable[None]], gids: list[str]) -> tuple[float, float]:
    """Microseconds of each, and of CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    for gid in gids:
        await what(gid)
    return (time.perf_counter() - wall) / len(gids) * 1e6, (time.process_time() - cpu) / len(gids) * 1e6


def workers(url: str, redis: str, made: Made, options: argparse.Namespace) -> None:
    """Batches of ten reads a second with one worker and with two, in turn.

    Workers, database, Redis and load have to share the cores of one machine here, which workers on machines of their
    own do not. So it is told which of them used the CPU, and with ``--share`` each worker is given so much of a core
    and no more, as if that were its machine.
    """
    actions = [{"method": "get", "relative_path": f"/tasks/{gid}"} for gid in made.tasks[:10]]
    request = post("/api/1.0/batch", TOKEN, json.dumps({"data": {"actions": actions}}).encode())
    found: dict[int, list[Rate]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as directory:
        for _ in range(options.rounds):
            for count, rates in found.items():
                rates.append(_rate(url, redis, request, count, directory, options))
    one, two = (statistics.median([rate.each_second for rate in found[count]]) for count in (1, 2))
    share = "all cores" if options.share is None else f"{options.share:g} of a core for each worker"
    say(f"batches of ten reads a second, {share}", one=round(one), two=round(two), ratio=round(two / one, 2), goal=1.7)
    for count, rates in found.items():
        spent = {name: statistics.median([rate.cpu_us[name] for rate in rates]) for name in rates[0].cpu_us}
        say(f"CPU of a batch in microseconds, {count} worker(s)", **{name: round(us) for name, us in spent.items()})


class Rate(NamedTuple):
    """Batches a second, and who used how much CPU for each."""

    each_second: float
    cpu_us: dict[str, float]


def _rate(url: str, redis: str, request: bytes, count: int, directory: str, options: argparse.Namespace) -> Rate:
    port = free_port()
    command = ["-m", "fanfold", "serve", "--db", url, "--port", str(port), "--limits", LIMITS, "--redis", redis]
    command += ["--workers", str(count), "--access-log", str(Path(directory) / "access.log")]
    cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
    server = Server([*command], port, {"FANFOLD_TOKEN": TOKEN}, core=cores)
    try:
        with ExitStack() as shares:
            if options.share is not None:
                for worker in server.workers():
                    shares.enter_context(held_to(worker, options.share))
            time.sleep(SETTLED)
            load = Load(port, connections=32)
            load.freely(request, 1.0)
            parts = {
                "workers": server.workers(),
                "database": named("postgres"),
                "redis": named("redis-server"),
                "load": [os.getpid()],
            }
            before = {pid: cpu_of([pid]) for pids in parts.values() for pid in pids}
            started = time.perf_counter()
            done = load.freely(request, options.seconds)
            took = time.perf_counter() - started
            spent = {
                name: sum(max(0.0, cpu_of([pid]) - before[pid]) for pid in pids) / done * 1e6
                for name, pids in parts.items()
            }
            load.close()
            return Rate(done / took, spent)
    finally:
        server.stop()


@contextmanager
def held_to(pid: int, share: float) -> Iterator[None]:
    """A process that gets so much of a core and no more. Needs a control group for CPU (version 1), and to be root."""
    group = Path(f"/sys/fs/cgroup/cpu/fanfold-{pid}")
    group.mkdir()
    try:
        (group / "cpu.cfs_period_us").write_text("10000")
        (group / "cpu.cfs_quota_us").write_text(str(round(10_000 * share)))
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        with suppress(OSError):  # it may have ended
            (group.parent / "cgroup.procs").write_text(str(pid))
        group.rmdir()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--server", default=os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
    )
    parser.add_argument("--redis", default="redis://127.0.0.1:6379/9")
    parser.add_argument("--tasks", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--share", type=float, help="how much of a core each worker is given")
    parser.add_argument("--only", choices=("process", "workers"))
    options = parser.parse_args()
    name = f"fanfold_bench_{os.getpid()}"
    url = urlunsplit(urlsplit(options.server)._replace(path=f"/{name}"))
    with psycopg.connect(options.server, autocommit=True) as admin, tempfile.TemporaryDirectory() as directory:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            made = make(Path(directory) / "bench.db", options.tasks)
            subprocess.run(
                [sys.executable, "-m", "fanfold", "db", "copy", str(made.path), url],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            with psycopg.connect(url, autocommit=True) as ours:
                ours.execute("VACUUM ANALYZE")
            if options.only != "workers":
                with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:  # as the server has it
                    runner.run(in_process(url, made, options.rounds))
            if options.only != "process":
                workers(url, options.redis, made, options)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


if __name__ == "__main__":
    main()
