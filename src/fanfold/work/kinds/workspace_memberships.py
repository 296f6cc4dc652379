"""Workspace memberships: that a user belongs to a workspace, and in which role."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.kinds.user_task_lists import ensure_task_list
from fanfold.work.membership import Owner, chosen, dismiss, enlist, memberships_of, roll
from fanfold.work.people import is_guest
from fanfold.work.routes import PAGING, crud
from fanfold.work.schema import Kind, boolean, datetime, obj, one, text

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.view import View

workspace_membership = Kind(
    "workspace_membership",
    compact=("user", "workspace"),
    fields=(
        one("user", "user", access="read"),
        one("workspace", "workspace", access="read"),
        one("user_task_list", "user_task_list", access="read"),
        boolean("is_active", access="read", default=True),
        boolean("is_admin", access="read"),
        boolean("is_guest", access="read"),
        boolean("is_view_only", access="read"),
        obj("vacation_dates", access="read"),
        datetime("created_at", access="read"),
    ),
)
crud(workspace_membership, "read")


@workspace_membership.verb(
    "GET",
    "/users/{user_gid}/workspace_memberships",
    "getWorkspaceMembershipsForUser",
    subject="user",
    query=PAGING,
    answers="list",
    paged=True,
)
def list_of_user(request: Request) -> Answer:
    """List a user's memberships of the workspaces that the caller is in too."""
    memberships = memberships_of(request.view, "workspace", request.row.gid)
    return chosen(request, (memberships[gid] for gid in memberships.keys() & request.view.workspaces))


@workspace_membership.verb(
    "GET",
    "/workspaces/{workspace_gid}/workspace_memberships",
    "getWorkspaceMembershipsForWorkspace",
    subject="workspace",
    query=(text("user"), *PAGING),
    answers="list",
    paged=True,
)
def list_of_workspace(request: Request) -> Answer:
    """List the memberships of a workspace."""
    user = request.named("user", "user")
    return roll(request, "workspace", request.row.gid, None if user is None else user.gid)


def join_workspace(view: View, workspace: int, user: int, *, admin: bool = False) -> bool:
    """Make a user a member of a workspace, with a task list there; False if they were one already.

    In an organization, whoever has an address outside its e-mail domains is a guest.
    """
    values = {
        "user": str(user),
        "workspace": str(workspace),
        "user_task_list": str(ensure_task_list(view, user, workspace)),
        "is_admin": admin,
        "is_guest": is_guest(view, workspace, user),
    }
    return enlist(view, "workspace", workspace, workspace, user, values)


def leave_workspace(view: View, workspace: int, user: int) -> bool:
    """End a user's memberships of a workspace and of all that is shared in it; False if there was none."""
    shared: tuple[Owner, ...] = ("team", "project", "portfolio", "goal", "custom_field", "custom_type")
    for of in shared:
        for row in view.store.records(memberships_of(view, of, user)).values():
            if row.workspace == workspace:
                dismiss(view, of, row.gid, user)
    return dismiss(view, "workspace", workspace, user)
