"""An API's refusal in the words of a unified resource, with what may have been missing from the request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanfold.entries import Fetch
from fanfold.errors import ExpressionError, RemoteError
from fanfold.integrations.mappings import MethodMapping
from fanfold.integrations.scopes import Scope, headers_of

INSIGHT = "truto_error_insight"
RAW = "raw_response"
OWN = frozenset({"message", "status", "statusCode", "error", RAW, INSIGHT, "truto_is_remote_error"})
"""Members of an error that a mapping cannot set as it likes."""


async def retold(mapping: MethodMapping, fetch: Fetch, error: RemoteError, scope: Scope) -> RemoteError:
    """The error as its mapping tells it. One that fails changes nothing: the refusal itself matters more."""
    extra = {**error.extra, INSIGHT: {**insight_into(mapping, fetch, error), **error.extra.get(INSIGHT, {})}}
    message, status = error.message, error.status
    if mapping.error_mapping is not None:
        seen = scope.having(headers=headers_of(error.headers), error=error.extra.get(RAW))
        try:
            given = await seen.work_out("error mapping", mapping.error_mapping)
        except ExpressionError:
            given = None
        if isinstance(given, str):
            message = given or message
        elif isinstance(given, dict):
            told = given.get("message")
            message = told if isinstance(told, str) and told else message
            status = _status(given, status)
            extra.update({name: value for name, value in given.items() if name not in OWN})
    return RemoteError(message, status=status, extra=extra, headers=error.headers)


def _status(given: Mapping[str, Any], otherwise: int) -> int:
    told = given.get("status", given.get("statusCode"))
    fits = isinstance(told, (int, float)) and 400 <= told < 600 and int(told) == told
    return int(told) if fits and told is not None else otherwise


def insight_into(mapping: MethodMapping, fetch: Fetch, error: RemoteError) -> dict[str, Any]:
    """What may explain a refusal: each part has a description and a value."""
    insight = missing_from(mapping, fetch)
    if error.status == 429:
        insight["rate_limit_error"] = {"description": "The API was asked too much", "value": True}
    insight["remote_error"] = {"description": "What the API said", "value": error.message}
    return insight


def missing_from(mapping: MethodMapping, fetch: Fetch) -> dict[str, Any]:
    """What the mapping's schemas require and the request does not have."""
    found: dict[str, Any] = {}
    body = fetch.body if isinstance(fetch.body, Mapping) else {}
    for name, schema, given, what in (
        ("missing_required_query_parameters", mapping.query_schema, fetch.query, "query parameters"),
        ("missing_required_body_fields", mapping.request_body_schema, body, "fields of the body"),
    ):
        missing = [field for field in required_of(schema) if not _is_given(given, field)]
        if missing:
            found[name] = {"description": f"Required {what} that were not sent", "value": missing}
    return found


def _is_given(given: Mapping[str, Any], field: str) -> bool:
    """Whether there is such a field. A record may be named both ways: ``ticket_id``, and ``ticket`` with its ``id``."""
    if given.get(field) not in (None, ""):
        return True
    if not field.endswith("_id"):
        return given.get(f"{field}_id") not in (None, "")
    whole = given.get(field.removesuffix("_id"))
    return isinstance(whole, Mapping) and whole.get("id") not in (None, "")


def properties_of(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of a schema, which is a JSON Schema or just its properties."""
    properties = schema.get("properties") if schema.get("type") == "object" else schema
    return properties if isinstance(properties, Mapping) else {}


def required_of(schema: Mapping[str, Any]) -> list[str]:
    """The fields that have to be there: listed as ``required``, or marked so themselves."""
    listed = schema.get("required")
    names = [name for name in listed if isinstance(name, str)] if isinstance(listed, list) else []
    marked = [
        name
        for name, field in properties_of(schema).items()
        if isinstance(field, Mapping) and field.get("required") is True
    ]
    return list(dict.fromkeys((*names, *marked)))
