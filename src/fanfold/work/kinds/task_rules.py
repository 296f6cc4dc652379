"""What has to hold whenever a task is made or changed: dates, completion, who it is assigned to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import Relation
from fanfold.work.kinds.user_task_lists import ensure_task_list
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.change import Change

FOLLOWERS = "task.followers"
"""Link field: who is told of a task's changes."""

ASSIGNED = "user_task_list.tasks"
"""Link field: the tasks of a task list, in order; the note is the section that the assignee keeps a task in."""

_DATES = frozenset(("due_on", "due_at", "start_on", "start_at"))


def is_somewhere(change: Change) -> None:
    """A new task is in the workspace that was named, or in that of its projects or parent."""
    if not change.workspace:
        given = change.given
        near = [*given.lists.get("projects", ())]
        if given.values.get("parent") is not None:
            near.append(int(given.values["parent"]))
        workspaces = [given.rows[gid].workspace for gid in near]
        workspaces += [membership.project.workspace for membership in given.values.get("memberships") or ()]
        if not workspaces:
            raise RequestError("You should specify one of workspace, parent, projects")
        change.workspace = workspaces[0]
    change.after["workspace"] = str(change.workspace)


def is_followed(change: Change) -> None:
    """A new task is followed by whoever made it, and by those named; it has the tags named."""
    store, given = change.store, change.given
    change.after["created_by"] = str(change.view.user)
    for name, first in (("followers", (change.view.user,)), ("tags", ())):
        for place, target in enumerate(dict.fromkeys((*first, *given.lists.get(name, ())))):
            store.link(change.gid, f"task.{name}", target, place)
            change.relations.append(Relation("added", name, target))


# -- dates -----------------------------------------------------------------------------------------------------------


def has_sensible_dates(change: Change) -> None:
    """A day or a moment, not both; a moment implies its day; a start needs an end that is not before it."""
    given, after = change.given.values, change.after
    if given.keys().isdisjoint(_DATES):
        return
    _day_or_moment(change, "due")
    _day_or_moment(change, "start")
    for start, due in (("start_on", "due_on"), ("start_at", "due_at")):
        if after.get(start) is None:
            continue
        if after.get(due) is None:
            if given.get(start) is not None:
                raise RequestError(f"{start}: A task with {start} must have {due}")
            after[start] = None
        elif after[start] > after[due]:
            raise RequestError(f"{start}: Must not be later than {due}")


def _day_or_moment(change: Change, which: str) -> None:
    given, after = change.given.values, change.after
    on, at = f"{which}_on", f"{which}_at"
    day, moment = given.get(on), given.get(at)
    if day is not None and moment is not None:
        raise RequestError(f"You may only provide one of {on} or {at}!")
    if moment is not None:
        after[on] = moment[:10]
    elif on in given or at in given:
        after[on], after[at] = day, None


# -- completion ------------------------------------------------------------------------------------------------------


def is_stamped_when_completed(change: Change) -> None:
    """Who completed a task, and when; an approval is complete as soon as there is a decision."""
    given, after = change.given.values, change.after
    if after.get("resource_subtype") == "approval":
        _agree_with_approval(change)
    else:
        if "approval_status" in given:
            raise RequestError("approval_status: Only an approval has one")
        after.pop("approval_status", None)
    done = after.get("completed", False)
    if done != change.before.get("completed", False):
        after["completed_at"] = change.view.now if done else None
        after["completed_by"] = str(change.view.user) if done else None


def _agree_with_approval(change: Change) -> None:
    given, after = change.given.values, change.after
    status = after.get("approval_status") or "pending"
    done = after.get("completed", False)
    if "approval_status" not in given and done != (status != "pending"):
        status = "approved" if done else "pending"
    after["approval_status"] = status
    after["completed"] = status != "pending"


# -- people ----------------------------------------------------------------------------------------------------------


def is_on_the_assignees_list(change: Change) -> None:
    """A task stands in the task list of whoever it is assigned to, who follows it from then on."""
    given, after, view = change.given.values, change.after, change.view
    section = after.pop("assignee_section", None)
    new, old = after.get("assignee"), change.before.get("assignee")
    if new is None:
        after.pop("assignee_status", None)
        if section is not None or given.get("assignee_status") is not None:
            raise RequestError("assignee: Missing input")
    if new == old and "assignee_section" not in given:
        return
    store, gid = change.store, change.gid
    if old is not None:
        store.unlink(ensure_task_list(view, int(old), change.workspace), ASSIGNED, gid)
    if new != old:
        after["assigned_by"] = None if new is None else str(view.user)
    if new is not None:
        listed = ensure_task_list(view, int(new), change.workspace)
        store.append(listed, ASSIGNED, gid, _section(change, section, listed))
        if not store.linked(gid, FOLLOWERS, int(new)):
            store.append(gid, FOLLOWERS, int(new))
            change.relations.append(Relation("added", "followers", int(new)))


def _section(change: Change, section: str | None, listed: int) -> int | None:
    if section is None:
        return None
    if decode(change.given.rows[int(section)].document)["project"] != str(listed):
        raise RequestError(f"assignee_section: Not in the assignee's task list: {section}")
    return int(section)
