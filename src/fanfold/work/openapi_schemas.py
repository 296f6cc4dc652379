"""Kinds and fields as JSON schemas, for the API description: what a client may send, what an answer holds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fanfold.work.schema import Field, Kind

Json = dict[str, Any]

_SCALARS: Mapping[str, Json] = {
    "text": {"type": "string"},
    "choice": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "object": {"type": "object"},
    "list": {"type": "array"},
}

_GID: Json = {"type": "string", "pattern": "^[0-9]{1,19}$"}


def reference(kind: str, kinds: Mapping[str, Kind], short: str = "") -> Json:
    """A pointer to the schema of a kind; where it is not known which, to what all short forms have."""
    return {
        "$ref": f"#/components/schemas/{record_title(kind)}{short}" if kind in kinds else "#/components/schemas/Named"
    }


def given(field: Field, *, null: bool = True) -> Json:
    """What a client may send for a field."""
    if field.type == "one":
        schema: Json = {"type": "string", "description": _reference_to(field)}
    elif field.type == "many":
        schema = {"type": "array", "items": {"type": "string"}, "description": _reference_to(field)}
    else:
        schema = _scalar(field)
    return _or_null(schema) if null and field.nullable and field.type != "many" else schema


def _reference_to(field: Field) -> str:
    if field.kind == "user":
        return (
            "A user: gid, e-mail address or `me`." if field.type == "one" else "Users: gids, e-mail addresses or `me`."
        )
    noun = words(field.kind) or "record"
    return f"The gid of a {noun}." if field.type == "one" else f"The gids of {noun} records."


def _shown(field: Field, kinds: Mapping[str, Kind]) -> Json:
    """What an answer holds for a field."""
    relation = reference(field.kind, kinds, "Compact")
    if field.type == "one" or (field.kind and field.of == "object"):
        schema = relation
    elif field.type == "many" or (field.kind and field.of == "list"):
        schema = {"type": "array", "items": relation}
    else:
        schema = _scalar(field)
    notes = _notes(field)
    schema = _or_null(schema) if field.nullable and not field.omitted else dict(schema)
    if notes:
        schema["description"] = notes
    if field.access == "read":
        schema["readOnly"] = True
    return schema


def _notes(field: Field) -> str:
    notes = ["Set when the record is made, not later."] if field.access == "create" else []
    if field.opt_in:
        notes.append("Shown only where `opt_fields` names it.")
    if field.omitted:
        notes.append("Left out while it has no value.")
    return " ".join(notes)


def _scalar(field: Field) -> Json:
    computed = field.type == "computed"
    schema = dict(_SCALARS.get(field.of if computed else field.type, {}))
    if field.type == "list":
        schema["items"] = dict(_SCALARS.get(field.of, {}))
    limits = {"maxLength": field.max_length or None, "minimum": field.low, "maximum": field.high}
    schema |= {name: limit for name, limit in limits.items() if limit is not None}
    if field.choices:
        schema["enum"] = list(field.choices)
    return schema


def _or_null(schema: Json) -> Json:
    if "$ref" in schema:
        return {"oneOf": [schema, {"type": "null"}]}
    if "type" not in schema:
        return schema
    more = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [schema["type"], "null"], **more}


def record_schemas(kinds: Mapping[str, Kind]) -> Json:
    """Two schemas for each kind, its full and its short form, and one for records of any kind."""
    schemas: Json = {}
    for kind in kinds.values():
        schemas[record_title(kind.name)] = _record(kind, kinds, kind.fields)
        schemas[f"{record_title(kind.name)}Compact"] = _record(kind, kinds, kind.compact)
    schemas["Named"] = {
        "type": "object",
        "description": "A record of any kind, in its short form.",
        "required": ["gid"],
        "properties": {"gid": _GID, "resource_type": _SCALARS["text"], "name": _SCALARS["text"]},
    }
    return schemas


def _record(kind: Kind, kinds: Mapping[str, Kind], names: Iterable[str]) -> Json:
    properties = {name: _shown(kind.fields[name], kinds) for name in names}
    head: Json = {"gid": _GID}
    if kind.typed:
        head["resource_type"] = {"type": "string", "const": kind.name}
    return {"type": "object", "required": ["gid"], "properties": {**head, **properties}}


def record_title(kind: str) -> str:
    """What the schema of a kind is called."""
    return "".join(word.capitalize() for word in kind.split("_"))


def words(name: str) -> str:
    """A name as it is spoken."""
    return name.replace("_", " ")
