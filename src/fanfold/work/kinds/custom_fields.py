"""Custom fields: what a workspace records about its tasks and projects beyond what everybody does."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import structs

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.change import born
from fanfold.work.custom_display import OPTIONS
from fanfold.work.kinds.custom_ids import prefix_fits
from fanfold.work.kinds.enum_options import MAX_OPTIONS, enum_option
from fanfold.work.membership import disband
from fanfold.work.request import Request, brief
from fanfold.work.routes import crud, under, update
from fanfold.work.schema import (
    Document,
    Field,
    Kind,
    boolean,
    choice,
    datetime,
    integer,
    items,
    many,
    number,
    obj,
    one,
    text,
)
from fanfold.work.validate import value_of

if TYPE_CHECKING:
    from fanfold.work.change import Change

TYPES = ("text", "enum", "multi_enum", "number", "date", "people", "reference")

PRIVACY = ("public_with_guests", "public", "private")

FORMATS = ("currency", "identifier", "percentage", "custom", "duration", "none")

REFERABLE = ("task", "project", "portfolio", "goal")
"""Kinds that a custom field of type reference may point to."""

SETTINGS_OF = "custom_field.settings"
"""Link field: the settings by which projects, portfolios and goals have a custom field."""

BUILT_IN = frozenset(
    (
        *("assignee", "collaborators", "comments", "completed", "completed on", "created by", "created on"),
        *("dependencies", "description", "due date", "followers", "last modified on", "name", "notes", "parent task"),
        *("projects", "section", "start date", "subtasks", "tags", "task id"),
    )
)
"""Names that a custom field may not have, since tasks have a property of that name already; lower case."""


def _nothing(_: Request, __: Any) -> None:
    """A custom field by itself has no value; tasks and projects give it theirs."""


def _value(field: Field) -> Field:
    return structs.replace(field, parse=_nothing, omitted=True)


def _not_for_apps(_: Request, value: Any) -> None:
    if value not in (False, None, "false"):
        raise RequestError("owned_by_app: This app may not own custom fields", status=403)


def _referable(_: Request, value: Any) -> list[str]:
    if not isinstance(value, list) or any(item not in REFERABLE for item in value):
        raise RequestError(f"input_restrictions: Must be a list of {', '.join(REFERABLE)}, not: {brief(value)}")
    return list(dict.fromkeys(value))


def _options(_: Request, value: Any) -> list[Document]:
    if not isinstance(value, list):
        raise RequestError(f"enum_options: Value is not an array: {brief(value)}")
    if len(value) > MAX_OPTIONS:
        raise RequestError(f"enum_options: A custom field must have at most {MAX_OPTIONS} options")
    return [_option(f"enum_options: [{index}]", item) for index, item in enumerate(value)]


def _option(label: str, item: Any) -> Document:
    if not isinstance(item, dict):
        raise RequestError(f"{label}: Value is not a JSON object: {brief(item)}")
    option: Document = {}
    for name in enum_option.compact:
        field = structs.replace(enum_option.fields[name], name=f"{label}: {name}")
        if item.get(name) is not None:
            option[name] = value_of(field, item[name])
        elif field.required:
            raise RequestError(f"{field.name}: Missing input")
    return option


custom_field = Kind(
    "custom_field",
    compact=(
        *("name", "type", "enum_options", "enabled", "representation_type", "id_prefix"),
        *("input_restrictions", "is_formula_field"),
    ),
    fields=(
        text("name", required=True, nullable=False, max_length=255),
        choice("resource_subtype", *TYPES, access="create"),
        choice("type", *TYPES, access="create", described=False),
        many("enum_options", "enum_option", link=OPTIONS, access="create", parse=_options),
        boolean("enabled", default=True, access="read"),
        choice("representation_type", *TYPES, "formula", "custom_id", access="read"),
        text("id_prefix", max_length=50),
        items("input_restrictions", parse=_referable, omitted=True),
        boolean("is_formula_field", parse=lambda _, __: False),
        text("description", default="", nullable=False, opt_in=True),
        integer("precision", low=0, high=6, omitted=True),
        choice("format", *FORMATS, default="none", nullable=False),
        text("currency_code"),
        text("custom_label", max_length=255),
        choice("custom_label_position", "prefix", "suffix"),
        boolean("is_global_to_workspace", default=True, access="read"),
        boolean("has_notifications_enabled"),
        text("asana_created_field", access="read"),
        boolean("is_value_read_only", access="read"),
        one("created_by", "user", access="read"),
        choice("privacy_setting", *PRIVACY, default=PRIVACY[0], access="read"),
        choice("default_access_level", "admin", "editor", "user", default="user", access="read"),
        _value(obj("date_value")),
        _value(obj("enum_value")),
        _value(items("multi_enum_values")),
        _value(number("number_value")),
        _value(text("text_value")),
        _value(items("people_value")),
        _value(items("reference_value")),
        text("html_text_value", access="read", omitted=True),
        text("display_value", access="read", omitted=True),
        datetime("created_at", access="read", opt_in=True),
        one("workspace", "workspace", access="create", required=True, nullable=False, opt_in=True),
        boolean("owned_by_app", default=None, parse=_not_for_apps, opt_in=True, omitted=True),
    ),
)
crud(custom_field, "create", "read", "delete")
custom_field.route(
    "PUT",
    "/custom_fields/{custom_field_gid}",
    "updateCustomField",
    update,
    subject="custom_field",
    takes=tuple(
        structs.replace(field, required=False)
        for field in custom_field.fields.values()
        if field.access != "read" and field.name not in ("type", "resource_subtype")
    ),
    summary="Update a custom field",
)
under(custom_field, "workspace")


@custom_field.rule("create")
def is_of_one_type(change: Change) -> None:
    """The type comes under its present or its former name, and stays what it is.

    A formula is made by the system only, and its values are whatever the system put there: they are shown, never set.
    """
    after = change.after
    after["type"] = after["resource_subtype"] = after.get("resource_subtype") or after.get("type")
    if after["type"] is None:
        raise RequestError("resource_subtype: Missing input")
    after["representation_type"] = "formula" if after.get("is_formula_field") else after["type"]
    after["created_by"] = str(change.view.user)


@custom_field.rule("create", "update")
def name_is_free(change: Change) -> None:
    """No two custom fields of a workspace share a name, and none has the name of something that all tasks have."""
    name = change.after["name"]
    if not name.strip():
        raise RequestError("name: Missing input")
    if change.moved("name") and name.strip().lower() in BUILT_IN:
        raise RequestError(f"name: Tasks have a property of this name already: {brief(name)}")
    found = change.store.page_kind(change.workspace, "custom_field", None, 2, filters.same_text("name", name))
    if any(held.gid != change.gid for held in found):
        raise RequestError(f"name: There is already a custom field of this name in the workspace: {brief(name)}")


custom_field.rule("create", "update")(prefix_fits)


@custom_field.rule("create", "update")
def format_fits_the_type(change: Change) -> None:
    """Only numbers have precision and format; money needs a currency; what belongs to another format is dropped."""
    after = change.after
    if after["type"] != "number":
        after.update(precision=None, format="none")
    elif after.get("precision") is None:
        after["precision"] = 0
    if after["type"] != "reference":
        after["input_restrictions"] = None
    if after["format"] != "currency":
        after["currency_code"] = None
    elif not re.fullmatch("[A-Z]{3}", after.get("currency_code") or ""):
        raise RequestError(f"currency_code: Not a three-letter currency code: {brief(after.get('currency_code'))}")
    if after["format"] != "custom":
        after.update(custom_label=None, custom_label_position=None)


@custom_field.rule("create")
def options_become_records(change: Change) -> None:
    """Each option has a gid of its own, since values name it by that."""
    options: list[Document] = change.after.pop("enum_options", [])
    if options and change.after["type"] not in ("enum", "multi_enum"):
        raise RequestError("enum_options: Only custom fields of type enum or multi_enum have options")
    store = change.store
    for option in options:
        made = born(change.view, "enum_option", change.workspace, custom_field=str(change.gid), **option)
        store.link(change.gid, OPTIONS, made.gid, store.end(change.gid, OPTIONS))


@custom_field.rule("delete")
def takes_settings_and_options_along(change: Change) -> None:
    """Without the custom field its options, its places on projects and its members mean nothing."""
    disband(change)
    for link in (OPTIONS, SETTINGS_OF):
        for gid in change.store.targets(change.gid, link):
            change.store.delete(gid)
