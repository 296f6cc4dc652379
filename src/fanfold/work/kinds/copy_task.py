"""Copying one task, with as much of what hangs on it as was asked for.

Copies are written as they are, without the rules for what clients write: what is copied fitted them once. Each is told
of like any new record.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from fanfold.work.change import Change, Relation, touching
from fanfold.work.kinds.attachments import ATTACHMENTS
from fanfold.work.kinds.sections import TASKS
from fanfold.work.kinds.task_dependencies import DEPENDENCIES, may_wait
from fanfold.work.kinds.task_parents import SUBTASKS
from fanfold.work.kinds.task_rules import ASSIGNED, FOLLOWERS
from fanfold.work.kinds.user_task_lists import ensure_task_list
from fanfold.work.shape import decode
from fanfold.work.validate import Given
from fanfold.work.view import MEMBERS

if TYPE_CHECKING:
    from fanfold.work.kinds.copying import Copying
    from fanfold.work.schema import Document
    from fanfold.work.store import Row, Store
    from fanfold.work.view import View

_NEW: Document = dict.fromkeys(("completed_at", "completed_by", "external", "actual_time_minutes", "parent"))
"""What no copy takes over."""


class Copied:
    """Which task became which: a list of the job's, that has been worked off up to the position ``done``."""

    def __init__(self, store: Store, job: int, link: str, done: int | None) -> None:
        self._store, self._job, self._link = store, job, link
        self._done = 0 if done is None else done

    def of(self, gid: int) -> int | None:
        """The gid of the copy, which may be still to come, or None where none is wanted."""
        return next((note for owner, note in self._store.owners(gid, self._link) if owner == self._job), None)

    def add(self, gid: int, copy: int = 0) -> None:
        """Have a task copied, as ``copy`` if that is given, unless that is so already."""
        if self.of(gid) is not None:
            return
        # Where the last on the list were deleted meanwhile, its end is before what has been done.
        place = max(self._store.end(self._job, self._link), self._done + 1)
        self._store.link(self._job, self._link, gid, place, copy or self._store.new_gid())


class Copier:
    """Copies tasks as ``plan`` says."""

    def __init__(self, view: View, copied: Copied, plan: Copying) -> None:
        self._view, self._copied, self._plan = view, copied, plan
        self._store = view.store
        self._include = plan.include
        self._sections = dict(plan.sections)
        self._hidden = plan.workspace < 0

    def copy(self, row: Row, gid: int) -> None:
        """Write the copy ``gid`` of a task, and have what hangs below it copied too if that was asked for."""
        change = copy_as(self._view, row, gid, self._plan.workspace)
        change.after |= self._values(change.after)
        if row.gid == self._plan.root:
            change.after["name"] = self._plan.name or change.after["name"]
        self._place(change, row.gid)
        self._hang(change, row)
        self._link(change, row.gid)
        change.keep()
        for below in self._store.targets(row.gid, SUBTASKS):
            known = self._copied.of(below)
            if known is not None:
                self._adopt(change, row.gid, below, known)
            elif "subtasks" in self._include:
                self._copied.add(below)

    def _values(self, document: Document) -> Document:
        """The fields that are not as they were."""
        values: Document = {
            **_NEW,
            "completed": False,
            **self._plan.move.moved(document),
            "created_by": str(self._view.user),
        }
        if document.get("resource_subtype") == "approval":
            values["approval_status"] = "pending"
        if "notes" not in self._include:
            values |= {"notes": "", "html_notes": None}
        if "type_default" not in self._include and document.get("resource_subtype") == "custom":
            values |= {"resource_subtype": "default_task", "custom_type": None, "custom_type_status_option": None}
        assignee = self._assignee(document)
        values["assignee"] = assignee
        if assignee != document.get("assignee") or assignee is None:
            values |= {"assigned_by": str(self._view.user) if assignee else None, "assignee_status": None}
        return values

    def _assignee(self, document: Document) -> str | None:
        """Whoever the task was assigned to; in a template a role instead, out of it the one who has that role now."""
        user: str | None = document.get("assignee") if "assignee" in self._include else None
        roles, role = self._plan.roles, document.pop("role", None)
        if "roles" in self._include:
            if self._hidden:
                if user is not None:
                    document["role"] = roles.setdefault(user, str(len(roles) + 1))
                return None
            user = roles.get(role or "")
        return user if user is not None and (self._hidden or self._belongs(int(user))) else None

    def _belongs(self, user: int) -> bool:
        return self._store.linked(abs(self._plan.workspace), MEMBERS, user)

    # -- places ------------------------------------------------------------------------------------------------------

    def _place(self, change: Change, original: int) -> None:
        """Into the copies of its sections at the same places; if asked for, at the end of other projects' sections."""
        store, plan, private = self._store, self._plan, 1
        for section, project in store.owners(original, TASKS):
            if section in self._sections:
                place = store.place(section, TASKS, original) or 0
                store.link(self._sections[section], TASKS, change.gid, place, plan.project)
                change.relations.append(Relation("added", "projects", plan.project))
                private &= _private(store, plan.project)
            elif "projects" in self._include and project not in (None, plan.source) and self._view.sees_gid(project):
                store.append(section, TASKS, change.gid, project)
                change.relations.append(Relation("added", "projects", project))
                private &= _private(store, project)
        if original == plan.root and plan.section:
            store.append(plan.section, TASKS, change.gid, plan.project)
            change.relations.append(Relation("added", "projects", plan.project))
            private &= _private(store, plan.project)
        change.private = int(self._hidden or private)

    def _hang(self, change: Change, row: Row) -> None:
        """Below the copy of its parent; the one task that is copied may be asked to be below the same parent."""
        store = self._store
        parent = int(decode(row.document).get("parent") or 0)
        above = self._copied.of(parent) if parent else None
        if above is not None:
            store.link(above, SUBTASKS, change.gid, store.place(parent, SUBTASKS, row.gid) or 0)
        elif row.gid == self._plan.root and "parent" in self._include and self._view.sees_gid(parent):
            above = parent
            store.append(above, SUBTASKS, change.gid)
        if above is not None:
            change.after["parent"] = str(above)
            if not self._hidden:
                change.private &= _private(store, above)

    def _adopt(self, change: Change, original: int, below: int, copy: int) -> None:
        """Hang the copy of a subtask that was copied before its parent below the parent's."""
        row = self._store.record(copy)
        if row is None or self._store.linked(change.gid, SUBTASKS, copy):
            return
        self._store.link(change.gid, SUBTASKS, copy, self._store.place(original, SUBTASKS, below) or 0)
        child = touching(self._view, row)
        child.after["parent"] = str(change.gid)
        child.private &= change.private
        child.keep()

    # -- relations ---------------------------------------------------------------------------------------------------

    def _link(self, change: Change, original: int) -> None:
        """Give the copy what of its original's relations was asked for."""
        view, store = self._view, self._store
        if not self._hidden:
            store.append(change.gid, FOLLOWERS, view.user)
        if "followers" in self._include:
            followers = store.targets(original, FOLLOWERS)
            _link_all(store, change.gid, FOLLOWERS, [user for user in followers if self._belongs(user)])
        if "tags" in self._include:
            _link_all(store, change.gid, "task.tags", store.targets(original, "task.tags"))
        _link_all(store, change.gid, "task.custom_objects", store.targets(original, "task.custom_objects"))
        if change.after.get("assignee") and not self._hidden:
            user = int(change.after["assignee"])
            store.append(ensure_task_list(view, user, change.workspace), ASSIGNED, change.gid)
            _link_all(store, change.gid, FOLLOWERS, [user] if "roles" in self._include else [])
        if "attachments" in self._include:
            self._attach(change, original)

    def _attach(self, change: Change, original: int) -> None:
        """Copy the attachments of a task; their files, which never change, are shared on disk where that can be."""
        store, files = self._store, self._view.files
        listed = store.targets(original, ATTACHMENTS)
        rows = store.records(listed)
        for row in (rows[gid] for gid in listed):
            attached = copy_as(self._view, row, store.new_gid(), self._plan.workspace)
            attached.after["parent"] = str(change.gid)
            if files is not None and (files / str(row.gid)).is_dir():
                # A step that was not finished may have left files under a gid that is now given out again.
                shutil.rmtree(files / str(attached.gid), ignore_errors=True)
                shutil.copytree(files / str(row.gid), files / str(attached.gid), copy_function=_share)
            store.append(change.gid, ATTACHMENTS, attached.gid)
            attached.keep()

    def wait(self, original: int, copy: int) -> None:
        """Have a copy wait for the copies of what its original waits for, or else, if one task is copied, for that."""
        store = self._store
        row = store.record(copy)
        if row is None:
            return
        for target in store.targets(original, DEPENDENCIES):
            other = self._copied.of(target)
            if other is None and self._plan.root and not self._hidden and self._view.sees_gid(target):
                other = target
            if other is not None and may_wait(store, copy, other):
                store.append(copy, DEPENDENCIES, other)


def copy_as(view: View, row: Row, gid: int, workspace: int) -> Change:
    """The copy ``gid`` of a record, in a workspace; nothing was written of it yet."""
    change = Change(view, view.kinds[row.kind], "create", gid, workspace, {}, Given({}, {}, {}), row.private)
    change.after = decode(row.document)
    return change


def _private(store: Store, gid: int) -> int:
    row = store.record(gid)
    return 1 if row is None else row.private


def _link_all(store: Store, owner: int, field: str, targets: list[int]) -> None:
    for target in targets:
        if not store.linked(owner, field, target):
            store.append(owner, field, target)


def _share(source: str, target: str) -> None:
    """Let a second name stand for a file; a copy where the file system knows no such thing."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
