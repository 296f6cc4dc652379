"""Copying a project: its sections, its tasks in their order, and as much of what hangs on them as was asked for.

Copies are written as they are, without the rules for what clients write: what is copied fitted them once. Each is told
of like any new record.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.change import Change, Relation, copy_of
from fanfold.work.custom_display import SETTINGS
from fanfold.work.kinds.attachments import ATTACHMENTS
from fanfold.work.kinds.copy_dates import Schedule, leave_out, mover
from fanfold.work.kinds.custom_field_settings import attach
from fanfold.work.kinds.project_members import join
from fanfold.work.kinds.sections import SECTIONS, TASKS
from fanfold.work.kinds.task_dependencies import DEPENDENCIES
from fanfold.work.kinds.task_parents import SUBTASKS
from fanfold.work.kinds.task_rules import ASSIGNED, FOLLOWERS
from fanfold.work.kinds.user_task_lists import ensure_task_list
from fanfold.work.request import Request, brief
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.kinds.copy_dates import Move
    from fanfold.work.schema import Document
    from fanfold.work.store import Row, SqliteStore
    from fanfold.work.view import View

INCLUDABLE = frozenset(
    (
        *("allocations", "forms", "members", "notes", "permissions", "task_assignee", "task_attachments", "task_dates"),
        *("task_dependencies", "task_followers", "task_notes", "task_projects", "task_subtasks", "task_tags"),
        *("task_templates", "task_type_default"),
    )
)
"""What a copy may be asked to include; forms, allocations and task templates are accepted, but there are none."""

Include = frozenset[str]

_CHUNK = 500


def read_include(_: Request, value: Any) -> Include:
    """The body field ``include``: words in a list, or separated by commas."""
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise RequestError(f"include: Value is not a string: {brief(value)}")
    found = frozenset(word.strip() for item in words for word in item.split(",") if word.strip())
    if not found <= INCLUDABLE:
        raise RequestError(f"include: Must be some of {', '.join(sorted(INCLUDABLE))}, not: {brief(value)}")
    return found


def copy_project(view: View, source: Row, name: str, include: Include, schedule: Schedule | None) -> int:
    """Copy a project and its tasks; the gid of the new one."""
    store = view.store
    sections = store.targets(source.gid, SECTIONS)
    tasks = {section: store.targets(section, TASKS) for section in sections}
    originals = _with_subtasks(store, tasks, include)
    rows = _rows(store, originals)
    documents = [decode(row.document) for row in (source, *rows.values())]
    move = mover(schedule, documents) if "task_dates" in include else leave_out

    project = _project(view, source, name, include, move)
    copies = {gid: _task(view, rows[gid], include, move) for gid in originals}
    for section, row in _rows(store, sections).items():
        part = copy_of(view, row, project=str(project.gid))
        part.keep()
        store.append(project.gid, SECTIONS, part.gid)
        for gid in tasks[section]:
            store.append(part.gid, TASKS, copies[gid].gid, project.gid)
            copies[gid].relations.append(Relation("added", "projects", project.gid))
    for gid, copy in copies.items():
        _hang(store, gid, copies)
        _relate(copy, gid, source.gid, include)
        copy.keep()
    if "task_dependencies" in include:
        _depend(store, copies)
    store.restrict_tasks_of(project.gid)
    return project.gid


def _with_subtasks(store: SqliteStore, tasks: dict[int, list[int]], include: Include) -> list[int]:
    """All tasks to copy, those of the sections first, and each of the rest behind its parent."""
    found = dict.fromkeys(gid for members in tasks.values() for gid in members)
    if "task_subtasks" in include:
        for gid in list(found):
            found.update(dict.fromkeys(below for below, _ in store.tree(gid, SUBTASKS)))
    return list(found)


def _rows(store: SqliteStore, gids: list[int]) -> dict[int, Row]:
    """Records in the order of ``gids``."""
    found: dict[int, Row] = {}
    for start in range(0, len(gids), _CHUNK):
        chunk = gids[start : start + _CHUNK]
        rows = store.records(chunk)
        found.update((gid, rows[gid]) for gid in chunk)
    return found


def _project(view: View, source: Row, name: str, include: Include, move: Move) -> Change:
    """The new project with its people, its team and its custom fields, but without tasks."""
    store = view.store
    document = decode(source.document)
    values: Document = {"name": name, "archived": False, "owner": str(view.user), "completed": False, **move(document)}
    values |= {"completed_at": None, "completed_by": None, "project_brief": None}
    if "notes" not in include:
        values |= {"notes": "", "html_notes": None}
    change = copy_of(view, source, **{key: value for key, value in values.items() if key not in ("due_at", "start_at")})
    members = store.targets(source.gid, "project.members") if "members" in include else []
    for user in dict.fromkeys((view.user, *members)):
        join(change, user)
    change.add("followers", view.user)
    if document.get("team"):
        store.append(int(document["team"]), "team.projects", change.gid)
    change.keep()
    settings = store.links((source.gid,), (SETTINGS,), ()).get((source.gid, SETTINGS), [])
    new, shown = store.record(change.gid), _rows(store, [link.gid for link in settings])
    for link in settings:
        if new is not None and link.note is not None:
            important = decode(shown[link.gid].document)["is_important"]
            attach(view, new, link.note, store.end(change.gid, SETTINGS), important=important)
    _link_all(store, source.gid, "project.custom_objects", change.gid)
    return change


def _task(view: View, row: Row, include: Include, move: Move) -> Change:
    """A copy of a task, still to be done."""
    document = decode(row.document)
    values: Document = {
        "completed": False,
        "completed_at": None,
        "completed_by": None,
        "external": None,
        "actual_time_minutes": None,
        **move(document),
    }
    values["created_by"] = str(view.user)
    if document.get("resource_subtype") == "approval":
        values["approval_status"] = "pending"
    if "task_notes" not in include:
        values |= {"notes": "", "html_notes": None}
    if "task_assignee" not in include:
        values |= {"assignee": None, "assigned_by": None, "assignee_status": None}
    if "task_type_default" not in include and document.get("resource_subtype") == "custom":
        values |= {"resource_subtype": "default_task", "custom_type": None, "custom_type_status_option": None}
    return copy_of(view, row, **values)


def _hang(store: SqliteStore, gid: int, copies: dict[int, Change]) -> None:
    """A subtask's copy is below the copy of its parent, if there is one."""
    copy = copies[gid]
    parent = copies.get(int(copy.after.get("parent") or 0))
    copy.after["parent"] = None if parent is None else str(parent.gid)
    for below in store.targets(gid, SUBTASKS):
        if below in copies:
            store.append(copy.gid, SUBTASKS, copies[below].gid)


def _relate(copy: Change, gid: int, source: int, include: Include) -> None:
    """Give a copy what of its original's relations was asked for."""
    view, store = copy.view, copy.store
    store.append(copy.gid, FOLLOWERS, view.user)
    if "task_followers" in include:
        _link_all(store, gid, FOLLOWERS, copy.gid)
    if "task_tags" in include:
        _link_all(store, gid, "task.tags", copy.gid)
    _link_all(store, gid, "task.custom_objects", copy.gid)
    if copy.after.get("assignee"):
        listed = ensure_task_list(view, int(copy.after["assignee"]), copy.workspace)
        store.append(listed, ASSIGNED, copy.gid)
    if "task_projects" in include:
        for section, project in store.owners(gid, TASKS):
            if project not in (None, source) and view.sees_gid(project):
                store.append(section, TASKS, copy.gid, project)
                copy.relations.append(Relation("added", "projects", project))
    if "task_attachments" in include:
        _attach(view, gid, copy.gid)


def _attach(view: View, gid: int, copy: int) -> None:
    """Copy the attachments of a task, their files on disk with them."""
    store = view.store
    for row in _rows(store, store.targets(gid, ATTACHMENTS)).values():
        attached = copy_of(view, row, parent=str(copy))
        if view.files is not None and (view.files / str(row.gid)).is_dir():
            shutil.copytree(view.files / str(row.gid), view.files / str(attached.gid))
        store.append(copy, ATTACHMENTS, attached.gid)
        attached.keep()


def _link_all(store: SqliteStore, owner: int, field: str, copy: int) -> None:
    for target in store.targets(owner, field):
        if not store.linked(copy, field, target):
            store.append(copy, field, target)


def _depend(store: SqliteStore, copies: dict[int, Change]) -> None:
    """Copies depend on each other as their originals do."""
    for gid, copy in copies.items():
        for target in store.targets(gid, DEPENDENCIES):
            if target in copies:
                store.append(copy.gid, DEPENDENCIES, copies[target].gid)
