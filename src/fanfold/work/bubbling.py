"""Who is told of what: events bubble up from a story to its task, on to the parent task and to the projects.

Worked out when something happens and kept with the log, as later a task may be elsewhere. Followers of a team, a
portfolio or a whole workspace are told of nothing below a project.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.schema import Document
    from fanfold.work.store import Store

TASKS, SUBTASKS, ITEMS = "section.tasks", "task.subtasks", "portfolio.items"
"""Link fields: the tasks of a section, whose note is the project; subtasks; what a portfolio holds."""

BELOW_PROJECTS = frozenset(("task", "story", "attachment"))
"""Kinds of which only those are told who follow a task or a project."""


def above(change: Change) -> list[int]:
    """The records beside its own to which a change bubbles up."""
    kind, store = change.kind, change.store
    if change.moment == "create" and kind.name == "task" and change.after.get("parent") is None:
        return [relation.target for relation in change.relations if relation.field == "projects"]  # hot
    found: set[int] = set()
    if kind.name == "task":
        _over_changed_task(change, found)
    elif kind.within:
        parent = (change.after or change.before).get(kind.within)
        if parent is not None:
            _go_up(store, [(int(parent), None)], found)
    else:
        found.update(_holders(change))
    if kind.name not in BELOW_PROJECTS:
        found.add(change.workspace)
    found.discard(change.gid)
    return sorted(found)


def _over_changed_task(change: Change, found: set[int]) -> None:
    store = change.store
    if change.relations:
        found.update([relation.target for relation in change.relations if relation.field == "projects"])
    if change.moment == "delete":
        _go_up(store, [(owner, note) for owner, field, note in change.hung_on if field in (TASKS, SUBTASKS)], found)
        return
    _go_up(store, store.task_places(change.gid), found)
    parent = change.before.get("parent")
    if parent != change.after.get("parent") and parent is not None:
        _go_up(store, [(int(parent), None)], found)


def _go_up(store: Store, places: Iterable[tuple[int, int | None]], found: set[int]) -> None:
    """Add projects, and parents with all that those are in and below."""
    for owner, project in places:
        if project is not None:
            found.add(project)
        elif owner not in found:
            found.add(owner)
            _go_up(store, store.task_places(owner), found)


def _holders(change: Change) -> set[int]:
    """The teams and portfolios that a record is, was or comes to be in."""
    found = {owner for owner, field, _ in change.hung_on if field == ITEMS}
    if change.kind.name in ("project", "portfolio", "goal"):
        if change.moment != "delete":
            found.update([owner for owner, _ in change.store.owners(change.gid, ITEMS)])
        found.update([int(team) for team in (_team(change.before), _team(change.after)) if team is not None])
    return found


def _team(document: Document) -> str | None:
    return document.get("team")
