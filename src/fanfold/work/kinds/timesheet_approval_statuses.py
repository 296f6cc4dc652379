"""Timesheet approval statuses: whether what somebody entered in one week was handed in, and approved.

While it is, nothing is added to the week and nothing in it changes.
"""

from __future__ import annotations

from datetime import date as calendar_date
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.change import touching
from fanfold.work.people import must_be_admin, must_be_or_manage
from fanfold.work.references import in_one_workspace
from fanfold.work.request import brief
from fanfold.work.routes import PAGING, crud, workspace_page
from fanfold.work.schema import Kind, choice, date, datetime, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import day, read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.store import Where
    from fanfold.work.view import View

BY_USER = "user.time_tracking_entries"
"""Link field: the time that somebody entered, placed by the gids of the entries, which ascend."""

TIMESHEETS = "user.timesheet_approval_statuses"
"""Link field: somebody's timesheets."""

CLOSED = frozenset(("SUBMITTED", "APPROVED"))
"""In these states a week is not changed any more."""

_STATES = ("submitted", "draft", "approved", "rejected")
_MOVES = {
    "DRAFT": ("SUBMITTED",),
    "SUBMITTED": ("DRAFT", "APPROVED", "REJECTED"),
    "REJECTED": ("DRAFT", "SUBMITTED"),
    "APPROVED": ("DRAFT", "REJECTED"),
}
_DECISIONS = frozenset(("APPROVED", "REJECTED"))
_MOST = 100_000

timesheet_approval_status = Kind(
    "timesheet_approval_status",
    collection="timesheet_approval_statuses",
    compact=("created_at", "user", "workspace", "start_date", "end_date", "approval_status"),
    fields=(
        datetime("created_at", access="read"),
        one("user", "user", access="create", required=True, nullable=False),
        one("workspace", "workspace", access="create", required=True, nullable=False),
        date("start_date", access="create", required=True, nullable=False),
        date("end_date", access="create", required=True, nullable=False),
        text("approval_status", access="read", default="DRAFT", nullable=False),
    ),
)
crud(timesheet_approval_status, "create", "read")

_TAKES = (choice("approval_status", *_STATES, required=True, nullable=False), text("message"))

timesheet_approval_status.rule("create")(in_one_workspace)


@timesheet_approval_status.rule("create")
def is_one_week_of_ones_own(change: Change) -> None:
    """A timesheet is a whole week, of which there is one; it is begun by its user or an admin."""
    after, store, user = change.after, change.store, int(change.after["user"])
    must_be_or_manage(change.view, change.workspace, user, "begin a timesheet")
    first, last = (calendar_date.fromisoformat(after[name]) for name in ("start_date", "end_date"))
    if first.weekday() != 0:
        raise RequestError(f"start_date: Must be a Monday: {first}")
    if (last - first).days != 6:
        raise RequestError(f"end_date: Must be the Sunday after start_date: {last}")
    if timesheet_of(change.view, change.workspace, user, after["start_date"]):
        raise RequestError(f"start_date: There is a timesheet of this week already: {first}")
    store.link(user, TIMESHEETS, change.gid, change.gid)


def timesheet_of(view: View, workspace: int, user: int, on: str) -> str:
    """The state of somebody's timesheet of the week of a day; empty if there is none."""
    where = filters.every((filters.inside(workspace), filters.until("start_date", on), filters.since("end_date", on)))
    for held in view.store.page_linked(user, TIMESHEETS, None, 1, where):
        row = view.store.record(held.gid)
        if row is not None:
            return str(decode(row.document)["approval_status"])
    return ""


@timesheet_approval_status.verb(
    "PUT",
    "/timesheet_approval_statuses/{timesheet_approval_status_gid}",
    "updateTimesheetApprovalStatus",
    subject="timesheet_approval_status",
    takes=_TAKES,
)
def move(request: Request) -> Answer:
    """Hand a timesheet in, take it back, approve or reject it."""
    given = read(request, _TAKES).values
    change = touching(request.view, request.row)
    old, new = change.before["approval_status"], given["approval_status"].upper()
    if new not in _MOVES[old]:
        raise RequestError(f"approval_status: Cannot go from {old.lower()} to {new.lower()}")
    if new in _DECISIONS or old == "APPROVED":
        must_be_admin(request.view, change.workspace, "approve and reject timesheets")
    else:
        must_be_or_manage(request.view, change.workspace, int(change.before["user"]), "hand in a timesheet")
    change.after["approval_status"] = new
    if given.get("message") is not None:
        change.after["message"] = given["message"]
    change.write()
    _tell_entries(change)
    return request.reread(change.gid)


def _tell_entries(change: Change) -> None:
    """What was entered in the week is in the same state."""
    after, store = change.after, change.store
    for held in store.page_linked(int(after["user"]), BY_USER, None, _MOST, of_week(change.workspace, after)):
        row = store.record(held.gid)
        if row is not None:
            entry = touching(change.view, row)
            entry.after["approval_status"] = after["approval_status"]
            entry.keep()


def of_week(workspace: int, timesheet: dict[str, str]) -> Where:
    """The condition that an entry is of a timesheet's week."""
    days = filters.since("entered_on", timesheet["start_date"]), filters.until("entered_on", timesheet["end_date"])
    return filters.every((filters.inside(workspace), *days))


@timesheet_approval_status.verb(
    "GET",
    "/timesheet_approval_statuses",
    "getTimesheetApprovalStatuses",
    query=(
        one("workspace", "workspace", required=True),
        *(text("user"), date("from_date"), date("to_date"), text("approval_statuses")),
        *PAGING,
    ),
    answers="list",
    paged=True,
)
def list_timesheets(request: Request) -> Answer:
    """List the timesheets of a workspace, of one user, some weeks or some states."""
    workspace, user = request.require("workspace", "workspace"), request.named("user", "user")
    query = request.query
    conditions = [] if user is None else [filters.equals("user", str(user.gid))]
    if query.get("from_date"):
        conditions.append(filters.since("end_date", day("from_date", query["from_date"])))
    if query.get("to_date"):
        conditions.append(filters.until("start_date", day("to_date", query["to_date"])))
    if states := query.get("approval_statuses"):
        wanted = [state.strip().lower() for state in states.split(",")]
        if not set(wanted) <= set(_STATES):
            raise RequestError(f"approval_statuses: Must be some of {', '.join(_STATES)}, not: {brief(states)}")
        conditions.append(filters.among("approval_status", [state.upper() for state in wanted]))
    return workspace_page(request, workspace.gid, filters.every(conditions))
