"""Roles: what the people of a workspace may do, as groups of permissions. They are kept and shown, not asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.people import must_be_admin
from fanfold.work.request import brief
from fanfold.work.routes import PAGING, crud, page_of_all, workspace_page
from fanfold.work.schema import Document, Kind, boolean, choice, datetime, obj, one, text
from fanfold.work.validate import value_of

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.schema import Field

_BASES = ("guest", "member", "admin", "super_admin")
_GUESTS = ("download_mobile_attachments", "upload_attachments")
_MEMBERS = (
    *("create_app_authorization", "create_pat_authorization", "share_goal_with_domain", "share_portfolios_with_org"),
    *("export_project_data", "import_data", "create_global_custom_fields", "create_team", "proactive_ai"),
    *("create_and_edit_ai_automations", "standard_ai", "create_and_edit_ai_teammates", "share_teams_with_org"),
    *("create_goal", "create_project", "create_read_only_link", "create_portfolio", "view_public_teams"),
    *("view_shared_with_org_projects", "view_shared_with_org_tasks", "view_shared_with_org_portfolios"),
)
_ADMINS = ("assign_roles", "manage_roles")
_WORDS = {"task_deletion_policy": ("all", "owned", "none"), "allowed_guest_invites": ("all", "none")}

PERMISSIONS: tuple[Field, ...] = (
    *(boolean(name) for name in (*_GUESTS, *_MEMBERS, *_ADMINS)),
    *(choice(name, *words, nullable=False) for name, words in _WORDS.items()),
)


def standard(base: str) -> Document:
    """What a role of a base type permits unless it says otherwise."""
    level = _BASES.index(base)
    allowed = {*_GUESTS, *(_MEMBERS if level > 0 else ()), *(_ADMINS if level > 1 else ())}
    return {
        **{field.name: field.name in allowed for field in PERMISSIONS if field.type == "boolean"},
        "task_deletion_policy": "all" if level else "owned",
        "allowed_guest_invites": "all" if level else "none",
    }


def _permissions(_: Request, value: Any) -> Document:
    if not isinstance(value, dict):
        raise RequestError(f"permissions: Value is not a JSON object: {brief(value)}")
    try:
        return {field.name: value_of(field, value[field.name]) for field in PERMISSIONS if field.name in value}
    except RequestError as error:
        raise RequestError(f"permissions: {error.message}") from None


role = Kind(
    "role",
    compact=("name", "description", "is_standard_role"),
    fields=(
        text("name", required=True, nullable=False, max_length=1024),
        text("description", required=True, nullable=False),
        boolean("is_standard_role"),
        datetime("creation_time", access="read"),
        datetime("modified_at", access="read"),
        choice("base_role_type", *_BASES, required=True, nullable=False),
        obj("permissions", parse=_permissions, nullable=False, default={}),
        one("workspace", "workspace", access="create", required=True, nullable=False),
    ),
)
crud(role, "create", "read", "update", "delete")


@role.rule("create", "update", "delete")
def is_an_admins_affair(change: Change) -> None:
    """Only admins make, change and remove roles, and nobody removes a standard one."""
    must_be_admin(change.view, change.workspace, "manage its roles")
    if change.moment == "delete" and change.before.get("is_standard_role"):
        raise RequestError("A standard role cannot be deleted.", status=403)


@role.rule("create", "update")
def permits_what_its_base_permits(change: Change) -> None:
    """What is not said of a permission is as the base type has it; a new base begins anew."""
    after = change.after
    if change.moment == "create":
        after["creation_time"] = change.view.now
    anew = change.moved("base_role_type")
    kept = standard(after["base_role_type"]) if anew else change.before["permissions"]
    after["permissions"] = {**kept, **change.given.values.get("permissions", {})}


@role.verb(
    "GET",
    "/roles",
    "getRoles",
    query=(one("workspace", "workspace"), boolean("archived", default=None), *PAGING),
    answers="list",
    paged=True,
)
def list_roles(request: Request) -> Answer:
    """List the roles of a workspace, or of all that the caller is in; none is ever archived."""
    workspace = request.named("workspace", "workspace")
    where = filters.equals("archived", value=True) if request.flag("archived") else None
    return page_of_all(request, where) if workspace is None else workspace_page(request, workspace.gid, where)
