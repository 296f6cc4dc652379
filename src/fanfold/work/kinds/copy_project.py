"""Copying a project: what it is made of but its tasks, which ``copying`` copies into it step by step.

Copies are written as they are, without the rules for what clients write: what is copied fitted them once. Each is told
of like any new record.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.work.kinds.allocations import ALLOCATIONS
from fanfold.work.kinds.copy_dates import LEAVE_OUT, Dates, Move, Schedule, scheduled
from fanfold.work.kinds.copy_task import copy_as
from fanfold.work.kinds.copying import Copying, hidden, read_words
from fanfold.work.kinds.custom_field_settings import attach, settings_of
from fanfold.work.kinds.custom_types import CUSTOM_TYPES
from fanfold.work.kinds.sections import SECTIONS
from fanfold.work.membership import join, members_link, membership
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.schema import Document
    from fanfold.work.store import Row
    from fanfold.work.view import View

INCLUDABLE = frozenset(
    (
        *("allocations", "forms", "members", "notes", "permissions", "task_assignee", "task_attachments", "task_dates"),
        *("task_dependencies", "task_followers", "task_notes", "task_projects", "task_subtasks", "task_tags"),
        *("task_templates", "task_type_default"),
    )
)
"""What a copy may be asked to include; forms are accepted, but there are none to copy."""

IN_TEMPLATES = frozenset(
    ("assignee", "attachments", "dates", "dependencies", "notes", "roles", "subtasks", "tags", "type_default")
)
"""What of its tasks a project template keeps. People are kept as roles: who has them is said when it is used."""


def read_include(_: Request, value: Any) -> frozenset[str]:
    """The body field ``include`` of a project's duplication."""
    return read_words(value, INCLUDABLE)


def duplicate(view: View, source: Row, name: str, include: frozenset[str], schedule: Schedule | None) -> Copying:
    """A copy of a project without its tasks, and how these are to be copied."""
    tasks = frozenset(word.removeprefix("task_") for word in include if word.startswith("task_"))
    move = LEAVE_OUT
    if "dates" in tasks:
        move = scheduled(schedule, dates_of(view, source, subtasks="subtasks" in tasks))
    values: Document = {"name": name, "archived": False, "owner": str(view.user)}
    if "notes" not in include:
        values |= {"notes": "", "html_notes": None}
    change = _copy(view, source, source.workspace, move, values)
    _peopled(change, source, include)
    copying = _finished(change, source, Copying(source.workspace, tasks, move))
    if "allocations" in include:
        _allocations(change, source)
    return copying


def keep_content(view: View, source: Row) -> Copying:
    """The content of a template of a project, that is a copy which nobody sees."""
    quiet = hidden(view)
    change = _copy(quiet, source, -source.workspace, Move(), {"owner": None, "team": None})
    change.private = 1
    return _finished(change, source, Copying(-source.workspace, IN_TEMPLATES))


def use_content(view: View, source: Row, move: Move, roles: dict[str, str], values: Document) -> Copying:
    """A project of the content of a template, with ``values`` of its own."""
    owned = {"owner": str(view.user), "archived": False}
    change = _copy(view, source, abs(source.workspace), move, {**owned, **values})
    change.private = int(change.after["privacy_setting"] != "public_to_workspace")
    _peopled(change, source)
    return _finished(change, source, Copying(change.workspace, IN_TEMPLATES, move, roles=roles))


def dates_of(view: View, project: Row, *, subtasks: bool) -> Dates:
    """The first and last dates of a project and its tasks."""
    found = view.store.dates_of(project.gid, subtasks=subtasks)
    return Dates(*(day or "" for day in found)).with_(decode(project.document))


def _copy(view: View, source: Row, workspace: int, move: Move, values: Document) -> Change:
    """The copy of the project's own record; nothing was written of it yet."""
    change = copy_as(view, source, view.store.new_gid(), workspace)
    moved = {name: day for name, day in move.moved(change.after).items() if name in ("start_on", "due_on")}
    fresh: Document = {"completed": False, "completed_at": None, "completed_by": None}
    fresh |= dict.fromkeys(("current_status", "current_status_update", "project_brief"))
    change.after |= {**fresh, **moved, **values}
    return change


def _peopled(change: Change, source: Row, include: frozenset[str] = frozenset()) -> None:
    """Whoever makes the copy owns it and follows it; it is listed with its team, and shared as the original if asked.

    Members have the access that the project gives by default, or with ``permissions`` that which they had.
    """
    view, store, user = change.view, change.store, change.view.user
    join(change, user, level="admin")
    for team in (False, True) if "members" in include else ():
        for member in store.targets(source.gid, members_link("project", team=team)):
            known = membership(view, "project", source.gid, member) if "permissions" in include else None
            row = None if known is None else store.record(known)
            join(change, member, level=decode(row.document)["access_level"] if row else "", team=team)
    change.add("followers", user)
    if change.after.get("team"):
        store.append(int(change.after["team"]), "team.projects", change.gid)


def _finished(change: Change, source: Row, copying: Copying) -> Copying:
    """Store the copy, give it the custom fields and sections of its original, and have its tasks copied."""
    view, store = change.view, change.store
    change.keep()
    _custom_fields(change, source)
    for link in ("project.custom_objects", CUSTOM_TYPES):
        for target in store.targets(source.gid, link):
            store.append(change.gid, link, target)
    sections = store.targets(source.gid, SECTIONS)
    rows = store.records(sections)
    for gid in sections:
        part = copy_as(view, rows[gid], store.new_gid(), change.workspace)
        part.after["project"] = str(change.gid)
        part.private = change.private
        part.keep()
        store.append(change.gid, SECTIONS, part.gid)
        copying.sections.append((gid, part.gid))
    copying.source, copying.project = source.gid, change.gid
    return copying


def _allocations(change: Change, source: Row) -> None:
    """What was allocated to the original is allocated to the copy too, on the same days."""
    store = change.store
    for row in store.records(store.targets(source.gid, ALLOCATIONS)).values():
        part = copy_as(change.view, row, store.new_gid(), change.workspace)
        part.after["parent"] = str(change.gid)
        store.link(change.gid, ALLOCATIONS, part.gid, part.gid)
        part.keep()


def _custom_fields(change: Change, source: Row) -> None:
    """Put the custom fields of the original on the copy, in their order."""
    view, store = change.view, change.store
    row, settings = store.record(change.gid), settings_of(view, source)
    shown = store.records(settings.values())
    for index, (field, setting) in enumerate(settings.items()):
        if row is not None and setting in shown:
            important = decode(shown[setting].document)["is_important"]
            attach(view, row, field, index << 32, important=important)
