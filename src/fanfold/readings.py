"""A path as lax readers might see it: decoded too often, in lower case, with empty segments and parameters dropped.

Whoever refuses a path by its name has to refuse every dress of it, so that no spelling means one thing to the check and
another to whoever is called.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

_AUTHORITY = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?(?://[^/]*)?")
_DECODINGS = 8


def readings(written: str) -> Iterator[list[str]]:
    """The segments of a path as lax readers might see them, first as it stands, then without a host in front."""
    text = unicodedata.normalize("NFKC", decode_fully(written)).casefold()
    text = "".join(char for char in text if char.isprintable() and char != " ").replace("\\", "/")
    text = re.split("[?#]", text, maxsplit=1)[0]
    for reading in (text, _AUTHORITY.sub("", text, count=1)):
        segments: list[str] = []
        for piece in reading.split("/"):
            segment = piece.partition(";")[0]
            if segment == "..":
                del segments[-1:]
            elif segment not in {"", "."}:
                segments.append(segment)
        yield segments


def decode_fully(text: str) -> str:
    """A text with all percent-encoding undone, however often it was done."""
    for _ in range(_DECODINGS):
        decoded = unquote(text)
        if decoded == text:
            break
        text = decoded
    return text


__all__ = ["decode_fully", "readings"]
