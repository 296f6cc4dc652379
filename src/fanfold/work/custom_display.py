"""How custom fields are shown on what has them: with the value they have there, and that value in words.

However many records are shown, their custom fields cost a fixed number of queries.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from msgspec import Raw, Struct
from msgspec.json import Encoder

from fanfold.work.schema import Document, Kind, Ref
from fanfold.work.selection import COMPACT, Selection
from fanfold.work.shape import Sheet, decode, shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fanfold.work.store import Link
    from fanfold.work.view import View

encode = Encoder().encode


def settings_link(kind: str) -> str:
    """Link field: the custom field settings of a record of ``kind``, in order; the note is the custom field."""
    return f"{kind}.custom_field_settings"


SETTINGS = settings_link("project")
"""That of projects, from which tasks have their custom fields."""

OPTIONS = "custom_field.enum_options"
"""Link field: the options of a custom field, in order."""

IN_SECTIONS = "<section.tasks"

IN_PORTFOLIOS = "<portfolio.items"

HELD = ("project", "portfolio")
"""The kinds that have custom fields of the portfolios that they are in, beside their own."""

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

_LONG_FORM = frozenset(("people_value", "reference_value"))
"""Values for which the short form, which all but tasks show, has no place."""


class _Shown(Struct, frozen=True):
    """The custom fields of all records of a sheet: gids by owner, documents, static parts, options by their gid.

    ``heads``: the static parts as JSON that a value is to follow, where nobody asked for particular properties.
    """

    by_owner: dict[int, tuple[int, ...]]
    documents: dict[int, Document]
    parts: dict[int, Document]
    heads: dict[int, bytes]
    options: dict[str, bytes]


def show_custom_fields(sheet: Sheet, gid: int, document: Document) -> list[Any]:
    """The custom fields of a record with the values that it has.

    A task's are those of its projects; projects and portfolios have their own and those of the portfolios they are in.
    """
    on_task = sheet.kind.name == "task"
    owners = _owners(sheet, gid)
    sheet.view.store.expect(*owners)
    if len(sheet.gids) == 1 and on_task and not any(sheet.view.store.notes(owners, SETTINGS).values()):
        return []  # hot
    shown = sheet.once("custom_fields", _find)
    fields = dict.fromkeys(field for owner in owners for field in shown.by_owner.get(owner, ()))
    if not fields:
        return []
    values = document.get("custom_fields") or {}
    objects = {str(link.gid): link for link in sheet.links(gid, f"{sheet.kind.name}.custom_objects")} if values else {}
    found: list[Any] = []
    for field in fields:
        if field in shown.parts:
            value = _value(shown, field, values.get(str(field)), objects)
            if field in shown.heads:
                if not on_task:
                    value = {name: item for name, item in value.items() if name not in _LONG_FORM}
                found.append(Raw(shown.heads[field] + encode(value)[1:]))
            else:
                found.append({**shown.parts[field], **value})
    return found


def _selection(sheet: Sheet) -> Selection:
    return sheet.selection.fields.get("custom_fields", COMPACT)


@lru_cache(maxsize=16)
def _on_tasks(kind: Kind) -> Selection:
    """What tasks show of each custom field unless told otherwise: more than its short form, all of it plain values."""
    names = ("resource_type", *kind.compact, *DETAILS)
    return Selection(fields={name: Selection(fields={}) for name in names})


def _owners(sheet: Sheet, gid: int) -> list[int]:
    """The records whose custom fields a record has."""
    if sheet.kind.name == "task":
        return [link.note for link in sheet.links(gid, IN_SECTIONS) if link.note is not None]
    return [gid, *_holders(sheet, gid)]


def _holders(sheet: Sheet, gid: int) -> list[int]:
    return [link.gid for link in sheet.links(gid, IN_PORTFOLIOS)] if sheet.kind.name in HELD else []


def _fields_by_owner(sheet: Sheet, gids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The custom fields of all the owners that some records have."""
    store = sheet.view.store
    if sheet.kind.name == "task":
        return store.notes(list({owner for gid in gids for owner in _owners(sheet, gid)}), SETTINGS)
    found = store.notes(gids, settings_link(sheet.kind.name))
    holders = {holder for gid in gids for holder in _holders(sheet, gid)}
    return found | store.notes(list(holders), settings_link("portfolio")) if holders else found


def _find(sheet: Sheet) -> _Shown:
    view = sheet.view
    task = sheet.kind.name == "task"
    by_owner = _fields_by_owner(sheet, sheet.gids)
    wanted = {field for fields in by_owner.values() for field in fields}
    rows = view.rows(wanted)
    kind: Kind = view.kinds["custom_field"]
    selection = _selection(sheet)
    if task and selection.compact:
        selection = _on_tasks(kind)
    parts = shape(view, kind, [(gid, row.document) for gid, row in rows.items()], selection)
    documents = {gid: decode(row.document) for gid, row in rows.items()}
    by_gid = dict(zip(rows, parts, strict=True))
    heads = {gid: encode(part)[:-1] + b"," for gid, part in by_gid.items()} if _selection(sheet).compact else {}
    return _Shown(by_owner, documents, by_gid, heads, _all_options(view, documents))


def _all_options(view: View, documents: dict[int, Document]) -> dict[str, bytes]:
    """The short forms of the options of all the custom fields, by gid."""
    choosing = [gid for gid, document in documents.items() if document["type"] in ("enum", "multi_enum")]
    links = view.links(choosing, (OPTIONS,), ()) if choosing else {}
    return {str(link.gid): link.compact for members in links.values() for link in members}


def _value(shown: _Shown, field: int, value: Any, objects: dict[str, Link]) -> Document:
    """What is particular to the record: the value under the name of its type, and in words."""
    document = shown.documents[field]
    sort = document["type"]
    show, names = value, []
    if document.get("id_prefix") and value is not None:
        custom_id = f"{document['id_prefix']}-{value}"
        return {VALUES[sort]: custom_id if sort == "text" else value, "display_value": custom_id}
    if sort in ("enum", "multi_enum"):
        gids = [gid for gid in ([value] if isinstance(value, str) else value or ()) if gid in shown.options]
        names = [decode(shown.options[gid])["name"] for gid in gids]
        compact = field in shown.heads
        items: list[Any] = [Raw(shown.options[gid]) if compact else Ref(int(gid)) for gid in gids]
        show = items if sort == "multi_enum" else next(iter(items), None)
    elif sort in ("people", "reference"):
        links = [objects[gid] for gid in value or () if gid in objects and objects[gid].compact]
        names = [str(decode(link.compact).get("name") or "") for link in links]
        show = [Raw(link.compact) if field in shown.heads else Ref(link.gid) for link in links]
    return {VALUES[sort]: show, "display_value": display(document, value, names)}


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
