"""Worker processes as their supervisor sees them: started, told, heard, ended.

Each is a fresh interpreter rather than a fork. Nothing that was loaded, opened or started as a thread before can get in
its way, and after an upgrade the next one has the new code. A line (a pair of sockets) leads to each: it is told what
to serve on it, says there that it is ready, and stops when the other end is gone, so that no worker outlives its
supervisor.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from fanfold.server.listening import address_of
from fanfold.serving.metrics import MULTIPROCESS

PROGRAM = "fanfold.server.worker"
"""What runs in the new process."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told first.

    ``part`` is what makes the application, as ``module:function``, ``address`` the URL that it is reached at. ``slot``
    is its place among the ``listeners``, which are file descriptors; ``desk`` a number that no other running worker
    has. The ``first`` one prepares what is there once for all, accepts ``token`` and greets. ``secret`` is the same for
    all, for what they have to agree on.
    """

    part: str
    settings: msgspec.Raw
    address: str
    slot: int
    listeners: tuple[int, ...]
    desk: int = 0
    first: bool = False
    token: str = ""
    secret: str = ""


class Order(msgspec.Struct, frozen=True):
    """What a worker is told later: to ``retire``, or to serve a further listener or leave it alone again."""

    do: Literal["retire", "serve", "leave"]
    slot: int = 0


class Said(msgspec.Struct, frozen=True):
    """What a worker says: that it serves, or why it cannot."""

    ready: bool = False
    refused: str = ""


class Line:
    """One end of the way between a supervisor and a worker: a JSON value a line."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end
        self.open = True
        self._rest = b""

    def say(self, value: msgspec.Struct) -> None:
        """Send a value; it is lost where nobody is there any more."""
        with suppress(OSError):
            self.end.sendall(msgspec.json.encode(value) + b"\n")

    def hear(self) -> list[bytes]:
        """The lines that have come. At the end there are none, and ``open`` is false."""
        try:
            data = self.end.recv(65_536)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        self.open = bool(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return lines


class Worker:
    """One worker process. ``settings`` are those that it was started with."""

    def __init__(self, process: subprocess.Popen[bytes], line: Line, desk: int, settings: Any) -> None:
        self._process = process
        self._line = line
        self.desk = desk
        self.settings = settings

    def __repr__(self) -> str:
        return f"process {self._process.pid}"

    @property
    def pid(self) -> int:
        """Its number among all processes."""
        return self._process.pid

    @property
    def wire(self) -> socket.socket | None:
        """What becomes readable when the worker says something; None when it will not any more."""
        return self._line.end if self._line.open else None

    def hear(self) -> list[Said]:
        """What it has said."""
        if not self._line.open:
            return []
        return [msgspec.json.decode(line, type=Said) for line in self._line.hear()]

    def tell(self, order: Order) -> None:
        """Have it do something."""
        self._line.say(order)

    def ended(self) -> int | None:
        """Its exit code, negative for a signal, or None while it runs."""
        code = self._process.poll()
        if code is not None and self._line.open:
            self._line.open = False
        return code

    def stop(self) -> None:
        """Have it finish what is in flight, and end."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def bury(self) -> None:
        """End it at once, and return when that is so."""
        self.kill()
        self._process.wait()
        self.close()

    def close(self) -> None:
        """Forget the line of one that has ended."""
        self._line.open = False
        self._line.end.close()


class Launcher:
    """Starts workers for one address."""

    def __init__(self, part: str, listeners: list[socket.socket], token: str = "") -> None:
        self._part = part
        self._listeners = listeners
        self._token = token
        self._secret = secrets.token_urlsafe(24)
        self._desks: dict[int, Worker] = {}
        self._counted: Path | None = None

    def __call__(self, slot: int, settings: Any, *, first: bool = False) -> Worker:
        """Start a worker for one of the listeners; the ``first`` one greets."""
        desk = next(number for number in range(len(self._desks) + 1) if number not in self._desks)
        ours, theirs = socket.socketpair()
        descriptors = tuple(listener.fileno() for listener in self._listeners)
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, *(f"-W{option}" for option in sys.warnoptions), "-m", PROGRAM, str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(), *set(descriptors)),
            process_group=0,  # what a terminal sends to the group is for the supervisor
            env={**os.environ, **self._environment(counting=settings.metrics)},
        )
        theirs.close()
        line = Line(ours)
        worker = self._desks[desk] = Worker(process, line, desk, settings)
        told = Told(
            part=self._part,
            settings=msgspec.Raw(msgspec.json.encode(settings)),
            address=address_of(self._listeners[0]),
            slot=slot,
            listeners=descriptors,
            desk=desk,
            first=first,
            token=self._token if first else "",
            secret=self._secret,
        )
        line.say(told)
        ours.settimeout(0)
        return worker

    def forget(self, worker: Worker) -> None:
        """One has ended: what it counted stays, what it said about its present state goes, its desk is free."""
        worker.close()
        del self._desks[worker.desk]
        for file in self._files(f"gauge_live*_{worker.desk}.db"):
            file.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove what was kept for all workers."""
        if self._counted is not None:
            shutil.rmtree(self._counted, ignore_errors=True)

    def _environment(self, *, counting: bool) -> dict[str, str]:
        if not counting:
            return {}
        if self._counted is None:
            self._counted = Path(tempfile.mkdtemp(prefix="fanfold-metrics-"))
        return {MULTIPROCESS: str(self._counted)}

    def _files(self, pattern: str) -> Iterator[Path]:
        return self._counted.glob(pattern) if self._counted is not None else iter(())
