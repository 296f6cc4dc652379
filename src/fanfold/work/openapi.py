"""The API description (OpenAPI 3.1), generated from the descriptors that also answer, so that it cannot lag behind."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterable, Mapping
from importlib import metadata
from typing import Any

from fanfold.work.batch_description import BATCH, BATCH_SCHEMAS, BATCH_TAG
from fanfold.work.event_description import EVENT_SCHEMAS, ITEMS, STREAM
from fanfold.work.openapi_schemas import given, record_schemas, reference, words
from fanfold.work.plans import price
from fanfold.work.schema import Field, Kind, Route

Json = dict[str, Any]

ABOUT = (
    "Compatible with version 1.0 of Asana's API.\n\n"
    "Bodies are JSON objects with the members `data` and, if wanted, `options`; answers carry what was asked for in "
    "`data`. `opt_expand` (full instead of short forms) is understood wherever `opt_fields` is. Where a user is "
    "expected, `me` and an e-mail address are as good as a gid. Every operation can be an action of a batch unless it "
    "says otherwise."
)

PARAMETERS: Mapping[str, tuple[str, Json]] = {
    "opt_fields": ("The properties to show, comma-separated; dots lead into relations.", {"type": "string"}),
    "opt_pretty": ("Indent the answer: `true`, or nothing behind the name.", {"type": "string"}),
    "limit": ("How many records a page holds.", {"type": "integer", "minimum": 1, "maximum": 100}),
    "offset": ("Where the page begins: the `next_page.offset` of the page before.", {"type": "string"}),
}

ERRORS: Mapping[str, tuple[str, str]] = {
    "400": ("BadRequest", "Something in the request is missing or not right; nothing was changed."),
    "401": ("Unauthorized", "No token, or one that nobody issued."),
    "403": ("Forbidden", "The caller may see this but not do that."),
    "404": ("NotFound", "No such operation, or no such record for this caller."),
    "429": ("TooManyRequests", "Over a limit; `Retry-After` says for how many seconds. Nothing was carried out."),
    "500": ("ServerError", "A fault of this server; the phrase is found again in its log."),
}


def describe(
    routes: Iterable[Route], kinds: Mapping[str, Kind], *, base: str, title: str = "Fanfold", version: str = ""
) -> Json:
    """The description of ``routes``, which lie at the address ``base``, and of the records that they show."""
    offered = list(routes)
    paths: Json = {}
    for route in offered:
        paths.setdefault(route.template, {})[route.method.lower()] = _operation(route, kinds)
    shared = {"parameters": [_parameter("opt_fields"), _parameter("opt_pretty")]}
    paths["/batch"] = {"post": {**BATCH, **shared, "responses": {**BATCH["responses"], **_failures()}}}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version or metadata.version("fanfold"), "description": ABOUT},
        "servers": [{"url": base or "/"}],
        "security": [{"bearer": []}],
        "tags": [*_tags(offered, kinds), BATCH_TAG],
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "parameters": {name: _described(name, *about) for name, about in PARAMETERS.items()},
            "responses": {name: _failure(text) for name, text in ERRORS.values()},
            "schemas": {**BATCH_SCHEMAS, **EVENT_SCHEMAS, **record_schemas(kinds)},
        },
    }


# -- operations ------------------------------------------------------------------------------------------------------


def _operation(route: Route, kinds: Mapping[str, Kind]) -> Json:
    operation: Json = {
        "operationId": route.operation,
        "summary": route.summary,
        "tags": [tag_of(route, kinds)],
        "parameters": [*_path_parameters(route.template), *_query_parameters(route)],
        "responses": {str(route.status): _success(route, kinds), **_failures(), **_priced(route), **_stale(route)},
    }
    about = _more_about(route)
    if about:
        operation["description"] = about
    if route.takes:
        operation["requestBody"] = _request_body(route)
    return operation


def _more_about(route: Route) -> str:
    written = inspect.getdoc(route.handler) if route.handler.__module__.startswith("fanfold.work.kinds.") else None
    paragraphs = [" ".join((written or "").partition("\n\n")[2].split()).replace("``", "`")]
    if not route.batchable:
        paragraphs.append("Cannot be an action of a batch.")
    return "\n\n".join(text for text in paragraphs if text)


def _path_parameters(template: str) -> list[Json]:
    return [
        {"name": name, "in": "path", "required": True, "description": _of_parameter(name), "schema": {"type": "string"}}
        for name in re.findall(r"\{(\w+)\}", template)
    ]


def _of_parameter(name: str) -> str:
    subject = name.removesuffix("_gid")
    if subject == "user":
        return "A user: gid, e-mail address or `me`."
    return f"The gid of the {words(subject)}." if name.endswith("_gid") else f"The {words(name)}."


def _query_parameters(route: Route) -> list[Json]:
    shared = [*(("limit", "offset") if route.paged else ()), "opt_fields", "opt_pretty"]
    own = [field for field in route.query if field.described and field.name not in shared]
    return [*(_asked(field) for field in own), *(_parameter(name) for name in shared)]


def _asked(field: Field) -> Json:
    if field.name in PARAMETERS:
        return _parameter(field.name)
    asked: Json = {"name": field.name, "in": "query", "required": field.required, "schema": given(field, null=False)}
    if field.type == "many":
        asked |= {"style": "form", "explode": False}
    return asked


def _parameter(name: str) -> Json:
    return {"$ref": f"#/components/parameters/{name}"}


def _described(name: str, text: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "description": text, "schema": schema}


def _request_body(route: Route) -> Json:
    takes = [field for field in route.takes if field.described]
    required = [field.name for field in takes if field.required]
    data: Json = {"type": "object", "properties": {field.name: given(field) for field in takes}}
    if required:
        data["required"] = required
    if any(field.name == "file" for field in takes):
        data["properties"]["file"] = {"type": "string", "format": "binary"}
        return {"required": True, "content": {"multipart/form-data": {"schema": data}}}
    envelope = {"data": data, "options": {"type": ["object", "null"]}}
    schema: Json = {"type": "object", "properties": envelope, "additionalProperties": False}
    if required:
        schema["required"] = ["data"]
    else:
        data["type"] = schema["type"] = ["object", "null"]
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


def _success(route: Route, kinds: Mapping[str, Kind]) -> Json:
    data: Json = {"type": "object"}
    if route.answers == "record":
        data = reference(route.kind, kinds)
    elif route.answers == "list":
        items = ITEMS.get(route.operation) or reference(route.kind, kinds, "Compact")
        data = {"type": "array", "items": items}
    elif route.answers == "mixed":
        data = {"type": "array", "items": reference("", kinds)}
    elif route.answers == "empty":
        data = {"type": "object", "maxProperties": 0}
    members: Json = dict(STREAM) if route.answers == "stream" else {"data": data}
    if route.paged:
        members["next_page"] = {"oneOf": [{"$ref": "#/components/schemas/NextPage"}, {"type": "null"}]}
    schema = {"type": "object", "required": ["data"], "properties": members}
    return {"description": _outcome(route), "content": {"application/json": {"schema": schema}}}


def _outcome(route: Route) -> str:
    if route.answers in ("list", "mixed"):
        return "The records in their short form, unless `opt_fields` asks for more."
    return "Made." if route.status == 201 else "Done."


def _failures() -> Json:
    return {status: {"$ref": f"#/components/responses/{name}"} for status, (name, _) in ERRORS.items()}


def _priced(route: Route) -> Json:
    """What an operation answers that has to be paid for, where nothing is."""
    if not price(route):
        return {}
    return {"402": _failure("The server was started with the free plan, which does not have this.")}


def _stale(route: Route) -> Json:
    """What a stream answers besides: that the token to go on from is not, or no longer, good."""
    if route.answers != "stream":
        return {}
    schema: Json = {
        "type": "object",
        "required": ["errors", "sync"],
        "properties": {"errors": {"type": "array"}, "sync": STREAM["sync"]},
    }
    about = "The sync token is missing or too old; begin anew with the one in this answer."
    return {"412": {"description": about, "content": {"application/json": {"schema": schema}}}}


def _failure(text: str) -> Json:
    return {"description": text, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}


# -- tags -------------------------------------------------------------------------------------------------------------


def tag_of(route: Route, kinds: Mapping[str, Kind]) -> str:
    """The group of operations that a route is shown in: the kind that it answers with."""
    return heading(kinds[route.kind]) if route.kind in kinds else "Any kind"


def _tags(routes: Iterable[Route], kinds: Mapping[str, Kind]) -> list[Json]:
    used = dict.fromkeys(route.kind for route in routes)
    found = [(heading(kinds[name]), _about(kinds[name])) for name in used if name in kinds]
    if any(name not in kinds for name in used):
        found.append(("Any kind", "Operations whose answers hold records of more than one kind."))
    return [{"name": name, "description": about} for name, about in found]


def _about(kind: Kind) -> str:
    """The docstring of the kind's page, a module named for its collection."""
    page = sys.modules.get(f"fanfold.work.kinds.{kind.collection}")
    return ((page and inspect.getdoc(page)) or "").replace("``", "`")


def heading(kind: Kind) -> str:
    """What the group of a kind's operations is called."""
    return words(kind.collection).capitalize()
