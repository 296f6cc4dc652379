"""Time tracking entries: how long somebody worked on a task on some day. A task shows the sum of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.change import touching
from fanfold.work.hanging import hangs_on, is_signed
from fanfold.work.kinds.sections import TASKS
from fanfold.work.kinds.timesheet_approval_statuses import BY_USER, CLOSED, of_week, timesheet_of
from fanfold.work.people import must_be_or_manage
from fanfold.work.references import in_one_workspace
from fanfold.work.routes import PAGING, create_under, crud, linked_page, under, workspace_page
from fanfold.work.schema import Kind, choice, date, datetime, integer, many, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import day

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.store import Where
    from fanfold.work.view import View

ENTRIES = "task.time_tracking_entries"
"""Link field: the entries on a task, placed by their gids, which ascend."""

SPENT = "project.time_tracking_entries"
"""Link field: the entries that are attributable to a project."""

MAX_MINUTES = 525_600
"""Longest time that one entry may say, in minutes: a year."""

time_tracking_entry = Kind(
    "time_tracking_entry",
    collection="time_tracking_entries",
    compact=("duration_minutes", "entered_on", "attributable_to", "created_by", "categories"),
    fields=(
        integer("duration_minutes", required=True, nullable=False, low=1, high=MAX_MINUTES),
        date("entered_on", nullable=False),
        one("attributable_to", "project"),
        one("created_by", "user", access="read"),
        many("categories", "time_tracking_category"),
        one("task", "task", access="read"),
        datetime("created_at", access="read"),
        text("approval_status", access="read", default="DRAFT", nullable=False),
        choice("billable_status", "billable", "nonBillable", "notApplicable", default="notApplicable", nullable=False),
        text("description", default="", nullable=False),
    ),
    within="task",
)
crud(time_tracking_entry, "read", "update", "delete")
under(time_tracking_entry, "task", ENTRIES, operation="getTimeTrackingEntriesForTask")
time_tracking_entry.route(
    "POST",
    "/tasks/{task_gid}/time_tracking_entries",
    "createTimeTrackingEntry",
    create_under("task"),
    subject="task",
    takes=tuple(field for field in time_tracking_entry.fields.values() if field.access == "write"),
    status=201,
    summary="Create a time tracking entry on a task",
)

time_tracking_entry.rule("create")(is_signed)
time_tracking_entry.rule("create", "update")(hangs_on("task", ENTRIES))
time_tracking_entry.rule("create", "update")(in_one_workspace)


@time_tracking_entry.rule("create")
def is_on_somebodys_timesheet(change: Change) -> None:
    """An entry is of today unless it says otherwise, and listed with all of whoever made it."""
    if change.after.get("entered_on") is None:
        change.after["entered_on"] = change.view.now[:10]
    if change.view.user:
        change.store.link(change.view.user, BY_USER, change.gid, change.gid)


@time_tracking_entry.rule("update", "delete")
def is_ones_own(change: Change) -> None:
    """Whoever entered time changes it, or an admin does."""
    user = int(change.before.get("created_by") or 0)
    must_be_or_manage(change.view, change.workspace, user, "change this time tracking entry")


@time_tracking_entry.rule("create", "update", "delete")
def is_in_an_open_week(change: Change) -> None:
    """A week that was handed in stays as it is."""
    after, user = change.after, int(change.after.get("created_by") or 0)
    if change.moment == "create" or change.moved("entered_on"):
        state = timesheet_of(change.view, change.workspace, user, after["entered_on"])
    else:
        state = change.before["approval_status"]
    if CLOSED & {state, change.before.get("approval_status")}:
        raise RequestError("entered_on: The timesheet of this week was submitted or approved")
    after["approval_status"] = state or "DRAFT"


@time_tracking_entry.rule("create", "update")
def is_attributed(change: Change) -> None:
    """Time counts for a project that the task is in: for the only one, unless another was named."""
    store, given = change.store, change.given.values
    if change.moment == "create" or given.get("attributable_to") is not None:
        projects = _projects(change.view, int(change.after["task"]))
        if given.get("attributable_to") is None:
            change.after["attributable_to"] = str(projects[0]) if len(projects) == 1 else None
        elif int(given["attributable_to"]) not in projects:
            raise RequestError(f"attributable_to: Not a project of the task: {given['attributable_to']}")
    if change.moved("attributable_to"):
        old, new = change.before.get("attributable_to"), change.after["attributable_to"]
        if old is not None:
            store.unlink(int(old), SPENT, change.gid)
        if new is not None:
            store.link(int(new), SPENT, change.gid, change.gid)


def _projects(view: View, task: int) -> list[int]:
    """The projects of a task, or those of the nearest above it that is in one."""
    projects = [note for _, note in view.store.owners(task, TASKS) if note is not None]
    row = None if projects else view.store.record(task)
    parent = None if row is None else decode(row.document).get("parent")
    return projects if parent is None else _projects(view, int(parent))


@time_tracking_entry.rule("create", "update")
def has_one_category(change: Change) -> None:
    """An entry has one category at most; an archived one is not given any more."""
    wanted = change.given.lists.get("categories")
    if wanted is None:
        return
    if len(wanted) > 1:
        raise RequestError("categories: Must have at most 1 member")
    held = change.store.targets(change.gid, "time_tracking_entry.categories")
    for gid in wanted:
        if gid not in held and decode(change.given.rows[gid].document)["is_archived"]:
            raise RequestError(f"categories: [0]: Is archived: {gid}")
    for gid in held:
        if gid not in wanted:
            change.remove("categories", gid)
    for gid in wanted:
        change.add("categories", gid)


@time_tracking_entry.rule("create", "update", "delete")
def adds_to_its_task(change: Change) -> None:
    """The task's actual time is the sum of its entries."""
    row = change.store.record(int(change.after["task"]))
    if row is None:
        return
    old = change.before.get("duration_minutes") or 0
    new = 0 if change.moment == "delete" else change.after["duration_minutes"]
    if old != new:
        task = touching(change.view, row)
        task.after["actual_time_minutes"] = ((task.before.get("actual_time_minutes") or 0) - old + new) or None
        task.write()


# -- lists -----------------------------------------------------------------------------------------------------------

_NAMED = ("task", "attributable_to", "portfolio", "user", "workspace")
_DAYS = (date("entered_on_start_date"), date("entered_on_end_date"))


def _entered(request: Request, start: str, end: str) -> list[Where]:
    """The conditions of two query parameters that are days."""
    query, conditions = request.query, []
    if query.get(start):
        conditions.append(filters.since("entered_on", day(start, query[start])))
    if query.get(end):
        conditions.append(filters.until("entered_on", day(end, query[end])))
    return conditions


@time_tracking_entry.verb(
    "GET",
    "/time_tracking_categories/{time_tracking_category_gid}/time_tracking_entries",
    "getTimeTrackingEntriesForTimeTrackingCategory",
    subject="time_tracking_category",
    query=(date("start_date"), date("end_date"), *PAGING),
    answers="list",
    paged=True,
)
def list_of_category(request: Request) -> Answer:
    """List the time that was entered under a category."""
    where = filters.every(_entered(request, "start_date", "end_date"))
    return linked_page(request, request.row.gid, "<time_tracking_entry.categories", where)


@time_tracking_entry.verb(
    "GET",
    "/time_tracking_entries",
    "getTimeTrackingEntries",
    query=(*(text(name) for name in _NAMED), *_DAYS, text("timesheet_approval_status"), *PAGING),
    answers="list",
    paged=True,
)
def list_entries(request: Request) -> Answer:
    """List the time that was entered on a task, for a project or portfolio, by a user or in a workspace."""
    days = _entered(request, "entered_on_start_date", "entered_on_end_date")
    task, project = request.named("task", "task"), request.named("attributable_to", "project")
    user, workspace = request.named("user", "user"), request.named("workspace", "workspace")
    portfolio = request.named("portfolio", "portfolio")
    timesheet = request.named("timesheet_approval_status", "timesheet_approval_status")
    conditions = list(days)
    if workspace is not None:
        if not days:
            raise RequestError("You should specify entered_on_start_date or entered_on_end_date with workspace")
        conditions.append(filters.inside(workspace.gid))
    if timesheet is not None:
        week = decode(timesheet.document)
        conditions += [of_week(timesheet.workspace, week), filters.equals("created_by", week["user"])]
    for name, row in (("task", task), ("attributable_to", project), ("created_by", user)):
        if row is not None:
            conditions.append(filters.equals(name, str(row.gid)))
    if portfolio is not None:
        projects = request.view.store.targets(portfolio.gid, "portfolio.items")
        conditions.append(filters.among("attributable_to", [str(gid) for gid in projects]))
    where = filters.every(conditions)
    for row, link in ((task, ENTRIES), (project, SPENT), (user, BY_USER)):
        if row is not None:
            return linked_page(request, row.gid, link, where)
    within = [row.workspace for row in (portfolio, timesheet) if row is not None]
    within += [] if workspace is None else [workspace.gid]
    if within:
        return workspace_page(request, within[0], where)
    raise RequestError(f"You should specify one of {', '.join((*_NAMED, 'timesheet_approval_status'))}")
