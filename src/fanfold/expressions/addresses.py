"""Placeholders in addresses: whatever stands in the value, it stays within the one place that it was written for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from fanfold.errors import RequestError
from fanfold.expressions.casts import number_text
from fanfold.expressions.filling import DROPPED, MAX_FILLED, unresolved, value_filler
from fanfold.expressions.placeholders import Template
from fanfold.expressions.syntax import Placeholder, read_text

MAX_SEGMENT = 2048
"""Characters that a placeholder may put into a path."""

MAX_REMEMBERED = 500
"""Characters of an address that is worth remembering."""

MAX_HOST = 253
"""Characters that a placeholder may put into the name of a host."""

_LABELS = re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
_AUTHORITY_ENDS = re.compile(r"[/?#\\]")


def fill_path(template: Template, context: Mapping[str, Any]) -> str:
    """A path with each value percent-encoded as part of one segment.

    Raises ``Unresolved`` where there is no value, and ``RequestError`` for one that would be no segment.
    """
    made = [piece if isinstance(piece, str) else _segment(piece, context) for piece in _pieces(template)]
    return "".join(made)


def fill_host(template: Template, context: Mapping[str, Any]) -> str:
    """A base URL, such as ``https://{{subdomain}}.example.com/v1``.

    Values may be labels of the host's name, or part of the path as in ``fill_path``; nothing else is theirs to say.
    """
    made = ""
    for piece in _pieces(template):
        if isinstance(piece, str):
            made += piece
            continue
        scheme, slashes, rest = made.partition("://")
        if not (scheme and slashes):
            raise RequestError(f"{piece.written} stands before the host; write the scheme out, such as https://")
        made += _segment(piece, context) if _AUTHORITY_ENDS.search(rest) else _labels(piece, context)
    return made


_remembered = lru_cache(2048)(read_text)


def _pieces(template: Template) -> tuple[str | Placeholder, ...]:
    if not isinstance(template.source, str):
        raise RequestError("An address has to be a string")
    source = template.source
    return _remembered(source) if len(source) <= MAX_REMEMBERED else read_text(source)


def _labels(placeholder: Placeholder, context: Mapping[str, Any]) -> str:
    value = _plain(placeholder, context)
    if len(value) > MAX_HOST or not _LABELS.fullmatch(value):
        raise RequestError(
            f"What {placeholder.written} stands for cannot be part of a host's name: letters, digits, '-' and '.' can"
        )
    return value


def _segment(placeholder: Placeholder, context: Mapping[str, Any]) -> str:
    value = _plain(placeholder, context)
    if value in ("", ".", ".."):
        raise RequestError(f"{placeholder.written} stands for {value!r}, which cannot be part of a path")
    if len(value) > MAX_SEGMENT:
        raise RequestError(f"{placeholder.written} stands for more than {MAX_SEGMENT} characters")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError:
        raise RequestError(f"{placeholder.written} stands for text that is no valid Unicode") from None


def _plain(placeholder: Placeholder, context: Mapping[str, Any]) -> str:
    # Strict: what is left as written elsewhere is an error here.
    value = value_filler(placeholder)(context, True, [MAX_FILLED])  # noqa: FBT003
    if value is DROPPED:
        raise unresolved(placeholder)
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(value)
    kinds = {list: "an array", tuple: "an array", dict: "an object", type(None): "null"}
    kind = kinds.get(type(value), "neither text nor a number")
    raise RequestError(f"{placeholder.written} stands for {kind}, which cannot be part of an address")
