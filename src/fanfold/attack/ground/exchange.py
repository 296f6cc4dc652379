"""One request to the ground and the answer to it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from fanfold.attack.ground.log import Event

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_MOST = 64 * 1024 * 1024


class Exchange:
    """What a page of the ground works with: the request, read, and ways to answer."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, event: Event, body: bytes) -> None:
        self.scope = scope
        self.receive = receive
        self.event = event
        self.body = body
        self.words = [piece for piece in event.path.split("/") if piece]
        self.query = dict(parse_qsl(event.query, keep_blank_values=True))
        self._send = send

    def header(self, name: str) -> str:
        """The value of a header, empty if it is not there."""
        return dict(self.event.headers).get(name, "")

    def number(self, name: str, otherwise: float) -> float:
        """A number from the query."""
        try:
            return float(self.query.get(name, otherwise))
        except ValueError:
            return otherwise

    async def answer(self, body: Any, status: int = 200, headers: Iterable[tuple[str, str]] = ()) -> None:
        """Answer with JSON; bytes are sent as they are."""
        given = dict(headers)
        raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
        given.setdefault("content-type", "application/json")
        await self.begin(status, [*given.items(), ("content-length", str(len(raw)))])
        await self.chunk(raw, more=False)

    async def begin(self, status: int, headers: Iterable[tuple[str, str]]) -> None:
        """Send the head of an answer."""
        encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await self._send({"type": "http.response.start", "status": status, "headers": encoded})

    async def chunk(self, data: bytes, *, more: bool = True) -> None:
        """Send a piece of the body."""
        await self._send({"type": "http.response.body", "body": data, "more_body": more})
        self.event.sent += len(data)

    async def pause(self, seconds: float) -> bool:
        """Wait so long; whether whoever asked has left meanwhile."""
        watcher = asyncio.ensure_future(self._left())
        try:
            done, _ = await asyncio.wait({watcher}, timeout=seconds)
        finally:
            watcher.cancel()
        if done:
            self.event.ended = "left"
        return bool(done)

    async def _left(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass


async def read(receive: Receive) -> bytes:
    """The whole body of a request, bounded; empty if whoever asked has left."""
    pieces: list[bytes] = []
    size = 0
    while size < _MOST:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        pieces.append(message.get("body", b""))
        size += len(pieces[-1])
        if not message.get("more_body"):
            break
    return b"".join(pieces)
