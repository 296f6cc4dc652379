"""Projects: ordered sections of tasks, with members, followers and custom fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work import richtext
from fanfold.work.addresses import permalink
from fanfold.work.change import deletion, modification, new
from fanfold.work.custom_display import SETTINGS
from fanfold.work.custom_values import custom_fields_of, custom_values_fit
from fanfold.work.kinds.access_requests import requests_link
from fanfold.work.kinds.allocations import ALLOCATIONS
from fanfold.work.kinds.budgets import BUDGETS
from fanfold.work.kinds.current_status import STATUSES, current_status, current_status_update, status_is_not_set
from fanfold.work.kinds.goal_support import supports_no_longer
from fanfold.work.kinds.members import add_members, remove_members
from fanfold.work.kinds.project_briefs import BRIEFS
from fanfold.work.kinds.project_followers import add_followers, remove_followers
from fanfold.work.kinds.project_lists import ARCHIVED, archived, count_tasks, list_all, list_of_task, list_of_workspace
from fanfold.work.kinds.project_portfolio_settings import PORTFOLIO_SETTINGS
from fanfold.work.kinds.project_search import SEARCH, search
from fanfold.work.kinds.project_words import COLORS, ICONS
from fanfold.work.kinds.rates import RATES
from fanfold.work.kinds.sections import SECTIONS
from fanfold.work.membership import disband, join
from fanfold.work.people import is_organization
from fanfold.work.references import in_one_workspace
from fanfold.work.routes import PAGING, creatable_under, crud, under
from fanfold.work.schema import Document, Kind, boolean, choice, computed, date, datetime, many, one, text
from fanfold.work.validate import Given

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet

PUBLIC = "public_to_workspace"

PARTS = ("attachments", "project.task_templates", BRIEFS, ALLOCATIONS, BUDGETS, RATES, "project.rule_triggers")
"""Link fields: what goes with a project, each part as if it were deleted alone."""


def _due_on(_: Sheet, __: int, document: Document) -> Any:
    return document.get("due_on")


project = Kind(
    "project",
    fields=(
        text("name", default=""),
        boolean("archived"),
        choice("color", *COLORS),
        choice("icon", *ICONS),
        datetime("created_at", access="read"),
        current_status(),
        current_status_update(),
        many("custom_field_settings", "custom_field_setting", link=SETTINGS, access="read"),
        choice("default_view", "list", "board", "calendar", "timeline", default="list", nullable=False),
        date("due_date", compute=_due_on),
        date("due_on"),
        text("html_notes", opt_in=True, compute=richtext.show()),
        many("members", "user", access="read"),
        datetime("modified_at", access="read"),
        text("notes", default=""),
        boolean("public", default=None, compute=lambda _, __, document: document.get("privacy_setting") == PUBLIC),
        choice("privacy_setting", PUBLIC, "private_to_team", "private", default=PUBLIC, nullable=False),
        date("start_on"),
        choice("default_access_level", "admin", "editor", "commenter", "viewer", default="editor", nullable=False),
        choice("minimum_access_level_for_customization", "admin", "editor", default="editor", nullable=False),
        choice("minimum_access_level_for_sharing", "admin", "editor", default="editor", nullable=False),
        custom_fields_of("project"),
        boolean("completed", access="read"),
        datetime("completed_at", access="read"),
        one("completed_by", "user", access="read"),
        many("followers", "user", access="create"),
        one("owner", "user"),
        one("team", "team", omitted=True),
        computed("permalink_url", lambda sheet, gid, _: permalink(sheet.view, gid), of="text"),
        one("project_brief", "project_brief", access="read", opt_in=True),
        one("created_from_template", "project_template", access="read", opt_in=True),
        one("workspace", "workspace", access="create"),
    ),
)
crud(project, "create", "read", "delete")
creatable_under(project, "workspace")
creatable_under(project, "team")
under(project, "team", "team.projects", query=(ARCHIVED,), where=archived)

_FROM = (text("workspace"), text("team"))
_LISTED: dict[str, Any] = {"answers": "list", "paged": True}
project.verb("GET", "/projects", "getProjects", query=(*_FROM, ARCHIVED, *PAGING), **_LISTED)(list_all)
project.verb("GET", "/tasks/{task_gid}/projects", "getProjectsForTask", subject="task", query=PAGING, **_LISTED)(
    list_of_task
)
project.verb(
    "GET",
    "/workspaces/{workspace_gid}/projects",
    "getProjectsForWorkspace",
    subject="workspace",
    query=(ARCHIVED, *PAGING),
    **_LISTED,
)(list_of_workspace)
project.verb(
    "GET",
    "/workspaces/{workspace_gid}/projects/search",
    "searchProjectsForWorkspace",
    subject="workspace",
    query=SEARCH,
    answers="list",
    costs=("searches",),
)(search)
project.verb(
    "GET", "/projects/{project_gid}/task_counts", "getTaskCountsForProject", subject="project", answers="other"
)(count_tasks)
for _operation, _handler in (
    ("addMembers", add_members),
    ("removeMembers", remove_members),
    ("addFollowers", add_followers),
    ("removeFollowers", remove_followers),
):
    project.verb(
        "POST",
        f"/projects/{{project_gid}}/{_operation}",
        f"{_operation}ForProject",
        subject="project",
        takes=(many("members" if "Members" in _operation else "followers", "user", required=True),),
    )(_handler)


@project.verb(
    "PUT",
    "/projects/{project_gid}",
    "updateProject",
    subject="project",
    takes=tuple(f for f in project.fields.values() if f.access != "read" and f.name != "workspace"),
)
def update(request: Request) -> Answer:
    """Update a project."""
    change = modification(request, request.row)
    change.write()
    if change.private != request.row.private:
        change.store.restrict_sections_of(change.gid)
        change.store.restrict_tasks_of(change.gid)
    return request.reread(change.gid)


# -- rules -----------------------------------------------------------------------------------------------------------


@project.rule("create")
def is_in_a_workspace(change: Change) -> None:
    """The workspace is given or the team's; in an organization every project has a team."""
    team = change.given.row("team")
    change.workspace = change.workspace if "workspace" in change.given or team is None else team.workspace
    if not change.workspace:
        raise RequestError("workspace: Missing input")
    change.after["workspace"] = str(change.workspace)
    if team is None and is_organization(change.view, change.workspace):
        raise RequestError("Missing required team field")


project.rule("create", "update")(in_one_workspace)
project.rule("create", "update")(status_is_not_set)


@project.rule("create", "update")
def names_have_one_value(change: Change) -> None:
    """Some properties have a former name beside their present one, which counts where both are given."""
    after, given = change.after, change.given.values
    public = after.pop("public", None)
    if public is not None and "privacy_setting" not in given and public != (after["privacy_setting"] == PUBLIC):
        after["privacy_setting"] = PUBLIC if public else "private"
    due = after.pop("due_date", None)
    if "due_date" in given and "due_on" not in given:
        after["due_on"] = due
    for name in ("name", "notes"):
        after[name] = after[name] or ""
    change.private = int(after["privacy_setting"] != PUBLIC)


@project.rule("create", "update")
def starts_before_it_is_due(change: Change) -> None:
    """A project with a start has an end, and that is later."""
    start, due = change.after.get("start_on"), change.after.get("due_on")
    if start is not None and (due is None or due <= start):
        raise RequestError("start_on: A start date needs a due date that is later")


@project.rule("create", "update")
def is_shared_with_its_team(change: Change) -> None:
    """The team's list of projects follows the field."""
    if not change.moved("team"):
        return
    store = change.store
    if change.before.get("team"):
        store.unlink(int(change.before["team"]), "team.projects", change.gid)
    row = change.given.row("team")
    if row is not None:
        store.link(row.gid, "team.projects", change.gid, store.end(row.gid, "team.projects"))


@project.rule("create", "update")
def has_an_owner_who_belongs(change: Change) -> None:
    """Whoever makes a project owns it unless told; an owner is a member."""
    if change.moment == "create" and "owner" not in change.given and change.view.user:
        change.after["owner"] = str(change.view.user)
    owner = change.after.get("owner")
    if change.moved("owner") and owner is not None:
        join(change, int(owner), level="admin")


@project.rule("create")
def starts_with_people_and_a_section(change: Change) -> None:
    """A new project has one section, and whoever made it and those who follow it belong to it."""
    followers = change.given.lists.get("followers", [])
    for user in dict.fromkeys((change.view.user, *followers)):
        if user:
            join(change, user)
            change.add("followers", user)
    values = {"name": "Untitled section", "project": str(change.gid)}
    section = new(change.view, change.view.kinds["section"], Given(values, {}, {}))
    section.workspace, section.private = change.workspace, change.private
    section.write()
    change.store.link(change.gid, SECTIONS, section.gid)


project.rule("create", "update")(richtext.twins())
project.rule("create", "update")(custom_values_fit)
project.rule("delete")(supports_no_longer)


@project.rule("delete")
def takes_its_parts_along(change: Change) -> None:
    """All but its tasks goes, which stay, seen as if the project had never let anybody in."""
    store = change.store
    row = store.record(change.gid)
    if row is not None:
        store.rewrite(row._replace(private=1))
        store.restrict_tasks_of(change.gid)
    disband(change)
    for link in PARTS:
        for part in store.records(store.targets(change.gid, link)).values():
            deletion(change.view, part).write()
    for link in (SECTIONS, SETTINGS, STATUSES, PORTFOLIO_SETTINGS, requests_link("project")):
        for gid in store.targets(change.gid, link):
            store.delete(gid)
