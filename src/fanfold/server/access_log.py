"""The access log: a JSON line for each request and, in a batch, one for each action. No token, no query, no body, ever.

Lines are put together and written a few times a second, not one by one, because a write for each action would cost
more than the action.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, cast

import msgspec

from fanfold.errors import RequestError, SetupError
from fanfold.model import Caller, Result

FLUSH_EVERY = 0.2
"""Seconds that a line waits at most."""

FLUSH_AT = 20_000
"""Lines that are held at most."""

_encode = msgspec.json.Encoder().encode


class AccessLog:
    """Writes to ``where``: ``-`` for standard error, ``off`` for nowhere, or a file that is appended to."""

    def __init__(self, where: str) -> None:
        self._out: IO[bytes] | None = _open(where)
        self._lines: list[str] = []
        self._scheduled = False

    def note(
        self,
        request: str,
        method: str,
        path: str,
        status: int,
        started: float,
        caller: Caller | None,
        results: Sequence[Result],
    ) -> None:
        """Note one request that began at ``started`` (``perf_counter``) and ends now."""
        if self._out is None:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        who = caller.key if caller else ""
        count = f',"actions":{len(results)}' if results else ""
        self._lines.append(
            f'{{"time":"{at}","request":"{request}","method":{_text(method)},"path":{_text(path)},"status":{status},'
            f'"ms":{(time.perf_counter() - started) * 1000:.3f},"caller":{_text(who)}{count}}}\n'
        )
        if results:
            self._lines += [_line(request, index, result) for index, result in enumerate(results)]
        if len(self._lines) >= FLUSH_AT:
            self.flush()
        elif not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_later(FLUSH_EVERY, self.flush)

    def flush(self) -> None:
        """Write what has been noted."""
        self._scheduled = False
        lines, self._lines = self._lines, []
        if lines and self._out is not None:
            try:
                self._out.write("".join(lines).encode())
                self._out.flush()
            except OSError:
                pass  # there may be room again for the next lines
            except ValueError:
                self._out = None  # it was closed

    def close(self) -> None:
        """Write what is left, and close the file if there is one."""
        self.flush()
        out, self._out = self._out, None
        if out is not None and out is not getattr(sys.stderr, "buffer", None):
            out.close()


def _open(where: str) -> IO[bytes] | None:
    if where == "off":
        return None
    if where == "-":
        return cast("IO[bytes]", getattr(sys.stderr, "buffer", None))
    try:
        return open(where, "ab")  # noqa: PTH123 - lives as long as the server
    except OSError as error:
        raise SetupError(f"The access log {where} cannot be written: {error.strerror}.") from None


def _line(request: str, index: int, result: Result) -> str:
    action, answer = result.action, result.answer
    method, path = action.method, action.path
    if answer is not None:
        return (
            f'{{"request":"{request}","action":{index},"method":"{method}","path":"{path}",'
            f'"status":{answer.status},"ms":{result.seconds * 1000:.3f}}}\n'
        )
    # Only a path that was answered is known to hold nothing that ends a string.
    path = path.partition("?")[0].partition("#")[0][:200]
    status = cast("RequestError", result.error).status
    return (
        f'{{"request":"{request}","action":{index},"method":{_text(method)},"path":{_text(path)},'
        f'"status":{status},"ms":{result.seconds * 1000:.3f}}}\n'
    )


def _text(text: str) -> str:
    """A JSON string. What a client wrote cannot begin a line of its own."""
    return _encode(text).decode()
