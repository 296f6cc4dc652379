"""Results as they finish: a line, or an event, for each action the moment it is settled, and a summary at the end.

Nobody waits for the slowest action who has use for the others. What has been settled and not been sent yet is held, so
that a slow reader costs no more than the results of its own batch; one that has stopped reading is let go.
"""

from __future__ import annotations

import asyncio
import logging
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Awaitable, Callable
from time import perf_counter

import msgspec

from fanfold.dialects import Dialect
from fanfold.dialects.limit_headers import limit_headers
from fanfold.engine import Watch, has_failed
from fanfold.errors import TimedOut
from fanfold.model import Answer, Batch, Result, Standing
from fanfold.serving.bodies import Receive, Send, gone

logger = logging.getLogger("fanfold")

NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"

_encode = msgspec.json.Encoder().encode

Run = Callable[[Watch], Awaitable[list[Result]]]


def wanted_flow(accept: bytes) -> str:
    """The media type in which results are wanted as they finish; empty where they are wanted whole."""
    for part in accept.decode("latin-1").lower().split(","):
        kind = part.partition(";")[0].strip()
        if kind in {NDJSON, EVENTS}:
            return kind
    return ""


class Flow(ABC):
    """One batch that is answered while it runs; looks on meanwhile. What is put there is sent, and last ``closing``.

    ``kind`` is its media type; ``stall``: seconds that a reader is waited for. ``waiting`` are the bytes that it has
    not taken yet.
    """

    def __init__(self, kind: str, batch: Batch, stall: float) -> None:
        self.kind = kind
        self.results = [Result(action, None, TimedOut()) for action in batch.actions]
        self.standing: tuple[Standing, ...] = ()
        self.begun = perf_counter()
        self.waiting = 0
        self._stall = stall
        self._ready: deque[bytes] = deque()
        self._news = asyncio.Event()
        self._task: asyncio.Task[list[Result]] | None = None

    def admitted(self, standing: tuple[Standing, ...]) -> None:
        """The batch runs: now there is something to answer."""
        self.standing = standing
        self._news.set()

    @abstractmethod
    def settled(self, place: int, result: Result) -> None:
        """One more result."""

    @abstractmethod
    def closing(self, *, broken: bool) -> bytes:
        """The last line; ``broken``: the batch ended in a way that nobody foresaw."""

    def taken(self, size: int) -> None:
        """The reader has so many bytes more."""
        self.waiting -= size

    def put(self, lines: bytes) -> None:
        """Have something sent."""
        self.waiting += len(lines)
        self._ready.append(lines)
        self._news.set()

    async def begin(self, run: Run) -> None:
        """Have the batch run, and return when it was admitted; raises what ``run`` raises until then."""

        async def watched() -> list[Result]:
            return await run(self)

        task = self._task = asyncio.create_task(watched())
        task.add_done_callback(lambda _: self._news.set())
        try:
            await self._news.wait()
        except BaseException:
            task.cancel()
            raise
        if task.done() and not self._ready:
            task.result()

    async def send(self, send: Send, receive: Receive, headers: list[tuple[bytes, bytes]]) -> None:
        """Send the answer, and cancel what may be cancelled when whoever asked has gone."""
        task = self._task
        if task is None:
            raise RuntimeError("a flow is begun before it is sent")
        watcher = asyncio.create_task(gone(receive))
        watcher.add_done_callback(lambda _: self._news.set())
        try:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            while not watcher.done():
                self._news.clear()
                over = task.done()
                if self._ready:
                    lines = b"".join(self._ready)
                    self._ready.clear()
                    async with asyncio.timeout(self._stall):
                        await send({"type": "http.response.body", "body": lines, "more_body": True})
                    self.taken(len(lines))
                elif over:
                    await send({"type": "http.response.body", "body": self.closing(broken=self._is_broken(task))})
                    break
                else:
                    await self._news.wait()
        except (OSError, TimeoutError):
            logger.info("whoever asked for results as they finish has stopped reading")
        finally:
            watcher.cancel()
            if not task.done():
                task.cancel()
                await asyncio.wait([task])

    def headers(self) -> tuple[tuple[str, str], ...]:
        """What the answer says beyond its type."""
        return (*limit_headers(self.standing), ("cache-control", "no-store"), ("x-accel-buffering", "no"))

    def _is_broken(self, task: asyncio.Task[list[Result]]) -> bool:
        if not task.cancelled() and task.exception() is None:
            return False
        logger.error("a batch broke off", exc_info=None if task.cancelled() else task.exception())
        return True


class ResultFlow(Flow):
    """The results of a batch, each as the dialect writes it."""

    def __init__(self, kind: str, dialect: Dialect, batch: Batch, stall: float) -> None:
        super().__init__(kind, batch, stall)
        self._dialect = dialect

    def settled(self, place: int, result: Result) -> None:
        """One more result to be sent."""
        self.results[place] = result
        self.put(self._framed("result", self._dialect.encode_one(place, result)))

    def closing(self, *, broken: bool) -> bytes:
        """How many actions there were, and how many failed."""
        if broken:
            return self._framed("error", b'{"error":{"message":"Server Error"}}')
        failed = sum(map(has_failed, self.results))
        counts = {"actions": len(self.results), "succeeded": len(self.results) - failed, "failed": failed}
        milliseconds = round((perf_counter() - self.begun) * 1000, 3)
        return self._framed("summary", _encode({"summary": {**counts, "ms": milliseconds}}))

    def _framed(self, event: str, line: bytes) -> bytes:
        if self.kind == NDJSON:
            return line + b"\n"
        return b"event: %b\ndata: %b\n\n" % (event.encode(), line)


class Streamed(Answer, frozen=True):
    """An answer that is sent as its results finish."""

    flow: Flow | None = None
