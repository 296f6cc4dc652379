"""A million decisions of several processes on one Redis, compared with the model: ``python -m faults.limiter_model``.

Processes ask as fast as they can, in batches of all sizes, and hold what they are granted for a while. Meanwhile some
of them are killed, connections are cut and scripts are forgotten. What was decided is replayed afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from msgspec import json
from msgspec.structs import asdict

from fanfold.errors import LimitsUnknown
from fanfold.limits.line import line_to
from fanfold.limits.redis import RedisLimiter
from fanfold.limits.shapes import SCRIPTS
from fanfold.model import Refusal
from faults.limiter_checker import Verdict, replay
from faults.limiter_holders import CALLERS, RULES, SPACES, TRACE
from faults.redis_server import BINARY, RedisServer, redis_server
from faults.setting import Figures, Scenario, Setting, UnableError, Words, shortened, silent

CHECKERS = 2
A_STEP = 0.25
"""Seconds between looks at the trace, which is also when something breaks."""

NOTES = 20_000
"""Notes that are read at once."""

HELD_UP = 2.0
"""Seconds for which a process is stopped: longer than any lease."""

SLOWEST = 200
"""Decisions a second that there are at least; a run that has fewer is ended."""


class Trace:
    """The stream of notes, emptied into a file again and again."""

    def __init__(self, server: RedisServer, file: IO[bytes]) -> None:
        import redis  # noqa: PLC0415 - an extra

        self._redis: Any = redis.Redis(port=server.port)
        self._file = file
        self._last = b""
        self.decisions = 0

    def drain(self) -> None:
        """Move to the file what has been noted."""
        found: list[Any] = [None] * NOTES
        while len(found) == NOTES:
            found = self._redis.xrange(TRACE, b"(" + self._last if self._last else b"-", count=NOTES)
            for _, fields in found:
                note = fields[b"e"]
                self._file.write(note + b"\n")
                self.decisions += b" take " in note or b" charge " in note
            if found:
                self._last = found[-1][0]
                self._redis.xtrim(TRACE, minid=self._last, approximate=False)


class Processes:
    """Those who hold, of which some are killed and others take their place."""

    def __init__(self, server: RedisServer, folder: Path, seed: int, count: int) -> None:
        self._server = server
        self._folder = folder
        self._seed = seed
        self.started = 0
        self.killed = 0
        self.held_up = 0
        self._held_up: tuple[subprocess.Popen[bytes], float] | None = None
        self._running = [self._start() for _ in range(count)]

    def _start(self) -> subprocess.Popen[bytes]:
        self.started += 1
        name = f"{self._seed}-{self.started}"
        seen = str(self._folder / f"seen-{name}")
        return subprocess.Popen([sys.executable, "-m", "faults.limiter_holders", self._server.url, name, seen])

    def kill_one(self, dice: random.Random) -> None:
        """Kill one as if the machine had failed, and have another begin."""
        place = dice.randrange(len(self._running))
        self._running[place].kill()
        self._running[place].wait()
        self.killed += 1
        self._running[place] = self._start()

    def hold_up_one(self, dice: random.Random) -> None:
        """Stop one for longer than its leases last, whose holders then go on as if nothing had happened."""
        if self._held_up is None:
            self._held_up = dice.choice(self._running), time.monotonic() + HELD_UP
            self._held_up[0].send_signal(signal.SIGSTOP)
            self.held_up += 1

    def let_go_on(self, *, now: bool = False) -> None:
        """Let the one that was held up go on, if it is time."""
        if self._held_up is not None and (now or time.monotonic() > self._held_up[1]):
            self._held_up[0].send_signal(signal.SIGCONT)
            self._held_up = None

    def stop(self) -> int:
        """Let all of them come to their end; how many did not."""
        self.let_go_on(now=True)
        for process in self._running:
            process.terminate()
        failed = 0
        for process in self._running:
            try:
                failed += process.wait(30) not in (0, -signal.SIGTERM)  # which may come before it has begun
            except subprocess.TimeoutExpired:
                process.kill()
                failed += 1
        return failed


@contextmanager
def processes(server: RedisServer, folder: Path, seed: int, count: int) -> Iterator[Processes]:
    """Processes for as long as a block."""
    running = Processes(server, folder, seed, count)
    try:
        yield running
    finally:
        running.stop()


class Run:
    """One run: what was broken while it went on, and how long it took."""

    def __init__(self, decisions: int, count: int, seed: int, say: Words) -> None:
        self._goal = decisions
        self._count = count
        self._seed = seed
        self._say = say
        self._dice = random.Random(seed)
        self.cut = 0
        self.forgotten = 0

    def carry_out(self, folder: Path) -> Figures:
        """Decide, then check."""
        began = time.monotonic()
        with redis_server() as server, (folder / "trace").open("wb") as file:
            trace = Trace(server, file)
            with processes(server, folder, self._seed, self._count) as running:
                self._let_run(server, trace, running, began)
                failed = running.stop()
            trace.drain()
            seconds = time.monotonic() - began
            held = asyncio.run(_held(server))
        self._say(f"{trace.decisions} decisions in {seconds:.0f} s; now they are checked")
        verdict = checked(folder)
        counts = {name: value for name, value in asdict(verdict).items() if name != "differences"}
        broken = [*verdict.differences, *held]
        if failed:
            broken.append(f"{failed} processes did not end when they were told to")
        if trace.decisions < self._goal:
            broken.append(f"only {trace.decisions} of {self._goal} decisions were made in the time that there was")
        return Figures(
            counts={
                **counts,
                "differences": len(verdict.differences),
                "processes": self._count,
                "killed": running.killed,
                "held_up": running.held_up,
                "connections_cut": self.cut,
                "scripts_forgotten": self.forgotten,
                "slots_leaked": len(held),
                "decisions_a_second": round(trace.decisions / seconds),
                "seconds": round(seconds, 1),
                "seconds_of_checking": round(time.monotonic() - began - seconds, 1),
            },
            violations=shortened(broken),
        )

    def _let_run(self, server: RedisServer, trace: Trace, running: Processes, began: float) -> None:
        while trace.decisions < self._goal and time.monotonic() - began < 60 + self._goal / SLOWEST:
            time.sleep(A_STEP)
            trace.drain()
            running.let_go_on()
            fault = self._dice.random()
            if fault < 0.04:
                running.kill_one(self._dice)
            elif fault < 0.08:
                running.hold_up_one(self._dice)
            elif fault < 0.16:
                server.do("CLIENT", "KILL", "TYPE", "normal")
                self.cut += 1
            elif fault < 0.20:
                server.do("SCRIPT", "FLUSH")
                self.forgotten += 1


async def _held(server: RedisServer) -> list[str]:
    """Slots that are still held when everybody has gone and every lease has run out."""
    await asyncio.sleep(max(getattr(rule, "span", 0) for rule in RULES) + 0.1)
    line = line_to(server.url, SCRIPTS, deadline=5.0)
    held = []
    for space, limits in SPACES.items():
        limiter = RedisLimiter(limits, line, space=space)
        for number in range(CALLERS):
            try:
                standing = await limiter.look(f"caller {number}", {"reads": 12, "writes": 5})
            except LimitsUnknown:
                held.append(f"nobody knows what caller {number} ({space}) still holds")
                continue
            if isinstance(standing, Refusal):
                held.append(f"caller {number} ({space}) still holds {standing}")
    await line.close()
    return held


def checked(folder: Path) -> Verdict:
    """What the model says about all of it."""
    with ProcessPoolExecutor(CHECKERS) as pool:
        parts = list(pool.map(replay, [folder] * CHECKERS, range(CHECKERS), [CHECKERS] * CHECKERS))
    found = parts[0]
    for part in parts[1:]:
        found = found.add(part)
    return found


async def run(setting: Setting) -> Figures:
    """As a scenario of the battery."""
    if BINARY is None:
        raise UnableError("there is no redis-server or valkey-server")
    one = Run(setting.sized(10_000, 1_000_000), 4, setting.seed, setting.say)
    return await asyncio.to_thread(one.carry_out, setting.folder)


SCENARIO = Scenario(
    "limiter-model",
    "decisions of four processes on one Redis, some of them killed, compared with the model",
    "every decision is the one that the model makes, exactly once, and no slot is lost",
    run,
)


def main() -> int:
    """Run once, and print one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m faults.limiter_model", description=SCENARIO.title)
    parser.add_argument("--decisions", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    if BINARY is None:
        sys.exit("There is no redis-server or valkey-server on this machine.")
    with tempfile.TemporaryDirectory(prefix="fanfold-limiter-") as folder:
        figures = Run(options.decisions, options.processes, options.seed, silent).carry_out(Path(folder))
    print(json.encode({"scenario": SCENARIO.name, "seed": options.seed, **asdict(figures)}).decode())
    return 1 if figures.violations else 0


if __name__ == "__main__":
    sys.exit(main())
