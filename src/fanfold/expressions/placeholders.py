"""Placeholders such as ``{{args.id}}``: compiled once, filled for each run, and never looked at twice.

What is filled in is never read for placeholders again, whatever it holds. Paths lead through members of objects and
elements of arrays, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.expressions.filling import (
    DROPPED,
    MAX_FILLED,
    Filler,
    Unresolved,
    elements_filler,
    members_filler,
    text_filler,
    value_filler,
)
from fanfold.expressions.merging import MERGE
from fanfold.expressions.syntax import Path, Placeholder, read_text

MAX_REMEMBERED = 500
"""Characters of a text that is worth remembering."""

MAX_DEPTH = 100
"""Levels of a template."""


class Template(Struct, frozen=True):
    """A JSON value with placeholders somewhere inside. ``paths`` are those that they look up, split at dots.

    Of ``a/b.c`` the path is ``("a/b", "c")``. ``filler`` is what it was read into, None where nothing changes.
    """

    source: Any
    paths: tuple[Path, ...] = ()
    filler: Filler | None = None


def _compiled(text: str) -> tuple[Filler | None, tuple[Path, ...]]:
    """What fills a text, and which paths it mentions."""
    pieces = read_text(text)
    placeholders = [piece for piece in pieces if isinstance(piece, Placeholder)]
    if not placeholders:
        return None, ()
    filler = value_filler(placeholders[0]) if len(pieces) == 1 else text_filler(pieces)
    return filler, tuple([path for placeholder in placeholders for path, _ in placeholder.alternatives])


# The same texts come again and again, in plans that differ.
_remembered = lru_cache(4096)(_compiled)


class _Reading:
    """Reads a value into fillers, and notes which paths it mentions."""

    def __init__(self) -> None:
        self.paths: dict[Path, None] = {}

    def read(self, value: Any, depth: int = 0) -> Filler | None:
        """What fills the value, None where nothing in it changes."""
        if depth > MAX_DEPTH:
            raise RequestError(f"The value is nested more than {MAX_DEPTH} levels deep")
        if isinstance(value, str):
            return self._read_text(value)
        if isinstance(value, dict):
            return self._read_members(value, depth + 1)
        if isinstance(value, list):
            fillers = self._fillers(enumerate(value), depth + 1)
            return elements_filler(value, fillers) if fillers else None
        return None

    def _read_text(self, value: str) -> Filler | None:
        if "{{" not in value:
            return None
        filler, paths = _remembered(value) if len(value) <= MAX_REMEMBERED else _compiled(value)
        self.paths.update(dict.fromkeys(paths))
        return filler

    def _read_members(self, value: dict[str, Any], depth: int) -> Filler | None:
        fillers = self._fillers(value.items(), depth)
        if MERGE not in value:
            return members_filler(value, fillers, None) if fillers else None
        merged, constant = fillers.pop(MERGE, None), value[MERGE]
        rest = {name: member for name, member in value.items() if name != MERGE}
        return members_filler(rest, fillers, merged or (lambda _context, _strict, _left: constant))

    def _fillers(self, parts: Any, depth: int) -> dict[Any, Filler]:
        found = {}
        for name, part in parts:
            filler = self.read(part, depth)
            if filler is not None:
                found[name] = filler
        return found


def _check_elements(elements: list[Any]) -> None:
    for element in elements:
        if isinstance(element, list):
            _check_elements(element)
        elif not isinstance(element, str | dict):
            raise RequestError(
                "Invalid type: an array that is filled in as a whole holds strings, arrays and objects only"
            )


def compile_template(value: Any) -> Template:
    """A template of decoded JSON; raises ``RequestError`` for a cast that there is not."""
    reading = _Reading()
    filler = reading.read(value)
    if isinstance(value, list):
        _check_elements(value)
    return Template(value, tuple(reading.paths), filler)


def fill(template: Template, context: Mapping[str, Any], *, strict: bool = False) -> Any:
    """The value with everything filled in. Parts without placeholders are the template's own.

    What cannot be resolved is left as written, and raises ``Unresolved`` where ``strict``.
    """
    filler = template.filler
    if filler is None:
        return template.source
    filled = filler(context, strict, [MAX_FILLED])
    return None if filled is DROPPED else filled


__all__ = ["MAX_DEPTH", "MAX_FILLED", "Path", "Template", "Unresolved", "compile_template", "fill"]
