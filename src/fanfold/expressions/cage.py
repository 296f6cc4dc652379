"""Processes beside this one in which long evaluations are worked out, and killed when they take too long.

The engine's own bounds hold for nearly everything, but some of its functions never look at the clock, and none of its
bounds is one on memory. A process has both.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
import weakref
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

from fanfold.errors import ExpressionError
from fanfold.expressions.bounds import Bounds, patience
from fanfold.expressions.caged import LENGTH, OUT_OF_TIME, READY, Asked, Told

_PACKAGE = Path(__file__).parent.parent

START = 20.0
"""Seconds that a new process may take until it can be asked."""

GRACE = 0.25
"""Seconds beyond the bound after which a process that does not answer is killed."""

_BUFFER = 1 << 16
_SLOWEST = 20e6  # bytes a second that are read and written, at the very least
# The package without its public door: what that opens takes longer to import than all that is needed here.
_PROGRAM = """
import sys, types
package = types.ModuleType("fanfold")
package.__path__ = [sys.argv[1]]
sys.modules["fanfold"] = package
from fanfold.expressions.caged import main
main()
"""


class _TooLate(Exception):
    """No answer in time."""


class Process:
    """One process beside this one. Not to be asked from two threads at once."""

    def __init__(self) -> None:
        # Nothing of the environment: what is in there is nothing for expressions.
        environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(  # noqa: S603 - its own interpreter, with a program that is written here
            [sys.executable, "-S", "-c", _PROGRAM, str(_PACKAGE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            bufsize=0,
        )
        self._end = weakref.finalize(self, _end, self._process)
        self._ready = False

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    @property
    def died_of(self) -> int | None:
        """The signal that ended it, below 0; None while it lives."""
        return self._process.poll()

    def ask(self, request: bytes, seconds: float) -> bytes:
        """What it answers. Raises ``EOFError`` where it died, and ``_TooLate``."""
        if not self._ready:
            if self._read(1, time.monotonic() + START) != READY:
                raise EOFError
            self._ready = True
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101 - it was asked for
        until = time.monotonic() + seconds + len(request) / _SLOWEST
        try:
            rest = memoryview(len(request).to_bytes(LENGTH) + request)
            while rest:
                rest = rest[stdin.write(rest) :]
        except BrokenPipeError:
            raise EOFError from None
        return self._read(int.from_bytes(self._read(LENGTH, until)), until)

    def end(self, *, wait: bool = False) -> None:
        """Kill it, unless it is to ``wait`` for the end that it is coming to itself."""
        if wait:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(GRACE)
        self._end()

    def _read(self, length: int, until: float) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101 - it was asked for
        poll = select.poll()
        poll.register(stdout, select.POLLIN)
        read = bytearray()
        while len(read) < length:
            if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
                raise _TooLate
            part = stdout.read(min(length - len(read), _BUFFER))
            if not part:
                raise EOFError
            read += part
        return bytes(read)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    process.wait()


class Cages:
    """Processes that are begun when they are needed and kept for the next. Safe to use from several threads."""

    def __init__(self) -> None:
        self._idle: SimpleQueue[Process] = SimpleQueue()

    def evaluate(self, source: str, given: Any, bindings: dict[str, Any], bounds: Bounds) -> Any:
        """What an expression gives; raises ``ExpressionError``. Blocks for as long as that takes."""
        request = _encode(source, given, bindings, bounds)
        process = self._take()
        try:
            answer = process.ask(request, patience(bounds, len(request)) + GRACE)
        except BaseException as error:
            process.end(wait=isinstance(error, EOFError))
            if not isinstance(error, _TooLate | EOFError):
                raise
            # Begun at once, so that it is there when it is needed.
            self._idle.put(Process())
            late = isinstance(error, _TooLate) or process.died_of == -OUT_OF_TIME
            message = "took too long" if late else "wanted too much memory"
            raise ExpressionError(f"The expression {message}") from None
        told = msgspec.json.decode(answer, type=Told)
        if told.last:
            process.end()
            process = Process()
        self._idle.put(process)
        return _value_of(told)

    def close(self) -> None:
        """End all that are idle."""
        while True:
            try:
                self._idle.get_nowait().end()
            except Empty:
                return

    def _take(self) -> Process:
        while True:
            try:
                process = self._idle.get_nowait()
            except Empty:
                return Process()
            if process.alive:
                return process
            process.end()


def _encode(source: str, given: Any, bindings: dict[str, Any], bounds: Bounds) -> bytes:
    try:
        encoded = msgspec.json.encode(given)
        if len(encoded) > bounds.given:
            raise ExpressionError(f"The expression is given more than {bounds.given // 1024**2} MiB")
        return msgspec.json.encode(Asked(source, msgspec.Raw(encoded), bindings, bounds))
    except (TypeError, ValueError, OverflowError, RecursionError):
        raise ExpressionError("The expression is given what is no JSON") from None


def _value_of(told: Told) -> Any:
    if told.message:
        raise ExpressionError(told.message, position=told.position)
    try:
        return msgspec.json.decode(told.gave)
    except RecursionError:
        raise ExpressionError("What the expression gives is nested too deeply") from None
