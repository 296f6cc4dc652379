"""Reading what a client sends: bounded in size and time, decoded once.

Nothing is admitted, and no slot held, while a body is still on its way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from fanfold.dialects.strict_json import decode_strict
from fanfold.errors import FanfoldError, RequestError
from fanfold.model import Pairs

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

MAX_FORM = 16_384
"""Largest form that the pages beside the API take, in bytes."""

MAX_PARAMETERS = 200
"""Most query parameters or form fields of one request."""


class ClientLeftError(FanfoldError):
    """The client closed the connection before the request was complete."""


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes:
    """The value of a header, empty if it is not there."""
    for key, value in headers:
        if key == name:
            return value
    return b""


def check_head(scope: Scope, most: int) -> None:
    """Refuse by its head alone a body over ``most`` bytes (413), or one that is not sent as it is (415)."""
    for name, value in scope["headers"]:
        if name == b"content-length":
            if not value.isdigit():
                raise RequestError("Content-Length: Not a number")
            if len(value) > 15 or int(value) > most:
                raise _too_large(most)
        elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
            raise RequestError("Content-Encoding: Compressed requests are not accepted here", status=415)
        elif name == b"transfer-encoding" and value.strip().lower() != b"chunked":
            raise RequestError("Transfer-Encoding: Only chunked is accepted here", status=415)


async def read_body(scope: Scope, receive: Receive, most: int, seconds: float) -> bytes:
    """The request's body; raises ``RequestError`` 413 as soon as it is clear that it is over ``most`` bytes."""
    check_head(scope, most)
    message = await receive()
    if not message.get("more_body"):
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        body: bytes = message.get("body", b"")
        if len(body) > most:
            raise _too_large(most)
        return body
    try:
        async with asyncio.timeout(seconds):
            return await _read_rest(message, receive, most)
    except TimeoutError:
        raise RequestError("The request body took too long to arrive.", status=408) from None


async def _read_rest(message: Message, receive: Receive, most: int) -> bytes:
    parts = [message.get("body", b"")]
    size = len(parts[0])
    while message.get("more_body"):
        if size > most:
            raise _too_large(most)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
    if size > most:
        raise _too_large(most)
    return b"".join(parts)


async def gone(receive: Receive) -> None:
    """Wait until the client has closed the connection."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _too_large(most: int) -> RequestError:
    return RequestError(f"The request body is too large: at most {most} bytes are accepted.", status=413)


def read_query(query: bytes) -> Pairs:
    """Query parameters in the order written."""
    try:
        return tuple(
            parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS)
        )
    except ValueError:
        raise RequestError("Could not parse the query string: it must be percent-encoded UTF-8") from None


def read_json(body: bytes) -> Any:
    """A JSON body, or None where there is none."""
    return decode_strict(body) if body else None


def read_form(body: bytes) -> tuple[Any, Pairs]:
    """A form as the JSON body it stands for, and the options among its fields as query parameters."""
    pairs = read_query(body.strip())
    options = tuple((name, value) for name, value in pairs if name.startswith("opt_"))
    return {"data": {name: value for name, value in pairs if not name.startswith("opt_")}}, options
