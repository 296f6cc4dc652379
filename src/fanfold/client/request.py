"""One thing to be asked, as a value: what its method, path and data are, and how it is written in a batch or alone.

It is written down once, when it is asked, so that what a caller does to its dictionaries afterwards changes nothing and
a retry sends the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing, so that they may be asked again."""

METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"})

_OUTPUT = {"limit": "limit", "offset": "offset", "opt_fields": "fields", "opt_expand": "expand"}
"""Query parameters that are ``options`` of an action, and what they are called there."""

_PATH = re.compile(r"/[^\s?#\x00-\x1f\x7f]*")
_KEY = re.compile(r"[!-~]{1,255}")

_encode = msgspec.json.Encoder().encode


class File(Struct, frozen=True):
    """What is uploaded: a name, its bytes and their media type."""

    name: str
    content: bytes
    kind: str = "application/octet-stream"


class Request(Struct, frozen=True):
    """One request, relative to the API's base.

    ``method`` is upper case. ``params`` is the query, with ``limit``, ``offset`` and ``opt_fields`` as on the wire;
    ``data`` what stands under ``data`` in the body; ``fields`` the ``opt_fields``. ``headers`` and ``files`` cannot
    travel in a batch. ``key`` is an idempotency key. ``id``, ``depends_on``, ``for_each`` and references in the text
    hang actions of one batch together, where the server knows that.
    """

    method: str
    path: str
    params: Mapping[str, Any] = {}
    data: Any = None
    fields: tuple[str, ...] = ()
    headers: Mapping[str, str] = {}
    files: Mapping[str, File] = {}
    key: str = ""
    id: str = ""
    depends_on: tuple[str, ...] = ()
    for_each: str = ""

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method: {self.method!r} is none of {', '.join(sorted(METHODS))}")
        if not _PATH.fullmatch(self.path) and not (self.path.startswith("/") and "{{" in self.path):
            raise ValueError(f"path: Must start with / and have no query (use params), not {self.path!r}")
        if self.key and not _KEY.fullmatch(self.key):
            raise ValueError("key: Must be 1 to 255 visible ASCII characters")

    @property
    def title(self) -> str:
        """How errors call it."""
        return f"{self.method} {self.path}"

    @property
    def wired(self) -> bool:
        """Whether it has to do with other actions of its batch."""
        return bool(self.id or self.depends_on or self.for_each)

    def in_batch(self) -> bytes:
        """The action as JSON, without its key."""
        if self.data is None and not (self.params or self.fields or self.wired):
            return b'{"method":"%b","relative_path":%b}' % (self.method.lower().encode(), _encode(self.path))
        written: dict[str, Any] = {"method": self.method.lower(), "relative_path": self.path}
        options: dict[str, Any] = {}
        params: dict[str, Any] = {}
        for name, value in self.params.items():
            if name in _OUTPUT:
                options[_OUTPUT[name]] = value
            else:
                params[name] = value
        if self.fields:
            options["fields"] = self.fields
        if self.method in SAFE:
            if params:
                written["data"] = params
        elif self.data is not None:
            written["data"] = self.data
        if options:
            written["options"] = options
        if self.wired:
            named = {"id": self.id, "depends_on": self.depends_on, "for_each": self.for_each}
            written |= {name: value for name, value in named.items() if value}
        return _encode(written)

    @property
    def batchable(self) -> bool:
        """Whether all of it can be said in a batch: no headers or files, no query of a write but output options."""
        if self.headers or self.files:
            return False
        return self.method in SAFE or not self.params or all(name in _OUTPUT for name in self.params)

    def target(self) -> str:
        """Path and query of a request of its own, escaped."""
        params = {**self.params, "opt_fields": self.fields} if self.fields else self.params
        path = quote(self.path, safe="/%:@!$&'()*+,;=~-._")
        if not params:
            return path
        pairs = [(name, _parameter(value)) for name, value in params.items()]
        return f"{path}?{urlencode(pairs, quote_via=quote, safe=',:')}"

    def body(self) -> bytes | None:
        """The JSON body of a request of its own."""
        return None if self.data is None or self.method in SAFE else _encode({"data": self.data})


def written(requests: Iterable[Request], options: Mapping[str, Any]) -> bytes:
    """A whole batch, with the keys that its requests have, as JSON. Raises ``ValueError`` for one that fits in none."""
    lines = []
    for request in requests:
        if not request.batchable:
            raise ValueError(f"{request.title}: Headers, files, and the query of a write cannot travel in a batch")
        line = request.in_batch()
        lines.append(b'%b,"idempotency_key":%b}' % (line[:-1], _encode(request.key)) if request.key else line)
    tail = b'],"options":%b}}' % _encode(options) if options else b"]}}"
    return b'{"data":{"actions":[' + b",".join(lines) + tail


def make(  # noqa: PLR0913 - what a request may say
    method: str,
    path: str,
    *,
    params: Mapping[str, Any] | None = None,
    data: Any = None,
    fields: Iterable[str] = (),
    headers: Mapping[str, str] | None = None,
    files: Mapping[str, File] | None = None,
    key: str = "",
    id: str = "",  # noqa: A002 - the word of the wire
    depends_on: str | Iterable[str] = (),
    for_each: str = "",
) -> Request:
    """A request; ``fields`` and ``depends_on`` may be one string. Raises ``ValueError`` for what cannot be one."""
    return Request(
        method.upper(),
        path,
        {} if params is None else params,
        data,
        _names(fields),
        headers or {},
        files or {},
        key,
        id,
        _names(depends_on),
        for_each,
    )


def _names(value: str | Iterable[str]) -> tuple[str, ...]:
    return tuple(value.split(",")) if isinstance(value, str) and value else tuple(value)


def _parameter(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return ",".join([_parameter(element) for element in value])
    if value is None:
        return ""
    return _encode(value).decode()


__all__ = ["METHODS", "SAFE", "File", "Request", "make", "written"]
