"""Allocations: how much of somebody's time a project is to have, from one day to another."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.hanging import ends_after_it_starts, hangs_on, is_signed
from fanfold.work.kinds.placeholders import named_worker, worker, works_there
from fanfold.work.references import in_one_workspace
from fanfold.work.request import brief
from fanfold.work.routes import PAGING, crud, linked_page, page_of_all, workspace_page
from fanfold.work.schema import Document, Kind, choice, date, number, obj, one, text
from fanfold.work.validate import value_of

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request

ALLOCATIONS = "project.allocations"
"""Link field: the allocations on a project, placed by their gids, which ascend."""

MAX_EFFORT = 100_000
"""Most hours, or percent, that one allocation may take."""

_PARTS = (choice("type", "hours", "percent"), number("value"))


def _effort(_: Request, value: Any) -> Document:
    if not isinstance(value, dict):
        raise RequestError(f"effort: Value is not a JSON object: {brief(value)}")
    effort: Document = {}
    for part in _PARTS:
        if value.get(part.name) is None:
            raise RequestError(f"effort: {part.name}: Missing input")
        try:
            effort[part.name] = value_of(part, value[part.name])
        except RequestError as error:
            raise RequestError(f"effort: {error.message}") from None
    if not (isfinite(effort["value"]) and 0 <= effort["value"] <= MAX_EFFORT):
        raise RequestError(f"effort: value: Must be a number between 0 and {MAX_EFFORT}")
    return effort


allocation = Kind(
    "allocation",
    compact=("assignee", "parent", "start_date", "end_date", "effort", "created_by", "resource_subtype"),
    fields=(
        date("start_date", required=True, nullable=False),
        date("end_date", required=True, nullable=False),
        obj("effort", parse=_effort),
        worker("assignee", required=True, nullable=False),
        one("created_by", "user", access="read"),
        one("parent", "project", required=True, nullable=False),
        text("resource_subtype", access="read", default="project_allocation", nullable=False),
    ),
    within="parent",
)
crud(allocation, "create", "read", "update", "delete")
allocation.rule("create")(is_signed)
for _rule in (hangs_on("parent", ALLOCATIONS), in_one_workspace, works_there("assignee"), ends_after_it_starts):
    allocation.rule("create", "update")(_rule)


@allocation.verb(
    "GET",
    "/allocations",
    "getAllocations",
    query=(*(text(name) for name in ("parent", "assignee", "workspace")), *PAGING),
    answers="list",
    paged=True,
)
def list_allocations(request: Request) -> Answer:
    """List the allocations on a project, of a user or placeholder, or of a workspace."""
    parent, workspace = request.named("parent", "project"), request.named("workspace", "workspace")
    assignee = named_worker(request, "assignee")
    if parent is None and workspace is None and assignee is None:
        raise RequestError("You should specify one of parent, assignee, workspace")
    conditions = [] if assignee is None else [filters.equals("assignee", str(assignee.gid))]
    if parent is not None:
        if workspace is not None:
            conditions.append(filters.inside(workspace.gid))
        return linked_page(request, parent.gid, ALLOCATIONS, filters.every(conditions))
    where = filters.every(conditions)
    return page_of_all(request, where) if workspace is None else workspace_page(request, workspace.gid, where)
