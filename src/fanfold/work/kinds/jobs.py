"""Jobs: what is copied, used as a pattern or exported, carried on step by step after the answer if it takes long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.background import begin
from fanfold.work.kinds import copy_portfolio
from fanfold.work.kinds.copy_dates import LEAVE_OUT, Move, read_schedule
from fanfold.work.kinds.copy_project import duplicate, keep_content, read_include
from fanfold.work.kinds.copying import WORDS, Copying, of_one_task, read_words
from fanfold.work.kinds.project_templates import dates_asked_for, keep_as_template
from fanfold.work.kinds.project_uses import INSTANCE, project_of_template
from fanfold.work.kinds.task_templates import copy_templates, task_of_template
from fanfold.work.routes import crud
from fanfold.work.schema import Kind, boolean, choice, obj, one, text
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request

MADE = {
    **{f"new_{kind}": kind for kind in ("portfolio", "project", "task", "project_template", "graph_export")},
    "new_resource_export": "export_request",
}
"""What a job may make one of: the kind by the field that shows it."""

job = Kind(
    "job",
    compact=("resource_subtype", "status", *MADE),
    fields=(
        text("resource_subtype", access="read"),
        choice("status", "not_started", "in_progress", "succeeded", "failed", access="read", nullable=False),
        *(one(name, kind, access="read", omitted=True) for name, kind in MADE.items()),
    ),
)
crud(job, "read")


@job.rule("create")
def is_seen_by_whoever_started_it(change: Change) -> None:
    """Nobody else has a use for it."""
    change.private = 1
    change.after["user"] = str(change.view.user)


def _words_of_task(_: Request, value: Any) -> frozenset[str]:
    return read_words(value, WORDS)


_NAME = text("name", required=True, nullable=False)
_COPY = (_NAME, text("include", parse=read_include), obj("schedule_dates", parse=read_schedule))
_PORTFOLIO = (_NAME, text("include", parse=copy_portfolio.read_include))
_TASK = (text("name"), text("include", parse=_words_of_task))
_TEMPLATE = (_NAME, boolean("public", required=True), one("team", "team"), one("workspace", "workspace"))
_STARTED: dict[str, Any] = {"status": 201, "costs": ("jobs",)}


@job.verb("POST", "/projects/{project_gid}/duplicate", "duplicateProject", subject="project", takes=_COPY, **_STARTED)
def duplicate_project(request: Request) -> Answer:
    """Duplicate a project."""
    given = read(request, _COPY).values
    include, schedule = given.get("include") or frozenset(), given.get("schedule_dates")
    if schedule is not None and "task_dates" not in include:
        raise RequestError("schedule_dates: Only together with task_dates in include")
    copying = duplicate(request.view, request.row, given["name"], include, schedule)
    if "task_templates" in include:
        copy_templates(request.view, request.row.gid, copying.project)
    return _begin(request, "duplicate_project", copying, new_project=copying.project)


@job.verb("POST", "/tasks/{task_gid}/duplicate", "duplicateTask", subject="task", takes=_TASK, **_STARTED)
def duplicate_task(request: Request) -> Answer:
    """Duplicate a task."""
    given, view = read(request, _TASK).values, request.view
    include = given.get("include") or frozenset()
    move = Move() if "dates" in include else LEAVE_OUT
    copying = of_one_task(request.row, given.get("name") or "", include | {"type_default"}, move)
    copying.copy = view.store.new_gid()
    return _begin(request, "duplicate_task", copying, new_task=copying.copy)


@job.verb(
    "POST",
    "/portfolios/{portfolio_gid}/duplicate",
    "duplicatePortfolio",
    subject="portfolio",
    takes=_PORTFOLIO,
    **_STARTED,
)
def duplicate_portfolio(request: Request) -> Answer:
    """Duplicate a portfolio.

    The copy holds the same projects and portfolios, if they are included, not copies of them.
    """
    given = read(request, _PORTFOLIO).values
    include = given.get("include") or frozenset()
    state = copy_portfolio.duplicate(request.view, request.row, given["name"], include)
    return begin(request, "duplicate_portfolio", "copy_portfolio", state, new_portfolio=state["copy"])


@job.verb(
    "POST",
    "/projects/{project_gid}/saveAsTemplate",
    "projectSaveAsTemplate",
    subject="project",
    takes=_TEMPLATE,
    **_STARTED,
)
def save_as_template(request: Request) -> Answer:
    """Save a project as a template."""
    given = read(request, _TEMPLATE)
    source = request.row
    for name, row in (("team", given.row("team")), ("workspace", given.row("workspace"))):
        if row is not None and (row.gid if name == "workspace" else row.workspace) != source.workspace:
            raise RequestError(f"{name}: Not that of the project: {row.gid}")
    asked = dates_asked_for(request.view, source)
    copying = keep_content(request.view, source)
    copying.template = keep_as_template(request.view, source, copying.project, given.values, asked)
    return _begin(request, "save_as_template", copying, new_project_template=copying.template)


@job.verb(
    "POST",
    "/project_templates/{project_template_gid}/instantiateProject",
    "instantiateProject",
    subject="project_template",
    takes=INSTANCE,
    **_STARTED,
)
def instantiate_project(request: Request) -> Answer:
    """Make a project of a project template."""
    copying = project_of_template(request)
    return _begin(request, "instantiate_project", copying, new_project=copying.project)


@job.verb(
    "POST",
    "/task_templates/{task_template_gid}/instantiateTask",
    "instantiateTask",
    subject="task_template",
    takes=(text("name"),),
    **_STARTED,
)
def instantiate_task(request: Request) -> Answer:
    """Make a task of a task template."""
    copying = task_of_template(request)
    return _begin(request, "instantiate_task", copying, new_task=copying.copy)


def _begin(request: Request, subtype: str, copying: Copying, **made: int) -> Answer:
    return begin(request, subtype, "copy", copying.state(), **made)
