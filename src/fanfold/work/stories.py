"""System stories: what happened to a task, told from the changes that were made to it.

An observer of changes: kinds never call it. Names of what a task was moved to or from are not in the text, since not
everybody who reads it may know them; they are relations of the story and shown to those who may.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fanfold.work.change import born

if TYPE_CHECKING:
    from fanfold.work.change import Change

STORIES = "task.stories"
"""Link field: the stories of a task, placed by their gids, which ascend."""

Told = tuple[str, str, dict[str, Any]]
"""What a story says: its subtype, its text, and what else it shows."""

_DATES = ("start_on", "due_at", "due_on")

_RELATIONS = {
    ("projects", "added"): ("added_to_project", "added this task to a project", "project"),
    ("projects", "removed"): ("removed_from_project", "removed this task from a project", "project"),
    ("tags", "added"): ("added_to_tag", "added a tag", "tag"),
    ("tags", "removed"): ("removed_from_tag", "removed a tag", "tag"),
    ("followers", "added"): ("follower_added", "added a collaborator", "follower"),
    ("followers", "removed"): ("follower_removed", "removed a collaborator", "follower"),
    ("dependencies", "added"): ("dependency_added", "made this task wait for another", "dependency"),
    ("dependencies", "removed"): ("dependency_removed", "made this task no longer wait for another", "dependency"),
}


def tell_stories(change: Change) -> None:
    """Write the stories of one change of a task; of a creation, only to whom the task was assigned."""
    if change.kind.name != "task" or change.moment == "delete":
        return
    if change.moment == "create":
        if change.after.get("assignee") is not None:
            _write(change, *_assigned(change))
        return
    for tell in _TELLERS:
        for told in tell(change):
            _write(change, *told)


def _write(change: Change, subtype: str, text: str, more: dict[str, Any]) -> None:
    writer, target = str(change.view.user), str(change.gid)
    values = {"resource_subtype": subtype, "text": text, "created_by": writer, "target": target, **more}
    gid = born(change.view, "story", change.workspace, **values).gid
    change.store.link(change.gid, STORIES, gid, gid)


def _assigned(change: Change) -> Told:
    assignee = change.after.get("assignee")
    if assignee is None:
        return "unassigned", "unassigned this task", {}
    return "assigned", "assigned this task", {"assignee": assignee}


def _of_people(change: Change) -> Iterator[Told]:
    if change.moved("assignee"):
        yield _assigned(change)


def _of_completion(change: Change) -> Iterator[Told]:
    if change.moved("completed"):
        done = change.after.get("completed")
        yield (
            "marked_complete" if done else "marked_incomplete",
            "completed this task" if done else "reopened this task",
            {},
        )
    old, new = change.before.get("approval_status"), change.after.get("approval_status")
    if old != new and old is not None and new is not None:
        yield "approval_status_changed", f"decided: {new}", {"old_approval_status": old, "new_approval_status": new}


def _of_words(change: Change) -> Iterator[Told]:
    before, after, moved = change.before, change.after, change.moved
    if moved("name"):
        names = {"old_name": before.get("name") or "", "new_name": after.get("name") or ""}
        yield "name_changed", f'changed the name to "{names["new_name"]}"', names
    if moved("notes") or moved("html_notes"):
        yield "notes_changed", "changed the description", {}
    if moved("resource_subtype"):
        sorts = {f"{age}_resource_subtype": d["resource_subtype"] for age, d in (("old", before), ("new", after))}
        yield "resource_subtype_changed", f"turned this task into: {after['resource_subtype']}", sorts


def _of_dates(change: Change) -> Iterator[Told]:
    if any(change.moved(name) for name in (*_DATES, "start_at")):
        dates = {"old_dates": _dates(change.before), "new_dates": _dates(change.after)}
        yield "due_date_changed", _dates_text(change.after), dates


def _of_parent(change: Change) -> Iterator[Told]:
    old, new = change.before.get("parent"), change.after.get("parent")
    if old != new and old is not None:
        yield "removed_from_task", "removed this task from its parent", {"task": old}
    if old != new and new is not None:
        yield "added_to_task", "made this task a subtask", {"task": new}


def _dates(document: dict[str, Any]) -> dict[str, Any]:
    return {name: document.get(name) for name in _DATES if name != "due_on" or document.get(name)}


def _dates_text(document: dict[str, Any]) -> str:
    due = document.get("due_at") or document.get("due_on")
    return f"changed the due date to {due}" if due else "removed the due date"


def _of_relations(change: Change) -> Iterator[Told]:
    for relation in change.relations:
        told = _RELATIONS.get((relation.field, relation.action))
        if told is not None:
            subtype, text, name = told
            yield subtype, text, {name: str(relation.target)}
    moves = {relation.action: str(relation.target) for relation in change.relations if relation.field == "memberships"}
    if moves:
        sections = {"old_section": moves["removed"], "new_section": moves["added"]}
        yield "section_changed", "moved this task to another section", sections


_TELLERS = (_of_people, _of_completion, _of_words, _of_dates, _of_parent, _of_relations)
