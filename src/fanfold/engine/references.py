"""Places in an action that are filled from the results of other actions: ``{{create.body.data.gid}}``.

A template is parsed once, when the batch is planned, and what is put into it is never looked at for references again:
a task may well be called ``{{x.body}}``. What a value becomes depends on where it stands. Alone in a string it stays
what it is; inside text it becomes text; in a path it is one segment, whatever characters it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from fanfold.errors import RequestError

ITEM = "item"
"""What a reference to the element that an action of a fan-out is made for begins with."""

INDEX = "index"
"""A reference to the element's place, from 0."""

MAX_FILLED = 16 * 1024 * 1024
"""Bytes that the references of one batch may put into its actions, all together."""

MAX_DECODED = 16 * 1024 * 1024
"""Bytes of bodies that the references of one batch may look into, all together."""

MAX_SEGMENT = 2048
"""Characters that a reference may put into a path."""

MAX_PARAMETER = 8192
"""Characters that a reference may put into a query or a header."""

_BRACES = "'{{'"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_PARTS = ("body", "status_code", "headers")
_SHOWN = 100

_encode = msgspec.json.Encoder().encode


class Reference(Struct, frozen=True):
    """A place in a result. ``source`` is an action's id, ``item`` or ``index``; ``part`` is empty for these two."""

    written: str
    source: str
    part: str = ""
    path: tuple[str, ...] = ()


class Text(Struct, frozen=True):
    """A string with references inside."""

    pieces: tuple[str | Reference, ...]


class Members(Struct, frozen=True):
    """An object with references somewhere inside."""

    members: dict[str, Any]


class Elements(Struct, frozen=True):
    """An array with references somewhere inside."""

    elements: list[Any]


Lookup = Callable[[Reference], Any]
"""What a reference stands for; raises ``RequestError`` where there is nothing."""


def compile_text(text: str) -> str | Reference | Text:
    """A string as a template. Raises ``RequestError`` for braces that are no reference."""
    if "{{" not in text:
        return text
    pieces: list[str | Reference] = []
    end = 0
    # Searched for, not matched: a pattern would look through the whole rest again at each brace that is never closed.
    while (start := text.find("{{", end)) >= 0:
        close = text.find("}}", start + 2)
        if close < 0:
            raise _malformed(text[start:])
        inner = text[start + 2 : close].strip()
        pieces += (text[end:start], "{{" if inner == _BRACES else _read(inner, text[start : close + 2]))
        end = close + 2
    pieces.append(text[end:])
    kept = tuple(piece for piece in pieces if piece != "")
    if len(kept) == 1 and isinstance(kept[0], Reference):
        return kept[0]
    return Text(kept)


def compile_value(value: object) -> Any:
    """Decoded JSON as a template; what holds no reference is left as it is. Names of members are never templates."""
    if isinstance(value, str):
        return compile_text(value)
    if isinstance(value, dict):
        members = {name: compile_value(member) for name, member in value.items()}
        return Members(members) if any(members[name] is not value[name] for name in value) else value
    if isinstance(value, list):
        elements = [compile_value(element) for element in value]
        return Elements(elements) if any(map(_differs, elements, value)) else value
    return value


def references_in(template: object) -> Iterator[Reference]:
    """Every reference of a template."""
    if isinstance(template, Reference):
        yield template
    elif isinstance(template, Text):
        yield from (piece for piece in template.pieces if isinstance(piece, Reference))
    elif isinstance(template, Members):
        for member in template.members.values():
            yield from references_in(member)
    elif isinstance(template, Elements):
        for element in template.elements:
            yield from references_in(element)


class Room(Struct):
    """How much the references of one batch may still take: a few bytes of it could ask for any number of copies."""

    filled: int = MAX_FILLED
    decoded: int = MAX_DECODED

    def fill(self, size: int) -> None:
        """Put so many bytes into an action; raises ``RequestError`` where there is no room for them."""
        self.filled -= size
        if self.filled < 0:
            raise RequestError(f"What the references of this batch stand for is larger than {MAX_FILLED} bytes")

    def decode(self, size: int) -> None:
        """Look into a body of so many bytes; raises ``RequestError`` where that is too much."""
        self.decoded -= size
        if self.decoded < 0:
            raise RequestError(f"The bodies that references look into may have {MAX_DECODED} bytes in one batch")


class Filling:
    """Fills the templates of one action. Raises ``RequestError`` for what cannot stand where it is to."""

    def __init__(self, lookup: Lookup, room: Room | None = None) -> None:
        self._lookup = lookup
        self._room = room or Room()

    def value(self, template: object) -> Any:
        """Decoded JSON with everything filled in. A reference that is all of a string keeps its type."""
        if isinstance(template, Reference):
            found = self._lookup(template)
            self._room.fill(len(found) if isinstance(found, str) else len(_encode(found)))
            return found
        if isinstance(template, Text):
            return "".join([self._text(piece) for piece in template.pieces])
        if isinstance(template, Members):
            return {name: self.value(member) for name, member in template.members.items()}
        if isinstance(template, Elements):
            return [self.value(element) for element in template.elements]
        return template

    def parameter(self, template: object) -> str:
        """One value of a query or a header."""
        if isinstance(template, str):
            return template
        pieces = template.pieces if isinstance(template, Text) else (template,)
        text = "".join([self._text(piece, lists=True) for piece in pieces])
        if len(text) > MAX_PARAMETER:
            raise RequestError(f"What references put into a query or a header may have {MAX_PARAMETER} characters")
        return text

    def path(self, template: object) -> str:
        """A path in which each reference is one segment, or a part of one, percent-encoded."""
        pieces = template.pieces if isinstance(template, Text) else (template,)
        return "".join([self._segment(piece) if isinstance(piece, Reference) else str(piece) for piece in pieces])

    def _segment(self, reference: Reference) -> str:
        found = self._lookup(reference)
        if found is None or found == "" or isinstance(found, dict | list):
            raise RequestError(f"{reference.written} is {_shown(found)}, which cannot stand in a path")
        text = found if isinstance(found, str) else _encode(found).decode()
        if len(text) > MAX_SEGMENT:
            raise RequestError(f"{reference.written} is too long for a path, which may have {MAX_SEGMENT} characters")
        return quote(text, safe="")

    def _text(self, piece: object, *, lists: bool = False) -> str:
        if not isinstance(piece, Reference):
            return str(piece)
        found = self._lookup(piece)
        if lists and isinstance(found, list) and not any(isinstance(element, list | dict) for element in found):
            text = ",".join(map(_as_text, found))
        else:
            text = _as_text(found)
        self._room.fill(len(text))
        return text


def follow(reference: Reference, value: Any) -> Any:
    """What stands at the reference's path below ``value``; raises ``RequestError`` where there is nothing."""
    for place, name in enumerate(reference.path):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif (
            isinstance(value, list)
            and name.isascii()
            and name.isdecimal()
            and len(name) < 10
            and int(name) < len(value)
        ):
            value = value[int(name)]
        else:
            where = ".".join((reference.source, *filter(None, (reference.part,)), *reference.path[:place]))
            raise RequestError(f"{reference.written} stands for nothing: {where} has no {name[:_SHOWN]!r}")
    return value


def _read(inner: str, written: str) -> Reference:
    source, dot, rest = inner.partition(".")
    path = tuple(rest.split(".")) if dot else ()
    if not _NAME.fullmatch(source) or not all(path):
        raise _malformed(written)
    if source == ITEM:
        return Reference(written, source, "", path)
    if source == INDEX:
        if path:
            raise _malformed(written)
        return Reference(written, source)
    part, path = (path[0], path[1:]) if path else ("", ())
    if part not in _PARTS or (part == "status_code" and path) or (part == "headers" and len(path) != 1):
        raise _malformed(written)
    return Reference(written, source, part, path)


def _malformed(written: str) -> RequestError:
    return RequestError(
        f"{written[:_SHOWN]} is not a reference: write {{{{ID.body.name}}}}, {{{{ID.status_code}}}} or "
        "{{ID.headers.name}}, or {{'{{'}} for two braces"
    )


def _differs(one: object, other: object) -> bool:
    return one is not other


def _as_text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else _encode(value).decode()


def _shown(value: object) -> str:
    text = _encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
