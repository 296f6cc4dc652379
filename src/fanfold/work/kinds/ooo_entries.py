"""Out-of-office entries: the days on which somebody is away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work import filters
from fanfold.work.hanging import ends_after_it_starts, is_signed
from fanfold.work.people import must_be_or_manage
from fanfold.work.references import in_one_workspace
from fanfold.work.routes import PAGING, crud, workspace_page
from fanfold.work.schema import Kind, date, one
from fanfold.work.validate import day

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request

ooo_entry = Kind(
    "ooo_entry",
    collection="ooo_entries",
    compact=("user", "start_date", "end_date", "created_by"),
    fields=(
        one("user", "user", access="create", required=True, nullable=False),
        one("workspace", "workspace", access="create", required=True, nullable=False, opt_in=True),
        date("start_date", required=True, nullable=False),
        date("end_date", required=True, nullable=False),
        one("created_by", "user", access="read"),
    ),
)
crud(ooo_entry, "create", "read", "update", "delete")


@ooo_entry.rule("create", "update", "delete")
def is_ones_own(change: Change) -> None:
    """Whoever is away says so, or an admin does."""
    must_be_or_manage(change.view, change.workspace, int(change.after["user"]), "change out-of-office entries")


ooo_entry.rule("create")(is_signed)
ooo_entry.rule("create")(in_one_workspace)
ooo_entry.rule("create", "update")(ends_after_it_starts)


@ooo_entry.verb(
    "GET",
    "/ooo_entries",
    "getOooEntries",
    query=(
        one("user", "user", required=True),
        one("workspace", "workspace", required=True),
        *(date("start_date"), date("end_date")),
        *PAGING,
    ),
    answers="list",
    paged=True,
)
def list_entries(request: Request) -> Answer:
    """List when a user is away, of all times or of some days."""
    user, workspace = request.require("user", "user"), request.require("workspace", "workspace")
    conditions = [filters.equals("user", str(user.gid))]
    if start := request.query.get("start_date"):
        conditions.append(filters.since("end_date", day("start_date", start)))
    if end := request.query.get("end_date"):
        conditions.append(filters.until("start_date", day("end_date", end)))
    return workspace_page(request, workspace.gid, filters.every(conditions))
