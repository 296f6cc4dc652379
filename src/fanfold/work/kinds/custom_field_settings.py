"""Custom field settings: that a project has a custom field, so that its tasks may have a value of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import born, creation, deletion
from fanfold.work.custom_display import SETTINGS
from fanfold.work.kinds.custom_fields import SETTINGS_OF, custom_field
from fanfold.work.places import position
from fanfold.work.request import EMPTY, Request
from fanfold.work.routes import list_linked, under
from fanfold.work.schema import Kind, boolean, one
from fanfold.work.validate import Given, read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.store import Row
    from fanfold.work.view import View

custom_field_setting = Kind(
    "custom_field_setting",
    compact=("project", "is_important", "parent", "custom_field"),
    fields=(
        one("project", "project", access="read", omitted=True),
        boolean("is_important"),
        one("parent", "", access="read", omitted=True),
        one("custom_field", "custom_field", access="read", omitted=True),
    ),
    within="parent",
)
for _parent in ("project", "portfolio", "goal"):
    under(custom_field_setting, _parent, f"{_parent}.custom_field_settings")

custom_field_setting.route(
    "GET",
    "/teams/{team_gid}/custom_field_settings",
    "getCustomFieldSettingsForTeam",
    list_linked("team.custom_field_settings"),
    subject="team",
    answers="list",
    summary="List the custom field settings of a team",
)


_ANCHORS = (one("insert_before", ""), one("insert_after", ""))
_FIELD = one("custom_field", "custom_field", required=True, nullable=False)
_IMPORTANT = boolean("is_important")


@custom_field_setting.verb(
    "POST",
    "/projects/{project_gid}/addCustomFieldSetting",
    "addCustomFieldSettingForProject",
    subject="project",
    takes=(_FIELD, _IMPORTANT, *_ANCHORS),
)
def add(request: Request) -> Answer:
    """Let the tasks of a project have a custom field, which is made if it does not exist yet."""
    view, project = request.view, request.row
    given = read(request, (_IMPORTANT, *_ANCHORS))
    settings = settings_of(view, project.gid)
    _anchor_at_settings(given, settings)
    where = position(view.store, project.gid, SETTINGS, given)
    field = _field(request)
    if field in settings:
        raise RequestError(f"Custom field with ID {field} is already on given object")
    return request.reread(attach(view, project, field, where, important=given.values.get("is_important", False)))


@custom_field_setting.verb(
    "POST",
    "/projects/{project_gid}/removeCustomFieldSetting",
    "removeCustomFieldSettingForProject",
    subject="project",
    takes=(_FIELD,),
    answers="empty",
)
def remove(request: Request) -> Answer:
    """Take a custom field off a project."""
    view = request.view
    field = int(read(request, (_FIELD,)).values["custom_field"])
    setting = settings_of(view, request.row.gid).get(field)
    row = None if setting is None else view.store.record(setting)
    if row is None:
        raise RequestError(f"Custom field with ID {field} is not on given object")
    deletion(view, row).write()
    return EMPTY


def settings_of(view: View, project: int) -> dict[int, int]:
    """The settings of a project in order: custom field → setting."""
    links = view.store.links((project,), (SETTINGS,), ())
    return {link.note: link.gid for link in links.get((project, SETTINGS), ()) if link.note is not None}


def attach(view: View, project: Row, field: int, where: int, *, important: bool) -> int:
    """Put a custom field on a project at a position in its list; the gid of the new setting."""
    owner = str(project.gid)
    values = {"project": owner, "parent": owner, "custom_field": str(field), "is_important": important}
    setting = born(view, "custom_field_setting", project.workspace, **values).gid
    view.store.link(project.gid, SETTINGS, setting, where, field)
    view.store.link(field, SETTINGS_OF, setting, view.store.end(field, SETTINGS_OF))
    return setting


def _field(request: Request) -> int:
    """The custom field that the client named, or the one made after its description."""
    described = request.data.get("custom_field")
    if isinstance(described, dict) and "gid" not in described:
        change = creation(request.about({**described, "workspace": str(request.row.workspace)}), custom_field)
        change.after["is_global_to_workspace"] = False
        change.write()
        return change.gid
    row = read(request, (_FIELD,)).row("custom_field")
    if row is None or row.workspace != request.row.workspace:
        raise RequestError("custom_field: Not in the workspace of the project")
    return row.gid


def _anchor_at_settings(given: Given, settings: dict[int, int]) -> None:
    """Neighbours may be named by their custom field as well as by their setting."""
    for name, value in given.values.items():
        if name != "is_important" and value is not None and int(value) in settings:
            given.values[name] = str(settings[int(value)])
