"""Project templates: what a project looked like when it was saved as one.

The content is a copy of the project that nobody sees (``copying``), so that a template has nothing to do with what
becomes of the project. Its dates are kept as they were: whoever uses a template says when the new project starts or is
due, and all dates move by as many days.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work import richtext
from fanfold.work.background import CHUNK, State, start
from fanfold.work.change import deletion, new
from fanfold.work.kinds.copy_dates import Dates
from fanfold.work.kinds.copy_project import dates_of
from fanfold.work.kinds.copying import hidden
from fanfold.work.kinds.project_words import COLORS
from fanfold.work.kinds.sections import SECTIONS, TASKS
from fanfold.work.kinds.task_parents import SUBTASKS
from fanfold.work.routes import PAGING, crud, linked_page, page_of_all, under, workspace_page
from fanfold.work.schema import Kind, boolean, choice, computed, items, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import Given

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.schema import Document
    from fanfold.work.store import Row
    from fanfold.work.view import View

TEMPLATES = "team.project_templates"
"""Link field: the project templates of a team, in the order in which they were made."""

START, DUE = "1", "2"
"""Gids of the dates that whoever uses a template may be asked for."""

project_template = Kind(
    "project_template",
    fields=(
        text("name", access="read", default="", nullable=False),
        text("description", access="read", default="", nullable=False),
        computed("html_description", richtext.show("description", "html_description"), of="text", nullable=False),
        boolean("public", access="read"),
        one("owner", "user", access="read"),
        one("team", "team", access="read", omitted=True),
        items("requested_dates", of="object", access="read", default=[], nullable=False),
        choice("color", *COLORS, access="read"),
        items("requested_roles", of="object", access="read", default=[], nullable=False),
    ),
)
crud(project_template, "read", "delete")
under(project_template, "team", TEMPLATES)


@project_template.verb(
    "GET",
    "/project_templates",
    "getProjectTemplates",
    query=(one("workspace", "workspace"), one("team", "team"), *PAGING),
    answers="list",
    paged=True,
)
def list_templates(request: Request) -> Answer:
    """List the project templates of a team or workspace, or of all that the caller is in."""
    workspace, team = request.named("workspace", "workspace"), request.named("team", "team")
    if team is not None:
        return linked_page(request, team.gid, TEMPLATES)
    return page_of_all(request) if workspace is None else workspace_page(request, workspace.gid)


@project_template.rule("create")
def belongs_to_whoever_saved_it(change: Change) -> None:
    """Unless it is public, nobody else sees it."""
    change.after["owner"] = str(change.view.user)
    change.private = int(not change.after["public"])
    if change.after.get("team"):
        change.store.append(int(change.after["team"]), TEMPLATES, change.gid)


@project_template.rule("delete")
def takes_its_content_along(change: Change) -> None:
    """What nobody sees goes with what it belongs to: in steps, as it came."""
    if "content" not in change.before:
        return  # see as_of_now: its pattern is a project that everybody sees
    state = {"content": int(change.before["content"])}
    start(hidden(change.view), "delete_template", "delete_content", state, change.workspace)


def delete_some(job: Change, state: State) -> State | None:
    """A step: delete some tasks of a template's content; when there are none left, the rest of it."""
    store, content = job.store, state["content"]
    tasks: list[int] = []
    for section in store.targets(content, SECTIONS):
        tasks += [gid for _, gid, _ in store.stretch(section, TASKS, None, CHUNK - len(tasks))]
    for gid in tasks:
        delete_content(job.view, gid)
    if tasks:
        return state
    delete_content(job.view, content)
    return None


def delete_content(view: View, gid: int) -> None:
    """Delete a record of a template's content and what hangs below it."""
    store, quiet = view.store, hidden(view)
    below = [below for below, _ in store.tree(gid, SUBTASKS)]
    for part in (*reversed(below), gid):
        row = store.record(part)
        if row is not None:
            deletion(quiet, row).write()


# -- made of a project -----------------------------------------------------------------------------------------------


def dates_asked_for(view: View, project: Row) -> Document:
    """What a template of the project has to know of its dates: which to ask for, and what they were.

    A project with a start or a due date has its template ask for these; one that has neither, but tasks with dates, for
    its start, which is the first of them.
    """
    dates, document = dates_of(view, project, subtasks=True), decode(project.document)
    start, due = document.get("start_on"), document.get("due_on")
    if start is None and due is None and dates.first:
        start = dates.first
    asked: list[Document] = []
    for gid, day, which, words in ((START, start, "Start Date", "starts"), (DUE, due, "Due Date", "is due")):
        if day is not None:
            asked.append({"gid": gid, "name": which, "description": f"The day on which the project {words}."})
    anchors: dict[str, Any] = {"start": start, "due": due, "first": dates.first, "last": dates.last}
    return {"requested_dates": asked, "dates": anchors}


def keep_as_template(view: View, project: Row, content: int, given: Document, asked: Document) -> int:
    """The gid of a new template of a project, which is not ready yet: its content is still to be copied."""
    document = decode(project.document)
    values: Document = {
        "name": given["name"],
        "public": given["public"],
        "team": given.get("team") or document.get("team"),
        "description": document["notes"],
        "html_description": document.get("html_notes"),
        "color": None if document.get("color") == "none" else document.get("color"),
        "content": str(content),
        "ready": False,
        **asked,
    }
    change = new(view, project_template, Given(values, {}, {}))
    change.workspace = project.workspace
    change.write()
    return change.gid


def as_of_now(view: View, template: Document) -> Document:
    """A template as it is kept now.

    Those of the first release have no content of their own, but know the project that they were saved from. That is
    the pattern then, as long as it is there and the caller sees it.
    """
    if "content" in template:
        return template
    project = view.row(int(template["project"]))
    if project is None:
        raise RequestError("project_template: The project that it was saved from is no longer there")
    return {**template, "content": template["project"], "ready": True, **dates_asked_for(view, project)}


def span(template: Document) -> Dates:
    """The first and last dates of a template's content."""
    dates = template["dates"]
    return Dates(dates["first"], dates["last"], dates["first"], dates["last"])
