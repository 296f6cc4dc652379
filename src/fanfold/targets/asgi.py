"""Any ASGI application in this process as a target. No sockets: the scope is built here and the answer is collected.

Each call has a scope, headers and state of its own, so that nothing one action sets is seen by another. What it takes
over from the request around it (who is connected, who they say they are) it takes from ``within``.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote, unquote, urlencode

from msgspec import Struct

from fanfold.errors import NoSuchRoute, RequestError
from fanfold.model import Answer, Call
from fanfold.targets.forwarding import may_be_passed, spelt, tells_who_asks
from fanfold.targets.payload import payload_of
from fanfold.targets.routes import Routes
from fanfold.targets.templates import route_found

logger = logging.getLogger("fanfold")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_RESPONSE = 16 * 1024 * 1024
"""Bytes of body that one action may be answered."""

OWN_HEADERS = frozenset(
    {
        *("accept", "accept-language", "content-type", "idempotency-key", "prefer"),
        *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
    }
)
"""Headers an action may set itself."""

INHERITED_HEADERS = frozenset({"authorization", "cookie", "accept-language", "user-agent", "traceparent", "tracestate"})
"""Headers every action has from the request around it, beside those that tell who asks."""

GRACE = 2.0
"""Seconds in which an application may end by itself when nobody waits for its answer any more."""

_CRASHES = (Exception, SystemExit, GeneratorExit)
_TRACE = frozenset({"traceparent", "tracestate"})

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BREAKS = re.compile(r"[\r\n\0]")

_OF_ONE_REQUEST = frozenset(
    {
        *("type", "method", "path", "raw_path", "query_string", "headers", "extensions", "state"),
        *("endpoint", "route", "path_params", "query_params", "route_handler", "path_template", "fastapi"),
    }
)
"""Members of a scope that belong to one request, or are written into it on the way to its handler."""


_outer: ContextVar[Mapping[str, Any]] = ContextVar("outer")
_NO_OUTER: Mapping[str, Any] = {
    "asgi": {"version": "3.0", "spec_version": "2.4"},
    "http_version": "1.1",
    "scheme": "http",
    "client": None,
    "server": None,
    "root_path": "",
    "path": "",
    "headers": (),
    "extensions": {},
    "state": {},
}


class AsgiEndpoint(Struct, frozen=True):
    """All that can be known of an operation of somebody else's application: whether its method changes something."""

    write: bool
    batchable: bool = True
    inline: bool = False
    costs: tuple[str, ...] = ()


_READ = AsgiEndpoint(write=False)
_WRITE = AsgiEndpoint(write=True)
_REFUSED = AsgiEndpoint(write=True, batchable=False)


class AsgiTarget:
    """Sends calls to ``app``. ``root_path`` is where it is mounted; ``max_response`` bounds each answer, in bytes.

    ``own`` names the headers that an action may set itself, ``inherited`` those that it has from the request around it.
    Every path that ``routes`` admit is taken for a route: it is the application that answers 404.
    """

    def __init__(
        self,
        app: App,
        *,
        root_path: str = "",
        max_response: int = MAX_RESPONSE,
        own: Collection[str] = OWN_HEADERS,
        inherited: Collection[str] = INHERITED_HEADERS,
        routes: Routes | None = None,
    ) -> None:
        self.app = app
        self.root_path = root_path
        self.max_response = max_response
        self.routes = routes
        self._inherited = frozenset(map(spelt, inherited))
        # A trace that an action inherits is continued by the call's own span, if there is one.
        self._own = frozenset(name for name in map(spelt, own) if may_be_passed(name)) | (_TRACE & self._inherited)

    def resolve(self, method: str, path: str) -> tuple[AsgiEndpoint, tuple[str, ...]]:
        """GET, HEAD and OPTIONS read; all else writes."""
        if method not in _METHODS:
            raise NoSuchRoute
        if self.routes is not None and not self.routes.admits(method, path):
            return _REFUSED, ()
        return (_READ if method in _SAFE else _WRITE), ()

    @contextmanager
    def within(self, scope: Mapping[str, Any]) -> Iterator[None]:
        """Calls that are sent in this context are parts of the HTTP request that ``scope`` describes."""
        kept = [pair for pair in scope.get("headers", ()) if self._is_inherited(pair[0].decode("latin-1"))]
        carried = {name: value for name, value in scope.items() if name not in _OF_ONE_REQUEST}
        carried = {name: value for name, value in carried.items() if not name.startswith("fastapi_")}
        extensions = {name: value for name, value in (scope.get("extensions") or {}).items() if name == "tls"}
        outer = {**_NO_OUTER, **carried, "headers": kept, "extensions": extensions, "state": scope.get("state") or {}}
        if scope.get("path", "").startswith(outer["root_path"]):
            outer["path"] = outer["root_path"]
        token = _outer.set(outer)
        try:
            yield
        finally:
            _outer.reset(token)

    def _is_inherited(self, written: str) -> bool:
        name = spelt(written)
        return name in self._inherited or tells_who_asks(name)

    async def send(self, call: Call) -> Answer:
        """The application's whole answer, once the application is through with the request.

        Raises what the application raises before its answer is complete, and ``RequestError`` (507) for one that is
        too large to be taken.
        """
        answers: list[Answer] = []
        await self.serve(call, answers.append)
        return answers[0]

    async def serve(self, call: Call, settle: Callable[[Answer], None]) -> None:
        """Like ``send``, but the answer is known as soon as its last byte is, whatever the application does then.

        To be cancelled means that nobody waits any more. An application that listens for that may end by itself first:
        some run their handlers in tasks of their own, which go on for ever if only what waits for them is cancelled.
        """
        headers, body = self._make_message(call)
        scope = self._make_scope(call, headers)
        exchange = _Exchange(scope, body, self.max_response, settle)
        task = exchange.task = asyncio.create_task(self._perform(scope, exchange))
        crash: BaseException | None = None
        try:
            crash = await asyncio.shield(task)
        except asyncio.CancelledError:
            if not task.done():
                await exchange.leave(task)
            if not task.cancelled() or not exchange.cut:
                raise
        if crash is not None and not exchange.settled:
            raise crash
        if crash is not None and exchange.complete:
            logger.error("%s %r crashed after it was answered", call.method, call.path, exc_info=crash)
        exchange.check()

    async def _perform(self, scope: Scope, exchange: _Exchange) -> BaseException | None:
        """Run the application. What it raises is returned: a task that raised some of it would stop the event loop."""
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except _CRASHES as crash:
            return crash
        return None

    def _make_scope(self, call: Call, headers: list[tuple[bytes, bytes]]) -> Scope:
        outer = _outer.get(_NO_OUTER)
        if _BREAKS.search(call.path):
            raise RequestError("path: Line breaks and NUL are not accepted")
        root_path = self.root_path or outer["root_path"]
        base = self.root_path or outer["path"]  # behind a proxy that takes it off the path, it is not there
        scope = {
            **outer,
            "type": "http",
            "method": call.method,
            "path": base + unquote(call.path),
            "raw_path": (base + quote(call.path, safe="/%:@!$&'()*+,;=~")).encode(),
            "query_string": urlencode(call.query).encode() if call.query else b"",
            "root_path": root_path,
            "headers": headers,
            "state": dict(outer["state"]),
            "extensions": dict(outer["extensions"]),
        }
        if "session" in scope:
            scope["session"] = dict(scope["session"])
        return scope

    def _make_message(self, call: Call) -> tuple[list[tuple[bytes, bytes]], bytes]:
        """The headers and the body of a call."""
        own = {}
        for written, value in call.headers:
            if _BREAKS.search(written) or _BREAKS.search(value):
                raise RequestError("headers: Line breaks and NUL are not accepted")
            name = spelt(written)
            if name in self._own:
                own[name.encode()] = value.encode("latin-1", "replace")
        body = payload_of(call.body, own[b"content-type"].decode("latin-1") if b"content-type" in own else "")
        if not body:
            own.pop(b"content-type", None)
        headers = [pair for pair in _outer.get(_NO_OUTER)["headers"] if pair[0] not in own]
        headers += own.items()
        if body:
            if b"content-type" not in own:
                headers.append((b"content-type", b"application/json"))
            headers.append((b"content-length", b"%d" % len(body)))
        return headers, body


class _Exchange:
    """One request and the answer to it, as the application sees them."""

    __slots__ = (
        *("_body", "_chunks", "_given", "_listeners", "_max", "_scope", "_settle", "_size", "_start", "_waiter"),
        *("complete", "settled", "task"),
    )

    def __init__(self, scope: Scope, body: bytes, max_response: int, settle: Callable[[Answer], None]) -> None:
        self.complete = False
        self.settled = False
        self.task: asyncio.Task[BaseException | None] | None = None
        self._scope = scope
        self._body = body
        self._settle = settle
        self._given = False
        self._max = max_response
        self._size = 0
        self._start: Message | None = None
        self._chunks: list[bytes] = []
        self._waiter: asyncio.Event | None = None
        self._listeners = 0

    @property
    def cut(self) -> bool:
        """Whether the answer is larger than it may be."""
        return self._size > self._max

    async def receive(self) -> Message:
        """The body once; then nothing until the answer is settled, as with a client that waits for it."""
        if not self._given:
            self._given = True
            return {"type": "http.request", "body": self._body, "more_body": False}
        if not self.settled:
            self._waiter = self._waiter or asyncio.Event()
            self._listeners += 1
            try:
                await self._waiter.wait()
            finally:
                self._listeners -= 1
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take one message of the answer; what comes after its end is ignored, as it is on a closed connection."""
        if message["type"] == "http.response.start":
            self._start = self._start or message
            self._size += sum(len(name) + len(value) for name, value in message.get("headers", ()))
        elif message["type"] == "http.response.body" and not self.complete:
            chunk = message.get("body", b"")
            self._size += len(chunk)
            if self.cut:
                await self._cut_off()
                raise OSError("the answer is larger than the target takes")
            self._chunks.append(chunk)
            if self._start is not None and not message.get("more_body", False):
                self.complete = True
                self._end()
                self._settle(self._answer(self._start))

    async def _cut_off(self) -> None:
        """Take no more. Who listens for a client that leaves can end in peace, everybody else sees an error at once."""
        if self.settled:
            return
        self._chunks.clear()
        self._end()
        if self.task is not None:
            asyncio.get_running_loop().call_later(GRACE, self.task.cancel)
        if self._listeners:
            await asyncio.sleep(GRACE)

    def check(self) -> None:
        """Raise where the application has ended and its answer cannot be taken."""
        if self.cut:
            raise RequestError("The response of this action is too large", status=507)
        if not self.complete:
            raise RuntimeError("the application returned without a complete answer")

    async def leave(self, task: asyncio.Task[BaseException | None]) -> None:
        """Be a client that closes the connection; return when the application has ended."""
        self._end()
        try:
            if self._listeners:
                await asyncio.wait({task}, timeout=GRACE)
        finally:
            task.cancel()
        await asyncio.wait({task})

    def _answer(self, start: Message) -> Answer:
        headers = start.get("headers", ())
        pairs = tuple(
            [(bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1")) for name, value in headers]
        )
        return Answer(int(start["status"]), b"".join(self._chunks), pairs, route=route_found(self._scope))

    def _end(self) -> None:
        self.settled = True
        if self._waiter is not None:
            self._waiter.set()
