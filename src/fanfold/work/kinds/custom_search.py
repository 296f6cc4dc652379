"""Searching by custom fields and custom types: parameters whose names hold gids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import isfinite
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work import task_conditions as conditions
from fanfold.work.custom_display import OPTIONS
from fanfold.work.request import Request, brief
from fanfold.work.schema import boolean, number, text
from fanfold.work.search import Condition
from fanfold.work.shape import decode
from fanfold.work.store.idioms import SHORT
from fanfold.work.validate import day, value_of

if TYPE_CHECKING:
    from fanfold.work.store import Row

MAX_PARAMETERS = 50
"""Most conditions on custom fields that one search may have."""

_FIELDS, _TYPES, _STATUS = "custom_fields.", "custom_types.", ".custom_type_status_option.gid"


def _text(_: Request, __: Row, name: str, value: str) -> str:
    return str(value_of(text(name, max_length=1000), value))


def _number(_: Request, __: Row, name: str, value: str) -> float:
    given = float(value_of(number(name), value))
    if not isfinite(given):
        raise RequestError(f"{name}: Value is not a number: {brief(value)}")
    return given


def _day(_: Request, __: Row, name: str, value: str) -> str:
    return day(name, value)


def _option(request: Request, field: Row, name: str, value: str) -> str:
    option = request.view.find(name, value, "enum_option", status=400)
    if not request.view.store.linked(field.gid, OPTIONS, option.gid):
        raise RequestError(f"{name}: Not an option of the custom field: {brief(value)}")
    return str(option.gid)


_READERS: dict[str, Callable[[Request, Row, str, str], str | float]] = {
    "text": _text,
    "number": _number,
    "enum": _option,
    "date": _day,
}

_LIKE = "{long v} {like}"

_COMPARISONS: dict[str, tuple[tuple[str, ...], str]] = {
    "value": (("text", "number", "enum", "date"), "{long v} = ?"),
    "starts_with": (("text",), _LIKE),
    "ends_with": (("text",), _LIKE),
    "contains": (("text",), _LIKE),
    "less_than": (("number",), "{number v} < ?"),
    "greater_than": (("number",), "{number v} > ?"),
    "before": (("date",), "{short v} < ?"),
    "after": (("date",), "{short v} > ?"),
}
"""What may be asked of a value: of which types, and as SQL."""

_EQUAL_NUMBER, _EQUAL_SHORT = "{number v} = ?", "{short v} = ?"
"""The first of these for numbers, and for texts that are found more quickly."""

_PATTERNS = {"starts_with": "{}%", "ends_with": "%{}", "contains": "%{}%"}


def custom_field_conditions(request: Request) -> Iterator[Condition]:
    """The conditions ``custom_fields.{gid}.…``."""
    named = [name for name in request.query if name.startswith(_FIELDS)]
    if len(named) > MAX_PARAMETERS:
        raise RequestError(f"custom_fields: A search may have at most {MAX_PARAMETERS} conditions on custom fields")
    for name in named:
        gid, _, how = name.removeprefix(_FIELDS).partition(".")
        yield _on_field(request, brief(name), gid, how, request.query[name])


def _on_field(request: Request, name: str, gid: str, how: str, value: str) -> Condition:
    field = request.view.find(name, gid, "custom_field", status=400)
    if field.workspace != request.row.gid:
        raise RequestError(f"{name}: Unknown object: {gid}")
    if how == "is_set":
        wants = value_of(boolean(name), value.lower())
        return conditions.has_value(field.gid) if wants else conditions.has_no_value(field.gid)
    if how not in _COMPARISONS:
        raise RequestError(f"{name}: Must end with one of is_set, {', '.join(_COMPARISONS)}")
    sort = decode(field.document)["type"]
    types, where = _COMPARISONS[how]
    if sort not in types:
        raise RequestError(f"{name}: Not supported for custom fields of type {sort}")
    wanted = _READERS[sort](request, field, name, value)
    if how == "value":
        where = _EQUAL_NUMBER if sort == "number" else _EQUAL_SHORT if len(str(wanted)) <= SHORT else where
    if how in _PATTERNS:
        wanted = _PATTERNS[how].format(_literal(str(wanted)))
    return conditions.has_value(field.gid, where, wanted)


def _literal(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def custom_type_conditions(request: Request) -> Iterator[Condition]:
    """The condition ``custom_types.{gid}.custom_type_status_option.gid``, of which there may be one."""
    named = [name for name in request.query if name.startswith(_TYPES)]
    if not named:
        return
    name, query, view = brief(named[0]), request.query, request.view
    if len(named) > 1:
        raise RequestError("custom_types: Only one custom_types parameter may be specified per request")
    if not named[0].endswith(_STATUS):
        raise RequestError(f"{name}: Must end with {_STATUS.lstrip('.')}")
    if query.get("resource_subtype") != "custom":
        raise RequestError(f"{name}: resource_subtype must be custom to search by the status of a custom type")
    gid = named[0].removeprefix(_TYPES).removesuffix(_STATUS)
    sort = view.find(name, gid, "custom_type", status=400)
    option = view.find(name, query[named[0]], "custom_type_status_option", status=400)
    if decode(option.document).get("custom_type") not in (None, str(sort.gid)):
        raise RequestError(f"{name}: Not a status option of the custom type: {option.gid}")
    yield conditions.has_status(request.row.gid, sort.gid, option.gid)
