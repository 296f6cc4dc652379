"""What templates are read into: for each part that changes, a function that makes it out of a context.

Functions made once, rather than objects looked at again each time: a query with a few placeholders is filled for each
record of a list, and most of what that takes is finding out what there is to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from fanfold.errors import RequestError
from fanfold.expressions.casts import as_text, text
from fanfold.expressions.merging import merge
from fanfold.expressions.syntax import Placeholder

MAX_FILLED = 16 * 1024 * 1024
"""Characters that one filling may put together."""

_SHOWN = 100


class _Nothing:
    """What stands for no value at all, where null is one."""


DROPPED = _Nothing()
"""What a placeholder gives that stands for nothing at all."""

_MISSING = _Nothing()

Left = list[int]
"""How many characters may still be put together, in a list of one."""

Filler = Callable[[Any, bool, Left], Any]
"""Makes a value out of a context; whether what cannot be resolved is an error; what is left."""


class Unresolved(RequestError):
    """A placeholder stands for nothing"""


def unresolved(placeholder: Placeholder) -> Unresolved:
    """The error that names it."""
    written = placeholder.written
    return Unresolved(f"There is nothing for {written if len(written) <= _SHOWN else written[:_SHOWN] + '…'}")


def value_filler(placeholder: Placeholder) -> Filler:
    """Gives what a placeholder stands for, with its type."""
    skips_empty = placeholder.skips_empty
    alternatives = [(path, cast, cast is as_text) for path, cast in placeholder.alternatives]

    def fill(context: Any, strict: bool, left: Left) -> Any:  # noqa: FBT001
        for path, cast, plain in alternatives:
            value = context
            for part in path:
                value = value.get(part, _MISSING) if type(value) is dict else _step(value, part)
            if value is _MISSING or (skips_empty and value == ""):
                continue
            kind = type(value)
            if value is None or (plain and kind is str):
                return value
            made = cast(value)
            if kind is not str and type(made) is str:
                _count(made, left)
            return made
        return _absent(placeholder, strict=strict)

    return fill


def _absent(placeholder: Placeholder, *, strict: bool) -> Any:
    if placeholder.default:
        return placeholder.default[0]
    if placeholder.optional:
        return DROPPED
    if placeholder.nullable:
        return None
    if strict:
        raise unresolved(placeholder)
    return placeholder.written


def text_filler(pieces: tuple[str | Placeholder, ...]) -> Filler:
    """Gives text in which placeholders stand."""
    parts = [piece if isinstance(piece, str) else value_filler(piece) for piece in pieces]

    def fill(context: Any, strict: bool, left: Left) -> str:  # noqa: FBT001
        whole = ""
        for part in parts:
            value = part if type(part) is str else part(context, strict, left)  # type: ignore[operator]
            if type(value) is not str:
                value = "" if value is DROPPED else text(value)
            whole += value
        _count(whole, left)
        return whole

    return fill


def members_filler(members: dict[str, Any], fillers: dict[str, Filler], merged: Filler | None) -> Filler:
    """Gives an object, some of whose members are filled in, and with what is ``merged`` into it."""
    changing = list(fillers.items())

    def fill(context: Any, strict: bool, left: Left) -> dict[str, Any]:  # noqa: FBT001
        filled = members.copy()
        for name, filler in changing:
            value = filler(context, strict, left)
            if value is DROPPED:
                del filled[name]
            else:
                filled[name] = value
        return filled if merged is None else merge(filled, merged(context, strict, left))

    return fill


def elements_filler(elements: list[Any], fillers: dict[int, Filler]) -> Filler:
    """Gives an array, some of whose elements are filled in."""
    changing = list(fillers.items())

    def fill(context: Any, strict: bool, left: Left) -> list[Any]:  # noqa: FBT001
        filled = elements.copy()
        for index, filler in changing:
            value = filler(context, strict, left)
            filled[index] = None if value is DROPPED else value
        return filled

    return fill


def _count(made: str, left: Left) -> None:
    left[0] -= len(made)
    if left[0] < 0:
        raise RequestError(f"The placeholders stand for more than {MAX_FILLED // 1024**2} MiB", status=413)


def _step(value: Any, part: str) -> Any:
    """What is one step further on. ``-1`` is the last element of an array."""
    if isinstance(value, Mapping):
        return value.get(part, _MISSING)
    if isinstance(value, list | tuple):
        return _element(value, part)
    return _MISSING


def _element(elements: list[Any] | tuple[Any, ...], part: str) -> Any:
    digits = part.removeprefix("-")
    # The length first: reading a number costs the square of it.
    if len(digits) > len(str(len(elements))) or not (digits.isascii() and digits.isdigit()):
        return _MISSING
    index = int(digits)
    if part[0] == "-":
        return elements[-index] if 0 < index <= len(elements) else _MISSING
    return elements[index] if index < len(elements) else _MISSING
