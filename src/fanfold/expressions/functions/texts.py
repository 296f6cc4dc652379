"""How alike texts are, and texts in pieces."""

from __future__ import annotations

from collections import Counter
from typing import Any

from fanfold.expressions.functions.arguments import Unsuitable, string

_SEPARATORS = ("\n\n", "\n", " ", "")


def _pairs(value: Any, name: str) -> tuple[str, Counter[str]]:
    plain = "".join(string(value, name).lower().split())
    return plain, Counter(plain[index : index + 2] for index in range(len(plain) - 1))


def _alike(one: tuple[str, Counter[str]], other: tuple[str, Counter[str]]) -> float:
    if one[0] == other[0]:
        return 1
    total = one[1].total() + other[1].total()
    return 2 * (one[1] & other[1]).total() / total if total else 0


def dice_coefficient(one: Any = None, other: Any = None) -> float:
    """How many pairs of neighbouring letters two texts share, from 0 to 1; capitals and spaces do not count."""
    return _alike(_pairs(one, "diceCoefficient"), _pairs(other, "diceCoefficient"))


def most_similar(value: Any = None, candidates: Any = None, least: Any = 0.8) -> Any:
    """The candidate most like a text, or the text itself where none is at least so much like it."""
    wanted = _pairs(value, "mostSimilar")
    found, best = value, -1.0
    for candidate in candidates if isinstance(candidates, list) else [candidates] if candidates else []:
        alike = _alike(wanted, _pairs(candidate, "mostSimilar"))
        if alike > best and alike >= (least if isinstance(least, int | float) else 0.8):
            found, best = candidate, alike
    return found


def split_text(value: Any = None, options: Any = None) -> list[str]:
    """Pieces of at most ``chunkSize`` characters that overlap by up to ``chunkOverlap``, cut where text has breaks."""
    given = options if isinstance(options, dict) else {}
    size, overlap = given.get("chunkSize", 200), given.get("chunkOverlap", 60)
    if not (isinstance(size, int) and isinstance(overlap, int) and size > 0 and 0 <= overlap < size):
        raise Unsuitable("$recursiveCharacterTextSplitter needs a chunkSize above 0 and a smaller chunkOverlap")
    return _split(string(value, "recursiveCharacterTextSplitter"), _SEPARATORS, size, overlap)


def _split(value: str, separators: tuple[str, ...], size: int, overlap: int) -> list[str]:
    separator = next(candidate for candidate in separators if candidate in value)
    further = separators[separators.index(separator) + 1 :]
    first, *rest = value.split(separator) if separator else list(value)
    # A break belongs to what stands behind it.
    parts = filter(None, [first, *(separator + part for part in rest)])
    pieces: list[str] = []
    small: list[str] = []
    for part in parts:
        if len(part) < size:
            small.append(part)
            continue
        pieces += _merge(small, size, overlap)
        small = []
        pieces += _split(part, further, size, overlap) if further else [part]
    return pieces + _merge(small, size, overlap)


def _merge(parts: list[str], size: int, overlap: int) -> list[str]:
    pieces: list[str] = []
    start, length = 0, 0
    for index, part in enumerate(parts):
        if length + len(part) > size and start < index:
            pieces.append("".join(parts[start:index]).strip())
            while length > overlap or (length + len(part) > size and length > 0):
                length -= len(parts[start])
                start += 1
        length += len(part)
    pieces.append("".join(parts[start:]).strip())
    return [piece for piece in pieces if piece]


FUNCTIONS = {
    "diceCoefficient": dice_coefficient,
    "mostSimilar": most_similar,
    "recursiveCharacterTextSplitter": split_text,
}
