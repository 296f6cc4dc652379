"""F9: another process has the database file locked, or reads it for so long that its log cannot be cut off."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic

from faults.checker import ask_again, assert_invariants
from faults.history import History
from faults.server import Server
from faults.setting import Figures, Scenario, Setting, UnableError, shortened
from faults.stores import home
from faults.workload import NOTHING_DONE, Client, Ground, fly_all, prepare

HOLDS = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
for sql in sys.argv[2:]:
    database.execute(sql).fetchall()
print("held", flush=True)
sys.stdin.read()
"""
"""Another program: holds what it was told to until its input ends."""

CLIENTS = 3
RESUMES_WITHIN = 2.0
MOST_LAG = 0.5
"""Seconds that the loop may be late: a lock is waited for a tenth of a second, on a machine that others use too."""

SLOW_READ = 0.5
MB = 1024 * 1024
MOST_LEFT = 64 * MB
"""Bytes of log that may be left once nobody reads it any more."""


@asynccontextmanager
async def held(db: str, *sql: str) -> AsyncIterator[None]:
    """Another process holds something for as long as the block."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HOLDS, db, *sql), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        if process.stdout is not None:
            await process.stdout.readline()
        yield
    finally:
        process.kill()
        await process.wait()


class Trial:
    """A server whose database others use too."""

    def __init__(self, server: Server, ground: Ground, setting: Setting) -> None:
        self.server = server
        self.ground = ground
        self.history = History()
        self.found: list[str] = []
        self.reads: list[float] = []
        self.resumed = 0.0
        self._setting = setting

    def clients(self, name: str) -> list[Client]:
        """Those who write."""
        made = [
            Client(f"{name}c{n}", self.server, self.ground, self.history, self._setting.dice("busy", name, n))
            for n in range(CLIENTS)
        ]
        for client in made:
            client.may = NOTHING_DONE
        return made

    async def locked(self, seconds: float, name: str) -> None:
        """Another process has the file locked for so long; others read meanwhile."""
        over = asyncio.Event()
        flying = asyncio.create_task(fly_all(self.clients(name), over))
        await asyncio.sleep(0.1)
        async with held(self.server.db, "BEGIN EXCLUSIVE"), self.server.link() as link:
            until = monotonic() + seconds
            while monotonic() < until:
                reply = await link.ask("GET", f"/api/1.0/tasks/{self.ground.registers[0]}?opt_fields=name")
                self.reads.append(reply.seconds)
                if reply.status != 200:
                    self.found.append(f"F9: a read was answered {reply.status} while the file was locked")
                await asyncio.sleep(0.01)
            reply = await link.ask(
                "POST", "/api/1.0/tasks", {"data": {"name": "x", "workspace": self.ground.workspace}}
            )
            if reply.status != 503 or "retry-after" not in reply.headers:
                self.found.append(f"F9: a write was answered {reply.status} without a hint: {reply.body[:200]!r}")
        began = monotonic()
        while not await self._writes() and monotonic() < began + RESUMES_WITHIN:
            await asyncio.sleep(0.02)
        self.resumed = max(self.resumed, monotonic() - began)
        over.set()
        await flying

    async def _writes(self) -> bool:
        async with self.server.link() as link:
            data = {"data": {"name": "free again", "workspace": self.ground.workspace}}
            return (await link.ask("POST", "/api/1.0/tasks", data)).status == 201

    async def read_for_long(self, seconds: float) -> tuple[int, int]:
        """Another process reads one snapshot for so long; how large the log became, and how much of it is left."""
        over = asyncio.Event()
        log = Path(f"{self.server.db}-wal")
        async with held(self.server.db, "BEGIN", "SELECT count(*) FROM record"):
            flying = asyncio.create_task(fly_all(self.clients("reading"), over))
            await asyncio.sleep(seconds)
            most = log.stat().st_size
        await asyncio.sleep(max(1.0, seconds / 4))
        over.set()
        await flying
        return most, log.stat().st_size


async def run(setting: Setting) -> Figures:
    """Lock it for longer and longer, then read it for long."""
    if setting.db != "sqlite":
        raise UnableError("only a file can be locked by another process")
    async with home(setting, setting.folder) as place:
        server = Server(setting.folder, "--access-log", "off", db=place.db)
        server.tamper()
        await server.start()
        async with server.link() as link:
            trial = Trial(server, await prepare(link, "busy"), setting)
        for seconds in (0.05, 0.5, 3.0) if setting.tier == "quick" else (0.05, 0.2, 0.5, 1.0, 3.0, 10.0, 60.0):
            await trial.locked(seconds, f"for-{seconds:g}")
        lag = (await server.inner()).lag
        most, left = await trial.read_for_long(setting.seconds(4, 60))
        async with server.link() as link:
            found = await ask_again(link, trial.history, trial.ground)
        found += await assert_invariants(server, place.inside, trial.ground, trial.history)
        code = await server.stop()
        found += [f"the server ended with {code}"] if code else []
    p99 = sorted(trial.reads)[int(0.99 * len(trial.reads))]
    if lag > MOST_LAG:
        found.append(f"F20: the loop was {lag:.1f} s late")
    if p99 > SLOW_READ:
        found.append(f"F9: reads took {p99:.2f} s while the file was locked")
    if trial.resumed >= RESUMES_WITHIN:
        found.append("F9: writes were not possible when the file was free again")
    if left > MOST_LEFT:
        found.append(f"F9: {left / MB:.0f} MB of log were left when nobody read it any more")
    counts = {
        "refused": sum(one.status in NOTHING_DONE for one in trial.history.operations),
        "reads": len(trial.reads),
        "read_p99_ms": round(p99 * 1000, 1),
        "resumed_ms": round(trial.resumed * 1000),
        "acknowledged": trial.history.acknowledged,
        "log_most_mb": round(most / MB, 1),
        "log_left_mb": round(left / MB, 1),
        "worst_lag_ms": round(lag * 1000),
    }
    return Figures(counts=counts, violations=shortened(trial.found + found))


SCENARIO = Scenario(
    "busy",
    "another process has the file",
    "writes are refused soon and undone, reads go on, and nobody is held up by somebody else's lock",
    run,
)
