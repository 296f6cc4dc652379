"""Users: the people who act. A user is seen by those who share a workspace with them, and changed by nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.kinds.favorites import FAVORITES, list_favorites
from fanfold.work.pages import listing, page
from fanfold.work.request import Request, brief
from fanfold.work.routes import PAGING, read, update
from fanfold.work.schema import Document, Kind, Ref, Route, choice, computed, obj, text
from fanfold.work.view import MEMBERS

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.shape import Sheet

MAX_ALPHABETICAL = 2000
"""Most users that the lists in alphabetical order hold; ``GET /users`` has no such end."""


def _workspaces(sheet: Sheet, gid: int, _: Document) -> list[Ref]:
    if sheet.view.service and gid == sheet.view.user:
        return [Ref(sheet.view.service)]
    links = sheet.links(gid, "<workspace.members")
    return [Ref(link.gid) for link in links if link.gid in sheet.view.workspaces]


def _no_custom_fields(_: Request, value: Any) -> None:
    """No custom field can be put on users here, so that no value fits."""
    if not isinstance(value, dict):
        raise RequestError(f"custom_fields: Value is not a JSON object: {brief(value)}")
    for gid in value:
        raise RequestError(f"Custom field with ID {brief(gid)} is not on given object")


user = Kind(
    "user",
    fields=(
        text("name", nullable=False),
        text("email", access="read"),
        obj("photo", access="read"),
        computed("workspaces", _workspaces, needs=("<workspace.members",), of="list"),
        obj("custom_fields", parse=_no_custom_fields, compute=lambda _, __, ___: [], kind="custom_field", of="list"),
    ),
)
_WRITABLE = (user.fields["name"], user.fields["custom_fields"])
_WORKSPACE = text("workspace")


@user.rule("update")
def only_oneself(change: Change) -> None:
    """People change their own name only."""
    if change.gid != change.view.user:
        raise RequestError("You do not have access to change this user.", status=403)


@user.verb("GET", "/users", "getUsers", query=(_WORKSPACE, text("team"), *PAGING), answers="list", paged=True)
def list_all(request: Request) -> Answer:
    """List the users of a workspace or team, or of all workspaces that the caller is in."""
    store = request.view.store
    workspace, team = request.named("workspace", "workspace"), request.named("team", "team")
    spaces = sorted(request.view.workspaces) if workspace is None else [workspace.gid]
    where = filters.listed(MEMBERS, spaces)
    if team is not None:
        where = filters.every((where, filters.listed("team.members", [team.gid])))
    return page(request, user, lambda after, limit: store.page_kind(0, "user", after, limit, where))


@user.verb("GET", "/users/{user_gid}", "getUser", subject="user", query=(_WORKSPACE,))
def read_one(request: Request) -> Answer:
    """Get a user."""
    _belongs(request)
    return read(request)


@user.verb("PUT", "/users/{user_gid}", "updateUser", subject="user", query=(_WORKSPACE,), takes=_WRITABLE)
def update_one(request: Request) -> Answer:
    """Update a user."""
    _belongs(request)
    return update(request)


def _belongs(request: Request) -> None:
    """A workspace given as a parameter has to be one that the user is in."""
    workspace = request.named("workspace", "workspace")
    if workspace is not None and not request.view.store.linked(workspace.gid, MEMBERS, request.row.gid):
        raise RequestError(f"user: Unknown object: {request.params[0]}", status=404)


user.routes.append(
    Route(
        "GET",
        "/users/{user_gid}/favorites",
        "getFavoritesForUser",
        list_favorites,
        "",
        summary="List a user's favorites in a workspace",
        subject="user",
        query=(choice("resource_type", *FAVORITES, required=True), text("workspace", required=True), *PAGING),
        answers="list",
        paged=True,
    )
)


# -- of a team or workspace ------------------------------------------------------------------------------------------


def list_alphabetically(request: Request) -> Answer:
    """List the users of the team or workspace that the path names, by name."""
    if request.query.get("offset"):
        raise RequestError("offset: Your pagination token is invalid.")
    row = request.row
    return listing(request, user, request.view.store.by_name(row.gid, f"{row.kind}.members", MAX_ALPHABETICAL))


for _owner in ("team", "workspace"):
    user.route(
        "GET",
        f"/{_owner}s/{{{_owner}_gid}}/users",
        f"getUsersFor{_owner.capitalize()}",
        list_alphabetically,
        subject=_owner,
        query=(text("offset"),),
        answers="list",
        summary=f"List the users of a {_owner}",
    )


@user.verb("GET", "/workspaces/{workspace_gid}/users/{user_gid}", "getUserForWorkspace", subject="workspace")
def read_in_workspace(request: Request) -> Answer:
    """Get a user of a workspace."""
    _enter(request)
    return read(request)


@user.verb(
    "PUT",
    "/workspaces/{workspace_gid}/users/{user_gid}",
    "updateUserForWorkspace",
    subject="workspace",
    takes=_WRITABLE,
)
def update_in_workspace(request: Request) -> Answer:
    """Update a user of a workspace."""
    _enter(request)
    return update(request)


def _enter(request: Request) -> None:
    """From the workspace that the path names first to its user that it names second."""
    found = request.view.find("user", request.params[1], "user")
    if not request.view.store.linked(request.row.gid, MEMBERS, found.gid):
        raise RequestError(f"user: Unknown object: {request.params[1]}", status=404)
    request.row = found
