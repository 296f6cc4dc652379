"""Writes the pages of ``docs/reference/`` from the code that they describe (``make docs``); a test holds them to it."""

import ast
import inspect
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import inspect as inspected

from fanfold import settings
from fanfold.integrations import configs, declaration, plan_shapes
from fanfold.server import gateway_settings
from fanfold.work.kinds import KINDS
from fanfold.work.openapi import describe, heading
from fanfold.work.openapi_schemas import record_title
from fanfold.work.schema import Kind

Json = dict[str, Any]

REFERENCE = Path(__file__).parent / "reference"
BASE = "/api/1.0"
IMPLICIT = ("opt_fields", "opt_pretty")
WRITTEN = "This page is written by `make docs` from the code; edit that instead."
SHAPING = """Every operation takes `opt_fields` and `opt_pretty`; a list that takes `limit` and `offset` comes in
pages. Parameters and fields that have to be there are printed **bold**."""
SOURCES = """Later sources win: the defaults below, then a TOML file, then the environment, then the command line
(`fanfold serve --help` names the settings that are options there)."""

ABOUT_GATEWAY = """The sources are the same; `fanfold gateway --help` names the settings that are options there. What
they are for stands in [its guide](../gateway.md)."""

SPOKEN = {
    settings.Plan: " or ".join(get_args(settings.Plan)),
    settings.WithoutRedis: ", ".join(get_args(settings.WithoutRedis)),
    str: "text",
    int: "whole number",
    int | None: "whole number",
    float: "number",
    bool: "true or false",
    bool | None: "true or false",
    dict[str, str]: "table of text",
    tuple[str, ...]: "list of text",
    dict[str, gateway_settings.Upstream]: "tables, [see below](#an-upstream-of-the-gateway)",
}


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


# -- operations ------------------------------------------------------------------------------------------------------


def operations() -> str:
    """The page about the API: what each group of operations offers, and the fields of its records."""
    routes = [route for kind in KINDS for route in kind.routes]
    document = describe(routes, {kind.name: kind for kind in KINDS}, base=BASE)
    about = " ".join(document["info"]["description"].split())
    parts = [
        "# Operations",
        f"{WRITTEN} A running server shows the same, with more detail, at `/docs`, and to programs at `/openapi.json`.",
        f"All paths are below `{BASE}`. {about}",
        SHAPING,
    ]
    parts += [_group(tag, document) for tag in document["tags"]]
    return "\n\n".join(parts) + "\n"


def _group(tag: Json, document: Json) -> str:
    found = [
        (method, path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if tag["name"] in operation["tags"]
    ]
    rows = [
        (f"`{method.upper()} {path}`", _summary(operation), _query(operation, document), _body(operation))
        for method, path, operation in found
    ]
    parts = [f"## {tag['name']}", tag["description"], table(("Operation", "What it does", "Query", "Body"), rows)]
    parts += [_fields(kind, document) for kind in KINDS if heading(kind) == tag["name"]]
    return "\n\n".join(parts)


def _summary(operation: Json) -> str:
    about = " ".join(operation.get("description", "").split())
    return f"{operation['summary']} (`{operation['operationId']}`). {about}".strip()


def _query(operation: Json, document: Json) -> str:
    names = []
    for parameter in operation["parameters"]:
        known = document["components"]["parameters"].get(parameter.get("$ref", "").rpartition("/")[2], parameter)
        if known["in"] == "query" and known["name"] not in IMPLICIT:
            names.append(f"**{known['name']}**" if known.get("required") else known["name"])
    return ", ".join(names)


def _body(operation: Json) -> str:
    for media in operation.get("requestBody", {}).get("content", {}).values():
        data = media["schema"]["properties"].get("data", media["schema"])
        required = data.get("required", ())
        return ", ".join(f"**{name}**" if name in required else name for name in data["properties"])
    return ""


def _fields(kind: Kind, document: Json) -> str:
    schema = document["components"]["schemas"][record_title(kind.name)]
    rows = []
    for name, field in schema["properties"].items():
        notes = ["Part of the short form."] if name in ("gid", "resource_type", *kind.compact) else []
        notes += ["Read only."] if field.get("readOnly") else []
        rows.append((f"`{name}`", _type(field), " ".join([*notes, field.get("description", "")]).strip()))
    return f"A record of this kind:\n\n{table(('Field', 'Type', 'Notes'), rows)}"


def _type(schema: Json) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "oneOf" in schema:
        return " or ".join(map(_type, schema["oneOf"]))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " or ".join("null" if word is None else f"`{word}`" for word in schema["enum"])
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    spoken = " or ".join(schema.get("format", word) if word == "string" else word for word in types)
    items = schema.get("items")
    return spoken.replace("array", f"list of {_type(items)}" if items else "list")


# -- settings --------------------------------------------------------------------------------------------------------


def all_settings() -> str:
    """The page about the settings of the server and of the gateway: name, type, default, meaning."""
    upstream = gateway_settings.Upstream
    parts = [
        "# Settings",
        WRITTEN,
        f"{inspect.getdoc(settings.Settings)} {SOURCES}",
        _settings_table(settings.Settings, variables=True),
        "## The gateway",
        f"{inspect.getdoc(gateway_settings.GatewaySettings)} {ABOUT_GATEWAY}",
        _settings_table(gateway_settings.GatewaySettings, variables=True, unsaid=("upstreams",)),
        "## An upstream of the gateway",
        f"A table `[upstreams.NAME]` of the gateway's file. {inspect.getdoc(upstream)}",
        _settings_table(upstream, variables=False),
    ]
    return "\n\n".join(parts) + "\n"


def _settings_table(kind: type[msgspec.Struct], *, variables: bool, unsaid: Sequence[str] = ()) -> str:
    """The settings of a kind; ``unsaid`` are those that no variable of the environment can hold."""
    hints = get_type_hints(kind)
    defaults = {field.name: field.default for field in msgspec.structs.fields(kind)}
    about = _about(kind)
    head = ("Setting", *(("Environment",) if variables else ()), "Type", "Default", "Meaning")
    rows = []
    for name, meaning in about.items():
        variable = "" if name in unsaid else f"`FANFOLD_{name.upper()}`"
        rest = (SPOKEN[hints[name]], _toml(defaults[name]), meaning)
        rows.append((f"`{name}`", *((variable,) if variables else ()), *rest))
    return table(head, rows)


def _about(kind: type[msgspec.Struct]) -> dict[str, str]:
    """What stands below each field of a struct."""
    (tree,) = (node for node in ast.parse(inspect.getsource(kind)).body if isinstance(node, ast.ClassDef))
    return {
        field.target.id: " ".join(ast.literal_eval(text.value).replace("``", "`").split())
        for field, text in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr)
    }


def _toml(value: object) -> str:
    return "none" if value is None or value is msgspec.NODEFAULT else f"`{json.dumps(value)}`"


# -- declarations and plans ------------------------------------------------------------------------------------------

SHAPES = {
    inspected.AnyType: "anything",
    inspected.BoolType: "true or false",
    inspected.DictType: "object",
    inspected.FloatType: "number",
    inspected.IntType: "whole number",
    inspected.StrType: "text",
    inspected.StructType: "object",
}

ABOUT_DECLARATIONS = """What may stand in a declaration, field by field; [declaring an API](../integrations.md) shows
how it is used. Text may hold placeholders such as `{{credentials.api_key}}`. Fields whose names end in `expression`,
and `response_path`, are JSONata instead."""

ABOUT_PLANS = """What may stand in a [plan file](../plan-files.md), field by field. Text may hold placeholders such as
`{{args.site}}`."""


def declarations() -> str:
    """The page about declarations: every field of every part."""
    parts = [
        "# Fields of a declaration",
        WRITTEN,
        ABOUT_DECLARATIONS,
        "## The integration",
        fields_table(declaration.Declaration),
        "## A method of a resource",
        fields_table(declaration.Method),
        "## Credentials",
        fields_table(declaration.Credentials),
        "What `config` holds:",
        fields_table(configs.CredentialsConfig),
        "One of its `fields`:",
        fields_table(configs.CredentialField),
        "## Authorization",
        fields_table(declaration.Authorization),
        *_by_format(configs.AUTHORIZATION),
        "## Pagination",
        fields_table(declaration.Pagination),
        "`page_param`, `limit_param`, `offset_param` and `cursor_param` are read as `page_key` and so on.",
        *_by_format(configs.PAGINATION),
        "## Rate limits",
        "Expressions see `status`, `headers` and `data`; the longer wait counts.",
        fields_table(declaration.RateLimit),
        "## Manners",
        inspect.getdoc(declaration.Manners) or "",
        fields_table(declaration.Manners),
    ]
    return "\n\n".join(parts) + "\n"


def _by_format(kinds: Mapping[str, type[msgspec.Struct]]) -> list[str]:
    parts = []
    for name, kind in kinds.items():
        about = (inspect.getdoc(kind) or "").replace("``", "`")
        parts.append(f"`{name}`. {about}" if kind.__struct_fields__ else f"`{name}`: without `config`.")
        parts += [fields_table(kind)] if kind.__struct_fields__ else []
    return parts


def plans() -> str:
    """The page about plan files: every field of every kind of entry."""
    parts = ["# Fields of a plan file", WRITTEN, ABOUT_PLANS, fields_table(plan_shapes.PlanShape)]
    for name, kind in plan_shapes.ENTRIES.items():
        parts += [f"## A {name}", inspect.getdoc(kind) or "", fields_table(kind)]
    return "\n\n".join(parts) + "\n"


def fields_table(kind: type[msgspec.Struct]) -> str:
    """The fields of a struct: name, type, default, meaning."""
    shape = inspected.type_info(kind)
    about = _about(kind)
    rows = []
    if isinstance(shape, inspected.StructType):
        for field in shape.fields:
            default = "has to be there" if field.required else _default(field)
            rows.append((f"`{field.encode_name}`", _shape(field.type), default, about.get(field.name, "")))
    return table(("Field", "Type", "Default", "Meaning"), rows)


def _default(field: inspected.Field) -> str:
    value = field.default
    plain = isinstance(value, str | int | float | bool) and value != ""
    return f"`{json.dumps(value)}`" if plain else ""


def _shape(kind: inspected.Type) -> str:
    if isinstance(kind, inspected.LiteralType):
        return ", ".join(f"`{word}`" for word in kind.values if word != "")
    if isinstance(kind, inspected.UnionType):
        known = [each for each in kind.types if not isinstance(each, inspected.NoneType)]
        return " or ".join(_shape(each) for each in known)
    if isinstance(kind, inspected.VarTupleType):
        return "list" if isinstance(kind.item_type, inspected.AnyType) else f"list of {_shape(kind.item_type)}"
    return SHAPES[type(kind)]


PAGES = {
    "declarations.md": declarations,
    "operations.md": operations,
    "plans.md": plans,
    "settings.md": all_settings,
}

if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for name, written in PAGES.items():
        (REFERENCE / name).write_text(written())
