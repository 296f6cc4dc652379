"""The body of a request as bytes, in the format that a method is declared to take."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec

from fanfold.errors import RequestError
from fanfold.integrations.declaration import BodyFormat
from fanfold.integrations.markup import write_xml
from fanfold.integrations.queries import pairs

_encode = msgspec.json.Encoder().encode
_UNSAFE = re.compile(r'["\r\n\0\\]')
_MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(?:;[ \w=.+-]*)?", re.ASCII)


def encode_body(body: Any, form: BodyFormat, config: Mapping[str, Any]) -> tuple[bytes, str]:
    """The bytes and their content type. Raises ``RequestError`` for what the format cannot hold.

    ``config`` may say ``content_type``, and for XML the ``root``.
    """
    told = config.get("content_type")
    try:
        payload, kind = _encoded(body, form, config)
    except (ValueError, TypeError, RecursionError) as error:
        raise RequestError(f"body: {error}" if type(error) is ValueError else "body: cannot be sent") from None
    return payload, told if isinstance(told, str) and form != "multipart" else kind


def _encoded(body: Any, form: BodyFormat, config: Mapping[str, Any]) -> tuple[bytes, str]:
    if form == "form":
        return urlencode(pairs(_members(body, form), "brackets")).encode(), "application/x-www-form-urlencoded"
    if form == "multipart":
        return _multipart(_members(body, form))
    if form == "xml":
        return write_xml(body, str(config.get("root") or "")), "application/xml"
    if form == "raw" and isinstance(body, bytes):
        return body, "application/octet-stream"
    if form == "raw" and isinstance(body, str):
        return body.encode(), "text/plain; charset=utf-8"
    return _encode(body), "application/json"


def _members(body: Any, form: str) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise ValueError(f"must be an object to be sent as {form}")  # noqa: TRY004 - of what a client wrote
    return body


def _multipart(body: dict[str, Any]) -> tuple[bytes, str]:
    boundary = secrets.token_hex(16)
    pieces: list[bytes] = []
    for name, value in body.items():
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                head, content = _part(name, one)
                pieces.append(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


def _part(name: str, value: Any) -> tuple[str, bytes]:
    """A field, or a file where the value is ``{filename, content | content_base64, content_type?}``."""
    head = f'Content-Disposition: form-data; name="{_quoted(name)}"'
    if not isinstance(value, dict):
        content = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else _encode(value)
        return head, content
    if "filename" not in value:
        return f"{head}\r\nContent-Type: application/json", _encode(value)
    kind = value.get("content_type", "application/octet-stream")
    if not isinstance(kind, str) or not _MEDIA_TYPE.fullmatch(kind):
        raise ValueError(f"{name[:100]}.content_type is no media type")
    return f'{head}; filename="{_quoted(str(value["filename"]))}"\r\nContent-Type: {kind}', _content(name, value)


def _content(name: str, file: dict[str, Any]) -> bytes:
    if isinstance(file.get("content_base64"), str):
        try:
            return base64.b64decode(file["content_base64"], validate=True)
        except binascii.Error:
            raise ValueError(f"{name[:100]}.content_base64 is no base64") from None
    content = file.get("content", "")
    return content if isinstance(content, bytes) else str(content).encode()


def _quoted(text: str) -> str:
    return _UNSAFE.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), text)
