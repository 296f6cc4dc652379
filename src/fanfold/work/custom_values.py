"""The values of custom fields: what a client may write on a task, project, portfolio or goal.

A task has the custom fields of the projects that it is in, all others their own; projects and portfolios have those of
the portfolios that they are in too. Values stand in the record's document by the field's gid; whom and what they refer
to is linked as well, so that it is shown without looking each up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import isfinite
from typing import TYPE_CHECKING, Any, Literal

from msgspec import DecodeError, Struct

from fanfold.errors import RequestError
from fanfold.work.custom_display import (
    HELD,
    IN_PORTFOLIOS,
    IN_SECTIONS,
    OPTIONS,
    SETTINGS,
    settings_link,
    show_custom_fields,
)
from fanfold.work.request import Request, brief
from fanfold.work.schema import Document, Field, number, obj, text
from fanfold.work.shape import decode
from fanfold.work.validate import MAX_LIST, day, moment, value_of
from fanfold.work.view import MEMBERS, gid_of

if TYPE_CHECKING:
    from fanfold.work.change import Change


def custom_fields_of(kind: Literal["task", "project", "portfolio", "goal"]) -> Field:
    """The field ``custom_fields`` of a kind; its page adds the rule ``custom_values_fit`` at creation and update."""
    inside = (IN_SECTIONS,) if kind == "task" else (IN_PORTFOLIOS,) if kind in HELD else ()
    needs = (f"{kind}.custom_objects", *inside)
    shown: dict[str, Any] = {"kind": "custom_field", "of": "list", "compute": show_custom_fields, "needs": needs}
    return obj("custom_fields", parse=read_custom_values, **shown)


# -- what a client writes --------------------------------------------------------------------------------------------


class _Field(Struct, frozen=True):
    """A custom field while a value for it is read; ``options``: gids of those that are enabled."""

    label: str
    workspace: int
    document: Document
    options: frozenset[str]


def read_custom_values(request: Request, value: Any) -> Document:
    """The values that a client gives by the field's gid, as they are stored; null takes a value away."""
    given = _object(value)
    view = request.view
    gids = {key: gid_of(key) for key in given}
    rows = view.rows({gid for gid in gids.values() if gid is not None})
    for key, gid in gids.items():
        if gid is None or gid not in rows or rows[gid].kind != "custom_field":
            raise _not_on_object(key)
    links = view.links(list(rows), (OPTIONS,), ())
    values: Document = {}
    for key, gid in gids.items():
        row = rows[gid or 0]
        enabled = frozenset(
            str(link.gid) for link in links.get((row.gid, OPTIONS), []) if decode(link.compact)["enabled"]
        )
        field = _Field(f"custom_fields: [{row.gid}]", row.workspace, decode(row.document), enabled)
        if field.document.get("id_prefix") or field.document.get("is_formula_field"):
            raise RequestError(f"{field.label}: Cannot write this property")
        empty = given[key] is None or given[key] == ""
        values[str(row.gid)] = None if empty else _READERS[field.document["type"]](request, field, given[key])
    return values


def _object(value: Any) -> Document:
    decoded = value
    if isinstance(value, str):
        try:
            decoded = decode(value)
        except (DecodeError, RecursionError, ValueError):
            decoded = None
    if not isinstance(decoded, dict):
        raise RequestError(f"custom_fields: Value is not a JSON object: {brief(value)}")
    if len(decoded) > MAX_LIST:
        raise RequestError(f"custom_fields: Must have at most {MAX_LIST} members")
    return decoded


def _not_on_object(gid: str) -> RequestError:
    return RequestError(f"Custom field with ID {brief(gid)} is not on given object")


def _text(_: Request, field: _Field, value: Any) -> str:
    return str(value_of(text(field.label), value))


def _number(_: Request, field: _Field, value: Any) -> float | int:
    given = value_of(number(field.label), value)
    if not isfinite(given):
        raise RequestError(f"{field.label}: Value is not a number: {value}")
    places = (field.document.get("precision") or 0) + (2 if field.document.get("format") == "percentage" else 0)
    rounded: float | int = round(given, places)
    return rounded


def _option(_: Request, field: _Field, value: Any) -> str:
    gid = _gid_text(value)
    if gid not in field.options:
        raise RequestError(f"{field.label}: Not an enabled option of the custom field: {brief(value)}")
    return gid


def _options(request: Request, field: _Field, value: Any) -> list[str] | None:
    return list(dict.fromkeys(_option(request, field, item) for item in _list(field, value))) or None


def _date(_: Request, field: _Field, value: Any) -> Document | None:
    if isinstance(value, str):
        value = {"date_time" if len(value) > len("yyyy-mm-dd") else "date": value}
    if not isinstance(value, dict):
        raise RequestError(f"{field.label}: Value is not a JSON object: {brief(value)}")
    if value.get("date_time") is not None:
        at = moment(field.label, value["date_time"])
        return {"date": at[:10], "date_time": at}
    return None if value.get("date") is None else {"date": day(field.label, value["date"])}


def _people(request: Request, field: _Field, value: Any) -> list[str] | None:
    found: list[str] = []
    for item in _list(field, value):
        user = request.view.user_gid(_gid_text(item))
        if user is None or not request.view.store.linked(field.workspace, MEMBERS, user):
            raise RequestError(f"{field.label}: Not a user in Workspace: {brief(item)}")
        found.append(str(user))
    return list(dict.fromkeys(found)) or None


def _references(request: Request, field: _Field, value: Any) -> list[str] | None:
    members = {_gid_text(item): item for item in _list(field, value)}
    gids = {gid: item for given, item in members.items() if (gid := gid_of(given)) is not None}
    rows = request.view.rows(gids)
    if len(gids) < len(members) or any(gid not in rows for gid in gids):
        raise RequestError(f"{field.label}: Unknown object: {brief(value)}")
    allowed = field.document.get("input_restrictions") or ("task", "project", "portfolio", "goal")
    for gid in gids:
        if rows[gid].kind not in allowed:
            raise RequestError(f"{field.label}: Not a valid GID type: {rows[gid].kind}")
    return [str(gid) for gid in gids] or None


def _list(field: _Field, value: Any) -> list[Any]:
    if isinstance(value, str):
        value = [part.strip() for part in value.split(",") if part.strip()]
    if not isinstance(value, list):
        raise RequestError(f"{field.label}: Value is not an array: {brief(value)}")
    if len(value) > MAX_LIST:
        raise RequestError(f"{field.label}: Must have at most {MAX_LIST} members")
    return value


def _gid_text(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("gid")
    return value if isinstance(value, str) else str(value) if type(value) is int else ""


_READERS: dict[str, Callable[[Request, _Field, Any], Any]] = {
    "text": _text,
    "number": _number,
    "enum": _option,
    "multi_enum": _options,
    "date": _date,
    "people": _people,
    "reference": _references,
}


def custom_values_fit(change: Change) -> None:
    """A rule: values are given only for the custom fields that the record has; those not given stay as they were."""
    if "custom_fields" not in change.given.values:
        return
    given: Document = change.given.values["custom_fields"] or {}
    held: Document = change.before.get("custom_fields") or {}
    allowed = {str(field) for field in _fields_on(change)} if given else set()
    for gid in given:
        if gid not in allowed:
            raise _not_on_object(gid)
    values = {gid: value for gid, value in (held | given).items() if value is not None}
    change.after["custom_fields"] = values or None
    _link_objects(change, values.values())


def _fields_on(change: Change) -> set[int]:
    owners, settings = [change.gid], {settings_link(change.kind.name)}
    if change.kind.name in HELD:
        owners += [holder for holder, _ in change.store.owners(change.gid, IN_PORTFOLIOS.removeprefix("<"))]
        settings.add(settings_link("portfolio"))
    if change.kind.name == "task":
        settings = {SETTINGS}
        inside = change.store.owners(change.gid, IN_SECTIONS.removeprefix("<"))
        owners = [*(note for _, note in inside if note is not None), *change.given.lists.get("projects", ())]
    links = change.store.links(owners, tuple(settings), ())
    return {link.note for found in links.values() for link in found if link.note is not None}


def _link_objects(change: Change, values: Iterable[Any]) -> None:
    link, store = f"{change.kind.name}.custom_objects", change.store
    listed = {int(gid) for value in values if isinstance(value, list) for gid in value}
    wanted = {gid for gid, row in store.records(listed).items() if row.kind != "enum_option"} if listed else set()
    linked = set(store.targets(change.gid, link))
    for gid in linked - wanted:
        store.unlink(change.gid, link, gid)
    for gid in sorted(wanted - linked):
        store.link(change.gid, link, gid, store.end(change.gid, link))
