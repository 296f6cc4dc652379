"""What a unified model says: fields of its resources, and what their lists can be narrowed by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

FieldType = Literal["string", "integer", "number", "boolean", "datetime", "date", "object", "array"]

_FORMATS = {"datetime": "date-time", "date": "date"}


class Field(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One field. ``fields`` are those of an object, or of the objects in an array; ``items`` is the type of others.

    ``values`` are all that there can be. ``refers`` names the resource of the same model whose ids stand here.
    ``read_only``: never sent. ``required``: a new record has to have it.
    """

    type: FieldType = "string"
    description: str = ""
    values: tuple[str, ...] = ()
    fields: dict[str, Field] = {}
    items: FieldType = "object"
    refers: str = ""
    read_only: bool = False
    required: bool = False


class Resource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One resource. ``filters`` are what lists can be narrowed by, as far as an integration can do it."""

    fields: dict[str, Field]
    description: str = ""
    filters: dict[str, Field] = {}


class Model(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """One model. ``mappings`` are by integration, resource and method, below those that declarations have."""

    name: str
    resources: dict[str, Resource]
    label: str = ""
    description: str = ""
    mappings: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}


def json_schema(fields: Mapping[str, Field], *, writable: bool = False) -> dict[str, Any]:
    """The JSON Schema of an object; ``writable``: only of what can be sent, with what has to be."""
    chosen = {name: field for name, field in fields.items() if not (writable and field.read_only)}
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {name: _property(field, writable=writable) for name, field in chosen.items()},
    }
    required = [name for name, field in chosen.items() if field.required]
    return {**schema, "required": required} if required else schema


def default_schemas(resource: Resource | None, method: str) -> dict[str, Any]:
    """What a mapping that says nothing of its own takes: the filters of a list, the fields of what is written."""
    if resource is None:
        return {}
    if method == "list":
        return {"query_schema": json_schema(resource.filters)}
    if method not in ("create", "update"):
        return {}
    schema = json_schema(resource.fields, writable=True)
    if method == "update":
        schema.pop("required", None)
    return {"request_body_schema": schema}


def _property(field: Field, *, writable: bool) -> dict[str, Any]:
    schema: dict[str, Any] = _typed(field.type)
    if field.description:
        schema["description"] = field.description
    if field.values:
        schema["enum"] = list(field.values)
    if field.refers:
        schema["x-refers-to"] = field.refers
    if field.type == "object" and field.fields:
        schema |= json_schema(field.fields, writable=writable)
    elif field.type == "array":
        schema["items"] = json_schema(field.fields, writable=writable) if field.fields else _typed(field.items)
    return schema


def _typed(name: str) -> dict[str, Any]:
    return {"type": "string", "format": _FORMATS[name]} if name in _FORMATS else {"type": name}
