"""Conditions on tasks, as SQL over ``task_facts f`` (see ``store/search.sql``) and the links, with their values apart.

Names of columns and links come from here, never from a client; everything that a client wrote is a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from fanfold.work.search import Condition

Plain = str | int | float

_ALL = "SELECT gid FROM task_facts WHERE workspace = ? AND "


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _column(workspace: int, where: str, *values: Plain, share: float = 0.0) -> Condition:
    """A condition on one column; ``share`` where no index leads to it."""
    if share:
        return Condition(where, values, share=share)
    return Condition(where, values, f"{_ALL}{where.replace('f.', '')}", (workspace, *values))


def is_among(workspace: int, column: str, gids: Sequence[int], *, none: bool = False) -> Condition:
    """The column holds one of ``gids``, or nothing if ``none``."""
    found = [f"f.{column} IN ({_marks(gids)})"] * bool(gids) + [f"f.{column} IS NULL"] * none
    return _column(workspace, f"({' OR '.join(found)})", *gids, share=0.0 if column == "assignee" else 0.05)


def is_not_among(column: str, gids: Sequence[int], *, none: bool = False) -> Condition:
    """The column holds none of ``gids``, and something if ``none``."""
    found = [f"(f.{column} IS NULL OR f.{column} NOT IN ({_marks(gids)}))"] * bool(gids)
    return Condition(" AND ".join(found + [f"f.{column} IS NOT NULL"] * none), tuple(gids), share=0.9)


def is_completed(*, wanted: bool) -> Condition:
    """Whether the task is completed."""
    return Condition("f.completed = ?", (int(wanted),))


def has_subtype(workspace: int, subtype: str) -> Condition:
    """Of which sort the task is."""
    if subtype == "default_task":
        return Condition("f.subtype = 'default_task'", share=0.8)
    return Condition(
        "f.subtype = ?", (subtype,), f"{_ALL}subtype = ? AND subtype <> 'default_task'", (workspace, subtype)
    )


def is_subtask(workspace: int, *, wanted: bool) -> Condition:
    """Whether the task hangs below another."""
    if not wanted:
        return Condition("f.parent IS NULL", share=0.7)
    return _column(workspace, "f.parent IS NOT NULL")


def has_attachment(workspace: int, *, wanted: bool) -> Condition:
    """Whether something is attached."""
    return _column(workspace, "f.attachments > 0") if wanted else Condition("f.attachments = 0", share=0.9)


_WAITS = (
    "EXISTS (SELECT 1 FROM link k JOIN task_facts d ON d.gid = k.target "
    "WHERE k.owner = f.gid AND k.field = 'task.dependencies' AND d.completed = 0)"
)
_HOLDS_UP = (
    "f.completed = 0 AND EXISTS (SELECT 1 FROM link k JOIN task_facts d ON d.gid = k.owner "
    "WHERE k.target = f.gid AND k.field = 'task.dependencies')"
)
_WAITING = "FROM task_facts {along task_with_dependencies} WHERE workspace = ? AND dependencies > 0"


def is_blocked(workspace: int, *, wanted: bool) -> Condition:
    """Whether the task depends on one that is not completed."""
    if not wanted:
        return Condition(f"NOT {_WAITS}", share=0.9)
    return Condition(_WAITS, (), f"SELECT gid {_WAITING}", (workspace,), exact=False)


def is_blocking(workspace: int, *, wanted: bool) -> Condition:
    """Whether the task is not completed and others depend on it."""
    if not wanted:
        return Condition(f"NOT ({_HOLDS_UP})", share=0.9)
    source = (
        "SELECT DISTINCT k.target AS gid FROM link k WHERE k.field = 'task.dependencies' "
        f"AND k.owner IN (SELECT gid {_WAITING})"
    )
    return Condition(_HOLDS_UP, (), source, (workspace,), exact=False)


# -- moments and days ------------------------------------------------------------------------------------------------

_INDEXED = frozenset(("modified_at", "created_at", "completed_at", "due_on", "start_on"))

Bound = Literal["<", "<=", ">", ">="]


def is_on_side(workspace: int, column: str, bound: Bound, value: str) -> Condition:
    """The column is before or after a moment or day; without a value it is neither."""
    return _column(workspace, f"f.{column} {bound} ?", value, share=0.0 if column in _INDEXED else 0.3)


def is_on_day(workspace: int, column: str, day: str) -> Condition:
    """The column is the day, or a moment on it."""
    return _column(workspace, f"(f.{column} >= ? AND f.{column} < ?)", day, f"{day}~")


def is_before_day(workspace: int, column: str, day: str) -> Condition:
    """The column is an earlier day, or a moment before the day."""
    return is_on_side(workspace, column, "<", day)


def is_after_day(workspace: int, column: str, day: str) -> Condition:
    """The column is a later day, or a moment after the day."""
    return is_on_side(workspace, column, ">", f"{day}~")


def is_empty(workspace: int, column: str) -> Condition:
    """The column has no value."""
    if column == "start_on":
        return Condition("f.start_on IS NULL", share=0.9)
    return _column(workspace, f"f.{column} IS NULL")


# -- what hangs on a task --------------------------------------------------------------------------------------------

_LINKED = "SELECT 1 FROM link k WHERE k.owner = f.gid AND k.field = '{field}' AND k.target IN ({marks})"


def has_one_of(field: str, gids: Sequence[int]) -> Condition:
    """The task's list ``field`` holds one of ``gids``."""
    marks = _marks(gids)
    return Condition(
        f"EXISTS ({_LINKED.format(field=field, marks=marks)})",
        tuple(gids),
        f"SELECT DISTINCT owner AS gid FROM link WHERE target IN ({marks}) AND field = '{field}'",
        tuple(gids),
    )


def has_none_of(field: str, gids: Sequence[int]) -> Condition:
    """The task's list ``field`` holds none of ``gids``."""
    return Condition(f"NOT EXISTS ({_LINKED.format(field=field, marks=_marks(gids))})", tuple(gids), share=0.9)


_PLACED = "SELECT 1 FROM link k WHERE k.target = f.gid AND k.field = 'section.tasks' AND "
_IN_PROJECT = (
    "SELECT t.target AS gid FROM link s JOIN link t ON t.owner = s.target AND t.field = 'section.tasks' "
    "WHERE s.field = 'project.sections' AND s.owner IN ({owners})"
)
_IN_SECTION = "SELECT target AS gid FROM link WHERE field = 'section.tasks' AND owner IN ({owners})"


def is_placed_in(projects: Sequence[int], sections: Sequence[int]) -> Condition:
    """The task is in one of the projects or sections."""
    wheres, sources = [], []
    if projects:
        wheres.append(f"k.note IN ({_marks(projects)})")
        sources.append(_IN_PROJECT.format(owners=_marks(projects)))
    if sections:
        wheres.append(f"k.owner IN ({_marks(sections)})")
        sources.append(_IN_SECTION.format(owners=_marks(sections)))
    values = (*projects, *sections)
    source = f"SELECT DISTINCT gid FROM ({' UNION ALL '.join(sources)}) p"
    return Condition(f"EXISTS ({_PLACED}({' OR '.join(wheres)}))", values, source, values)


def is_not_placed_in(column: Literal["note", "owner"], gids: Sequence[int]) -> Condition:
    """The task is in none of the projects (``note``) or sections (``owner``)."""
    return Condition(f"NOT EXISTS ({_PLACED}k.{column} IN ({_marks(gids)}))", tuple(gids), share=0.9)


def is_below(field: str, owners: Sequence[int]) -> Condition:
    """The task is in a project that is in the list ``field`` of one of ``owners``."""
    projects = f"SELECT target FROM link WHERE owner IN ({_marks(owners)}) AND field = '{field}'"
    return Condition(
        f"EXISTS ({_PLACED}k.note IN ({projects}))",
        tuple(owners),
        f"SELECT DISTINCT gid FROM ({_IN_PROJECT.format(owners=projects)}) p",
        tuple(owners),
    )


def has_no_comment_by(users: Sequence[int]) -> Condition:
    """None of the users commented on the task."""
    return Condition(
        "NOT EXISTS (SELECT 1 FROM link k JOIN record s ON s.gid = k.target "
        "WHERE k.owner = f.gid AND k.field = 'task.stories' AND {text s resource_subtype} = 'comment_added' "
        f"AND {{text s created_by}} IN ({_marks(users)}))",
        tuple(str(user) for user in users),
        share=0.9,
    )


# -- words and values ------------------------------------------------------------------------------------------------


def has_words(query: str) -> Condition:
    """The words of the task match the query of an idiom; an empty one is matched by nothing."""
    if not query:
        return Condition("FALSE", (), "SELECT gid FROM task_facts WHERE FALSE")
    source = "SELECT {key words} AS gid FROM words WHERE {matches words}"
    return Condition("{has_words f}", (query,), source, (query,))


def has_value(field: int, where: str = "", *values: Plain) -> Condition:
    """The task has a value of the custom field, of which ``where`` holds if it is given: SQL over the value ``v``."""
    more = f" AND {where}" if where else ""
    return Condition(
        f"EXISTS (SELECT 1 FROM task_value v WHERE v.field = ? AND v.gid = f.gid{more})",
        (field, *values),
        f"SELECT v.gid FROM task_value v WHERE v.field = ?{more}",
        (field, *values),
    )


def has_no_value(field: int) -> Condition:
    """The task has no value of the custom field."""
    return Condition("NOT EXISTS (SELECT 1 FROM task_value v WHERE v.field = ? AND v.gid = f.gid)", (field,), share=0.7)


def has_status(workspace: int, custom_type: int, option: int) -> Condition:
    """The task is of the custom type and has this status."""
    return Condition(
        "f.custom_type = ? AND f.custom_status = ?",
        (custom_type, option),
        f"{_ALL}subtype = 'custom' AND subtype <> 'default_task' AND custom_type = ? AND custom_status = ?",
        (workspace, custom_type, option),
    )
