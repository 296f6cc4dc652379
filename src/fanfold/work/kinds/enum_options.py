"""Enum options: the choices of a custom field. They are never deleted, only disabled: old values stay readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import structs

from fanfold.errors import RequestError
from fanfold.work.change import creation, modification
from fanfold.work.custom_display import OPTIONS
from fanfold.work.places import position
from fanfold.work.request import Request
from fanfold.work.schema import Kind, boolean, choice, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change

MAX_OPTIONS = 500
"""Most options that a custom field may have, those that are disabled counted."""

COLORS = (
    *("none", "red", "orange", "yellow-orange", "yellow", "yellow-green", "green", "blue-green", "aqua", "blue"),
    *("indigo", "purple", "magenta", "hot-pink", "pink", "cool-gray"),
)

_COMPACT = ("name", "enabled", "color")

enum_option = Kind(
    "enum_option",
    compact=_COMPACT,
    fields=(
        text("name", required=True, nullable=False, max_length=255),
        boolean("enabled", default=True),
        choice("color", *COLORS, default="none", nullable=False),
        one("custom_field", "custom_field", access="read", opt_in=True),
    ),
    within="custom_field",
)

_OWN = tuple(enum_option.fields[name] for name in _COMPACT)
_ANCHORS = (one("insert_before", "enum_option"), one("insert_after", "enum_option"))
_INSERT = (
    one("enum_option", "enum_option", required=True, nullable=False),
    one("before_enum_option", "enum_option"),
    one("after_enum_option", "enum_option"),
)


def _chosen_from(request: Request) -> int:
    """The gid of the custom field that the path names, which must be one with options."""
    if decode(request.row.document)["type"] not in ("enum", "multi_enum"):
        raise RequestError("custom_field: Only custom fields of type enum or multi_enum have options")
    return request.row.gid


@enum_option.rule("create")
def is_not_one_too_many(change: Change) -> None:
    """A custom field has a bounded number of options."""
    if change.store.count(int(change.after["custom_field"]), OPTIONS) >= MAX_OPTIONS:
        raise RequestError(f"enum_options: A custom field must have at most {MAX_OPTIONS} options")


@enum_option.rule("create", "update")
def has_a_name(change: Change) -> None:
    """An option without a name could not be chosen."""
    if not change.after["name"].strip():
        raise RequestError("name: Missing input")


@enum_option.verb(
    "POST",
    "/custom_fields/{custom_field_gid}/enum_options",
    "createEnumOptionForCustomField",
    subject="custom_field",
    takes=(*_OWN, *_ANCHORS),
    status=201,
)
def create(request: Request) -> Answer:
    """Add an option to a custom field, at the end unless told."""
    field, store = _chosen_from(request), request.view.store
    place = read(request, _ANCHORS)
    change = creation(request, enum_option, custom_field=str(field))
    change.workspace = request.row.workspace
    where = position(store, field, OPTIONS, place)
    change.write()
    store.link(field, OPTIONS, change.gid, where)
    return request.reread(change.gid, status=201)


@enum_option.verb(
    "PUT",
    "/enum_options/{enum_option_gid}",
    "updateEnumOption",
    subject="enum_option",
    takes=tuple(structs.replace(field, required=False) for field in _OWN),
)
def update(request: Request) -> Answer:
    """Rename, recolour, enable or disable an option."""
    change = modification(request, request.row)
    change.write()
    return request.reread(change.gid)


@enum_option.verb(
    "POST",
    "/custom_fields/{custom_field_gid}/enum_options/insert",
    "insertEnumOptionForCustomField",
    subject="custom_field",
    takes=_INSERT,
)
def insert(request: Request) -> Answer:
    """Move an option before or after another of the same custom field."""
    field, store = _chosen_from(request), request.view.store
    given = read(request, _INSERT)
    option = int(given.values["enum_option"])
    if not store.linked(field, OPTIONS, option):
        raise RequestError(f"enum_option: Not an option of the custom field: {option}")
    if "before_enum_option" not in given and "after_enum_option" not in given:
        raise RequestError("You must specify one of before_enum_option or after_enum_option")
    if str(option) not in (given.values.get("before_enum_option"), given.values.get("after_enum_option")):
        where = position(store, field, OPTIONS, given, before="before_enum_option", after="after_enum_option")
        store.unlink(field, OPTIONS, option)
        store.link(field, OPTIONS, option, where)
    return request.reread(option)
