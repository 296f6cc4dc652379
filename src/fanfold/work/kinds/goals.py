"""Goals: what a workspace or team wants to reach, measured by a number and supported by other goals and by work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work import filters, richtext
from fanfold.work.change import creation, deletion
from fanfold.work.custom_display import settings_link
from fanfold.work.custom_values import custom_fields_of, custom_values_fit
from fanfold.work.kinds.current_status import STATUSES, current_status_update
from fanfold.work.kinds.goal_metrics import METRIC, VALUE, metric_field, set_current_value, set_metric
from fanfold.work.kinds.goal_support import SUPPORT, supports_no_longer
from fanfold.work.kinds.likes import is_liked, like_fields
from fanfold.work.kinds.members import named
from fanfold.work.membership import LEVELS, disband, join, leave, members_link
from fanfold.work.people import is_organization
from fanfold.work.references import in_one_workspace
from fanfold.work.request import Request
from fanfold.work.routes import PAGING, crud, list_linked, page_of_all, update, workspace_page
from fanfold.work.schema import Kind, boolean, choice, date, many, one, text
from fanfold.work.stories import STORIES
from fanfold.work.view import gid_of

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.store import Where

LIKES = "goal.likes"
"""Link field: who likes a goal; the note is the like's own gid."""

SETTINGS = settings_link("goal")

MEMBERS = members_link("goal")
"""Link field: the users who are members of a goal, who are those that follow it."""

goal = Kind(
    "goal",
    compact=("name", "owner"),
    fields=(
        text("name", default="", nullable=False),
        text("html_notes", nullable=False, compute=richtext.show()),
        text("notes", default="", nullable=False),
        date("due_on"),
        date("start_on"),
        boolean("is_workspace_level", default=None, omitted=True),
        *(field for field in like_fields(LIKES) if field.name in ("liked", "likes", "num_likes")),
        one("team", "team", omitted=True),
        one("workspace", "workspace", nullable=False),
        many("followers", "user", link=MEMBERS, access="create"),
        one("time_period", "time_period"),
        metric_field(),
        one("owner", "user"),
        current_status_update(access="read"),
        choice("status", "green", "yellow", "red", "missed", "achieved", "partial", "dropped"),
        choice("privacy_setting", "public_to_workspace", "members_only", access="read", default="public_to_workspace"),
        choice("default_access_level", *LEVELS["goal"], access="read", default="editor"),
        custom_fields_of("goal"),
        many("custom_field_settings", "custom_field_setting", link=SETTINGS, access="read"),
    ),
)
crud(goal, "read", "delete")

_BASE = tuple(f for f in goal.fields.values() if f.access == "write" and f.name not in ("status", "custom_fields"))
_NEW = (*_BASE, goal.fields["followers"])


@goal.verb("POST", "/goals", "createGoal", takes=_NEW, status=201)
def create(request: Request) -> Answer:
    """Create a goal."""
    change = creation(request.about({f.name: request.data[f.name] for f in _NEW if f.name in request.data}), goal)
    change.write()
    return request.reread(change.gid, status=201)


goal.route(
    "PUT",
    "/goals/{goal_gid}",
    "updateGoal",
    update,
    subject="goal",
    takes=(*_BASE, goal.fields["status"], goal.fields["custom_fields"]),
    summary="Update a goal",
)
goal.route(
    "GET",
    "/goals/{goal_gid}/parentGoals",
    "getParentGoalsForGoal",
    list_linked(f"<{SUPPORT}"),
    subject="goal",
    answers="list",
    summary="List the goals that a goal supports",
)
for _path, _operation, _takes, _handler in (
    ("setMetric", "createGoalMetric", METRIC, set_metric),
    ("setMetricCurrentValue", "updateGoalMetric", VALUE, set_current_value),
):
    goal.verb("POST", f"/goals/{{goal_gid}}/{_path}", _operation, subject="goal", takes=_takes)(_handler)


def add_followers(request: Request) -> Answer:
    """Add followers to a goal, who become its members."""
    change, users = named(request, "followers")
    for user in users:
        join(change, user)
    change.write()
    return request.reread(change.gid)


def remove_followers(request: Request) -> Answer:
    """Remove followers from a goal, who are members no longer."""
    change, users = named(request, "followers", joining=False)
    for user in users:
        leave(change, user)
    change.write()
    return request.reread(change.gid)


for _handler, _operation in ((add_followers, "addFollowers"), (remove_followers, "removeFollowers")):
    goal.verb(
        "POST",
        f"/goals/{{goal_gid}}/{_operation}",
        _operation,
        subject="goal",
        takes=(many("followers", "user", required=True),),
    )(_handler)

# -- lists -----------------------------------------------------------------------------------------------------------

_SUPPORTING = ("portfolio", "project", "task")
_FILTERS = (
    *(one(name, name) for name in (*_SUPPORTING, "team", "workspace")),
    boolean("is_workspace_level", default=None),
    many("time_periods", "time_period"),
)


@goal.verb("GET", "/goals", "getGoals", query=(*_FILTERS, *PAGING), answers="list", paged=True)
def list_goals(request: Request) -> Answer:
    """List the goals of a workspace or team, those that something supports, those for some time, or all there are."""
    rows = [request.named(name, name) for name in _SUPPORTING]
    where = [filters.linked(SUPPORT, (row.gid,)) for row in rows if row is not None]
    team, workspace = request.named("team", "team"), request.named("workspace", "workspace")
    if team is not None:
        where.append(filters.equals("team", str(team.gid)))
    level = request.flag("is_workspace_level")
    if level is not None:
        if workspace is None:
            raise RequestError("is_workspace_level: Must be used with workspace")
        where.append(filters.equals("is_workspace_level", level))
    where += _in_periods(request)
    if workspace is None:
        return page_of_all(request, filters.every(where))
    return workspace_page(request, workspace.gid, filters.every(where))


def _in_periods(request: Request) -> list[Where]:
    named = request.words("time_periods")
    rows = request.view.rows({gid for text in named if (gid := gid_of(text)) is not None})
    for name in named:
        if rows.get(gid_of(name) or 0) is None or rows[int(name)].kind != "time_period":
            request.view.find("time_periods", name, "time_period", status=400)
    return [filters.among("time_period", [str(gid) for gid in rows])] if named else []


# -- rules -----------------------------------------------------------------------------------------------------------


@goal.rule("create")
def is_in_a_workspace(change: Change) -> None:
    """The workspace is given or the team's."""
    team = change.given.row("team")
    change.workspace = change.workspace or (0 if team is None else team.workspace)
    if not change.workspace:
        raise RequestError("workspace: Missing input")
    change.after["workspace"] = str(change.workspace)


@goal.rule("update")
def stays_in_its_workspace(change: Change) -> None:
    """Clients that send the workspace back as they read it are not refused."""
    if change.moved("workspace"):
        raise RequestError("workspace: Cannot write this property")
    if change.moved("status") and "status" in change.given and change.after.get("metric") is None:
        raise RequestError("status: Can only be set on a goal with a metric")


goal.rule("create", "update")(in_one_workspace)


@goal.rule("create", "update")
def is_the_workspaces_or_a_teams(change: Change) -> None:
    """Only organizations tell the two apart; there, a goal without a team is the workspace's."""
    after = change.after
    if not is_organization(change.view, change.workspace):
        after["is_workspace_level"] = None
        return
    if after.get("is_workspace_level") is None:
        after["is_workspace_level"] = after.get("team") is None
    if not after["is_workspace_level"] and after.get("team") is None:
        raise RequestError("team: A goal that is not the workspace's needs a team")


@goal.rule("create", "update")
def starts_before_it_is_due(change: Change) -> None:
    """A goal with a start has an end, and that is later."""
    start, due = change.after.get("start_on"), change.after.get("due_on")
    if start is not None and (due is None or due <= start):
        raise RequestError("start_on: A start date needs a due date that is later")


@goal.rule("create", "update")
def has_an_owner_who_belongs(change: Change) -> None:
    """Whoever makes a goal owns it unless told; they, its owner and those named follow it."""
    user, made = change.view.user, change.moment == "create"
    if made and "owner" not in change.given and user:
        change.after["owner"] = str(user)
    owner = int(change.after.get("owner") or 0)
    for member in dict.fromkeys((user if made else 0, owner if change.moved("owner") else 0)):
        if member:
            join(change, member, level="admin")
    for follower in change.given.lists.get("followers", ()) if made else ():
        join(change, follower)


goal.rule("create", "update")(richtext.twins())
goal.rule("create", "update")(is_liked(LIKES))
goal.rule("create", "update")(custom_values_fit)
goal.rule("delete")(supports_no_longer)


@goal.rule("delete")
def takes_its_parts_along(change: Change) -> None:
    """What was said of a goal, and that anything supports it, goes with it; what supports it stays."""
    disband(change)
    store = change.store
    support = store.links((change.gid,), (SUPPORT,), ()).get((change.gid, SUPPORT), ())
    owned = [*(link.note for link in support if link.note is not None), *store.targets(change.gid, STORIES)]
    for row in store.records(owned).values() if owned else ():
        deletion(change.view, row).write()
    for link in (SETTINGS, STATUSES):
        for gid in store.targets(change.gid, link):
            store.delete(gid)
