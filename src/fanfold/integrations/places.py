"""Places in documents, and what is said of one: where it stands in its file, and how people and programs write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from fanfold.errors import SetupError

Place = tuple[str | int, ...]
"""Names and numbers that lead from the top of a document to something in it."""


class Document(Struct, frozen=True):
    """What a file holds. ``lines`` has the line, from 1, of each name and element, as far as it is known."""

    value: Any
    source: str = ""
    lines: Mapping[Place, int] = {}

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest around it; 0 where none is known."""
        return next((self.lines[place[:end]] for end in range(len(place), 0, -1) if place[:end] in self.lines), 0)

    def where(self, place: Place) -> str:
        """The file, and the line as far as it is known."""
        line = self.line(place)
        return f"{self.source}:{line}" if line else self.source

    def told(self, place: Place, message: str) -> str:
        """A complaint with its place: ``file:line: resources.tasks.list.path: what was expected``."""
        return ": ".join(part for part in (self.where(place), dotted(place), message) if part)


class DocumentError(SetupError):
    """The file cannot be read."""


class WrongDocument(SetupError):
    """The file is not right.

    ``complaints`` are all of its mistakes, each with file, line and field.
    """

    def __init__(self, complaints: tuple[str, ...]) -> None:
        super().__init__("\n".join(complaints))
        self.complaints = complaints


def dotted(place: Place) -> str:
    """A place as people write it, such as ``resources.tasks[0]``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return text.removeprefix(".")


def pointer(place: Place) -> str:
    """A place as a JSON Pointer (RFC 6901)."""
    return "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in place)


def place(written: str, value: Any) -> Place:
    """The place in ``value`` that a JSON Pointer leads to, as far as it does."""
    found: list[str | int] = []
    for part in written.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            found.append(int(name))
            value = value[int(name)]
        else:
            found.append(name)
            value = value.get(name) if isinstance(value, dict) else None
    return tuple(found)
