"""The lists of tasks: of a project, a section, a tag, a person, a task, and all of them behind one address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.kinds.sections import SECTIONS, TASKS
from fanfold.work.kinds.task_rules import ASSIGNED
from fanfold.work.kinds.user_task_lists import task_list_of
from fanfold.work.pages import page
from fanfold.work.routes import linked_page
from fanfold.work.schema import text
from fanfold.work.store import Where
from fanfold.work.validate import moment
from fanfold.work.view import MEMBERS

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.store import Held

COMPLETED_SINCE = text("completed_since")
FILTERS = (
    *(text(name) for name in ("assignee", "project", "section", "tag", "workspace")),
    text("user_task_list", described=False),
    COMPLETED_SINCE,
    text("modified_since"),
)
"""What ``GET /tasks`` may be asked for."""


def since(request: Request) -> Where:
    """The conditions ``modified_since`` and ``completed_since``: incomplete or completed from then on."""
    query = request.query
    conditions = []
    completed, modified = query.get("completed_since"), query.get("modified_since")
    if completed == "now":
        conditions.append(filters.absent("completed_at"))
    elif completed:
        conditions.append(filters.absent_or_since("completed_at", moment("completed_since", completed)))
    if modified:
        conditions.append(filters.since("modified_at", moment("modified_since", modified)))
    return filters.every(conditions)


def list_tasks(request: Request) -> Answer:
    """List the tasks of one project, section, tag or task list, or those assigned to somebody in a workspace."""
    named = [name for name in ("project", "section", "tag", "user_task_list", "assignee") if request.query.get(name)]
    if len(named) != 1 or (named == ["assignee"] and not request.query.get("workspace")):
        raise RequestError("Must specify exactly one of project, tag, section, user task list, or assignee + workspace")
    where = since(request)
    if named == ["assignee"]:
        return _assigned(request, where)
    owner = request.require(named[0], named[0]).gid
    if named == ["project"]:
        return _project_page(request, owner, where)
    return linked_page(request, owner, _LISTS[named[0]], where)


_LISTS = {"section": TASKS, "tag": "<task.tags", "user_task_list": ASSIGNED}


def _assigned(request: Request, where: Where) -> Answer:
    user, workspace = request.require("assignee", "user"), request.require("workspace", "workspace")
    if not request.view.store.linked(workspace.gid, MEMBERS, user.gid):
        raise RequestError(f"assignee: Not a user in Workspace: {user.gid}")
    return linked_page(request, task_list_of(request.view, user.gid, workspace.gid), ASSIGNED, where)


def list_of_project(request: Request) -> Answer:
    """List the tasks of a project: section after section, each in its order."""
    return _project_page(request, request.row.gid, since(request))


def _project_page(request: Request, project: int, where: Where) -> Answer:
    store = request.view.store

    def fetch(after: Any, limit: int) -> list[Held]:
        start = after and (store.resume(project, SECTIONS, after[0]), store.resume(after[0][1], TASKS, after[1]))
        return store.page_nested(project, SECTIONS, TASKS, start, limit, where)

    def border_of(item: Held) -> Any:
        section = next(owner for owner, note in store.owners(item.gid, TASKS) if note == project)
        spot = store.place(project, SECTIONS, section) or 0
        return store.border(project, SECTIONS, section, spot), store.border(section, TASKS, item.gid, item.border)

    return page(request, request.kind, fetch, border_of=border_of)
