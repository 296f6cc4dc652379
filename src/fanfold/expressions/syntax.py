"""How a placeholder is written: ``{{path:cast|other path ?: default:cast}}``, read once into what it says."""

from __future__ import annotations

import re

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.expressions.casts import CASTS, SPACE, Cast, as_text

Path = tuple[str, ...]

# Possessive, and what is allowed inside holds no brace: each character is looked at once, whatever is never closed.
_PLACEHOLDER = re.compile(r"\{\{([A-Za-z0-9_\-./|:?" + re.escape(SPACE) + r"]++)\}\}")
_COLON = re.compile(":(?=[A-Za-z0-9_" + re.escape(SPACE) + "])")
_FLAGS = ("null", "undefined", "ignore-empty-str")
_SHOWN = 100


Alternative = tuple[Path, Cast]
"""One path that is looked up, and what is made of what is found there."""


class Placeholder(Struct, frozen=True):
    """One placeholder. ``default`` is a tuple of one, cast already, or empty.

    ``nullable`` and ``optional``: where nothing is found it stands for null, or for nothing at all. ``skips_empty``:
    an empty string counts as nothing found.
    """

    written: str
    alternatives: tuple[Alternative, ...]
    default: tuple[object, ...] = ()
    nullable: bool = False
    optional: bool = False
    skips_empty: bool = False


def read_text(source: str) -> tuple[str | Placeholder, ...]:
    """The pieces of a string, in order and none of them empty. Raises ``RequestError`` for a cast there is not."""
    if "{{" not in source:
        return (source,) if source else ()
    pieces: list[str | Placeholder] = []
    end = 0
    for found in _PLACEHOLDER.finditer(source):
        if found.start() > end:
            pieces.append(source[end : found.start()])
        pieces.append(_read(found[0], found[1]))
        end = found.end()
    if end < len(source):
        pieces.append(source[end:])
    return tuple(pieces)


def _read(written: str, inner: str) -> Placeholder:
    head, _, default = inner.partition("?:")
    alternatives: list[Alternative] = []
    flags: set[str] = set()
    for written_alternative in head.split("|"):
        path, *rest = _COLON.split(written_alternative)
        # Not trimmed in front: that is how the language is spoken elsewhere.
        flags.update(piece.rstrip(SPACE) for piece in rest)
        cast = _cast(rest[0].strip(SPACE), written) if rest else as_text
        alternatives.append((tuple(path.strip(SPACE).split(".")), cast))
    return Placeholder(
        written=written,
        alternatives=tuple(alternatives),
        default=_default(default, written),
        nullable=_FLAGS[0] in flags,
        optional=_FLAGS[1] in flags,
        skips_empty=_FLAGS[2] in flags,
    )


def _default(text: str, written: str) -> tuple[object, ...]:
    text = text.partition("?:")[0]
    if not text:
        return ()
    value, *rest = _COLON.split(text)
    # The cast of a default is not trimmed: with a space behind it, it is another.
    cast = _cast(rest[0], written) if rest else as_text
    return (cast(value),)


def _cast(name: str, written: str) -> Cast:
    if name not in CASTS:
        shown = written if len(written) <= _SHOWN else written[:_SHOWN] + "…"
        raise RequestError(f"Unsupported type: {name[:_SHOWN]}, in {shown}. There are: {', '.join(CASTS)}")
    return CASTS[name]
