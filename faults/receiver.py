"""Whoever is told by webhooks: confirms handshakes, checks signatures, keeps what came, misbehaves where told to."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterator
from time import monotonic
from typing import Any, NamedTuple, Self

from msgspec import json

from faults.client import abort


class Delivery(NamedTuple):
    """A body that came, by the path that it came to, and when."""

    path: str
    body: bytes
    at: float


class _CutError(Exception):
    """The connection is to be ended."""


Manner = Callable[[Delivery, asyncio.StreamWriter], Awaitable[int]]
"""Decides how a delivery is answered: a status, after whatever else."""


async def politely(_: Delivery, __: asyncio.StreamWriter) -> int:
    """As a good receiver does."""
    return 200


class Receiver:
    """A server on loopback. ``manners`` by path; ``begun`` is all that came, ``taken`` what was answered 200."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self._host = host
        self.begun: list[Delivery] = []
        self.taken: list[Delivery] = []
        self.wrong: list[str] = []
        self.manners: dict[str, Manner] = {}
        self.port = 0
        self._secrets: dict[str, bytes] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, self._host, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def clear(self) -> None:
        """Forget what came; whom it knows it knows on."""
        self.begun.clear()
        self.taken.clear()
        self.wrong.clear()

    def url(self, path: str = "/hook") -> str:
        """Where a webhook is to send."""
        return f"http://{self._host}:{self.port}{path}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            while await self._one(reader, writer):
                await writer.drain()
        except (OSError, EOFError, RuntimeError, _CutError, asyncio.CancelledError):
            pass  # whoever told has gone, which uvloop calls a RuntimeError
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        path = lines[0].split(" ")[1]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        more = ""
        if "x-hook-secret" in headers:
            self._secrets[path] = headers["x-hook-secret"].encode()
            status, more = 200, f"X-Hook-Secret: {headers['x-hook-secret']}\r\n"
        else:
            status = await self._take(Delivery(path, body, monotonic()), headers, writer)
            if status in (301, 302, 307):
                more = "Location: http://169.254.169.254/latest/meta-data/\r\n"
            elif status == 429:
                more = "Retry-After: 1\r\n"
        writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n{more}\r\n".encode())
        return True

    async def _take(self, delivery: Delivery, headers: dict[str, str], writer: asyncio.StreamWriter) -> int:
        signature = hmac.digest(self._secrets.get(delivery.path, b""), delivery.body, "sha256").hex()
        if headers.get("x-hook-signature") != signature:
            self.wrong.append(f"I9: a delivery to {delivery.path} was signed wrongly")
        self.begun.append(delivery)
        status = await self.manners.get(delivery.path, politely)(delivery, writer)
        if status == 0:
            abort(writer)
            raise _CutError
        if status < 300:
            self.taken.append(delivery)
        return status

    # -- what came -----------------------------------------------------------------------------------------------------

    def events(self, path: str = "/hook") -> list[Any]:
        """All events that were taken, in order; of a delivery that came again the first."""
        return [event for body in self.bodies(path) for event in json.decode(body)["events"]]

    def bodies(self, path: str = "/hook") -> Iterator[bytes]:
        """The deliveries that were taken; one that came again right after itself is one."""
        last = b""
        for delivery in self.taken:
            if delivery.path == path and delivery.body != last:
                last = delivery.body
                yield delivery.body

    def repetitions(self, path: str = "/hook") -> int:
        """How many deliveries were taken more than once."""
        taken = sum(delivery.path == path for delivery in self.taken)
        return taken - sum(1 for _ in self.bodies(path))
