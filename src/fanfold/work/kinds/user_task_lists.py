"""User task lists: "My tasks", of which each user has one in each workspace that they have been in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import born
from fanfold.work.routes import crud
from fanfold.work.schema import Kind, one, text
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.view import View

LISTS = "user.task_lists"
"""Link field: the task lists of a user, each placed by the gid of its workspace, which is the note too."""

ASSIGNED = "user_task_list.tasks"
"""Link field: the tasks on a list, in order; the note is the part of the list that a task stands in, if any."""

user_task_list = Kind(
    "user_task_list",
    compact=("name", "owner", "workspace"),
    fields=(
        text("name", access="read"),
        one("owner", "user", access="read"),
        one("workspace", "workspace", access="read"),
    ),
)
crud(user_task_list, "read")


@user_task_list.verb(
    "GET",
    "/users/{user_gid}/user_task_list",
    "getUserTaskListForUser",
    subject="user",
    query=(text("workspace", required=True),),
)
def read_of_user(request: Request) -> Answer:
    """Get the task list of a user in a workspace."""
    workspace = request.require("workspace", "workspace")
    return request.reread(task_list_of(request.view, request.row.gid, workspace.gid))


def task_list_of(view: View, user: int, workspace: int) -> int:
    """Gid of a user's task list in a workspace; refused where they have never been in it."""
    found = _find(view, user, workspace)
    if found is None:
        raise RequestError(f"user: Not a user in Workspace: {user}")
    return found


def ensure_task_list(view: View, user: int, workspace: int) -> int:
    """Gid of a user's task list in a workspace; made if there is none yet."""
    found = _find(view, user, workspace)
    if found is not None:
        return found
    row = view.store.record(workspace)
    name = "" if row is None else decode(row.document)["name"]
    values = {"name": f"My Tasks in {name}", "owner": str(user), "workspace": str(workspace)}
    gid = born(view, "user_task_list", workspace, **values).gid
    view.store.link(user, LISTS, gid, workspace, workspace)
    return gid


def _find(view: View, user: int, workspace: int) -> int | None:
    return dict(view.store.places(user, LISTS)).get(workspace)
