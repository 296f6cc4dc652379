"""Project statuses: the status updates of projects in their former form, which has colors for types.

Nothing is stored under this name: whatever is posted, listed or deleted here is a status update.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from fanfold.errors import RequestError
from fanfold.work.change import creation, deletion
from fanfold.work.kinds.current_status import COLORS, STATUSES, color_of
from fanfold.work.kinds.status_updates import status_update
from fanfold.work.request import EMPTY
from fanfold.work.richtext import show
from fanfold.work.routes import PAGING, linked_page
from fanfold.work.schema import Kind, Ref, choice, computed, datetime, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import read as read_given

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.store import Row

_COLOR = choice("color", *dict.fromkeys(COLORS.values()), default="green", nullable=False)
_TYPES = {color: status for status, color in reversed(COLORS.items())}
"""From a color to the first type that it stands for."""

project_status = Kind(
    "project_status",
    collection="project_statuses",
    compact=("title",),
    fields=(
        computed("title", lambda _, __, document: document["title"], of="text"),
        text("text", access="read"),
        text("html_text", nullable=False, opt_in=True, access="read", compute=show("text", "html_text")),
        structs.replace(_COLOR, access="read", compute=lambda _, __, document: color_of(document)),
        computed("author", lambda _, __, document: Ref(int(document["created_by"])), kind="user"),
        one("created_by", "user", access="read"),
        datetime("created_at", access="read"),
        datetime("modified_at", access="read"),
    ),
)


@project_status.verb(
    "POST",
    "/projects/{project_gid}/project_statuses",
    "createProjectStatusForProject",
    subject="project",
    takes=(*(status_update.fields[name] for name in ("title", "text", "html_text")), _COLOR),
    status=201,
)
def create(request: Request) -> Answer:
    """Post a status update on a project."""
    color = read_given(request, (_COLOR,)).values.get("color", _COLOR.default)
    words = {name: value for name, value in request.data.items() if name in ("title", "text", "html_text")}
    posted = {**words, "status_type": _TYPES[color], "parent": str(request.row.gid)}
    change = creation(request.about(posted), status_update)
    change.write()
    row = request.view.store.record(change.gid)
    if row is None:
        raise LookupError(change.gid)
    location = (("location", f"/api/1.0/{project_status.collection}/{row.gid}"),)
    return request.record(row.gid, row.document, status=201, headers=location)


@project_status.verb(
    "GET",
    "/projects/{project_gid}/project_statuses",
    "getProjectStatusesForProject",
    subject="project",
    query=PAGING,
    answers="list",
    paged=True,
)
def list_of_project(request: Request) -> Answer:
    """List the status updates of a project, newest first."""
    return linked_page(request, request.row.gid, STATUSES)


_ONE = "/project_statuses/{project_status_gid}"


def _find(request: Request) -> Row:
    """The status update that the path names, if it is one of a project."""
    view, label, gid = request.view, request.route.label, request.params[0]
    row = view.find(label, gid, "status_update")
    if decode(row.document)["resource_subtype"] != "project_status_update":
        raise RequestError(f"{label}: Unknown object: {gid}", status=404)
    return row


@project_status.verb("GET", _ONE, "getProjectStatus")
def read(request: Request) -> Answer:
    """Get a status update of a project."""
    row = _find(request)
    return request.record(row.gid, row.document)


@project_status.verb("DELETE", _ONE, "deleteProjectStatus", answers="empty")
def delete(request: Request) -> Answer:
    """Delete a status update of a project."""
    deletion(request.view, _find(request)).write()
    return EMPTY
