"""Single values: the first of several, numbers out of text, and what others call them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from fanfold.expressions.casts import SPACE, text
from fanfold.expressions.functions.arguments import NULL, Unsuitable

_NUMBER = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_BASED = re.compile(r"0(?:[xX][0-9a-fA-F]+|[oO][0-7]+|[bB][01]+)")
_MAX_DIGITS = 400
_MAX_LEVELS = 200


def first_non_empty(*values: Any) -> Any:
    """The first that is neither null nor missing; an empty string is neither."""
    return next((value for value in values if value is not None), None)


def json_parse(value: Any = None) -> Any:
    """What JSON says; null for what is none."""
    if isinstance(value, int | float):
        return value
    if not isinstance(value, str):
        return NULL
    try:
        parsed = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return NULL
    return NULL if parsed is None else parsed


def to_number(value: Any = None) -> Any:
    """A number out of whatever is one; null for what is none."""
    if isinstance(value, bool):
        return int(value)
    if value is None or isinstance(value, int | float):
        return NULL if value is None else value
    if isinstance(value, dict):
        raise Unsuitable("$toNumber takes text or a number")
    written = text(value).strip(SPACE)
    if not written:
        return 0
    return _number(written) if len(written) <= _MAX_DIGITS else NULL


def _number(written: str) -> float:
    if _BASED.fullmatch(written):
        return int(written, 0)
    number = float(written) if _NUMBER.fullmatch(written) else NULL
    return int(number) if abs(number) < 2**53 and number.is_integer() else number


def map_values(value: Any = None, mapping: Any = None, lower: Any = None, default: Any = None) -> Any:
    """What a table says for a value, or for each within an array or object; what it does not know stays.

    Capital letters do not count. ``default`` stands for what is missing; ``lower`` is taken and changes nothing.
    """
    del lower
    if value is None:
        return default
    table = mapping if isinstance(mapping, dict) else {}
    return _mapped(value, {name.lower(): member for name, member in table.items()}, 0)


def _mapped(value: Any, table: dict[str, Any], level: int) -> Any:
    if level > _MAX_LEVELS:
        raise Unsuitable("$mapValues was given what is nested too deeply")
    if isinstance(value, list):
        return [_mapped(element, table, level + 1) for element in value]
    if isinstance(value, dict):
        return {name: _mapped(member, table, level + 1) for name, member in value.items()}
    if value is None or isinstance(value, bool):
        return value
    found = table.get(text(value).lower())
    return value if found is None else found


def wrap(value: Any = None, left: Any = "", right: Any = None) -> str:
    """Text between two others; the first stands at both ends where there is no second."""
    inside = "" if value is None else text(value)
    before = "" if left is None else text(left)
    return before + inside + (before if right is None else text(right))


def remove_empty(value: Any = None) -> Any:
    """An array, or nothing where that is empty."""
    if value is None:
        raise Unsuitable("$removeEmpty takes an array")
    return None if isinstance(value, dict) or not value else value


def remove_empty_items(value: Any = None) -> Any:
    """An array without what is null, false, 0, empty text, or an object or array with nothing in it."""
    if not isinstance(value, list):
        return value
    return [element for element in value if element]


FUNCTIONS = {
    "firstNonEmpty": first_non_empty,
    "jsonParse": json_parse,
    "toNumber": to_number,
    "mapValues": map_values,
    "wrap": wrap,
    "removeEmpty": remove_empty,
    "removeEmptyItems": remove_empty_items,
}
