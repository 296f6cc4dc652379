"""Finding records by the beginning of a word of their name, while somebody is typing it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fanfold.work import filters
from fanfold.work.search import Find, visible
from fanfold.work.view import MEMBERS
from fanfold.work.words import beginning, is_plain

if TYPE_CHECKING:
    from fanfold.work.store import Where
    from fanfold.work.view import View

LOOKED_AT = 1000
"""Most matches, by gid, that are looked at for those that come first or that the caller may see."""

_FOLLOWED = "EXISTS (SELECT 1 FROM link k WHERE k.target = ?1 AND k.field = 'task.followers' AND k.owner = f.gid)"

_ORDERS = {
    "user": "(SELECT max(k.owner) FROM link k WHERE k.target = n.gid AND k.field = 'task.followers') DESC NULLS LAST,",
    "project": "n.modified_at DESC NULLS LAST,",
    "project_template": "EXISTS (SELECT 1 FROM link k WHERE k.owner = ?1 AND k.field = 'user.favorites' "
    "AND k.target = n.gid) DESC,",
}
"""Users in whose tasks something happened last, projects changed last and favorites come first; all else by gid."""


def _literally(view: View, typed: str) -> Where:
    """What the index does not see of what was typed, as a condition on the record."""
    return filters.word_starts(view.store.idiom, "name", "" if is_plain(typed) else typed)


def names(view: View, kinds: Sequence[str], workspace: int, typed: str) -> Find:
    """Records of the kinds, tasks apart, in a workspace in whose name some word begins so."""
    phrases, literally, user, idiom = beginning(typed), _literally(view, typed), view.user, view.store.idiom
    inside = "n.workspace = ?"
    if "user" in kinds:
        inside = (
            f"({inside} OR n.workspace = 0 AND n.kind = 'user' AND EXISTS "
            f"(SELECT 1 FROM link m WHERE m.target = n.gid AND m.field = '{MEMBERS}' AND m.owner = ?))"
        )
    tables = "names {then} named n ON n.gid = {key names}" if phrases else "named n"
    sql = idiom.said(
        f"SELECT n.gid, ?1 FROM {tables} {{then}} record r ON r.gid = n.gid "
        f"WHERE {'{matches names} AND ' if phrases else ''}n.kind IN ({','.join('?' * len(kinds))}) AND {inside}"
        f"{literally.sql} ORDER BY {_ORDERS.get(kinds[0], '')} n.gid LIMIT {LOOKED_AT}"
    )
    values = (
        *((idiom.match(phrases),) if phrases else ()),
        *kinds,
        *(workspace,) * inside.count("?"),
        *literally.values,
    )
    return lambda cursor: [gid for gid, _ in cursor.execute(sql, (user, *values))]


def task_names(view: View, workspace: int, typed: str, count: int) -> Find:
    """The same of tasks that the caller may see, those that the caller follows first."""
    phrases, literally, user, idiom = beginning(typed), _literally(view, typed), view.user, view.store.idiom
    here = f"f.workspace = ? AND ({visible(view)}){literally.sql}"
    if phrases:
        match = idiom.match(phrases)
        sql = idiom.said(
            "SELECT gid, ?1 FROM (SELECT f.gid FROM task_names {then} task_facts f ON f.gid = {key task_names} "
            f"{{then}} record r ON r.gid = f.gid WHERE {{matches task_names}} AND {here} ORDER BY {{key task_names}} "
            f"LIMIT {LOOKED_AT}) f ORDER BY {_FOLLOWED} DESC, gid LIMIT ?"
        )
        return lambda cursor: [
            gid for gid, _ in cursor.execute(sql, (user, match, workspace, *literally.values, count))
        ]
    followed = idiom.said(
        "SELECT f.gid FROM link k {then} task_facts f ON f.gid = k.owner {then} record r ON r.gid = f.gid "
        f"WHERE k.target = ?1 AND k.field = 'task.followers' AND {here} ORDER BY k.owner LIMIT ?"
    )
    others = idiom.said(
        "SELECT f.gid, ?1 FROM record r {along record_by_kind} {then} task_facts f ON f.gid = r.gid "
        f"WHERE r.workspace = ? AND r.kind = 'task' AND {here} AND NOT {_FOLLOWED} ORDER BY r.gid LIMIT ?"
    )

    def find(cursor: Any) -> list[int]:
        first = [gid for (gid,) in cursor.execute(followed, (user, workspace, *literally.values, count))]
        if len(first) < count:
            bounds = (user, workspace, workspace, *literally.values, count - len(first))
            first += [gid for gid, _ in cursor.execute(others, bounds)]
        return first

    return find
