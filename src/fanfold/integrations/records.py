"""How unified records are shown: with or without what the API itself said, some fields only, by one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from fanfold.entries import Fetch
from fanfold.errors import RequestError

FORMATS = ("unified", "normalized", "raw")
REMOTE = "remote_data"


class Wishes(Struct, frozen=True):
    """How whoever asks wants records: ``form`` is one of ``FORMATS``."""

    form: str = "unified"
    remote_data: bool = True
    excluded: frozenset[str] = frozenset()


def wishes_of(fetch: Fetch) -> Wishes:
    """What ``truto_*`` parameters and the entry's response format ask for; an unknown format means the first."""
    query = fetch.query
    form = fetch.response_format or query.get("truto_response_format")
    return Wishes(
        form if form in FORMATS else FORMATS[0],
        not is_true(query.get("truto_ignore_remote_data")),
        frozenset(names_of(query.get("truto_exclude_fields"))),
    )


def is_true(value: Any) -> bool:
    """Whether a parameter says yes: true, ``"true"`` or ``"1"``."""
    return value is True or (isinstance(value, str) and value.strip().lower() in ("true", "1"))


def names_of(value: Any) -> list[str]:
    """Names in a list, or in text with commas between them."""
    if isinstance(value, str):
        return [name for name in (part.strip() for part in value.split(",")) if name]
    return [name for name in value if isinstance(name, str)] if isinstance(value, (list, tuple)) else []


def shown(record: Any, wishes: Wishes, fields: Sequence[str] = ()) -> Any:
    """A record as it is wanted. ``fields`` are those of its model, in order, where they are known.

    Normalized records have exactly these, null where the integration has nothing.
    """
    if not isinstance(record, Mapping):
        return record
    if wishes.form == "normalized" and fields:
        record = {name: record.get(name) for name in fields}
    dropped = wishes.excluded | (frozenset() if wishes.remote_data else {REMOTE})
    return {name: value for name, value in record.items() if name not in dropped} if dropped else record


def keyed(records: Sequence[Any], field: str) -> dict[str, Any]:
    """Records by the value of one of their fields (``truto_key_by``), the last where several have the same.

    Raises ``RequestError`` where one has no such field.
    """
    result: dict[str, Any] = {}
    for record in records:
        value = record.get(field) if isinstance(record, Mapping) else None
        if value is None or isinstance(value, (dict, list)):
            raise RequestError(f"truto_key_by: not every record has a {field!r} to be found by")
        result[value if isinstance(value, str) else str(value)] = record
    return result
