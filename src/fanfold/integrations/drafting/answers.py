"""Where the records are in an answer, guessed from its schema: at its top, or under its one list."""

from __future__ import annotations

import re
from typing import Any

from fanfold.integrations.drafting.description import Asked, Description, fields

LISTS = (
    "data",
    "items",
    "results",
    "records",
    "values",
    "value",
    "entries",
    "elements",
    "list",
    "objects",
    "rows",
    "content",
)
"""Names under which lists stand, the likeliest first."""

ENVELOPES = ("data", "result", "response", "page")
"""Names under which all that matters stands."""


def is_list(description: Description, asked: Asked) -> bool:
    """Whether an operation gives many records."""
    return records_path(description, asked) is not None


def records_path(description: Description, asked: Asked) -> str | None:
    """Where the list is in an operation's answer, ``""`` for its top, None where there is none."""
    return None if asked.answer is None else _list_in(description, asked.answer, _last_word(asked.path))


def record_path(description: Description, asked: Asked) -> str:
    """Where the one record is in an operation's answer."""
    properties = fields((asked.answer or {}).get("properties"))
    for name in ENVELOPES:
        if name in properties and not _is_array(description, properties[name]):
            others = [description.schema(each) for other, each in properties.items() if other != name]
            if len(properties) == 1 or (len(properties) <= 3 and not any(_is_record(each) for each in others)):
                return name if _is_record(description.schema(properties[name])) else ""
    return ""


def quoted(name: str) -> str:
    """A name as JSONata wants it in a path."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else f"`{name.replace('`', '')}`"


def _list_in(description: Description, schema: dict[str, Any], word: str, depth: int = 0) -> str | None:
    if _is_array(description, schema):
        return ""
    properties = fields(schema.get("properties"))
    lists = [name for name, each in properties.items() if _is_array(description, each)]
    best = [name for name in (word, *LISTS) if name in lists]
    if best and (len(lists) == 1 or not _looks_single(properties)):
        return quoted(best[0])
    if len(lists) == 1 and not _looks_single(properties):
        return quoted(lists[0])
    if depth == 0 and not lists:
        for name in ENVELOPES:
            below = (
                _list_in(description, description.schema(properties.get(name)), word, 1) if name in properties else None
            )
            if below:
                return f"{quoted(name)}.{below}"
    return None


def _looks_single(properties: dict[str, Any]) -> bool:
    """Whether these are the fields of a record: it has an identity."""
    return bool({"id", "gid", "uuid", "name", "_id", "key"} & properties.keys())


def _is_array(description: Description, schema: Any) -> bool:
    told = description.schema(schema)
    kind = told.get("type")
    return kind == "array" or (isinstance(kind, list) and "array" in kind) or ("items" in told and kind is None)


def _is_record(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "object" or "properties" in schema


def _last_word(path: str) -> str:
    return next((part for part in reversed(path.split("/")) if part and "{" not in part), "")
