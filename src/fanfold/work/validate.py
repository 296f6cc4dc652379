"""From what a client wrote to values that can be stored: types, formats, bounds, and references that exist.

Unknown fields are ignored, as are those that no client may set; everything else is either right or refused with a
message that begins with the field's name.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.work.clock import stamp
from fanfold.work.request import Request, brief
from fanfold.work.schema import Document, Field, Kind
from fanfold.work.view import EXTERNAL

if TYPE_CHECKING:
    from fanfold.work.store import Row

MAX_TEXT = 65_535
"""Longest string that is stored, in characters, unless a field says otherwise."""

MAX_LIST = 1000
"""Most members that one list in a request may have."""

_LARGEST = sys.float_info.max

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Given(Struct):
    """What a client set: values by field name, relations to many as gids, and the records referred to."""

    values: Document
    lists: dict[str, list[int]]
    rows: dict[int, Row]

    def row(self, name: str) -> Row | None:
        """The record that a relation to one was set to."""
        value = self.values.get(name)
        return None if value is None else self.rows[int(value)]

    def __contains__(self, name: object) -> bool:
        """Whether the client set the field."""
        return name in self.values or name in self.lists


def read_kind(request: Request, kind: Kind, *, creating: bool = True) -> Given:
    """The values that the request gives for a kind's fields, at a cost that depends on how many it gives."""
    data, fields = request.data, kind.fields
    if creating:
        for name in kind.required:
            if name not in data:
                raise RequestError(f"{name}: Missing input")
    return read(request, [fields[name] for name in data if name in fields], creating=creating)


def read(request: Request, fields: Iterable[Field], *, creating: bool = True) -> Given:
    """The values that the request gives for ``fields``; raises ``RequestError`` at the first that is wrong."""
    data = request.data
    given = Given({}, {}, {})
    references: list[_Reference] = []
    for field in fields:
        name = field.name
        if name not in data:
            if field.required and creating:
                raise RequestError(f"{name}: Missing input")
            continue
        if field.access == "read":
            continue
        if field.access == "create" and not creating:
            raise RequestError(f"{name}: Cannot write this property")
        _take(request, field, data[name], given, references)
    if references:
        _resolve(request, given, references)
    return given


def _take(request: Request, field: Field, value: Any, given: Given, references: list[_Reference]) -> None:
    """Read one value; what it refers to is found later, all together."""
    name = field.name
    if value is None and field.type != "many":
        if not field.nullable:
            raise RequestError(f"{name}: Missing input" if field.required else f"{name}: Value may not be null")
        given.values[name] = None
    elif field.parse is not None:
        given.values[name] = field.parse(request, value)
    elif field.type == "one":
        given.values[name] = value
        references.append((name, None, _id_text(name, value), field.kind))
    elif field.type == "many":
        given.lists[name] = []
        for index, item in enumerate(_listed(name, value)):
            references.append((name, index, _id_text(name, item, index), field.kind))
    else:
        given.values[name] = _PARSERS[field.type](field, value)


def _listed(name: str, value: Any) -> list[Any]:
    if isinstance(value, str):
        value = [part for part in value.split(",") if part]
    if not isinstance(value, list):
        raise RequestError(f"{name}: Value is not an array: {brief(value)}")
    if len(value) > MAX_LIST:
        raise RequestError(f"{name}: Must have at most {MAX_LIST} members")
    return value


_Reference = tuple[str, int | None, str, str]
"""A record referred to: the field, the index in its list, the client's words, the kind that it has to be of."""


def _label(name: str, index: int | None) -> str:
    return name if index is None else f"{name}: [{index}]"


def _id_text(name: str, value: Any, index: int | None = None) -> str:
    if isinstance(value, dict):
        value = value.get("gid")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise RequestError(f"{_label(name, index)}: Not a recognized ID: {brief(value)}")
    return value


def _resolve(request: Request, given: Given, references: list[_Reference]) -> None:
    """Find all records referred to in one query, and put their gids where the client's words were."""
    view = request.view
    gids = [view.gid(text, kind) for _, _, text, kind in references]
    rows = view.rows({gid for gid in gids if gid is not None})
    for (name, index, text, kind), gid in zip(references, gids, strict=True):
        row = None if gid is None else rows.get(gid)
        if row is None or (kind and row.kind != kind):
            raise RequestError(f"{_label(name, index)}: {_why(text, kind, gid, row)}")
        given.rows[row.gid] = row
        if index is None:
            given.values[name] = str(row.gid)
        elif row.gid not in given.lists[name]:
            given.lists[name].append(row.gid)


def _why(text: str, kind: str, gid: int | None, row: Row | None) -> str:
    """Why what a client referred to is not what it should be."""
    if row is not None:
        return f"Not a valid GID type: {row.kind}"
    if gid is None and not (kind == "user" and "@" in text) and not text.startswith(EXTERNAL):
        return f"Not a recognized ID: {brief(text)}"
    return f"Unknown object: {brief(text)}"


# -- one value of each type ------------------------------------------------------------------------------------------


def _text(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise RequestError(f"{field.name}: Value is not a string: {brief(value)}")
    longest = field.max_length or MAX_TEXT
    if len(value) > longest:
        raise RequestError(f"{field.name}: Must be at most {longest} characters long")
    if "\0" in value:
        raise RequestError(f"{field.name}: Text must not hold the character NUL")
    return value


def _boolean(field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise RequestError(f"{field.name}: Value is not a boolean: {brief(value)}")


def _integer(field: Field, value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
        value = int(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise RequestError(f"{field.name}: Value is not an integer: {brief(value)}")
    if (field.low is not None and value < field.low) or (field.high is not None and value > field.high):
        raise RequestError(f"{field.name}: Must be an integer between {field.low} and {field.high}")
    return value


def _number(field: Field, value: Any) -> float | int:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST:
        return value
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,15}(\.\d{1,15})?", value):
        return float(value)
    raise RequestError(f"{field.name}: Value is not a number: {brief(value)}")


def _choice(field: Field, value: Any) -> str:
    if value in field.choices:
        return str(value)
    raise RequestError(f"{field.name}: Must be one of {', '.join(field.choices)}, not: {brief(value)}")


def _date(field: Field, value: Any) -> str:
    return day(field.name, value)


def _datetime(field: Field, value: Any) -> str:
    return moment(field.name, value)


def _object(field: Field, value: Any) -> Any:
    if isinstance(value, dict):
        return value
    raise RequestError(f"{field.name}: Value is not a JSON object: {brief(value)}")


def _list(field: Field, value: Any) -> Any:
    if isinstance(value, list) and len(value) <= MAX_LIST:
        return value
    raise RequestError(f"{field.name}: Value is not an array: {brief(value)}")


_PARSERS: dict[str, Callable[[Field, Any], Any]] = {
    "text": _text,
    "boolean": _boolean,
    "integer": _integer,
    "number": _number,
    "choice": _choice,
    "date": _date,
    "datetime": _datetime,
    "object": _object,
    "list": _list,
}


def value_of(field: Field, value: Any) -> Any:
    """One value checked against one field of a plain type."""
    return _PARSERS[field.type](field, value)


def day(label: str, value: Any) -> str:
    """A date as ``YYYY-MM-DD``."""
    try:
        if isinstance(value, str) and _DATE.fullmatch(value):
            return date.fromisoformat(value).isoformat()
    except ValueError:
        pass
    raise RequestError(f"{label}: Date must be in ISO-8601 (yyyy-mm-dd) format, not: {brief(value)}")


def moment(label: str, value: Any) -> str:
    """A moment in UTC with milliseconds; a date alone means its first moment, no offset means UTC."""
    try:
        if isinstance(value, str) and _DATE.match(value) and len(value) <= 40:
            return stamp(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        pass
    raise RequestError(f"{label}: Time must be in ISO-8601 (yyyy-mm-ddThh:mm:ssZ) format, not: {brief(value)}")
