"""The process in which long evaluations are worked out: it may be killed, and has only so much memory.

It reads requests from its standard input and writes answers to its standard output, one after the other, until there
are no more. Each is eight bytes of length and then JSON.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from fanfold.errors import ExpressionError
from fanfold.expressions.bounds import Bounds, limits, patience, processor_time
from fanfold.expressions.programs import compile_program, failure

OUT_OF_TIME = signal.SIGPROF
"""The signal of which it dies when it has had all its processor time."""

LENGTH = 8
"""Bytes that say how long what follows is."""

READY = b"\x01"
"""Written once, as soon as it can be asked."""

_REMEMBERED = 256
_PER_BYTE = 24
"""Bytes that a byte of JSON may take when it has been read."""

_ROOM = 256 * 1024 * 1024
"""Bytes in which the engine is loaded."""

_GROWTH = 32 * 1024 * 1024
_STATM = Path("/proc/self/statm")


class Asked(Struct, frozen=True):
    """One evaluation. ``given`` is the input, as JSON."""

    source: str
    given: msgspec.Raw
    bindings: dict[str, Any]
    bounds: Bounds


class Told(Struct, frozen=True, omit_defaults=True):
    """What came of it: ``gave`` as JSON, or a ``message`` that says why nothing did.

    ``last``: it has grown too large, and goes.
    """

    gave: msgspec.Raw = msgspec.Raw(b"null")
    message: str = ""
    position: int | None = None
    last: bool = False


def size() -> int:
    """Bytes of address space that this process has, 0 where that is not told."""
    try:
        return int(_STATM.read_bytes().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


class Cage:
    """Answers one request after the other."""

    def __init__(self) -> None:
        _, self._most = resource.getrlimit(resource.RLIMIT_AS)
        self._size = size()
        # The engine's allocator sets a GiB aside when it is loaded, if it may, and what it takes out of that would not
        # be counted. It is run once, so that what it needs itself is not counted as what an expression takes.
        self._allow(_ROOM)
        self._programs: dict[str, Any] = {"1": compile_program("1")}
        self._programs["1"].evaluate_json("{}")
        self._size = size()
        self._allow(None)

    def answer(self, request: bytes) -> bytes:
        """What came of a request."""
        asked = msgspec.json.decode(request, type=Asked)
        self._allow(asked.bounds.memory + _PER_BYTE * len(request))
        # Nobody hears the signal that this sends, so it ends the process.
        signal.setitimer(signal.ITIMER_PROF, processor_time(asked.bounds, len(request)))
        try:
            told = Told(gave=msgspec.Raw(self._evaluate(asked).encode()), last=self.grown())
        except ExpressionError as error:
            told = Told(message=error.message, position=error.position, last=self.grown())
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self._allow(None)
        return msgspec.json.encode(told)

    def grown(self) -> bool:
        """Whether what it has worked out left it so large that another had better begin anew."""
        return self._size > 0 and size() > self._size + _GROWTH

    def _evaluate(self, asked: Asked) -> str:
        program = self._programs.get(asked.source)
        if program is None:
            if len(self._programs) >= _REMEMBERED:
                self._programs.clear()
            program = self._programs[asked.source] = compile_program(asked.source)
        try:
            given = bytes(asked.given).decode()
            gave = program.evaluate_json(
                given, asked.bindings, **limits(asked.bounds, patience(asked.bounds, len(given)), handed=True)
            )
        except BaseException as error:  # noqa: BLE001 - a panic of the engine is none of Exception's
            raise failure(error) from None
        most = asked.bounds.result
        if gave is not None and (len(gave) > most or len(gave.encode()) > most):
            raise ExpressionError(f"The expression gives more than {most} bytes")
        return gave or "null"

    def _allow(self, more: int | None) -> None:
        if self._size:
            with contextlib.suppress(ValueError, OSError):
                most = self._most if more is None else self._size + more
                resource.setrlimit(resource.RLIMIT_AS, (most, self._most))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answers until there are no more requests."""
    cage = Cage()
    answers.write(READY)
    answers.flush()
    while True:
        head = requests.read(LENGTH)
        if len(head) < LENGTH:
            return
        answer = cage.answer(requests.read(int.from_bytes(head)))
        answers.write(len(answer).to_bytes(LENGTH) + answer)
        answers.flush()


def main() -> None:
    """What the process runs. It goes when nobody asks any more, so an interrupt at the keyboard is not for it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Nothing else may write among the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    serve(sys.stdin.buffer, answers)
