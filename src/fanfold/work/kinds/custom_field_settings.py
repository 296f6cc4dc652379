"""Custom field settings: that a project, portfolio or goal has a custom field.

With that it may have a value of the field, and so may the tasks of a project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import born, creation, deletion
from fanfold.work.custom_display import settings_link
from fanfold.work.kinds.custom_fields import SETTINGS_OF, custom_field
from fanfold.work.kinds.custom_ids import count_tasks
from fanfold.work.places import position
from fanfold.work.request import EMPTY, Request
from fanfold.work.routes import list_linked, under
from fanfold.work.schema import Document, Kind, Ref, boolean, one
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
        one("parent", "", access="read", compute=lambda _, __, document: Ref(int(document["parent"]), named=True)),
        one("custom_field", "custom_field", access="read", omitted=True),
    ),
    within="parent",
)
PARENTS = ("project", "portfolio", "goal")
"""The kinds that have custom fields of their own."""

for _parent in PARENTS:
    under(custom_field_setting, _parent, settings_link(_parent))

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


def add(request: Request) -> Answer:
    """Give a record a custom field, which is made if it does not exist yet."""
    view, parent = request.view, request.row
    given = read(request, (_IMPORTANT, *_ANCHORS))
    settings = settings_of(view, parent)
    _anchor_at_settings(given, settings)
    where = position(view.store, parent.gid, settings_link(parent.kind), given)
    field = _field(request)
    if field in settings:
        raise RequestError(f"Custom field with ID {field} is already on given object")
    return request.reread(attach(view, parent, field, where, important=given.values.get("is_important", False)))


def remove(request: Request) -> Answer:
    """Take a custom field off a record."""
    view = request.view
    field = int(read(request, (_FIELD,)).values["custom_field"])
    setting = settings_of(view, request.row).get(field)
    row = None if setting is None else view.store.record(setting)
    if row is None:
        raise RequestError(f"Custom field with ID {field} is not on given object")
    deletion(view, row).write()
    return EMPTY


for _parent in PARENTS:
    for _action, _handler, _more in (
        ("add", add, {"takes": (_FIELD, _IMPORTANT, *_ANCHORS)}),
        ("remove", remove, {"takes": (_FIELD,), "answers": "empty"}),
    ):
        custom_field_setting.verb(
            "POST",
            f"/{_parent}s/{{{_parent}_gid}}/{_action}CustomFieldSetting",
            f"{_action}CustomFieldSettingFor{_parent.capitalize()}",
            subject=_parent,
            **_more,
        )(_handler)


def settings_of(view: View, parent: Row) -> dict[int, int]:
    """The settings of a record in order: custom field → setting."""
    name = settings_link(parent.kind)
    links = view.store.links((parent.gid,), (name,), ())
    return {link.note: link.gid for link in links.get((parent.gid, name), ()) if link.note is not None}


def attach(view: View, parent: Row, field: int, where: int, *, important: bool) -> int:
    """Put a custom field on a record at a position in its list; the gid of the new setting."""
    owner = str(parent.gid)
    values: Document = {"parent": owner, "custom_field": str(field), "is_important": important}
    if parent.kind == "project":
        values["project"] = owner
    setting = born(view, "custom_field_setting", parent.workspace, **values).gid
    view.store.link(parent.gid, settings_link(parent.kind), setting, where, field)
    view.store.link(field, SETTINGS_OF, setting, view.store.end(field, SETTINGS_OF))
    row = view.store.record(field)
    if row is not None and parent.kind == "project":
        count_tasks(view, parent.gid, setting, row)
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
        raise RequestError(f"custom_field: Not in the workspace of the {request.row.kind}")
    return row.gid


def _anchor_at_settings(given: Given, settings: dict[int, int]) -> None:
    """Neighbours may be named by their custom field as well as by their setting."""
    for name, value in given.values.items():
        if name != "is_important" and value is not None and int(value) in settings:
            given.values[name] = str(settings[int(value)])
