"""Exports: everything below a project, portfolio, goal or team, or all tasks, teams or messages of a workspace.

Either is started by an operation that answers with a job, which tells when the file can be downloaded.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.background import begin
from fanfold.work.kinds.export_files import download_url, is_private, started
from fanfold.work.kinds.jobs import job
from fanfold.work.kinds.resource_exports import Parts, read_parts
from fanfold.work.schema import Kind, items, one
from fanfold.work.schema import datetime as datetime_field
from fanfold.work.shape import decode
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.schema import Document
    from fanfold.work.store import Row

PARENTS = ("goal", "project", "portfolio", "team")
"""The kinds that an export of a graph may start from."""

OF_GRAPH = "graph_exports"
"""Link field: the exports that started from a record."""

CACHED = timedelta(hours=4)
"""How long a large export of a graph is given again instead of being made anew."""

LARGE = 1000
"""Tasks beyond which an export of a graph is large."""

graph_export = Kind(
    "graph_export",
    compact=("created_at", "download_url", "completed_at"),
    fields=(
        datetime_field("created_at", access="read"),
        download_url(),
        datetime_field("completed_at", access="read", omitted=True),
    ),
)
export_request = Kind(
    "export_request",
    compact=("created_at", "download_url", "completed_at"),
    fields=(
        datetime_field("created_at", access="read"),
        download_url(),
        datetime_field("completed_at", access="read", omitted=True),
    ),
)
for _kind in (graph_export, export_request):
    _kind.rule("create")(is_private)

_STARTED: dict[str, Any] = {"answers": "other", "status": 201, "costs": ("jobs",)}
_PARENT = one("parent", "", required=True, nullable=False)
_RESOURCES = (
    one("workspace", "workspace", required=True, nullable=False),
    items("export_request_parameters", of="object", required=True, nullable=False, parse=read_parts),
)


@job.verb("POST", "/exports/graph", "createGraphExport", takes=(_PARENT,), **_STARTED)
def export_graph(request: Request) -> Answer:
    """Export everything below a goal, project, portfolio or team."""
    given, view = read(request, (_PARENT,)), request.view
    parent = given.rows[int(given.values["parent"])]
    if parent.kind not in PARENTS:
        raise RequestError(f"parent: Not a valid GID type: {parent.kind}")
    known = _known(request, parent)
    state: Document = {"export": known, "known": True}
    if not known:
        export = started(view, "graph_export", parent.workspace, "json", parent=str(parent.gid)).gid
        view.store.append(parent.gid, OF_GRAPH, export)
        state = {"export": export, "size": 0, "done": None, "parent": parent.gid, "tasks": 0}
    return begin(
        request, "graph_export_request", "graph_export", state, parent.workspace, new_graph_export=state["export"]
    )


def _known(request: Request, parent: Row) -> int:
    """The gid of a large export of the same that is fresh enough to be given again, or 0."""
    view = request.view
    last = view.store.last(parent.gid, OF_GRAPH)
    row = None if last is None else view.row(last)
    document = {} if row is None else decode(row.document)
    done = document.get("completed_at")
    if row is None or done is None or document["tasks"] <= LARGE or document["user"] != str(view.user):
        return 0
    return row.gid if view.clock() < datetime.fromisoformat(done) + CACHED else 0


@job.verb("POST", "/exports/resource", "createResourceExport", takes=_RESOURCES, **_STARTED)
def export_resources(request: Request) -> Answer:
    """Export the tasks, teams or messages of a workspace."""
    given, view = read(request, _RESOURCES), request.view
    workspace = int(given.values["workspace"])
    parts: Parts = given.values["export_request_parameters"]
    if any(_exports(view.store.record(gid), workspace) for gid in view.store.unfinished()):
        raise RequestError("Only one export of a workspace can be in progress at a time.", status=403)
    export = started(view, "export_request", workspace, "jsonl").gid
    state = {"export": export, "size": 0, "parts": parts, "after": None}
    return begin(request, "export_request", "resource_export", state, workspace, new_resource_export=export)


def _exports(row: Row | None, workspace: int) -> bool:
    return (
        row is not None
        and row.workspace == workspace
        and decode(row.document)["resource_subtype"] == export_request.name
    )
