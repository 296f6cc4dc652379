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


def before(name: str, value: Plain) -> Where:
    """The field has a value below this one."""
    return Where(f" AND {_of(name)} < ?", (value,))


def after(name: str, value: Plain) -> Where:
    """The field has a value above this one."""
    return Where(f" AND {_of(name)} > ?", (value,))


def since(name: str, value: Plain) -> Where:
    """The field has a value that is not below this one."""
    return Where(f" AND {_of(name)} >= ?", (value,))


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
    escaped = (word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") for word in words)
    return Where(f" AND {_of(name)} LIKE ? ESCAPE '\\'" * len(words), tuple(f"%{word}%" for word in escaped))


def word_starts(name: str, typed: str, *, short: bool) -> Where:
    """Some word of the field begins with what was typed, upper and lower case alike.

    ``short``: the field stands in the short form too, which is looked at first because that is much faster.
    """
    if not typed:
        return Where()
    spelt = {typed} if typed.isascii() else {typed, typed.lower(), typed.upper(), typed.capitalize()}
    starts = sorted(_escaped(word) for word in spelt)
    patterns = [f"{before}{start}%" for start in starts for before in ("", *(f"%{mark}" for mark in _BEFORE_WORDS))]
    sql, values = f" AND ({_any_like(_of(name), patterns)})", patterns
    if short and not set('"\\').intersection(typed):
        inside = [f"%{start}%" for start in starts]
        sql, values = f" AND ({_any_like('CAST(r.compact AS TEXT)', inside)}){sql}", inside + patterns
    return Where(sql, tuple(values))


_BEFORE_WORDS = (" ", "-", "/", "(", "[", "#", "@", '"', "'", "\\_")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _any_like(what: str, patterns: Sequence[str]) -> str:
    return " OR ".join([f"{what} LIKE ? ESCAPE '\\'"] * len(patterns))


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
