"""A real server process: started, waited for, killed, stopped, and started again on the same data."""

from __future__ import annotations

import asyncio
import atexit
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import IO, NamedTuple, Self

from msgspec import json

from faults.client import Address, BrokenError, Link

ROOT = Path(__file__).parent.parent

PATIENT = 60.0
"""Seconds that a start or an end may take before it counts as never."""

ROOMY = "requests=100000000,reads=20000,writes=20000"
"""Limits that count everything and refuse nothing."""


_STARTED: set[subprocess.Popen[bytes]] = set()


@atexit.register
def end_all() -> None:
    """Leave no process behind, whatever has become of whoever started it."""
    for process in _STARTED:
        if process.poll() is None:
            process.kill()


def start(command: list[str], out: IO[bytes], environment: dict[str, str], folder: Path) -> subprocess.Popen[bytes]:
    """Start a process that ends with this one at the latest."""
    process = subprocess.Popen(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=environment, cwd=folder)
    _STARTED.add(process)
    return process


class NotServingError(Exception):
    """The server did not come up; the message is what it printed."""


class Sample(NamedTuple):
    """What a process takes at a moment. Sizes in bytes; ``anonymous`` is memory that is no mapped file."""

    fds: int
    threads: int
    resident: int
    anonymous: int


class Inner(NamedTuple):
    """What only the process itself knows: its tasks, what the collector watches, how late its loop has been (s).

    ``busy`` is the processor time that it took at most between two looks, ``where`` what it was at then, if that is
    looked for. ``blocks`` is how many pieces of memory Python has given out, ``sqlite`` how many bytes SQLite has.
    Since it was asked last: how long it took at most to decide about limits in a Redis, how late its loop was then (s).
    """

    tasks: int
    objects: int
    lag: float
    busy: float
    where: str
    blocks: int
    sqlite: int
    decision: float
    late: float


class Server:
    """``fanfold serve`` on a port and a database of its own; the same again after each ``start``.

    ``program`` stands before ``serve``: ``fanfold``, or ``faults.tampered`` with what is to happen inside.
    ``before`` is put before the whole command, such as ``faketime``.
    """

    health = "/healthz"

    def __init__(
        self,
        folder: Path,
        *flags: str,
        db: str = "",
        limits: str = ROOMY,
        environment: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.db = db or str(folder / "faults.db")
        self.address = Address("127.0.0.1", free_port(), secrets.token_hex(16))
        self.program: tuple[str, ...] = ("fanfold",)
        self.before: tuple[str, ...] = ()
        self.environment = dict(environment or {})
        self.flags = ("--limits", limits, *flags)
        self.process: subprocess.Popen[bytes] | None = None
        self.starts = 0
        self.slowest_start = 0.0
        self.output = folder / f"server-{self.address.port}.log"

    # -- beginning and end -------------------------------------------------------------------------------------------

    async def start(self) -> float:
        """Start, and wait until it answers; the seconds that took."""
        began = monotonic()
        with self.output.open("ab") as out:
            command = [*self.before, sys.executable, "-m", *self.program, *self._words()]
            self.process = start(command, out, self._variables(), self.folder)
        while not await self.answers():
            if self.process.poll() is not None or monotonic() > began + PATIENT:
                self.kill()
                raise NotServingError(self.printed()[-2000:])
            await asyncio.sleep(0.005)
        seconds = monotonic() - began
        self.starts += 1
        self.slowest_start = max(self.slowest_start, seconds)
        return seconds

    def _variables(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}
        more = {"FANFOLD_TOKEN": self.address.token, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": ""}
        return kept | more | self.environment

    def _words(self) -> list[str]:
        """What is typed behind ``fanfold``."""
        return ["serve", "--port", str(self.address.port), "--db", self.db, *self.flags]

    async def answers(self, within: float = 2.0) -> bool:
        """Whether it tells that it is alive."""
        try:
            async with Link(self.address) as link:
                return (await link.ask("GET", self.health, within=within)).status == 200
        except BrokenError:
            return False

    @property
    def pid(self) -> int:
        """The process that was started."""
        if self.process is None:
            raise NotServingError("the server was never started")
        return self.process.pid

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self.process is not None and self.process.poll() is None

    @property
    def code(self) -> int | None:
        """How the process ended, if it has."""
        return None if self.process is None else self.process.poll()

    def kill(self) -> None:
        """End it as a power cut to the process would: nothing is finished, nothing is told."""
        self.send(signal.SIGKILL)
        if self.process is not None:
            self.process.wait(PATIENT)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to stop, and wait; its exit code."""
        self.send(number)
        return await self.ended()

    async def ended(self, within: float = PATIENT) -> int:
        """Wait until the process is gone; its exit code."""
        until = monotonic() + within
        while self.process is not None and self.process.poll() is None:
            if monotonic() > until:
                self.kill()
                raise NotServingError(f"it did not end within {within:g} s")
            await asyncio.sleep(0.005)
        return 0 if self.process is None else self.process.returncode

    # -- looking at it -----------------------------------------------------------------------------------------------

    def printed(self) -> str:
        """Everything that it has written to its output, all lives together."""
        return self.output.read_text(errors="replace") if self.output.exists() else ""

    def link(self) -> Link:
        """A connection to it."""
        return Link(self.address)

    def sample(self) -> Sample:
        """What the process takes now."""
        place = Path(f"/proc/{self.pid}")
        status = dict(line.split(":", 1) for line in (place / "status").read_text().splitlines() if ":" in line)

        def size(name: str) -> int:
            return int(status[name].split()[0]) * 1024

        fds = len(list((place / "fd").iterdir()))
        return Sample(fds, int(status["Threads"]), size("VmRSS"), size("RssAnon"))

    def cpu(self) -> float:
        """Seconds of CPU time that its threads have used."""
        tasks = Path(f"/proc/{self.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def peak(self) -> int:
        """The most memory that the process has taken since ``forget_peak``, in bytes."""
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) * 1024

    def forget_peak(self) -> None:
        """Let ``peak`` begin anew."""
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")

    async def inner(self) -> Inner:
        """What the process tells of itself, if it runs with ``faults.tampered``."""
        told = Path(self.environment["FAULTS_TOLD"])
        told.unlink(missing_ok=True)
        self.send(signal.SIGUSR1)
        until = monotonic() + PATIENT
        while not told.exists():
            if monotonic() > until or not self.running:
                raise NotServingError("the server does not tell of itself")
            await asyncio.sleep(0.01)
        return Inner(**json.decode(told.read_bytes()))

    def forget_lag(self) -> None:
        """Let how late the loop has been begin anew."""
        self.send(signal.SIGUSR2)

    def tamper(self, *points: str) -> None:
        """From the next start on have it tell of itself, and die at these points."""
        self.program = ("faults.tampered", *points)
        self.environment["FAULTS_TOLD"] = str(self.folder / f"told-{self.address.port}")


class Gateway(Server):
    """``fanfold gateway`` before an upstream on this machine."""

    health = "/-/healthz"

    def __init__(self, folder: Path, upstream: str, *flags: str, config: str = "") -> None:
        """``config``: what stands in its settings file, instead of one upstream."""
        super().__init__(folder, *flags)
        self.address = self.address._replace(token="")
        self.flags = ("--allow-private", *flags)
        self._upstream = ["--upstream", upstream]
        if config:
            file = folder / "gateway.toml"
            file.write_text(config)
            self._upstream = ["--config", str(file)]

    def _words(self) -> list[str]:
        return ["gateway", "--port", str(self.address.port), *self._upstream, *self.flags]


class Program:
    """Another command of ``fanfold`` for as long as a block."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._words = words
        self._output = folder / f"{words[0]}.log"
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}
        command = [sys.executable, "-u", "-m", "fanfold", *self._words]
        with self._output.open("wb") as out:
            self._process = start(command, out, kept, self._output.parent)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(PATIENT)

    async def said(self, pattern: str) -> str:
        """What it has printed that a pattern matches, once it has."""
        until = monotonic() + PATIENT
        while not (found := re.search(pattern, self._output.read_text())):
            if monotonic() > until:
                raise NotServingError(self._output.read_text()[-2000:])
            await asyncio.sleep(0.02)
        return found[1]


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
