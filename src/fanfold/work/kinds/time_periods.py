"""Time periods: the years, halves and quarters that goals are made for. Every workspace has them, and none is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.membership import chosen
from fanfold.work.routes import PAGING, crud
from fanfold.work.schema import Kind, choice, date, one, text
from fanfold.work.shape import decode
from fanfold.work.store.periods import FIRST_YEAR, LAST_YEAR, periods_of
from fanfold.work.validate import day

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request

time_period = Kind(
    "time_period",
    compact=("start_on", "end_on", "period", "display_name"),
    fields=(
        date("start_on", access="read"),
        date("end_on", access="read"),
        choice("period", "FY", "H1", "H2", "Q1", "Q2", "Q3", "Q4", access="read"),
        text("display_name", access="read"),
        one("parent", "time_period", access="read"),
    ),
)
crud(time_period, "read")


@time_period.verb(
    "GET",
    "/time_periods",
    "getTimePeriods",
    query=(date("start_on"), date("end_on"), one("workspace", "workspace", required=True), *PAGING),
    answers="list",
    paged=True,
)
def list_of_workspace(request: Request) -> Answer:
    """List the time periods of a workspace: from last year to two years ahead, or those between two days."""
    workspace = request.require("workspace", "workspace").gid
    start, end = (day(name, request.query[name]) if request.query.get(name) else "" for name in ("start_on", "end_on"))
    this = int(request.view.now[:4])
    first = max(FIRST_YEAR, min(this - 1, int(start[:4] or this)))
    last = min(LAST_YEAR, max(this + 2, int(end[:4] or this)))
    gids = [gid for year in range(first, last + 1) for gid in periods_of(workspace, year)]
    if start or end:
        documents = {gid: decode(row.document) for gid, row in request.view.store.records(gids).items()}
        gids = [gid for gid, d in documents.items() if d["start_on"] >= start and d["end_on"] <= (end or "9")]
    return chosen(request, gids)
