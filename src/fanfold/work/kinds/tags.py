"""Tags: words that tasks of a workspace can have, whatever project they are in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.addresses import permalink
from fanfold.work.references import in_one_workspace
from fanfold.work.routes import PAGING, create_under, crud, page_of_all, under, workspace_page
from fanfold.work.schema import Kind, choice, computed, datetime, many, one, text

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request

_HUES = ("pink", "green", "blue", "red", "teal", "brown", "orange", "purple", "warm-gray")
COLORS = tuple(f"{shade}-{hue}" for shade in ("dark", "light") for hue in _HUES)

tag = Kind(
    "tag",
    fields=(
        text("name", default="", nullable=False),
        choice("color", *COLORS),
        text("notes", default="", nullable=False),
        datetime("created_at", access="read"),
        many("followers", "user", access="create"),
        one("workspace", "workspace", access="create", nullable=False),
        computed("permalink_url", lambda sheet, gid, _: permalink(sheet.view, gid), of="text"),
    ),
)
crud(tag, "create", "read", "update", "delete")
under(tag, "task", "task.tags")
under(tag, "workspace")
tag.route(
    "POST",
    "/workspaces/{workspace_gid}/tags",
    "createTagForWorkspace",
    create_under("workspace"),
    subject="workspace",
    takes=tuple(f for f in tag.fields.values() if f.access != "read" and f.name != "workspace"),
    status=201,
    summary="Create a tag in a workspace",
)


@tag.rule("create")
def is_followed(change: Change) -> None:
    """A new tag is in the workspace named and followed by those named."""
    if not change.workspace:
        raise RequestError("workspace: Missing input")
    change.after["workspace"] = str(change.workspace)
    for follower in change.given.lists.get("followers", ()):
        change.add("followers", follower)


tag.rule("create")(in_one_workspace)


@tag.verb("GET", "/tags", "getTags", query=(one("workspace", "workspace"), *PAGING), answers="list", paged=True)
def list_tags(request: Request) -> Answer:
    """List the tags of a workspace, or of all that the caller is in."""
    workspace = request.named("workspace", "workspace")
    if workspace is not None:
        return workspace_page(request, workspace.gid)
    return page_of_all(request)
