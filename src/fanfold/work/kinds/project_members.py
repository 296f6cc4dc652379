"""Who belongs to a project and who follows it: followers are members who want to hear of every task added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.change import Relation, touching
from fanfold.work.kinds.project_memberships import join_project, leave_project
from fanfold.work.references import in_one_workspace
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request


def join(change: Change, user: int) -> None:
    """Make a user a member of the project that changes, unless that is so already."""
    if join_project(change.view, change.gid, change.workspace, user):
        change.relations.append(Relation("added", "members", user))


def leave(change: Change, user: int) -> None:
    """Take a user out of the project that changes: who is no member follows no longer."""
    if leave_project(change.view, change.gid, user):
        change.relations.append(Relation("removed", "members", user))
        change.remove("followers", user)


def _change(request: Request, name: str, *, joining: bool = True) -> tuple[Change, list[int]]:
    given = read(request, request.route.takes)
    change = touching(request.view, request.row, given)
    if joining:
        in_one_workspace(change)
    return change, given.lists[name]


def add_members(request: Request) -> Answer:
    """Add members to a project."""
    change, users = _change(request, "members")
    for user in users:
        join(change, user)
    change.write()
    return request.reread(change.gid)


def remove_members(request: Request) -> Answer:
    """Remove members from a project."""
    change, users = _change(request, "members", joining=False)
    for user in users:
        leave(change, user)
    change.write()
    return request.reread(change.gid)


def add_followers(request: Request) -> Answer:
    """Add followers to a project, who become members if they are not."""
    change, users = _change(request, "followers")
    for user in users:
        join(change, user)
        change.add("followers", user)
    change.write()
    return request.reread(change.gid)


def remove_followers(request: Request) -> Answer:
    """Remove followers from a project; they stay members."""
    change, users = _change(request, "followers", joining=False)
    for user in users:
        change.remove("followers", user)
    change.write()
    return request.reread(change.gid)
