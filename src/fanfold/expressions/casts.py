"""What a placeholder's value is turned into, after the rules of JavaScript: these are what templates rely on."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

SPACE = (
    " \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
"""What JavaScript trims."""

_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]++|[0-9]++)")
_FLOAT = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_TRUTH = {"true": True, "false": False}
_MAX_DIGITS = 400
_LARGEST_PLAIN = 1e21
_SMALLEST_PLAIN = 1e-6

Cast = Callable[[Any], Any]

_decode = msgspec.json.Decoder().decode


def number_text(value: float) -> str:
    """A number as JavaScript writes it: ``1`` for 1.0, ``1e+21``, ``1e-7``."""
    if type(value) is int:
        return str(value)
    if value.is_integer() and abs(value) < _LARGEST_PLAIN:
        return str(int(value))
    text = repr(value)
    if "e" not in text:
        return text
    if _SMALLEST_PLAIN <= abs(value) < _LARGEST_PLAIN:
        return format(Decimal(text), "f")
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent):+d}"


def _elements_text(elements: Any) -> str:
    return ",".join(["" if element is None else text(element) for element in elements])


# By type: a chain of questions takes longer than all the rest of filling a placeholder.
_TEXTS: dict[type, Callable[[Any], str]] = {
    str: str,
    int: str,
    float: number_text,
    bool: {True: "true", False: "false"}.__getitem__,
    type(None): lambda _: "null",
    list: _elements_text,
    tuple: _elements_text,
    bytes: lambda value: value.decode("utf-8", "replace"),
}


def text(value: Any) -> str:
    """A value inside text. Objects are ``[object Object]`` there."""
    made = _TEXTS.get(type(value))
    return "[object Object]" if made is None else made(value)


def as_text(value: Any) -> Any:
    """The cast that is made where none is written. Null and bytes stay what they are."""
    kind = type(value)
    if kind is str or value is None or kind is bytes:
        return value
    return ",".join(map(text, value)) if kind is list or kind is tuple else text(value)


def _trimmed(value: Any) -> Any:
    return value.strip(SPACE) if isinstance(value, str) else value


def _as_integer(value: Any) -> Any:
    if type(value) is int:
        return value
    # What there nearly always is: nothing but digits.
    if type(value) is str and value.isdigit() and value.isascii() and len(value) <= _MAX_DIGITS:
        return int(value)
    value = _trimmed(value)
    if isinstance(value, bool) or value is None:
        return value
    found = _INTEGER.match(value if isinstance(value, str) else text(value))
    # Longer ones are no numbers that anybody counts with, and cost the square of their length.
    if found is None or len(found[0]) > _MAX_DIGITS:
        return value
    digits = found[0]
    return int(digits, 16) if digits.lstrip("+-")[:2] in ("0x", "0X") else int(digits)


def _as_number(value: Any) -> Any:
    value = _trimmed(value)
    if isinstance(value, bool | int | float) or value is None:
        return value
    found = _FLOAT.match(value if isinstance(value, str) else text(value))
    if found is None or len(found[0]) > _MAX_DIGITS:
        return value
    number = float(found[0])
    if number in (float("inf"), float("-inf")):
        return value
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _as_truth(value: Any) -> Any:
    value = _trimmed(value)
    return _TRUTH.get(value, value) if isinstance(value, str) else value


def _as_json(value: Any) -> Any:
    value = _trimmed(value)
    if not isinstance(value, str):
        return value
    try:
        return _decode(value)
    # RecursionError: nested deeper than can be read.
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return value


def _as_null(value: Any) -> Any:
    value = _trimmed(value)
    return None if value == "null" else value


CASTS: dict[str, Cast] = {
    "str": as_text,
    "int": _as_integer,
    "num": _as_number,
    "bool": _as_truth,
    "json": _as_json,
    "any": _trimmed,
    "null": _as_null,
    "undefined": _trimmed,
    "ignore-empty-str": _trimmed,
}
"""By the names that stand behind a colon."""
