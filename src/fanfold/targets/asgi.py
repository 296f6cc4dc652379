"""Any ASGI application in this process as a target. No sockets: the scope is built here and the answer is collected.

Each call has a scope, headers and state of its own, so that nothing one action sets is seen by another. What it takes
over from the request around it (who is connected, who they say they are) it takes from ``outer_scope``.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote, unquote, urlencode

import msgspec
from msgspec import Struct

from fanfold.errors import NoSuchRoute, RequestError
from fanfold.model import Answer, Call

logger = logging.getLogger("fanfold")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_RESPONSE = 16 * 1024 * 1024
"""Bytes of body that one action may be answered."""

ALLOWED_HEADERS = frozenset(
    {"accept", "accept-language", "if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "prefer"}
)
"""Headers an action may set itself."""

INHERITED_HEADERS = frozenset({b"host", b"authorization", b"cookie", b"accept-language", b"user-agent"})
"""Headers every action has from the request around it."""

outer_scope: ContextVar[Mapping[str, Any] | None] = ContextVar("outer_scope", default=None)
"""The scope of the HTTP request that carries the batch, where there is one."""

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BREAKS = re.compile(r"[\r\n\0]")

_encode = msgspec.json.Encoder().encode


class AsgiEndpoint(Struct, frozen=True):
    """All that can be known of an operation of somebody else's application: whether its method changes something."""

    write: bool
    batchable: bool = True
    inline: bool = False
    costs: tuple[str, ...] = ()


_READ = AsgiEndpoint(write=False)
_WRITE = AsgiEndpoint(write=True)


class AsgiTarget:
    """Sends calls to ``app``. ``root_path`` is where it is mounted; ``max_response`` bounds each answer, in bytes.

    Every path is taken for a route: it is the application that answers 404.
    """

    def __init__(self, app: App, *, root_path: str = "", max_response: int = MAX_RESPONSE) -> None:
        self.app = app
        self.root_path = root_path
        self.max_response = max_response

    def resolve(self, method: str, path: str) -> tuple[AsgiEndpoint, tuple[str, ...]]:
        """GET, HEAD and OPTIONS read; all else writes."""
        del path
        if method not in _METHODS:
            raise NoSuchRoute
        return (_READ if method in _SAFE else _WRITE), ()

    async def send(self, call: Call) -> Answer:
        """The application's whole answer, once the application is through with the request.

        Raises what the application raises before its answer is complete, and ``RequestError`` (507) for one that is
        too large to be taken.
        """
        body = call.body if isinstance(call.body, bytes) else b"" if call.body is None else _encode(call.body)
        exchange = _Exchange(body, self.max_response)
        try:
            await self.app(_make_scope(call, self.root_path, body), exchange.receive, exchange.send)
        except Exception:
            if not exchange.settled:
                raise
            if exchange.complete:
                logger.exception("%s %r crashed after it was answered", call.method, call.path)
        return exchange.answer()


def _make_scope(call: Call, root_path: str, body: bytes) -> Scope:
    outer = outer_scope.get() or {}
    if _BREAKS.search(call.path):
        raise RequestError("path: Line breaks and NUL are not accepted")
    path = root_path + unquote(call.path)
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": outer.get("http_version", "1.1"),
        "method": call.method,
        "scheme": outer.get("scheme", "http"),
        "path": path,
        "raw_path": (root_path + quote(call.path, safe="/%:@!$&'()*+,;=~")).encode(),
        "query_string": urlencode(call.query).encode() if call.query else b"",
        "root_path": root_path,
        "headers": _make_headers(call, outer, body),
        "client": outer.get("client"),
        "server": outer.get("server"),
        "state": dict(outer.get("state", ())),
        "extensions": {},
    }


def _make_headers(call: Call, outer: Mapping[str, Any], body: bytes) -> list[tuple[bytes, bytes]]:
    own = {}
    for written, value in call.headers:
        if _BREAKS.search(written) or _BREAKS.search(value):
            raise RequestError("headers: Line breaks and NUL are not accepted")
        name = written.lower().replace("_", "-")
        if name in ALLOWED_HEADERS:
            own[name.encode()] = value.encode("latin-1", "replace")
    headers = [pair for pair in outer.get("headers", ()) if pair[0] in INHERITED_HEADERS and pair[0] not in own]
    headers += own.items()
    if body:
        headers += ((b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)))
    return headers


class _Exchange:
    """One request and the answer to it, as the application sees them."""

    __slots__ = ("_body", "_chunks", "_given", "_max", "_size", "_start", "_waiter", "complete", "settled")

    def __init__(self, body: bytes, max_response: int) -> None:
        self.complete = False
        self.settled = False
        self._body = body
        self._given = False
        self._max = max_response
        self._size = 0
        self._start: Message | None = None
        self._chunks: list[bytes] = []
        self._waiter: asyncio.Event | None = None

    async def receive(self) -> Message:
        """The body once; then nothing until the answer is settled, as with a client that waits for it."""
        if not self._given:
            self._given = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        if not self.settled:
            self._waiter = self._waiter or asyncio.Event()
            await self._waiter.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take one message of the answer; what comes after its end is ignored, as it is on a closed connection."""
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body" and not self.complete:
            chunk = message.get("body", b"")
            self._size += len(chunk)
            if self._size > self._max:
                self._chunks.clear()
                self._settle()
                raise OSError("the answer is larger than the target takes")
            self._chunks.append(chunk)
            if not message.get("more_body", False):
                self.complete = True
                self._settle()

    def answer(self) -> Answer:
        """What was sent, as a whole."""
        if self._size > self._max:
            raise RequestError("The response of this action is too large", status=507)
        if self._start is None or not self.complete:
            raise RuntimeError("the application returned without a complete answer")
        headers = self._start.get("headers", ())
        pairs = tuple(
            [(bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1")) for name, value in headers]
        )
        return Answer(int(self._start["status"]), b"".join(self._chunks), pairs)

    def _settle(self) -> None:
        self.settled = True
        if self._waiter is not None:
            self._waiter.set()
