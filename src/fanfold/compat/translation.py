"""Plain HTTP requests as what can travel in a batch, and results as what a plain request would have been answered.

Whatever cannot be said in a batch to the letter is not translated: it goes by itself, as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msgspec
from msgspec import Struct

from fanfold.client import ASANA, ApiError, Reply, Request
from fanfold.client.calls import Refusals

Headers = tuple[tuple[str, str], ...]

SHARED = ("authorization", "user-agent", "accept-encoding", "accept-language", "asana-enable", "asana-disable")
"""Headers that a batch has in common: only calls that agree in them travel together."""

_LIBRARY = ("x-asana-client-lib",)
_NEUTRAL = frozenset({"accept", "connection", "content-length", "content-type", "host"})
"""Headers that say nothing which a batch could not say in its own way."""

_OWN = frozenset({"connection", "content-encoding", "content-length", "keep-alive", "transfer-encoding"})
"""Headers of the message that a reply came in, not of the reply."""

_METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
_OUTPUT = frozenset({"opt_fields", "opt_expand"})
_PORTS = {"http": 80, "https": 443}
_REASONS = {status.value: status.phrase for status in HTTPStatus}
_KIND = "application/json; charset=UTF-8"

_encode = msgspec.json.Encoder().encode


class _Body(Struct, forbid_unknown_fields=True):
    data: msgspec.Raw


_decode_body = msgspec.json.Decoder(_Body).decode


class Plain(Struct, frozen=True):
    """A request as a library would send it: an upper-case method, ``target`` below the API's base, lower-case headers.

    ``target`` has its query. ``body`` is None where it is not at hand as bytes.
    """

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes | None = b""


class Answered(Struct, frozen=True):
    """What a library shows its caller."""

    status: int
    headers: Headers
    content: bytes

    @property
    def reason(self) -> str:
        """The words that go with the status."""
        return _REASONS.get(self.status, "")


class Reach:
    """Which requests are for the API at ``base_url``. Raises ``ValueError`` if that is none."""

    def __init__(self, base_url: str = ASANA) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in _PORTS or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"base_url: Must be the http or https URL of an API, not {base_url!r}")
        self.base_url = base_url.rstrip("/")
        self._origin = (parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme])
        self._prefix = parts.path.rstrip("/") + "/"

    def target(self, scheme: str, host: str, port: int | None, path: str) -> str | None:
        """What is below the base, with a leading slash; None for what is elsewhere. ``path`` has its query."""
        if not path.startswith(self._prefix) or (scheme, host.lower(), port or _PORTS.get(scheme)) != self._origin:
            return None
        return path[len(self._prefix) - 1 :]


class Translator:
    """Says what can travel. ``shared`` are more headers that batches may have in common."""

    def __init__(self, shared: tuple[str, ...] = ()) -> None:
        self._shared = dict.fromkeys([*SHARED, *_LIBRARY, *[name.lower() for name in shared]])
        self._refusals = Refusals()

    def common(self, plain: Plain) -> Headers:
        """The headers that its batch has to have."""
        headers = plain.headers
        return tuple([(_title(name), headers[name]) for name in self._shared if name in headers])

    def request(self, plain: Plain) -> Request | None:
        """The request as one that can travel in a batch, or None."""
        path, _, query = plain.target.partition("?")
        if plain.method not in _METHODS or not _is_plain_path(path) or not self._are_plain(plain.headers):
            return None
        params = _params(plain.method, query)
        data = _data(plain)
        if params is None or data is None:
            return None
        request = Request(plain.method, path, params, data or None)
        return None if self._refusals.holds(request) else request

    def _are_plain(self, headers: Mapping[str, str]) -> bool:
        if any(name not in self._shared and name not in _NEUTRAL for name in headers):
            return False
        accept = headers.get("accept", "*/*")
        return "*/*" in accept or "application/json" in accept


def answered(reply: Reply) -> Answered:
    """A reply as the answer to a request of its own."""
    content = b"" if reply.body is None else _encode(reply.body)
    return _answered(reply.status, content, reply.headers)


def refused(error: ApiError) -> Answered:
    """What a whole batch was refused with, as the answer to each of its calls."""
    content = b"" if error.body is None else _encode(error.body)
    return _answered(error.status, content, error.headers)


def _answered(status: int, content: bytes, headers: Mapping[str, Any]) -> Answered:
    given = {"content-type": _KIND} if content else {}
    given |= {name.lower(): str(value) for name, value in headers.items() if name.lower() not in _OWN}
    return Answered(status, (*given.items(), ("content-length", str(len(content)))), content)


def _is_plain_path(path: str) -> bool:
    parts = path[1:].split("/")
    return path.isascii() and path.isprintable() and " " not in path and not {"", ".", ".."} & set(parts)


def _params(method: str, query: str) -> dict[str, Any] | None:
    """A query as an object; None where it says something that no object does."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except ValueError:
        return None
    params: dict[str, Any] = dict(pairs)
    if len(params) != len(pairs):
        return None
    for name in params:
        if (name.startswith("opt_") or method != "GET") and name not in _OUTPUT:
            return None
    limit = params.get("limit")
    if limit is not None:
        if not (limit.isascii() and limit.isdigit() and len(limit) < 10):
            return None
        params["limit"] = int(limit)
    return params


def _data(plain: Plain) -> Any:
    """What stands under ``data`` of the body, byte for byte; empty where there is no body, None where it is another."""
    if plain.body is None:
        return None
    if plain.method in {"GET", "DELETE"}:
        return None if plain.body else b""
    kind, _, parameters = plain.headers.get("content-type", "").lower().partition(";")
    if kind.strip() != "application/json" or parameters.strip() not in {"", "charset=utf-8"}:
        return None
    try:
        data = _decode_body(plain.body).data
    except (msgspec.DecodeError, RecursionError):
        return None
    return data if bytes(data).startswith(b"{") else None


def _title(name: str) -> str:
    return "-".join([part.capitalize() for part in name.split("-")])


__all__ = ["SHARED", "Answered", "Headers", "Plain", "Reach", "Translator", "answered", "refused"]
