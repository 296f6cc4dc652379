"""Project memberships: that a user belongs to a project, and what they may do there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.membership import dismiss, enlist, roll
from fanfold.work.routes import PAGING, crud
from fanfold.work.schema import Document, Kind, Ref, choice, computed, one, text

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet
    from fanfold.work.view import View

WRITERS = ("admin", "editor")
"""Levels of access that let change things; the others only comment or read."""


def _user(_: Sheet, __: int, document: Document) -> Ref | None:
    return None if document.get("member_type") == "team" else Ref(int(document["member"]))


def _project(_: Sheet, __: int, document: Document) -> Ref:
    return Ref(int(document["parent"]))


def _write_access(_: Sheet, __: int, document: Document) -> str:
    return "full_write" if document["access_level"] in WRITERS else "comment_only"


project_membership = Kind(
    "project_membership",
    compact=("parent", "member", "access_level"),
    fields=(
        one("parent", "project", access="read"),
        one("member", "", access="read"),
        choice("access_level", "admin", "editor", "commenter", "viewer", access="read", default="editor"),
        computed("user", _user),
        computed("project", _project),
        computed("write_access", _write_access, of="text"),
    ),
    within="parent",
)
crud(project_membership, "read")


@project_membership.verb(
    "GET",
    "/projects/{project_gid}/project_memberships",
    "getProjectMembershipsForProject",
    subject="project",
    query=(text("user"), *PAGING),
    answers="list",
    paged=True,
)
def list_of_project(request: Request) -> Answer:
    """List the memberships of a project."""
    user = request.named("user", "user")
    return roll(request, "project", request.row.gid, None if user is None else user.gid)


def join_project(view: View, project: int, workspace: int, user: int, *, access_level: str = "editor") -> bool:
    """Make a user a member of a project; False if they were one already."""
    values = {"parent": str(project), "member": str(user), "access_level": access_level}
    return enlist(view, "project", project, workspace, user, values)


def leave_project(view: View, project: int, user: int) -> bool:
    """End a user's membership of a project; False if there was none."""
    return dismiss(view, "project", project, user)
