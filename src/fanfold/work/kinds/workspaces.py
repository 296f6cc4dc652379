"""Workspaces: what everything else is in. One with e-mail domains is an organization and has teams."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.change import born
from fanfold.work.kinds import audit_log
from fanfold.work.kinds.events import EVENTS, list_of_workspace
from fanfold.work.kinds.typeahead import COUNT, QUERY, RESOURCE_TYPE, TYPE, look, typeahead
from fanfold.work.kinds.workspace_memberships import join_workspace, leave_workspace
from fanfold.work.people import is_admin
from fanfold.work.request import EMPTY, Request, brief
from fanfold.work.routes import PAGING, crud, linked_page
from fanfold.work.schema import Kind, Route, boolean, choice, datetime, items, one, text
from fanfold.work.validate import read
from fanfold.work.view import MEMBERS, SERVICE_ACCOUNTS

if TYPE_CHECKING:
    from fanfold.model import Answer

workspace = Kind(
    "workspace",
    fields=(
        text("name", nullable=False),
        items("email_domains", access="read", default=[]),
        boolean("is_organization", access="read"),
    ),
)
crud(workspace, "read", "update")

_EMAIL = re.compile(r"[^@\s]{1,64}@[\w-]+(\.[\w-]+)+")


@workspace.verb("GET", "/workspaces", "getWorkspaces", query=PAGING, answers="list", paged=True)
def list_all(request: Request) -> Answer:
    """List the workspaces that the caller is in."""
    view = request.view
    return linked_page(request, view.user, f"<{SERVICE_ACCOUNTS if view.service else MEMBERS}")


# -- who is in it ----------------------------------------------------------------------------------------------------


def _whom(request: Request, value: Any) -> str:
    """A user by gid, ``me`` or e-mail address; somebody with an unknown address is invited."""
    if isinstance(value, str) and "@" in value:
        found = request.view.user_gid(value)
        if found is not None:
            return str(found)
        if len(value) > 254 or not _EMAIL.fullmatch(value):
            raise RequestError(f"user: Not a valid email address: {brief(value)}")
        return value
    return str(request.view.find("user", brief(value), "user", status=400).gid)


@workspace.verb(
    "POST",
    "/workspaces/{workspace_gid}/addUser",
    "addUserForWorkspace",
    subject="workspace",
    takes=(one("user", "user", required=True, nullable=False, parse=_whom),),
    answers="other",
)
def add_user(request: Request) -> Answer:
    """Add a user to a workspace, or invite somebody by e-mail."""
    view, gid = request.view, request.row.gid
    whom = read(request, request.route.takes).values["user"]
    if "@" in whom:
        name = whom.partition("@")[0]
        whom = str(born(view, "user", 0, name=name, email=whom).gid)
    join_workspace(view, gid, int(whom))
    request.query.setdefault("opt_fields", "resource_type,name,email,photo")
    return request.reread(int(whom), kind="user")


@workspace.verb(
    "POST",
    "/workspaces/{workspace_gid}/removeUser",
    "removeUserForWorkspace",
    subject="workspace",
    takes=(one("user", "user", required=True, nullable=False),),
    answers="empty",
)
def remove_user(request: Request) -> Answer:
    """Remove a user from a workspace and from all that is in it; only its admins do that.

    The last admin stays.
    """
    view, gid = request.view, request.row.gid
    user = int(read(request, request.route.takes).values["user"])
    if not view.service and not is_admin(view, gid, view.user):
        raise RequestError("Only an admin of the workspace may remove users from it.", status=403)
    if not view.store.linked(gid, MEMBERS, user):
        raise RequestError(f"user: Not a user in Workspace: {user}")
    if is_admin(view, gid, user) and not any(
        is_admin(view, gid, u) for u in view.store.targets(gid, MEMBERS) if u != user
    ):
        raise RequestError("user: The last admin of a workspace cannot be removed from it")
    leave_workspace(view, gid, user)
    return EMPTY


# -- what is in it ---------------------------------------------------------------------------------------------------

workspace.routes += (
    Route(
        "GET",
        "/workspaces/{workspace_gid}/typeahead",
        "typeaheadForWorkspace",
        typeahead,
        "",
        summary="Find records in a workspace by the beginning of a word in their name",
        subject="workspace",
        query=(RESOURCE_TYPE, TYPE, QUERY, COUNT),
        answers="list",
        before=look,
        inline=False,
    ),
    Route(
        "GET",
        "/workspaces/{workspace_gid}/events",
        "getWorkspaceEvents",
        list_of_workspace,
        "workspace",
        summary="Get what happened in a workspace since the last time",
        subject="workspace",
        query=(text("sync"),),
        answers="stream",
    ),
    Route(
        "GET",
        "/workspaces/{workspace_gid}/audit_log_events",
        "getAuditLogEvents",
        audit_log.list_of_workspace,
        "",
        summary="Get the audit log of a workspace",
        subject="workspace",
        query=(
            *(datetime("start_at"), datetime("end_at"), text("event_type"), choice("actor_type", *audit_log.ACTORS)),
            *(text("actor_gid"), text("resource_gid"), *PAGING),
        ),
        answers="list",
        paged=True,
    ),
    EVENTS,
)
