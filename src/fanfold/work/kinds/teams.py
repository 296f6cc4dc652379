"""Teams: people of an organization who work together, and the projects that they share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work import filters, richtext
from fanfold.work.addresses import permalink
from fanfold.work.kinds.team_memberships import (
    ADMINS,
    EDIT,
    EVERYBODY,
    INVITE,
    REMOVE,
    SHOW,
    join_team,
    must_be_allowed,
)
from fanfold.work.people import is_organization
from fanfold.work.request import Request
from fanfold.work.routes import PAGING, crud, linked_page, under
from fanfold.work.schema import Kind, boolean, choice, computed, many, one, text

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.schema import Field


def _level(name: str, everybody: str = EVERYBODY) -> Field:
    return choice(name, everybody, ADMINS, default=everybody, nullable=False)


team = Kind(
    "team",
    fields=(
        text("name", nullable=False),
        text("description", opt_in=True, default="", nullable=False),
        text(
            "html_description",
            opt_in=True,
            nullable=False,
            compute=richtext.show("description", "html_description"),
        ),
        one("organization", "workspace"),
        computed("permalink_url", lambda sheet, gid, _: permalink(sheet.view, gid), of="text"),
        choice("visibility", "secret", "request_to_join", "public", default="request_to_join", nullable=False),
        _level(EDIT),
        _level(SHOW),
        _level(INVITE),
        _level("guest_invite_management_access_level"),
        _level("join_request_management_access_level"),
        _level(REMOVE),
        _level("team_content_management_access_level", "no_restriction"),
        boolean("endorsed"),
        many("custom_field_settings", "custom_field_setting", access="read"),
    ),
    workspace_from="organization",
)
crud(team, "create", "read", "update")
under(team, "workspace")
team.rule("create", "update")(richtext.twins("description", "html_description"))


@team.rule("create")
def belongs_to_whoever_makes_it(change: Change) -> None:
    """A new team is part of an organization, and whoever made it is its first admin."""
    if not change.after.get("name"):
        raise RequestError("name: Missing input")
    if not change.workspace:
        raise RequestError("organization: Missing input")
    if not is_organization(change.view, change.workspace):
        raise RequestError(f"organization: Not an organization: {change.workspace}")
    change.private = _is_secret(change)
    join_team(change.view, change.gid, change.workspace, change.view.user, admin=True)


@team.rule("update")
def is_changed_from_within(change: Change) -> None:
    """Members change their team, in some respects only the admins if the team wants it so."""
    if change.moved("organization"):
        raise RequestError("organization: Cannot write this property")
    changed = {name for name in change.given.values if change.moved(name)}
    if changed:
        must_be_allowed(change.view, change.gid, change.before, SHOW if "visibility" in changed else EDIT)
    change.private = _is_secret(change)


def _is_secret(change: Change) -> int:
    return int(change.after["visibility"] == "secret")


@team.verb(
    "GET",
    "/users/{user_gid}/teams",
    "getTeamsForUser",
    subject="user",
    query=(text("organization", required=True), *PAGING),
    answers="list",
    paged=True,
)
def list_of_user(request: Request) -> Answer:
    """List the teams of an organization that a user is in."""
    organization = request.require("organization", "workspace")
    return linked_page(request, request.row.gid, "<team.members", filters.inside(organization.gid))
