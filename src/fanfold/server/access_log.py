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
from typing import IO, Any, cast

import msgspec

from fanfold.errors import RequestError, SetupError
from fanfold.model import Caller, Result

FLUSH_EVERY = 0.2
"""Seconds that a line waits at most."""

FLUSH_AT = 5000
"""Entries that are held at most."""

Entry = tuple[float, str, str, str, int, float, Caller | None, list[tuple[str, str, int, float]]]
"""What is held until then: never a result itself, which would keep whole bodies alive."""


class AccessLog:
    """Writes to ``where``: ``-`` for standard error, ``off`` for nowhere, or a file that is appended to."""

    def __init__(self, where: str) -> None:
        self._out: IO[bytes] | None = _open(where)
        self._entries: list[Entry] = []
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
        actions = [
            (
                result.action.method,
                result.action.path,
                result.answer.status if result.answer else cast("RequestError", result.error).status,
                result.seconds,
            )
            for result in results
        ]
        self._entries.append(
            (time.time(), request, method, path, status, time.perf_counter() - started, caller, actions)
        )
        if len(self._entries) >= FLUSH_AT:
            self.flush()
        elif not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_later(FLUSH_EVERY, self.flush)

    def flush(self) -> None:
        """Write what has been noted."""
        self._scheduled = False
        entries, self._entries = self._entries, []
        if entries and self._out is not None:
            lines = [line for entry in entries for line in _lines(entry)]
            try:
                self._out.write(msgspec.json.Encoder().encode_lines(lines))
                self._out.flush()
            except (OSError, ValueError):
                self._out = None

    def close(self) -> None:
        """Write what is left."""
        self.flush()


def _open(where: str) -> IO[bytes] | None:
    if where == "off":
        return None
    if where == "-":
        return cast("IO[bytes]", getattr(sys.stderr, "buffer", None))
    try:
        return open(where, "ab")  # noqa: PTH123 - lives as long as the server
    except OSError as error:
        raise SetupError(f"The access log {where} cannot be written: {error.strerror}.") from None


def _lines(entry: Entry) -> list[dict[str, Any]]:
    at, request, method, path, status, seconds, caller, actions = entry
    head = {
        "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        "request": request,
        "method": method,
        "path": path,
        "status": status,
        "ms": round(seconds * 1000, 3),
        "caller": caller.key if caller else None,
    }
    if not actions:
        return [head]
    lines = [
        {
            "request": request,
            "action": index,
            "method": action_method,
            "path": action_path.partition("?")[0].partition("#")[0][:200],
            "status": action_status,
            "ms": round(action_seconds * 1000, 3),
        }
        for index, (action_method, action_path, action_status, action_seconds) in enumerate(actions)
    ]
    return [{**head, "actions": len(actions)}, *lines]
