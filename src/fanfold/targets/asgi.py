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
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote, urlencode

from msgspec import Struct

from fanfold.errors import NoSuchRoute, RequestError
from fanfold.model import Answer, Call, Leave, Pairs
from fanfold.targets.asgi_exchange import Exchange
from fanfold.targets.forwarding import may_be_passed, spelt, tells_who_asks
from fanfold.targets.payload import payload_of
from fanfold.targets.routes import Routes

logger = logging.getLogger("fanfold")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

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

_TRACE = frozenset({"traceparent", "tracestate"})

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_BREAKS = re.compile(r"[\r\n\0]")
_PATH_SAFE = "/%:@!$&'()*+,;=~"
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/:@!$&'()*+,;=~_.-]*")
"""A path that is the same decoded as encoded, as most are."""

_OF_ONE_REQUEST = frozenset(
    {
        *("type", "method", "path", "raw_path", "query_string", "headers", "extensions", "state"),
        *("endpoint", "route", "path_params", "query_params", "route_handler", "path_template", "fastapi"),
    }
)
"""Members of a scope that belong to one request, or are written into it on the way to its handler."""

_NAMES = 512
_SHORT = 64
"""Names of headers that are remembered with what was made of them, and how long these are: the same few always come."""

_outer: ContextVar[Mapping[str, Any]] = ContextVar("outer")
_NO_OUTER: Mapping[str, Any] = {
    "type": "http",
    "method": "",
    "raw_path": b"",
    "query_string": b"",
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
        self._remembered = lru_cache(maxsize=_NAMES)(self._is_inherited)

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
        kept = [pair for pair in scope.get("headers", ()) if self._inherits(bytes(pair[0]))]
        carried = {
            name: value
            for name, value in scope.items()
            if name not in _OF_ONE_REQUEST and not name.startswith("fastapi_")
        }
        extensions = {name: value for name, value in (scope.get("extensions") or {}).items() if name == "tls"}
        outer = {**_NO_OUTER, **carried, "headers": kept, "extensions": extensions, "state": scope.get("state") or {}}
        if scope.get("path", "").startswith(outer["root_path"]):
            outer["path"] = outer["root_path"]
        token = _outer.set(outer)
        try:
            yield
        finally:
            _outer.reset(token)

    def _inherits(self, written: bytes) -> bool:
        return self._remembered(written) if len(written) <= _SHORT else self._is_inherited(written)

    def _is_inherited(self, written: bytes) -> bool:
        name = spelt(written.decode("latin-1"))
        return name in self._inherited or tells_who_asks(name)

    async def send(self, call: Call) -> Answer:
        """The application's whole answer, once the application is through with the request.

        Raises what the application raises before its answer is complete, and ``RequestError`` (507) for one that is
        too large to be taken.
        """
        answers: list[Answer] = []
        await self.serve(call, answers.append)
        return answers[0]

    async def serve(
        self, call: Call, settle: Callable[[Answer], None], begun: Callable[[Leave], None] | None = None
    ) -> None:
        """Like ``send``, but the answer is known as soon as its last byte is, whatever the application does then."""
        outer = _outer.get(_NO_OUTER)
        headers, body = self._make_message(call, outer["headers"])
        scope = self._make_scope(call, headers, outer)
        exchange = Exchange(scope, body, self.max_response, settle, asyncio.current_task())
        if begun is not None:
            begun(exchange.leave)
        try:
            await self.app(scope, exchange.receive, exchange.send)
        except asyncio.CancelledError:
            if not exchange.was_cut_off():
                raise
        except Exception:
            if not exchange.settled:
                raise
            if exchange.complete:
                logger.exception("%s %r crashed after it was answered", call.method, call.path)
        exchange.check()

    def _make_scope(self, call: Call, headers: Headers, outer: Mapping[str, Any]) -> Scope:
        path = raw_path = call.path
        if not _PLAIN_PATH.fullmatch(path):
            if _BREAKS.search(path):
                raise RequestError("path: Line breaks and NUL are not accepted")
            path, raw_path = unquote(path), quote(path, safe=_PATH_SAFE)
        root_path = self.root_path or outer["root_path"]
        base = self.root_path or outer["path"]  # behind a proxy that takes it off the path, it is not there
        if base:
            path, raw_path = base + path, quote(base, safe=_PATH_SAFE) + raw_path
        scope = {
            **outer,
            "method": call.method,
            "path": path,
            "raw_path": raw_path.encode(),
            "query_string": urlencode(call.query).encode() if call.query else b"",
            "root_path": root_path,
            "headers": headers,
            "state": {**outer["state"]},
            "extensions": {**outer["extensions"]},
        }
        if "session" in scope:
            scope["session"] = dict(scope["session"])
        return scope

    def _make_message(self, call: Call, outer: Headers) -> tuple[Headers, bytes]:
        """The headers and the body of a call; ``outer`` are the headers that it inherits."""
        if call.body is None and not call.headers:
            return [*outer], b""
        own = self._own_headers(call.headers)
        body = payload_of(call.body, own[b"content-type"].decode("latin-1") if b"content-type" in own else "")
        if not body:
            own.pop(b"content-type", None)
        headers = [pair for pair in outer if pair[0] not in own]
        headers += own.items()
        if body:
            if b"content-type" not in own:
                kind = b"application/octet-stream" if isinstance(call.body, bytes) else b"application/json"
                headers.append((b"content-type", kind))
            headers.append((b"content-length", b"%d" % len(body)))
        return headers, body

    def _own_headers(self, given: Pairs) -> dict[bytes, bytes]:
        own = {}
        for written, value in given:
            if _BREAKS.search(written) or _BREAKS.search(value):
                raise RequestError("headers: Line breaks and NUL are not accepted")
            name = spelt(written)
            if name in self._own:
                own[name.encode()] = value.encode("latin-1", "replace")
        return own
