"""XML as JSON and back, for APIs that speak nothing else. Entities and document types are refused, not expanded.

An element is an object of its children by name, several of one name an array; attributes begin with ``@``, and text
beside either is ``#text``. An element of nothing but text is that text.
"""

from __future__ import annotations

import re
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

MAX_DEPTH = 100

_NAME = re.compile(r"[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?", re.ASCII)
_BAD = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class _Reader:
    """Builds objects as the parser tells of elements."""

    def __init__(self) -> None:
        self.top: dict[str, Any] = {}
        self._open: list[tuple[dict[str, Any], list[str]]] = [(self.top, [])]

    def begin(self, _name: str, attributes: dict[str, str]) -> None:
        if len(self._open) > MAX_DEPTH:
            raise ValueError("It is nested too deeply")
        self._open.append(({f"@{key}": value for key, value in attributes.items()}, []))

    def end(self, name: str) -> None:
        members, pieces = self._open.pop()
        text = "".join(pieces).strip()
        value: Any = members
        if not members:
            value = text
        elif text:
            members["#text"] = text
        parent = self._open[-1][0]
        if name not in parent:
            parent[name] = value
        elif isinstance(parent[name], list):
            parent[name].append(value)
        else:
            parent[name] = [parent[name], value]

    def text(self, piece: str) -> None:
        self._open[-1][1].append(piece)


def _refuse(*_: object) -> None:
    raise ValueError("It declares a type or entities")


def read_xml(body: bytes) -> dict[str, Any]:
    """The document as an object with its root as the only member; raises ``ValueError`` for what is no such thing."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(body, True)  # noqa: FBT003 - takes no names
    except expat.ExpatError as error:
        raise ValueError(f"It is no XML: {expat.ErrorString(error.code)}") from None
    return reader.top


def write_xml(value: Any, root: str = "") -> bytes:
    """A document of an object with one member, or of anything below ``root``; raises ``ValueError`` otherwise."""
    if not root:
        if not isinstance(value, dict) or len(value) != 1:
            raise ValueError("must be an object with one member, the root")
        ((root, value),) = value.items()
        if isinstance(value, list):
            raise ValueError("must have one root")
    return b'<?xml version="1.0" encoding="UTF-8"?>' + "".join(_elements(root, value, 0)).encode()


def _elements(name: str, value: Any, depth: int) -> list[str]:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name[:100]!r} is no name of an element")
    if depth > MAX_DEPTH:
        raise ValueError("is nested too deeply")
    if isinstance(value, list):
        return [piece for one in value for piece in _elements(name, one, depth + 1)]
    if not isinstance(value, dict):
        return [f"<{name}>{escape(_text(value))}</{name}>"]
    attributes, inner = "", [escape(_text(value.get("#text")))]
    for key, one in value.items():
        if key.startswith("@"):
            if not _NAME.fullmatch(key[1:]):
                raise ValueError(f"{key[:100]!r} is no name of an attribute")
            attributes += f" {key[1:]}={quoteattr(_text(one))}"
        elif key != "#text":
            inner += _elements(key, one, depth + 1)
    return [f"<{name}{attributes}>", *inner, f"</{name}>"]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return _BAD.sub("", str(value))
