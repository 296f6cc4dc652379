"""Functions that expressions have beyond those of JSONata, a group to a module.

They only work out what they are given; none asks anybody, or looks at anything else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fanfold.expressions.functions import (
    binary,
    collections,
    crypto,
    dates,
    formats,
    markup,
    money,
    notion,
    sql,
    texts,
    trees,
    urls,
    values,
)
from fanfold.expressions.functions.arguments import NULL, Unsuitable

GROUPS = (values, collections, trees, texts, money, crypto, binary, urls, dates, notion, markup, formats, sql)

Function = Callable[..., Any]


def _property(name: str) -> Function:
    """A property of a date, or a member of an object that happens to have its name."""

    def read(value: Any) -> Any:
        if isinstance(value, dict):
            return value.get(name)
        moment = dates.read(value)
        return NULL if moment is None else dates.PROPERTIES[name](moment)

    return read


def method_name(name: str) -> str:
    """Under which name a method or property of a date or a graph is a function."""
    return f"_of_{name}"


_METHODS: dict[str, Function] = {**dates.METHODS, **trees.METHODS}

METHODS: dict[str, str] = {name: method_name(name) for name in _METHODS}
"""What is written with a dot in front and arguments behind it, and the function that is called for it."""

PROPERTIES: dict[str, str] = {name: method_name(name) for name in dates.PROPERTIES}
"""What is written with a dot in front, behind what a function gave."""

OWNERS = ("$dtFrom", "$dependencyGraph")
"""What gives values that have methods and properties."""

FUNCTIONS: dict[str, Function] = {
    **{name: function for group in GROUPS for name, function in group.FUNCTIONS.items()},
    **{method_name(name): function for name, function in _METHODS.items()},
    **{method_name(name): _property(name) for name in dates.PROPERTIES},
}
"""By name. Those of methods and properties are given what stands before the dot first."""

SIGNATURES = {"each": "<x-f:x>", "sift": "<x-f:x>"}
"""Of those that take what they are called in where they are given a function alone."""

_HOSTED = "it asks services of others; ask them as a resource instead"
_BYTES = "it gives bytes, and expressions give JSON"
_UNPORTED = "it is not ported"

REFUSED: dict[str, str] = {
    "parseDocument": _HOSTED,
    "generateEmbeddingsCohere": _HOSTED,
    "base64ToBlob": _BYTES,
    "blob": _BYTES,
    "bufferToString": _BYTES,
    "getArrayBuffer": _BYTES,
    "getDataUri": _BYTES,
    "teeStream": _BYTES,
    "jsonToParquet": _BYTES,
    "convertMdToPdf": _BYTES,
    "convertQueryToSql": "it puts SQL together out of text; write a query with parameters instead",
    "convertMarkdownToAdf": _UNPORTED,
    "convertMarkdownToGoogleDocs": _UNPORTED,
    "convertMarkdownToNotion": _UNPORTED,
    "convertMarkdownToSlack": _UNPORTED,
}
"""What is known elsewhere and is not here, and why."""

__all__ = ["FUNCTIONS", "METHODS", "NULL", "OWNERS", "PROPERTIES", "REFUSED", "SIGNATURES", "Function", "Unsuitable"]
