"""Asana's published description: an oracle for tests, never a source of code. It is not part of this repository."""

import os
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILE = Path(
    os.environ.get("FANFOLD_PUBLISHED_DESCRIPTION") or ROOT.parent / "shared" / "reference" / "asana-openapi.yaml"
)

needs_description = pytest.mark.skipif(not FILE.is_file(), reason=f"the published description is not at {FILE}")

METHODS = ("get", "post", "put", "delete", "patch")


@cache
def description() -> dict:
    """The whole description; read once a session, with the parser written in C (the other takes half a minute)."""
    import yaml  # noqa: PLC0415  only those who compare pay for it

    return yaml.load(FILE.read_bytes(), Loader=yaml.CSafeLoader)


@cache
def operations() -> dict[str, dict]:
    """All operations by name; each also knows its method, its path and all of its parameters."""
    found = {}
    for path, item in description()["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                parameters = [resolved(p) for p in [*item.get("parameters", ()), *operation.get("parameters", ())]]
                found[operation["operationId"]] = {
                    **operation,
                    "method": method.upper(),
                    "path": path,
                    "parameters": parameters,
                }
    return found


def resolved(node: dict) -> dict:
    """What a chain of references leads to."""
    while "$ref" in node:
        target = description()
        for part in node["$ref"].split("/")[1:]:
            target = target[part]
        node = target
    return node


def flat(schema: dict) -> dict:
    """A schema with its references and ``allOf`` parts folded into one object."""
    schema = resolved(schema)
    folded: dict = {"properties": {}, "required": []}
    for part in [*map(flat, schema.get("allOf", ())), {k: v for k, v in schema.items() if k != "allOf"}]:
        properties = folded["properties"] | part.get("properties", {})
        required = [*folded["required"], *part.get("required", ())]
        folded = folded | part | {"properties": properties, "required": required}
    return folded


def success(operation: dict) -> tuple[int, dict]:
    """The status and the JSON schema of an operation's answer when all goes well."""
    for status, response in operation["responses"].items():
        if str(status).startswith("2"):
            return int(status), resolved(response)["content"]["application/json"]["schema"]
    raise LookupError(operation["operationId"])


def data_of(schema: dict) -> dict:
    """What an envelope's ``data`` holds; of a list, one of its members."""
    data = flat(schema)["properties"]["data"]
    return resolved(data).get("items", data)


def fields(schema: dict) -> set[str]:
    """The fields of an object, or of all objects that it may be."""
    folded = flat(schema)
    return set(folded["properties"]).union(*(fields(choice) for choice in folded.get("anyOf", ())))


def writable(operation: dict) -> set[str]:
    """The fields that a client may send in the body."""
    content = resolved(operation.get("requestBody", {})).get("content", {})
    if not content:
        return set()
    (body,) = (content[kind]["schema"] for kind in content if kind in ("application/json", "multipart/form-data"))
    fields = flat(body)["properties"]
    if "data" in fields:
        fields = flat(fields["data"])["properties"]
    return {name for name, field in fields.items() if not _read_only(flat(field), operation["method"])}


def _read_only(field: dict, method: str) -> bool:
    """What is marked as read-only is taken at creation nonetheless where its prose says so."""
    at_creation = method == "POST" and "*Create-only*" in field.get("description", "")
    return bool(field.get("readOnly")) and not at_creation
