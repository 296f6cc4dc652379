"""Tasks: the basic object around which the other kinds are centred."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.kinds.sections import SECTIONS, TASKS
from fanfold.work.pages import page
from fanfold.work.request import Request
from fanfold.work.routes import PAGING, crud
from fanfold.work.schema import Document, Kind, Ref, boolean, choice, computed, date, datetime, many, one, text
from fanfold.work.store import Held, Where

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.shape import Sheet

IN_SECTIONS = "<section.tasks"


def _memberships(sheet: Sheet, gid: int, _: Document) -> list[Any]:
    return [{"project": Ref(link.note or 0), "section": Ref(link.gid)} for link in sheet.links(gid, IN_SECTIONS)]


def _projects(sheet: Sheet, gid: int, _: Document) -> list[Ref]:
    return [Ref(link.note or 0) for link in sheet.links(gid, IN_SECTIONS)]


task = Kind(
    "task",
    compact=("name", "resource_subtype"),
    fields=(
        text("name", default=""),
        choice("resource_subtype", "default_task", "milestone", "approval", "custom", default="default_task"),
        boolean("completed"),
        datetime("completed_at", access="read"),
        one("completed_by", "user", access="read"),
        datetime("created_at", access="read"),
        one("created_by", "user", access="read", opt_in=True),
        datetime("modified_at", access="read"),
        text("notes", default=""),
        datetime("due_at"),
        date("due_on"),
        datetime("start_at"),
        date("start_on"),
        one("assignee", "user"),
        many("followers", "user", access="create"),
        many("tags", "tag", access="create"),
        one("parent", "task", access="create"),
        many("projects", "project", access="create", compute=_projects, needs=(IN_SECTIONS,)),
        computed("memberships", _memberships, needs=(IN_SECTIONS,), of="list"),
        computed("num_subtasks", lambda sheet, gid, _: sheet.count(gid, "task.subtasks"), of="integer", opt_in=True),
        one("workspace", "workspace", access="create"),
    ),
)
crud(task, "create", "read", "update", "delete")


@task.rule("create")
def is_placed(change: Change) -> None:
    """A new task goes to the end of each project's last section and is followed by whoever made it."""
    store = change.store
    for project in change.given.lists.get("projects", []):
        section = store.targets(project, SECTIONS)[-1]
        store.link(section, TASKS, change.gid, store.end(section, TASKS), project)
    change.after["created_by"] = str(change.view.user)
    change.add("followers", change.view.user)


def project_page(request: Request, project: int, where: Where) -> Answer:
    """The tasks of a project: section after section, in the order of each. A border is a pair of positions."""
    store = request.view.store

    def fetch(after: Any, limit: int) -> list[Held]:
        found: list[Held] = []
        place, border = after or (None, None)
        for spot, section in store.places(project, SECTIONS):
            if place is not None and spot < place:
                continue
            found += store.page_linked(section, TASKS, border if spot == place else None, limit - len(found), where)
            if len(found) >= limit:
                break
        return found

    def border_of(item: Held) -> tuple[int | None, int]:
        section = next(owner for owner, note in store.owners(item.gid, TASKS) if note == project)
        return store.place(project, SECTIONS, section), item.border

    return page(request, task, fetch, border_of=border_of)


def since(request: Request) -> Where:
    """The condition of ``completed_since``: incomplete, or completed from that moment on; ``now`` means incomplete."""
    return Where()


@task.verb("GET", "/projects/{project_gid}/tasks", "getTasksForProject", subject="project", query=PAGING, answers="list", paged=True)
def list_of_project(request: Request) -> Answer:
    """List the tasks of a project."""
    return project_page(request, request.row.gid, since(request))
