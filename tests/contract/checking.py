"""Whether what was answered keeps the contract: checked of every answer that any test receives, without its asking."""

import re
import sys
from collections.abc import Iterable
from contextlib import contextmanager
from functools import cache
from urllib.parse import parse_qs, urlencode, urlsplit

import jsonschema_rs
import pytest
from msgspec import json

from fanfold.work.identity import ROUTES as IDENTITY
from fanfold.work.kinds import KINDS
from fanfold.work.openapi import describe
from fanfold.work.scim import ROUTES as SCIM
from fanfold.work.session import Session
from tests.contract import published
from tests.contract.exceptions import ANSWERS, OPEN

BASE = "/api/1.0"


# -- the two contracts as JSON schemas -------------------------------------------------------------------------------


def or_null(schema: dict) -> dict:
    """What is accepted beside null; unlike ``anyOf`` it lets an error say where in the value it is."""
    return {"if": {"type": "null"}, "else": schema}


class Converted:
    """A published schema in the terms of JSON Schema; ``strict`` is for answers whose fields no client chose.

    It forbids fields that the description does not name, and misses those that it requires.

    The description says of few fields that they may be null; the service sends null wherever a relation or another
    object is absent, so that is accepted. Of strings, numbers and lists it is accepted only where it is published.
    """

    def __init__(self, schema: dict, *, strict: bool) -> None:
        self.strict = strict
        self.definitions: dict[str, dict] = {}
        envelope = self._converted(schema)
        envelope["properties"]["data"] = self._converted(published.flat(schema)["properties"]["data"])
        # Whatever the description says of the envelope's own members, the data are always there.
        self.schema = {**envelope, "required": ["data"], "$defs": self.definitions}

    def _converted(self, schema: dict) -> dict:
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            if name not in self.definitions:
                self.definitions[name] = {}
                self.definitions[name].update(self._converted(published.resolved(schema)))
                if name in OPEN:
                    self.definitions[name].pop("additionalProperties", None)
            return {"$ref": f"#/$defs/{name}"}
        folded = published.flat(schema)
        choices = folded.get("anyOf") or folded.get("oneOf")
        if choices:
            return {"anyOf": [self._converted(choice) for choice in choices]}
        plain = {name: folded[name] for name in ("type", "format", "enum") if name in folded}
        if "items" in folded:
            plain["items"] = self._converted(folded["items"])
        if folded["properties"]:
            plain |= self._members(folded)
        return plain

    def _members(self, folded: dict) -> dict:
        properties = folded["properties"]
        of_a_record = {"gid"} if {"gid", "resource_type"} <= set(properties) else set()
        required = {*(folded["required"] if self.strict else ()), *of_a_record}
        members: dict = {
            "properties": {name: self._member(field) for name, field in properties.items()},
            "required": sorted(required),
        }
        if self.strict and "additionalProperties" not in folded:
            members["additionalProperties"] = False
        return members

    def _member(self, field: dict) -> dict:
        folded = published.flat(field)
        an_object = folded.get("type") == "object" or folded["properties"]
        converted = self._converted(field)
        if an_object or folded.get("nullable"):
            return or_null(converted)
        return converted


@cache
def _published(operation: str, status: int, *, strict: bool) -> jsonschema_rs.Draft202012Validator | None:
    published_status, schema = published.success(published.operations()[operation])
    if status != published_status:
        return None
    converted = Converted(schema, strict=strict).schema
    return jsonschema_rs.Draft202012Validator(converted, validate_formats=True)


def plain(schema):
    """Our own description with its ``oneOf`` something and null put the other way."""
    if isinstance(schema, list):
        return [plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "oneOf" in schema and schema["oneOf"][1:] == [{"type": "null"}]:
        return or_null(plain(schema["oneOf"][0]))
    return {name: plain(value) for name, value in schema.items()}


@cache
def _own() -> dict:
    routes = [route for kind in KINDS for route in kind.routes]
    document = describe(routes, {kind.name: kind for kind in KINDS}, base=BASE)
    return {
        "components": {"schemas": plain(document["components"]["schemas"])},
        "operations": {
            operation["operationId"]: operation for path in document["paths"].values() for operation in path.values()
        },
    }


@cache
def _described(operation: str, status: int) -> jsonschema_rs.Draft202012Validator | None:
    response = _own()["operations"][operation]["responses"].get(str(status))
    if response is None:
        return None
    schema = {**plain(response["content"]["application/json"]["schema"]), "components": _own()["components"]}
    return jsonschema_rs.Draft202012Validator(schema, validate_formats=True)


# -- one answer ------------------------------------------------------------------------------------------------------


def check_response(operation: str, status: int, body: object, *, limited: bool = False) -> list[str]:
    """What is wrong with the decoded body of a successful answer.

    ``operation``: its name, or method and path (``GET /tasks/1``). ``limited``: the client chose the fields itself, and
    may have opened relations, so that fields beyond those of the short forms are no fault.
    """
    try:
        name = operation_at(*operation.split(" ", 1)) if " " in operation else operation
    except LookupError:
        return [f"{operation}: answered with {status}, but no operation is described there"]
    contracts = {"own": _described(name, status)}
    if published.FILE.is_file():
        contracts["published"] = _published(name, status, strict=not limited)
    found = []
    for whose, validator in contracts.items():
        if validator is None:
            found.append(f"{name}: status {status} is not in the {whose} description")
            continue
        for error in validator.iter_errors(body):
            where = re.sub(r"\b\d+\b", "*", ".".join(map(str, error.instance_path)))
            found.append(f"{name}: {where}: {error.message} (by the {whose} description)")
    return [fault for fault in found if not any(re.search(pattern, fault) for pattern in ANSWERS)]


@cache
def _templates() -> list[tuple[str, re.Pattern[str], str]]:
    routes = sorted((r for kind in KINDS for r in kind.routes), key=lambda route: route.template.count("{"))
    return [(r.method, re.compile(re.sub(r"\{\w+\}", "[^/]+", r.template)), r.operation) for r in routes]


def operation_at(method: str, path: str) -> str:
    """The name of the operation that a method and a path below the base lead to."""
    if (method.upper(), path) == ("POST", "/batch"):
        return "createBatchRequest"
    for known, template, operation in _templates():
        if known == method.upper() and template.fullmatch(path):
            return operation
    raise LookupError(f"{method} {path}")


# -- every answer ----------------------------------------------------------------------------------------------------

FAULTS: list[str] = []
"""What was wrong with the answers that the running test received."""

CHOOSING = {"opt_fields", "opt_expand", "fields", "expand"}
"""Parameters and options by which a client chooses what it is shown."""


BESIDE = frozenset(route.operation for route in (*IDENTITY, *SCIM))
"""Operations of other standards, which the API's description has no word about."""


@contextmanager
def watched():
    """Meanwhile look at every answer of every ``Session`` in this process, and at what the official client receives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Session, "answer", _watched_answer(Session.answer))
        if "asana" in sys.modules:
            client = sys.modules["asana.rest"].RESTClientObject
            patch.setattr(client, "request", _watched_request(client.request))
        yield FAULTS


def _watched_answer(plain):
    def answer(self, call, *more):
        given = plain(self, call, *more)
        if given.status < 300 and call.endpoint.operation not in BESIDE:
            limited = _chooses((name for name, _ in call.query), call.body)
            operation, body = call.endpoint.operation, json.decode(given.body)
            FAULTS.extend(check_response(operation, given.status, body, limited=limited))
        return given

    return answer


def _watched_request(plain):
    def request(self, method, url, query_params=None, headers=None, body=None, **more):
        given = plain(self, method, url, query_params, headers, body, **more)
        if given.status < 300:
            received(method, f"{url}?{urlencode(query_params or ())}", body, given.status, json.decode(given.data))
        return given

    return request


def received(method: str, url: str, sent: object, status: int, body: object) -> None:
    """Look at an answer that a test received over HTTP; what is wrong with it fails the test at its end."""
    FAULTS.extend(check_exchange(method, url, sent, status, body))


def check_exchange(method: str, url: str, sent: object, status: int, body: object) -> list[str]:
    """What is wrong with an answer received over HTTP, and with each result in it where it answers a batch.

    That a batch is carried out as a job is ours altogether.
    """
    parts = urlsplit(url)
    if status >= 300 or not parts.path.startswith(f"{BASE}/") or method == "OPTIONS":
        return []
    if status == 202 and parts.path == f"{BASE}/batch":
        return []
    if parts.path == f"{BASE}/batch":
        return _check_batch(parts.query, json.decode(sent) if isinstance(sent, bytes) else sent, status, body)
    limited = _chooses(parse_qs(parts.query, keep_blank_values=True), sent)
    operation = f"{method} {parts.path.removeprefix(BASE)}"
    return check_response(operation, status, body, limited=limited)


def _check_batch(query: str, sent: dict, status: int, body: dict) -> list[str]:
    """What is wrong with the answer to a batch. What is ours alone in it is taken off; a plan is ours altogether."""
    if (sent["data"].get("options") or {}).get("dry_run"):
        return []
    limited = _chooses(parse_qs(query, keep_blank_values=True), sent)
    results = [{name: member for name, member in result.items() if name != "id"} for result in body["data"]]
    faults = check_response("createBatchRequest", status, {"data": results}, limited=limited)
    if not limited:
        for action, result in zip(sent["data"]["actions"], results, strict=True):
            faults += _check_result(action, result)
    return faults


def _check_result(action: dict, result: dict) -> list[str]:
    if result["status_code"] >= 300:
        return []
    if "for_each" in action:
        alone = {name: member for name, member in action.items() if name != "for_each"}
        return [fault for part in result["body"]["data"] for fault in _check_result(alone, part)]
    limited = _chooses(action.get("data") or (), action)
    path = re.sub(r"\{\{.*?\}\}", "0", action["relative_path"]).lstrip("/").partition("?")[0]
    operation = f"{action['method']} /{path}"
    return check_response(operation, result["status_code"], result["body"], limited=limited)


def _chooses(names: Iterable[str], body: object) -> bool:
    options = body.get("options") if isinstance(body, dict) else None
    return bool(CHOOSING & {*names, *(options or ())})
