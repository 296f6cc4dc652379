"""What an API answered, decoded once, and what to say where that is a refusal."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from fanfold.errors import RemoteError
from fanfold.integrations.declaration import Method
from fanfold.integrations.markup import read_xml
from fanfold.integrations.redaction import Secrets
from fanfold.model import Pairs

MAX_RAW = 16 * 1024
"""Bytes of an error's body that are shown."""

MAX_MESSAGE = 500
_MAX_HEADER = 1024
_LOOKED_AT = 4 * MAX_RAW
"""Bytes of a body that credentials are taken out of before it is cut."""

_decode = msgspec.json.Decoder().decode
_TOLD = frozenset({"retry-after", "x-request-id", "request-id", "x-correlation-id", "x-trace-id"})
_MESSAGES = ("message", "error_description", "error_message", "errorMessage", "detail", "title", "description", "error")


class Unreadable(Exception):
    """A body that is not what it says"""


class Reply(Struct):
    """An answer. ``data`` is decoded with the first look at it; of what is no text it is None, and ``binary`` true."""

    status: int
    headers: dict[str, str]
    body: bytes
    told: Method
    decoded: Any | UnsetType = UNSET
    binary: bool = False

    def data(self) -> Any:
        """The body, decoded; None for an empty one; raises ``Unreadable``."""
        if self.decoded is UNSET:
            self.decoded = self._read()
        return self.decoded

    def shown(self) -> Any:
        """Like ``data``, but text where that cannot be read."""
        try:
            return self.data()
        except Unreadable:
            return self.body[:_LOOKED_AT].decode("utf-8", "replace")

    def _read(self) -> Any:
        body = self.body
        if not body:
            return None
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        told = self.told.api_response_format
        if told == "xml":
            return self._parsed(read_xml, "XML")
        if told == "json" and (kind.endswith("json") or not kind):
            return self._parsed(_decode, "JSON")
        if told == "text" or kind.startswith("text/") or kind.endswith(("xml", "javascript", "x-www-form-urlencoded")):
            return self._text(mislabelled=told == "json")
        self.binary = True
        return None

    def _text(self, *, mislabelled: bool) -> Any:
        """The body as text, or what it says where it is JSON under another name."""
        if mislabelled and self.body.lstrip()[:1] in {b"{", b"["}:
            with contextlib.suppress(ValueError, msgspec.MsgspecError, RecursionError):
                return _decode(self.body)
        return self.body.decode("utf-8", "replace")

    def _parsed(self, read: Any, name: str) -> Any:
        try:
            return read(self.body)
        except (ValueError, msgspec.MsgspecError, RecursionError):
            if self.told.throw_error_on_parse_error is False:
                return self.body.decode("utf-8", "replace")
            raise Unreadable(f"The API's answer is no {name}") from None


def remote_error(
    reply: Reply, secrets: Secrets, *, status: int = 0, message: str = "", limits: Pairs = ()
) -> RemoteError:
    """The error for an answer that is one: bounded, and without the account's credentials."""
    large = len(reply.body) > MAX_RAW
    raw: Any = reply.body[:_LOOKED_AT].decode("utf-8", "replace") if large else reply.shown()
    text = message or _message_in(raw)
    # Cut after the credentials are out: half of one is too much.
    raw = secrets.out_of(raw)[:MAX_RAW] if isinstance(raw, str) else secrets.out_of(raw)
    headers = [(name, secrets.out_of(reply.headers[name])[:_MAX_HEADER]) for name in _TOLD if name in reply.headers]
    return RemoteError(
        secrets.out_of(text)[:MAX_MESSAGE],
        status=status or reply.status,
        extra={"truto_is_remote_error": True, "raw_response": raw},
        headers=(*headers, *limits),
    )


def _message_in(data: Any, depth: int = 3) -> str:
    """What an API says in its error, wherever APIs say it."""
    if isinstance(data, str):
        return "" if data.lstrip().startswith("<") else data.strip()
    if isinstance(data, list) and data and depth:
        return _message_in(data[0], depth - 1)
    if isinstance(data, dict) and depth:
        for name in (*_MESSAGES, "errors"):
            text = _message_in(data.get(name), depth - 1)
            if text:
                return text
    return ""


def told_error(given: Any, reply: Reply) -> tuple[int, str]:
    """Status and message of what an error expression gave: true, a message, or ``{status, message}``.

    An API that refuses with a status that says otherwise is taken to mean 400.
    """
    status = max(reply.status, 400)
    if isinstance(given, str):
        return status, given
    if isinstance(given, Mapping):
        told = given.get("status", given.get("statusCode"))
        if isinstance(told, int) and not isinstance(told, bool) and 400 <= told <= 599:
            status = told
        message = given.get("message")
        return status, message if isinstance(message, str) else ""
    return status, ""
