"""How custom fields are shown on tasks and projects: with the value they have there, and that value in words.

However many records are shown, their custom fields cost a fixed number of queries.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from fanfold.work.schema import Document, Kind, Ref
from fanfold.work.selection import COMPACT, Selection
from fanfold.work.shape import Sheet, decode, shape

if TYPE_CHECKING:
    from fanfold.work.store import Link
    from fanfold.work.view import View

SETTINGS = "project.custom_field_settings"
"""Link field: the custom field settings of a project, in order; the note is the custom field."""

OPTIONS = "custom_field.enum_options"
"""Link field: the options of a custom field, in order."""

IN_SECTIONS = "<section.tasks"

VALUES = {
    "text": "text_value",
    "number": "number_value",
    "enum": "enum_value",
    "multi_enum": "multi_enum_values",
    "date": "date_value",
    "people": "people_value",
    "reference": "reference_value",
}
"""The property that shows the value, by the field's type."""

DETAILS = (
    *("resource_subtype", "precision", "format", "currency_code", "custom_label", "custom_label_position"),
    *("is_global_to_workspace", "has_notifications_enabled", "asana_created_field", "is_value_read_only"),
)
"""What the custom fields of a task show beyond their short form."""


class _Shown(Struct, frozen=True):
    """The custom fields of all records of a sheet: gids by project, documents, static parts, options by their gid."""

    by_project: dict[int, tuple[int, ...]]
    documents: dict[int, Document]
    parts: dict[int, Document]
    options: dict[str, Document]


_NONE = _Shown({}, {}, {}, {})


def show_custom_fields(sheet: Sheet, gid: int, document: Document) -> list[Document]:
    """The custom fields of a task or project with the values that it has."""
    shown = sheet.once("custom_fields", _find)
    if shown is _NONE:
        return []
    projects = [gid] if sheet.kind.name == "project" else _projects(sheet, gid)
    fields = dict.fromkeys(field for project in projects for field in shown.by_project.get(project, ()))
    if not fields:
        return []
    values = document.get("custom_fields") or {}
    objects = {str(link.gid): link for link in sheet.links(gid, f"{sheet.kind.name}.custom_objects")} if values else {}
    found = [_with_value(shown, field, values.get(str(field)), objects) for field in fields if field in shown.parts]
    if sheet.kind.name == "project" and _selection(sheet).compact:
        for item in found:
            item.pop("people_value", None)
            item.pop("reference_value", None)
    return found


def _selection(sheet: Sheet) -> Selection:
    return sheet.selection.fields.get("custom_fields", COMPACT)


@lru_cache(maxsize=16)
def _on_tasks(kind: Kind) -> Selection:
    """What tasks show of each custom field unless told otherwise: more than its short form, all of it plain values."""
    names = ("resource_type", *kind.compact, *DETAILS)
    return Selection(fields={name: Selection(fields={}) for name in names})


def _projects(sheet: Sheet, gid: int) -> list[int]:
    return [link.note for link in sheet.links(gid, IN_SECTIONS) if link.note is not None]


def _find(sheet: Sheet) -> _Shown:
    view = sheet.view
    task = sheet.kind.name == "task"
    owners = list({project for gid in sheet.gids for project in _projects(sheet, gid)}) if task else list(sheet.gids)
    by_project = view.store.notes(owners, SETTINGS)
    wanted = {field for fields in by_project.values() for field in fields}
    if not wanted:
        return _NONE
    rows = view.rows(wanted)
    kind: Kind = view.kinds["custom_field"]
    selection = _selection(sheet)
    if task and selection.compact:
        selection = _on_tasks(kind)
    parts = shape(view, kind, [(gid, row.document) for gid, row in rows.items()], selection)
    documents = {gid: decode(row.document) for gid, row in rows.items()}
    return _Shown(by_project, documents, dict(zip(rows, parts, strict=True)), _all_options(view, documents))


def _all_options(view: View, documents: dict[int, Document]) -> dict[str, Document]:
    choosing = [gid for gid, document in documents.items() if document["type"] in ("enum", "multi_enum")]
    links = view.links(choosing, (OPTIONS,), ()) if choosing else {}
    return {str(link.gid): decode(link.compact) for found in links.values() for link in found}


def _with_value(shown: _Shown, field: int, value: Any, objects: dict[str, Link]) -> Document:
    document = shown.documents[field]
    sort = document["type"]
    show, names = value, []
    if sort == "enum" and value is not None:
        show = shown.options.get(value)
        names = [show["name"]] if show else []
    elif sort == "multi_enum":
        show = [shown.options[gid] for gid in value or () if gid in shown.options]
        names = [option["name"] for option in show]
    elif sort in ("people", "reference"):
        found = [objects[gid] for gid in value or () if gid in objects]
        show = [Ref(link.gid) for link in found]
        names = [str(decode(link.compact).get("name") or "") for link in found if link.compact]
    return {**shown.parts[field], VALUES[sort]: show, "display_value": display(document, value, names)}


# -- in words --------------------------------------------------------------------------------------------------------

_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "ILS": "₪", "VND": "₫"}


def display(field: Document, value: Any, names: list[str]) -> str | None:
    """``value`` of the custom field ``field`` as text, or None where there is none.

    ``names`` are those of the options, people or objects that the value stands for.
    """
    if value is None:
        return None
    kind = field["type"]
    if kind == "text":
        return str(value)
    if kind == "number":
        return _number(field, value)
    if kind == "date":
        return str(value.get("date_time") or value["date"])
    return ", ".join(names) or None


def _number(field: Document, value: float) -> str:
    precision = field.get("precision") or 0
    form = field.get("format")
    if form == "percentage":
        return f"{value * 100:.{precision}f}%"
    if form == "duration":
        return _duration(round(value))
    written = f"{value:.{precision}f}"
    if form == "currency":
        code = field.get("currency_code") or ""
        return f"{_SYMBOLS[code]}{written}" if code in _SYMBOLS else f"{code} {written}".strip()
    label = field.get("custom_label")
    if form == "custom" and label:
        return f"{label} {written}" if field.get("custom_label_position") == "prefix" else f"{written} {label}"
    return written


def _duration(minutes: int) -> str:
    hours, rest = divmod(abs(minutes), 60)
    sign = "-" if minutes < 0 else ""
    return sign + (f"{hours}h {rest}m" if hours and rest else f"{hours}h" if hours else f"{rest}m")
