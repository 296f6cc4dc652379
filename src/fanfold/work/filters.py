"""Conditions on the records of a list, as SQL with its values apart.

Names of fields and links come from the kinds' pages, never from a client; everything that a client wrote is a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fanfold.work.store import Idiom, Where


def _of(name: str) -> str:
    return f"{{text r {name}}}"


def equals(name: str, value: str | bool) -> Where:  # noqa: FBT001 - it is a value like others
    """The field has this value."""
    if isinstance(value, bool):
        return Where(f" AND {{flag r {name}}}", (value,))
    return Where(f" AND {_of(name)} = ?", (value,))


def same_text(name: str, value: str) -> Where:
    """The field is this text, upper and lower case alike."""
    return Where(f" AND {{lower r {name}}} = ?", (_ascii_lower(value),))


def in_workspace(gid: int) -> Where:
    """The record is in this workspace."""
    return Where(" AND r.workspace = ?", (gid,))


def absent(name: str) -> Where:
    """The field has no value."""
    return Where(f" AND {_of(name)} IS NULL")


def before(name: str, value: str) -> Where:
    """The field has a value below this one."""
    return Where(f" AND {_of(name)} < ?", (value,))


def after(name: str, value: str) -> Where:
    """The field has a value above this one."""
    return Where(f" AND {_of(name)} > ?", (value,))


def since(name: str, value: str) -> Where:
    """The field has a value that is not below this one."""
    return Where(f" AND {_of(name)} >= ?", (value,))


def until(name: str, value: str) -> Where:
    """The field has a value that is not above this one."""
    return Where(f" AND {_of(name)} <= ?", (value,))


def absent_or_since(name: str, value: str) -> Where:
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
    return Where(f" AND {_of(name)} {{like}}" * len(words), tuple(f"%{_like(word)}%" for word in words))


def word_starts(idiom: Idiom, name: str, typed: str) -> Where:
    """Some word of the field begins with what was typed, upper and lower case alike."""
    if not typed:
        return Where()
    spelt = sorted({_ascii_lower(word) for word in (typed.lower(), typed.upper(), typed.capitalize())})
    condition, values = idiom.begins_word("r", name, spelt)
    return Where(f" AND ({condition})", values)


def _ascii_lower(text: str) -> str:
    """Lower case as databases know it here."""
    return "".join(char.lower() if char.isascii() else char for char in text)


def _like(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _marks(values: Sequence[object]) -> str:
    """Where there are none, what nothing is the same as: an empty list is no SQL."""
    return ",".join("?" * len(values)) or "NULL"


def among(name: str, values: Sequence[str]) -> Where:
    """The field has one of these values."""
    return Where(f" AND {_of(name)} IN ({_marks(values)})", tuple(values))


def linked(field: str, targets: Sequence[int], *, negated: bool = False) -> Where:
    """The record's list ``field`` holds one of ``targets``; ``negated``: none of them."""
    start = " AND NOT EXISTS" if negated else " AND EXISTS"
    marks = _marks(targets)
    return Where(
        f"{start} (SELECT 1 FROM link k WHERE k.owner = r.gid AND k.field = ? AND k.target IN ({marks}))",  # noqa: S608
        (field, *targets),
    )


def listed(field: str, owners: Sequence[int]) -> Where:
    """The record is in the list ``field`` of one of ``owners``."""
    marks = _marks(owners)
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
