"""Task templates: patterns for tasks of a project.

No operation makes one: whoever sets a workspace up does, of a ``project`` and a ``task``. The content is a copy of the
task, with what hangs below it, that nobody sees (``copying``). Its dates are kept as they were, beside the day on which
they were: a task that is made of the template later has dates as many days later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work import richtext
from fanfold.work.background import start
from fanfold.work.change import born
from fanfold.work.custom_display import SETTINGS
from fanfold.work.kinds.attachments import ATTACHMENTS
from fanfold.work.kinds.copy_dates import Move, days_between
from fanfold.work.kinds.copying import Copying, hidden, of_one_task
from fanfold.work.kinds.project_templates import delete_content
from fanfold.work.kinds.sections import SECTIONS
from fanfold.work.kinds.task_parents import SUBTASKS
from fanfold.work.kinds.task_rules import FOLLOWERS
from fanfold.work.routes import PAGING, crud, linked_page
from fanfold.work.schema import Document, Kind, Ref, computed, date, datetime, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet
    from fanfold.work.view import View

TEMPLATES = "project.task_templates"
"""Link field: the task templates of a project, in the order in which they were made."""

KEPT = frozenset(
    ("assignee", "attachments", "dates", "dependencies", "followers", "notes", "subtasks", "tags", "type_default")
)
"""What of its task a template keeps."""

_SUBTYPES = {"milestone": "milestone_task", "approval": "approval_task"}


def _short(document: Document) -> Document:
    """The short form of a recipe."""
    subtype = _SUBTYPES.get(document["resource_subtype"], "default_task")
    return {"name": document["name"], "task_resource_subtype": subtype}


def _recipe(sheet: Sheet, _: int, document: Document) -> Document | None:
    """What a task made of the template will be like."""
    store = sheet.view.store
    row = store.record(int(document["content"]))
    if row is None:
        return None
    content, project = decode(row.document), document.get("project")
    fields = store.notes((int(project),), SETTINGS)[int(project)] if project else ()
    below = store.targets(row.gid, SUBTASKS)
    subtasks, day = store.documents(below), document["day"]
    relative = {
        f"relative_{name}": days_between(day, content[name]) if content.get(name) else None
        for name in ("start_on", "due_on")
    }
    return {
        **_short(content),
        "description": content.get("notes") or "",
        "html_description": content.get("html_notes") or richtext.html_of(content.get("notes") or ""),
        "memberships": [Ref(int(project))] if project else [],
        **relative,
        "due_time": (content.get("due_at") or "")[11:] or None,
        "dependencies": [],
        "dependents": [],
        "followers": [Ref(user) for user in store.targets(row.gid, FOLLOWERS)],
        "attachments": [decode(found.compact) for found in store.records(store.targets(row.gid, ATTACHMENTS)).values()],
        "subtasks": [_short(decode(subtasks[gid])) for gid in below],
        "custom_fields": [Ref(field) for field in fields],
    }


task_template = Kind(
    "task_template",
    fields=(
        text("name", access="read", default="", nullable=False),
        one("project", "project", access="read"),
        computed("template", _recipe),
        one("created_by", "user", access="read"),
        datetime("created_at", access="read"),
    ),
    within="project",
    made_with=(one("task", "task"), date("day")),
)
crud(task_template, "read", "delete")


@task_template.verb(
    "GET", "/task_templates", "getTaskTemplates", query=(one("project", "project"), *PAGING), answers="list", paged=True
)
def list_templates(request: Request) -> Answer:
    """List the task templates of a project, which must be named."""
    return linked_page(request, request.require("project", "project").gid, TEMPLATES)


@task_template.rule("create")
def is_of_a_task(change: Change) -> None:
    """The content is a copy of a task; what hangs below that is copied by a job."""
    after, store = change.after, change.store
    task, day = after.pop("task", None), after.pop("day", None)
    row = None if task is None else store.record(int(task))
    if row is None:
        raise RequestError("task: Missing input")
    if after["project"] is None:
        raise RequestError("project: Missing input")
    change.workspace = abs(row.workspace)
    copying = of_one_task(row, "", KEPT, Move(), -change.workspace)
    copying.copy = store.new_gid()
    start(hidden(change.view), "save_task_template", "copy", copying.state(), change.workspace)
    after |= {"created_by": str(change.view.user), "content": str(copying.copy), "day": day or change.view.now[:10]}
    store.append(int(after["project"]), TEMPLATES, change.gid)


@task_template.rule("delete")
def takes_its_content_along(change: Change) -> None:
    """What nobody sees goes with what it belongs to."""
    delete_content(change.view, int(change.before["content"]))


def copy_templates(view: View, source: int, project: int) -> None:
    """Give a project the task templates of another."""
    store = view.store
    for template in store.records(store.targets(source, TEMPLATES)).values():
        document = decode(template.document)
        content = store.record(int(document["content"]))
        if content is not None:
            made_of = {"task": str(content.gid), "day": document["day"]}
            born(view, "task_template", abs(content.workspace), name=document["name"], project=str(project), **made_of)


def task_of_template(request: Request) -> Copying:
    """A new task of the template that the path names, and how it is to be copied."""
    view, template = request.view, decode(request.row.document)
    name = read(request, request.route.takes).values.get("name") or template["name"]
    content = view.store.record(int(template["content"]))
    if content is None:
        raise RequestError("task_template: It has no content any more")
    move = Move(days_between(template["day"], view.now[:10]))
    copying = of_one_task(content, name, KEPT, move, request.row.workspace)
    copying.copy = view.store.new_gid()
    project = template.get("project")
    if project and view.sees_gid(int(project)):
        copying.project, copying.section = int(project), view.store.last(int(project), SECTIONS) or 0
    return copying
