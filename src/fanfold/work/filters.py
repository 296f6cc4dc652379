"""Conditions on the records of a list, as SQL with its values apart.

Names of fields and links come from the kinds' pages, never from a client; everything that a client wrote is a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fanfold.work.store import Where

Plain = str | int | float | bool


def _of(name: str) -> str:
    return f"json_extract(CAST(r.document AS TEXT), '$.{name}')"


def equals(name: str, value: Plain) -> Where:
    """The field has this value."""
    return Where(f" AND {_of(name)} = ?", (value,))


def same_text(name: str, value: str) -> Where:
    """The field is this text, upper and lower case alike."""
    return Where(f" AND lower({_of(name)}) = lower(?)", (value,))


def absent(name: str) -> Where:
    """The field has no value."""
    return Where(f" AND {_of(name)} IS NULL")


def before(name: str, value: Plain, *, inclusive: bool = False) -> Where:
    """The field has a value below this one."""
    return Where(f" AND {_of(name)} {'<=' if inclusive else '<'} ?", (value,))


def after(name: str, value: Plain, *, inclusive: bool = False) -> Where:
    """The field has a value above this one."""
    return Where(f" AND {_of(name)} {'>=' if inclusive else '>'} ?", (value,))


def starts(name: str, value: str) -> Where:
    """The field's text begins so: a moment on a certain day, for one."""
    return Where(f" AND substr({_of(name)}, 1, {len(value)}) = ?", (value,))


def contains(name: str, text: str) -> Where:
    """Each word of ``text`` stands somewhere in the field, upper and lower case alike."""
    words = text.split()[:20]
    escaped = (word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in words)
    return Where(f" AND {_of(name)} LIKE ? ESCAPE '\\'" * len(words), tuple(f"%{word}%" for word in escaped))


def among(name: str, values: Sequence[Plain]) -> Where:
    """The field has one of these values."""
    return Where(f" AND {_of(name)} IN ({','.join('?' * len(values))})", tuple(values))


def linked(field: str, targets: Sequence[int], *, negated: bool = False) -> Where:
    """The record's list ``field`` holds one of ``targets``; ``negated``: none of them."""
    marks = ",".join("?" * len(targets))
    start = f" AND {'NOT ' if negated else ''}EXISTS (SELECT 1 FROM link k"
    return Where(f"{start} WHERE k.owner = r.gid AND k.field = ? AND k.target IN ({marks}))", (field, *targets))


def every(conditions: Iterable[Where]) -> Where:
    """All of the conditions at once."""
    found = tuple(conditions)
    return Where("".join(where.sql for where in found), tuple(value for where in found for value in where.values))
