"""The body of a call as bytes: JSON, unless its content type asks for something else that can be made of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec

from fanfold.errors import RequestError

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

_encode = msgspec.json.Encoder().encode


def payload_of(body: Any, kind: str) -> bytes:
    """The bytes of ``body``, which is decoded JSON, bytes, or None, as the content type ``kind`` wants it.

    Text goes as it is where ``kind`` is not JSON, and an object as a form where it is that. Raises ``RequestError``
    where a form is to be made of something else.
    """
    if body is None:
        return b""
    if isinstance(body, bytes):
        return body
    bare = kind.partition(";")[0].strip().lower()
    if not bare or bare == JSON or bare.endswith("+json"):
        return _encode(body)
    if isinstance(body, str):
        return body.encode()
    if bare == FORM and isinstance(body, dict):
        return urlencode([pair for name, value in body.items() for pair in _fields(name, value)]).encode()
    raise RequestError(f"data: Must be text where the content type is {bare[:100]}, or base64 instead")


def _fields(name: str, value: object) -> list[tuple[str, str]]:
    """One field of a form, or one for each element of a list."""
    values = value if isinstance(value, list) else [value]
    if any(isinstance(one, dict | list) for one in values):
        raise RequestError(f"data: {name} cannot stand in a form; write a string, a number, or a list of them")
    return [(name, one if isinstance(one, str) else "" if one is None else _encode(one).decode()) for one in values]
