"""Who follows a project: followers are members who want to hear of every task added."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.kinds.members import named
from fanfold.work.membership import join

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request


def add_followers(request: Request) -> Answer:
    """Add followers to a project, who become members if they are not."""
    change, users = named(request, "followers")
    for user in users:
        join(change, user)
        change.add("followers", user)
    change.write()
    return request.reread(change.gid)


def remove_followers(request: Request) -> Answer:
    """Remove followers from a project; they stay members."""
    change, users = named(request, "followers", joining=False)
    for user in users:
        change.remove("followers", user)
    change.write()
    return request.reread(change.gid)
