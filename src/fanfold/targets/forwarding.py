"""Which headers go on to an upstream, and which of its own come back.

What goes on has to be allowed by name. Some names never are, in any spelling: those that belong to one connection,
those that frame a message or choose its receiver, and those in which proxies tell who is asking.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from fanfold.errors import RequestError
from fanfold.model import Pairs

INHERITED = frozenset({"authorization", "accept-language", "user-agent", "traceparent", "tracestate"})
"""Headers that every action has from the request around it."""

OWN = frozenset(
    {
        *("accept", "content-type", "idempotency-key", "prefer"),
        *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
    }
)
"""Further headers that a single request may have: they speak of it alone."""

_CONNECTION = frozenset(
    {
        *("connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"),
        *("proxy-authenticate", "proxy-authentication-info"),
    }
)
_NEVER = _CONNECTION | {
    *("host", "content-length", "content-encoding", "accept-encoding", "expect", "forwarded", "via", "max-forwards"),
    *("x-real-ip", "true-client-ip", "x-client-ip", "x-cluster-client-ip", "x-http-method", "x-http-method-override"),
    *("x-method-override", "front-end-https", "range", "remote-user", "origin", "referer"),
}
_NEVER_BEGINNING = ("x-forwarded", "x-original", "x-remote", "x-internal", "x-envoy", "proxy-", "cf-", "sec-", ":")
_NOT_BACK = _CONNECTION | {
    *("content-length", "content-encoding", "date", "via", "set-cookie", "set-cookie2", "alt-svc", "server"),
    *("strict-transport-security", "fanfold-request-id"),
}
_NO_LIST = frozenset(
    {
        *("age", "content-disposition", "content-location", "content-type", "etag", "expires", "last-modified"),
        *("location", "retry-after"),
    }
)
"""Headers that there is one of: a second one is a mistake, and joined to the first it would spoil both."""

_OF_ONE_MESSAGE = _CONNECTION | {
    *("content-length", "content-type", "content-encoding", "content-md5", "content-range", "expect", "range"),
    *("x-http-method", "x-http-method-override", "x-method-override", "http2-settings", "proxy-authorization"),
}
_BREAKS = re.compile(r"[\r\n\0]")
_NAME = re.compile(r"[!#$%&'*+.^`|~0-9a-z-]+")


def spelt(name: str) -> str:
    """A header's name as it is compared: what receivers may take for the same is the same."""
    return name.strip().lower().replace("_", "-")


def may_be_passed(name: str) -> bool:
    """Whether a header can be allowed to go on to an upstream at all; ``name`` is as ``spelt`` gives it."""
    return bool(_NAME.fullmatch(name)) and name not in _NEVER and not name.startswith(_NEVER_BEGINNING)


def tells_who_asks(name: str) -> bool:
    """Whether a header says where a request came from or whom it was meant for, such as ``X-Forwarded-For``.

    An action inside the same application has these from the request around it: without them a request through a proxy
    would look as if it came from the proxy itself.
    """
    return not may_be_passed(name) and name not in _OF_ONE_MESSAGE and name != "accept-encoding"


def passed_on(headers: Pairs, allowed: Collection[str]) -> dict[str, str]:
    """Those of ``headers`` that go on. Raises ``RequestError`` for one that would end its own line, or comes twice."""
    found: dict[str, str] = {}
    for written, value in headers:
        name = spelt(written)
        if name not in allowed or not may_be_passed(name):
            continue
        if _BREAKS.search(value):
            raise RequestError("headers: Line breaks and NUL are not accepted")
        if name in found:
            raise RequestError(f"headers: {name} is there twice")
        found[name] = value
    return found


def passed_back(headers: Collection[tuple[str, str]]) -> Pairs:
    """The headers of an upstream's answer that its asker is shown, in lower case, each once.

    One that was sent several times is a list, and joined to one. Cookies are not among them: they would be kept for all
    that is reached through this server.
    """
    dropped: Collection[str] = _NOT_BACK
    found: dict[str, str] = {}
    lower = [(name.lower(), value) for name, value in headers]
    for name, value in lower:
        if name == "connection" and value != "keep-alive":
            dropped = _NOT_BACK.union(dropped, _names(value))
    for name, text in lower:
        if name in dropped or name.startswith("proxy-") or (not text.isprintable() and _BREAKS.search(text)):
            continue
        value = text if text.isascii() else text.encode("utf-8", "replace").decode()
        if name not in found:
            found[name] = value
        elif name not in _NO_LIST:
            found[name] += f", {value}"
    return tuple(found.items())


def _names(value: str) -> list[str]:
    return [part.strip().lower() for part in value.split(",")]
