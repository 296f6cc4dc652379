"""Conditions on the records of a list, as SQL with its values apart.

Names of fields and links come from the kinds' pages, never from a client; everything that a client wrote is a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fanfold.work.request import encode
from fanfold.work.store import Where

Plain = str | int | float | bool

_BEFORE_WORDS = "[] \"#'()/@[_-]"
"""What may stand before the beginning of a word, as a pattern."""


def _of(name: str) -> str:
    return f"json_extract(CAST(r.document AS TEXT), '$.{name}')"


def equals(name: str, value: Plain) -> Where:
    """The field has this value."""
    return Where(f" AND {_of(name)} = ?", (value,))


def same_text(name: str, value: str) -> Where:
    """The field is this text, upper and lower case alike."""
    return Where(f" AND lower({_of(name)}) = lower(?)", (value,))


def in_workspace(gid: int) -> Where:
    """The record is in this workspace."""
    return Where(" AND r.workspace = ?", (gid,))


def absent(name: str) -> Where:
    """The field has no value."""
    return Where(f" AND {_of(name)} IS NULL")


def before(name: str, value: Plain) -> Where:
    """The field has a value below this one."""
    return Where(f" AND {_of(name)} < ?", (value,))


def after(name: str, value: Plain) -> Where:
    """The field has a value above this one."""
    return Where(f" AND {_of(name)} > ?", (value,))


def since(name: str, value: Plain) -> Where:
    """The field has a value that is not below this one."""
    return Where(f" AND {_of(name)} >= ?", (value,))


def until(name: str, value: Plain) -> Where:
    """The field has a value that is not above this one."""
    return Where(f" AND {_of(name)} <= ?", (value,))


def absent_or_since(name: str, value: Plain) -> Where:
    """The field has no value, or one that is not below this one."""
    return Where(f" AND ({_of(name)} IS NULL OR {_of(name)} >= ?)", (value,))


def starts(name: str, value: str) -> Where:
    """The field's text begins so: a moment on a certain day, for one."""
    return Where(f" AND substr({_of(name)}, 1, {len(value)}) = ?", (value,))


def day_before(name: str, day: str) -> Where:
    """The field is a day, or a moment on a day, before ``day``."""
    return Where(f" AND substr({_of(name)}, 1, 10) < ?", (day,))


def day_after(name: str, day: str) -> Where:
    """The field is a day, or a moment on a day, after ``day``."""
    return Where(f" AND substr({_of(name)}, 1, 10) > ?", (day,))


def contains(name: str, text: str) -> Where:
    """Each word of ``text`` stands somewhere in the field, upper and lower case alike."""
    words = text.split()[:20]
    return Where(f" AND {_of(name)} LIKE ? ESCAPE '\\'" * len(words), tuple(f"%{_like(word)}%" for word in words))


def word_starts(name: str, typed: str, *, short: bool) -> Where:
    """Some word of the field begins with what was typed, upper and lower case alike.

    ``short``: the field stands in the short form too, where it is much faster to find.
    """
    if not typed:
        return Where()
    spelt = sorted({_ascii_lower(word) for word in (typed.lower(), typed.upper(), typed.capitalize())})
    column = "compact" if short else "document"
    value = f"lower(' ' || json_extract(CAST(r.{column} AS TEXT), '$.{name}'))"
    exact = " OR ".join([f"{value} GLOB ?"] * len(spelt))
    hint = " OR ".join(["CAST(r.compact AS TEXT) LIKE ? ESCAPE '\\'"] * len(spelt)) if short else "1"
    hints = [f"%{_like(encode(word).decode()[1:-1])}%" for word in spelt] if short else []
    return Where(f" AND ({hint}) AND ({exact})", (*hints, *(f"*{_BEFORE_WORDS}{_glob(word)}*" for word in spelt)))


def _ascii_lower(text: str) -> str:
    """Lower case as SQLite knows it."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _glob(text: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def among(name: str, values: Sequence[Plain]) -> Where:
    """The field has one of these values."""
    return Where(f" AND {_of(name)} IN ({','.join('?' * len(values))})", tuple(values))


def linked(field: str, targets: Sequence[int], *, negated: bool = False) -> Where:
    """The record's list ``field`` holds one of ``targets``; ``negated``: none of them."""
    start = " AND NOT EXISTS" if negated else " AND EXISTS"
    marks = ",".join("?" * len(targets))
    return Where(
        f"{start} (SELECT 1 FROM link k WHERE k.owner = r.gid AND k.field = ? AND k.target IN ({marks}))",  # noqa: S608
        (field, *targets),
    )


def listed(field: str, owners: Sequence[int]) -> Where:
    """The record is in the list ``field`` of one of ``owners``."""
    marks = ",".join("?" * len(owners))
    return Where(
        f" AND EXISTS (SELECT 1 FROM link k WHERE k.target = r.gid AND k.field = ? AND k.owner IN ({marks}))",  # noqa: S608
        (field, *owners),
    )


def inside(workspace: int) -> Where:
    """The record is in the workspace."""
    return Where(" AND r.workspace = ?", (workspace,))


def of_kind(kind: str) -> Where:
    """The record is of the kind."""
    return Where(" AND r.kind = ?", (kind,))


def every(conditions: Iterable[Where]) -> Where:
    """All of the conditions at once."""
    found = tuple(conditions)
    return Where("".join(where.sql for where in found), tuple(value for where in found for value in where.values))


def order(name: str, *, descending: bool) -> str:
    """The order by a field, and by gid where that is the same; records without a value come last."""
    way = "DESC" if descending else "ASC"
    return f"{_of(name)} {way} NULLS LAST, r.gid {way}"


def order_of_following() -> str:
    """Users by the newest task that they follow, and by gid."""
    newest = "SELECT max(k.owner) FROM link k WHERE k.target = r.gid AND k.field = 'task.followers'"
    return f"({newest}) DESC NULLS LAST, r.gid"
