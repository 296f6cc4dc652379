"""Who a project or portfolio is shared with, as their own operations say it: users only, and many at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.change import touching
from fanfold.work.membership import join, leave
from fanfold.work.references import in_one_workspace
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request


def named(request: Request, name: str, *, joining: bool = True) -> tuple[Change, list[int]]:
    """The record of the path as a change, and the users that the client lists in the field ``name``."""
    given = read(request, request.route.takes)
    change = touching(request.view, request.row, given)
    if joining:
        in_one_workspace(change)
    return change, given.lists[name]


def add_members(request: Request) -> Answer:
    """Add members to a project or portfolio."""
    change, users = named(request, "members")
    for user in users:
        join(change, user)
    change.write()
    return request.reread(change.gid)


def remove_members(request: Request) -> Answer:
    """Remove members from a project or portfolio."""
    change, users = named(request, "members", joining=False)
    for user in users:
        leave(change, user)
    change.write()
    return request.reread(change.gid)
