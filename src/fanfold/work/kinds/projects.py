"""Projects: ordered sections of tasks, with members, followers and custom fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import born
from fanfold.work.routes import crud, creatable_under, under
from fanfold.work.schema import Kind, boolean, choice, date, datetime, many, one, text

if TYPE_CHECKING:
    from fanfold.work.change import Change

project = Kind(
    "project",
    fields=(
        text("name"),
        boolean("archived"),
        datetime("created_at", access="read"),
        datetime("modified_at", access="read"),
        text("notes", default=""),
        date("due_on"),
        date("start_on"),
        choice("privacy_setting", "public_to_workspace", "private_to_team", "private", default="public_to_workspace"),
        many("members", "user", access="read"),
        many("followers", "user", access="create"),
        one("owner", "user"),
        one("team", "team"),
        one("workspace", "workspace", access="create"),
    ),
)
crud(project, "create", "read", "update", "delete")
under(project, "workspace")
under(project, "team", "team.projects")
creatable_under(project, "workspace")


@project.rule("create")
def starts_with_one_section(change: Change) -> None:
    """A new project has one section, and whoever made it belongs to it."""
    if not change.workspace:
        raise RequestError("workspace: Missing input")
    change.add("members", change.view.user)
    section = born(change.view, "section", change.workspace, name="Untitled section", project=str(change.gid))
    change.store.link(change.gid, "project.sections", section.gid)
