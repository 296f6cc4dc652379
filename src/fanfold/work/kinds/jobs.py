"""Jobs: what takes long elsewhere. Here it is done when the answer comes, which says so only when asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.change import born
from fanfold.work.kinds.copy_dates import read_schedule
from fanfold.work.kinds.copy_project import copy_project, read_include
from fanfold.work.request import encode
from fanfold.work.routes import crud
from fanfold.work.schema import Kind, boolean, choice, obj, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request

MADE = ("portfolio", "project", "task", "project_template", "graph_export", "resource_export")
"""The kinds that a job may make one of."""

job = Kind(
    "job",
    compact=("resource_subtype", "status", *(f"new_{kind}" for kind in MADE)),
    fields=(
        text("resource_subtype", access="read"),
        choice("status", "not_started", "in_progress", "succeeded", "failed", access="read", nullable=False),
        *(one(f"new_{kind}", kind, access="read", omitted=True) for kind in MADE),
    ),
)
crud(job, "read")


@job.rule("create")
def is_seen_by_whoever_started_it(change: Change) -> None:
    """Nobody else has a use for it."""
    change.private = 1
    change.after["user"] = str(change.view.user)


def started(request: Request, subtype: str, **made: int) -> Answer:
    """The answer to whoever started a job: under way, though all it was to make is there already."""
    values: dict[str, Any] = {name: str(gid) for name, gid in made.items()}
    change = born(request.view, "job", request.row.workspace, resource_subtype=subtype, status="succeeded", **values)
    shown = encode({**change.after, "status": "in_progress"})
    location = (("location", f"/api/1.0/jobs/{change.gid}"),)
    return request.record(change.gid, shown, status=201, headers=location)


_NAME = text("name", required=True, nullable=False)
_COPY = (_NAME, text("include", parse=read_include), obj("schedule_dates", parse=read_schedule))
_TEMPLATE = (_NAME, boolean("public", required=True), one("team", "team"), one("workspace", "workspace"))


@job.verb(
    "POST",
    "/projects/{project_gid}/duplicate",
    "duplicateProject",
    subject="project",
    takes=_COPY,
    status=201,
)
def duplicate_project(request: Request) -> Answer:
    """Duplicate a project."""
    given = read(request, _COPY).values
    include, schedule = given.get("include") or frozenset(), given.get("schedule_dates")
    if schedule is not None and "task_dates" not in include:
        raise RequestError("schedule_dates: Only together with task_dates in include")
    made = copy_project(request.view, request.row, given["name"], include, schedule)
    return started(request, "duplicate_project", new_project=made)


@job.verb(
    "POST",
    "/projects/{project_gid}/saveAsTemplate",
    "projectSaveAsTemplate",
    subject="project",
    takes=_TEMPLATE,
    status=201,
)
def save_as_template(request: Request) -> Answer:
    """Save a project as a template."""
    given = read(request, _TEMPLATE)
    view, source = request.view, request.row
    for name, row in (("team", given.row("team")), ("workspace", given.row("workspace"))):
        if row is not None and row.workspace != source.workspace:
            raise RequestError(f"{name}: Not that of the project: {row.gid}")
    document = decode(source.document)
    made = born(
        view,
        "project_template",
        source.workspace,
        name=given.values["name"],
        public=given.values["public"],
        team=given.values.get("team") or document.get("team"),
        description=document["notes"],
        color=None if document.get("color") == "none" else document.get("color"),
        project=str(source.gid),
    )
    return started(request, "save_as_template", new_project_template=made.gid)
