"""The lists that projects appear in: of a workspace, a team, a task, or all that the caller sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.kinds.sections import TASKS
from fanfold.work.pages import page
from fanfold.work.routes import linked_page, workspace_page
from fanfold.work.schema import boolean
from fanfold.work.store import Held, Where

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request

ARCHIVED = boolean("archived", default=None)


def archived(request: Request) -> Where:
    """The condition of the query parameter ``archived``: neither way unless it is given."""
    flag = request.flag("archived")
    return Where() if flag is None else filters.equals("archived", flag)


def list_of_workspace(request: Request) -> Answer:
    """List the projects of a workspace."""
    return workspace_page(request, request.row.gid, archived(request))


def list_all(request: Request) -> Answer:
    """List the projects of a workspace or team, or all that the caller sees."""
    where = archived(request)
    workspace, team = request.named("workspace", "workspace"), request.named("team", "team")
    if team is not None:
        if workspace is not None and team.workspace != workspace.gid:
            raise RequestError(f"team: Not in the workspace: {team.gid}")
        return linked_page(request, team.gid, "team.projects", where)
    if workspace is not None:
        return workspace_page(request, workspace.gid, where)
    store, spaces = request.view.store, sorted(request.view.workspaces)

    def fetch(after: Any, limit: int) -> list[Held]:
        found: list[Held] = []
        space, border = after or (0, None)
        for gid in spaces:
            if gid >= space and len(found) < limit:
                start = border if gid == space else None
                held = store.page_kind(gid, "project", start, limit - len(found), where)
                found += [structs.replace(item, border=(gid, item.gid)) for item in held]
        return found

    return page(request, request.kind, fetch)


def list_of_task(request: Request) -> Answer:
    """List the projects that a task is in."""
    store = request.view.store
    inside = {note for _, note in store.owners(request.row.gid, TASKS) if note is not None}

    def fetch(after: Any, limit: int) -> list[Held]:
        gids = sorted(gid for gid in inside if after is None or gid > after)[:limit]
        rows = store.records(gids)
        return [
            Held(gid, gid, row.kind, row.workspace, row.private, row.document, row.compact)
            for gid, row in sorted(rows.items())
        ]

    return page(request, request.kind, fetch)


def count_tasks(request: Request) -> Answer:
    """Count the tasks of a project: of the counts only those that are named."""
    project = request.row.gid
    total, completed, milestones, both = request.view.store.task_counts((project,)).get(project, (0, 0, 0, 0))
    counts = {
        "num_tasks": total,
        "num_incomplete_tasks": total - completed,
        "num_completed_tasks": completed,
        "num_milestones": milestones,
        "num_incomplete_milestones": milestones - both,
        "num_completed_milestones": both,
    }
    wanted = request.selection(full=False).fields
    return request.value({name: count for name, count in counts.items() if name in wanted})
