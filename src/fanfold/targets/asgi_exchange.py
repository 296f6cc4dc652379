"""One request to an application in this process, and its answer, as the application sees them: a client that waits.

The client leaves when the answer is complete, when it is larger than it may be, and when nobody waits for it any more.
An application that listens for that may end by itself then: some run their handlers in tasks of their own, which would
go on for ever if only what waits for them were cancelled.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.model import Answer, Pairs
from fanfold.targets.templates import route_found

GRACE = 2.0
"""Seconds in which an application may end by itself when its client has left."""

_NAMES = 1000
"""Names of headers that are remembered in lower case."""


class Exchange(Struct, eq=False):
    """The application's side of one request.

    ``body`` is None once it was given; ``size`` is that of all that was answered, in bytes; ``status`` is 0 until the
    answer has begun. ``listeners`` is how many wait to be told that the client has left.
    """

    scope: MutableMapping[str, Any]
    body: bytes | None
    max_response: int
    settle: Callable[[Answer], None]
    task: asyncio.Task[Any] | None = None
    size: int = 0
    status: int = 0
    headers: Pairs = ()
    chunks: list[bytes] = []
    complete: bool = False
    settled: bool = False
    listeners: int = 0
    waiter: asyncio.Event | None = None
    timer: asyncio.TimerHandle | None = None

    async def receive(self) -> dict[str, Any]:
        """The body once; then nothing until the client leaves."""
        body, self.body = self.body, None
        if body is not None:
            return {"type": "http.request", "body": body, "more_body": False}
        if not self.settled:
            self.waiter = self.waiter or asyncio.Event()
            self.listeners += 1
            try:
                await self.waiter.wait()
            finally:
                self.listeners -= 1
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        """Take one message of the answer; what comes after its end is ignored, as it is on a closed connection."""
        if message["type"] == "http.response.start":
            if not self.status:
                self._begin(int(message["status"]), message.get("headers", ()))
        elif message["type"] == "http.response.body" and not self.complete:
            chunk = message.get("body", b"")
            self.size += len(chunk)
            if self.size > self.max_response:
                await self._cut_off()
                raise OSError("the answer is larger than the target takes")
            self.chunks.append(chunk)
            if self.status and not message.get("more_body", False):
                self.complete = True
                self._end()
                answer = Answer(self.status, b"".join(self.chunks), self.headers, route=route_found(self.scope))
                self.settle(answer)

    def leave(self) -> float:
        """Nobody waits for the answer any more; the seconds in which the application may end by itself."""
        self._end()
        return GRACE if self.listeners else 0.0

    def was_cut_off(self) -> bool:
        """Whether the task was cancelled because the answer is too large; if so it goes on."""
        if self.size <= self.max_response or self.task is None:
            return False
        self.task.uncancel()
        return True

    def check(self) -> None:
        """Raise where the application has ended and its answer cannot be taken."""
        if self.timer is not None:
            self.timer.cancel()  # its task may have other things to do now
        if self.size > self.max_response:
            raise RequestError("The response of this action is too large", status=507)
        if not self.complete:
            raise RuntimeError("the application returned without a complete answer")

    async def _cut_off(self) -> None:
        """Take no more. Who listens for a client that leaves can end in peace, everybody else sees an error at once."""
        if self.settled:
            return
        self.chunks.clear()
        self._end()
        if self.task is not None:
            self.timer = asyncio.get_running_loop().call_later(GRACE, self.task.cancel)
        if self.listeners:
            await asyncio.sleep(GRACE)

    def _begin(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        pairs = []
        size = self.size
        for name, value in headers:
            size += len(name) + len(value)
            pairs.append((_lower(bytes(name)), bytes(value).decode("latin-1")))
        self.status, self.headers, self.size = status, tuple(pairs), size

    def _end(self) -> None:
        self.settled = True
        if self.waiter is not None:
            self.waiter.set()


@lru_cache(maxsize=_NAMES)
def _lower(name: bytes) -> str:
    return name.decode("latin-1").lower()
