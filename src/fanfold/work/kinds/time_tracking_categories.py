"""Time tracking categories: words of a workspace that say what time was spent on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work import filters
from fanfold.work.routes import PAGING, create, crud, workspace_page
from fanfold.work.schema import Kind, boolean, choice, one, text

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request

COLORS = (
    *("none", "red", "orange", "yellow-orange", "yellow", "yellow-green", "green", "blue-green", "aqua", "blue"),
    *("indigo", "purple", "magenta", "hot-pink", "pink", "cool-gray"),
)

time_tracking_category = Kind(
    "time_tracking_category",
    collection="time_tracking_categories",
    compact=("name", "color"),
    fields=(
        text("name", required=True, nullable=False, max_length=1024),
        choice("color", *COLORS, default="none", nullable=False),
        boolean("is_archived"),
        one("workspace", "workspace", access="create", required=True, nullable=False, opt_in=True),
    ),
)
crud(time_tracking_category, "read", "update", "delete")
time_tracking_category.route(
    "POST",
    "/time_tracking_categories",
    "createTimeTrackingCategory",
    create,
    takes=tuple(field for name, field in time_tracking_category.fields.items() if name != "is_archived"),
    status=201,
    summary="Create a time tracking category",
)


@time_tracking_category.verb(
    "GET",
    "/time_tracking_categories",
    "getTimeTrackingCategories",
    query=(one("workspace", "workspace", required=True), boolean("is_archived", default=None), *PAGING),
    answers="list",
    paged=True,
)
def list_categories(request: Request) -> Answer:
    """List the time tracking categories of a workspace: those in use, or those archived."""
    archived = bool(request.flag("is_archived"))
    return workspace_page(
        request, request.require("workspace", "workspace").gid, filters.equals("is_archived", archived)
    )
