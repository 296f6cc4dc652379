"""Team memberships: that a user belongs to a team, as one of its admins or not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.membership import chosen, dismiss, enlist, membership, memberships_of, roll
from fanfold.work.people import is_guest, must_belong
from fanfold.work.request import EMPTY
from fanfold.work.routes import PAGING, crud
from fanfold.work.schema import Kind, boolean, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.schema import Document
    from fanfold.work.view import View

EVERYBODY, ADMINS = "all_team_members", "only_team_admins"

EDIT = "edit_team_name_or_description_access_level"
SHOW = "edit_team_visibility_or_trash_team_access_level"
INVITE = "member_invite_management_access_level"
REMOVE = "team_member_removal_access_level"
"""Fields of a team that say which of its members may do what."""

team_membership = Kind(
    "team_membership",
    compact=("user", "team", "is_guest", "is_limited_access", "is_admin"),
    fields=(
        one("user", "user", access="read"),
        one("team", "team", access="read"),
        boolean("is_guest", access="read"),
        boolean("is_limited_access", access="read"),
        boolean("is_admin", access="read"),
    ),
    within="team",
)
crud(team_membership, "read")


@team_membership.verb(
    "GET",
    "/team_memberships",
    "getTeamMemberships",
    query=(text("team"), text("user"), text("workspace"), *PAGING),
    answers="list",
    paged=True,
)
def list_all(request: Request) -> Answer:
    """List the memberships of a team, or of a user within a workspace."""
    team, user = request.named("team", "team"), request.named("user", "user")
    if team is not None:
        return roll(request, "team", team.gid, None if user is None else user.gid)
    if user is None and "workspace" not in request.query:
        raise RequestError("You should specify one of team, user + workspace")
    if user is None:
        raise RequestError("user: Missing input")
    return _of_user(request, user.gid, request.require("workspace", "workspace").gid)


@team_membership.verb(
    "GET",
    "/teams/{team_gid}/team_memberships",
    "getTeamMembershipsForTeam",
    subject="team",
    query=PAGING,
    answers="list",
    paged=True,
)
def list_of_team(request: Request) -> Answer:
    """List the memberships of a team."""
    return roll(request, "team", request.row.gid)


@team_membership.verb(
    "GET",
    "/users/{user_gid}/team_memberships",
    "getTeamMembershipsForUser",
    subject="user",
    query=(text("workspace", required=True), *PAGING),
    answers="list",
    paged=True,
)
def list_of_user(request: Request) -> Answer:
    """List a user's team memberships in a workspace."""
    return _of_user(request, request.row.gid, request.require("workspace", "workspace").gid)


def _of_user(request: Request, user: int, workspace: int) -> Answer:
    memberships = memberships_of(request.view, "team", user)
    visible = request.view.rows(memberships)
    return chosen(request, (memberships[gid] for gid, team in visible.items() if team.workspace == workspace))


def join_team(view: View, team: int, workspace: int, user: int, *, admin: bool = False) -> bool:
    """Make a user a member of a team; False if they were one already. Guests of the organization are guests here."""
    guest = is_guest(view, workspace, user)
    values = {"user": str(user), "team": str(team), "is_admin": admin, "is_guest": guest}
    return enlist(view, "team", team, workspace, user, values)


def leave_team(view: View, team: int, user: int) -> bool:
    """End a user's membership of a team; False if there was none."""
    return dismiss(view, "team", team, user)


# -- coming and going ------------------------------------------------------------------------------------------------

_USER = one("user", "user", required=True, nullable=False)


def must_be_allowed(view: View, team: int, document: Document, level: str = "") -> None:
    """Refuse a caller who is not in the team, or not one of its admins where the team's ``level`` asks for one."""
    if view.service:
        return
    gid = membership(view, "team", team, view.user)
    row = None if gid is None else view.store.record(gid)
    if row is None or (level and document[level] == ADMINS and not decode(row.document)["is_admin"]):
        raise RequestError("You do not have access to this team.", status=403)


@team_membership.verb("POST", "/teams/{team_gid}/addUser", "addUserForTeam", subject="team", takes=(_USER,))
def add_user(request: Request) -> Answer:
    """Add a user to a team.

    Its members do that; everybody in the organization may join a public team.
    """
    view, team = request.view, request.row
    user = int(read(request, (_USER,)).values["user"])
    document = decode(team.document)
    if user != view.user or document["visibility"] != "public":
        must_be_allowed(view, team.gid, document, INVITE)
    must_belong(view, team.workspace, (user,), "user")
    join_team(view, team.gid, team.workspace, user)
    return request.reread(memberships_of(view, "team", user)[team.gid])


@team_membership.verb(
    "POST",
    "/teams/{team_gid}/removeUser",
    "removeUserForTeam",
    subject="team",
    takes=(_USER,),
    answers="empty",
)
def remove_user(request: Request) -> Answer:
    """Remove a user from a team.

    Its members do that, themselves included.
    """
    view, team = request.view, request.row
    user = int(read(request, (_USER,)).values["user"])
    must_be_allowed(view, team.gid, decode(team.document), "" if user == view.user else REMOVE)
    leave_team(view, team.gid, user)
    return EMPTY
