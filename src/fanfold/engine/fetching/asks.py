"""What a run asks for, with everything filled in; and what came back, as records."""

from __future__ import annotations

from typing import Any

import msgspec

from fanfold.engine.fetching.jobs import Job
from fanfold.engine.fetching.scope import Scope, merged
from fanfold.entries import Fetch
from fanfold.errors import RequestError
from fanfold.expressions.placeholders import Template, fill

_FOR_ONE = frozenset({"get", "create", "update", "delete"})
_KINDS = {dict: "an object", list: "an array", str: "text", bool: "true or false", type(None): "nothing"}

_encode = msgspec.json.Encoder().encode


def fetch_of(job: Job) -> Fetch:
    """What a run asks for first; raises ``RequestError`` where that cannot be said."""
    entry, texts, scope = job.state.entry, job.state.node.texts, job.scope
    again = job.level > 0
    query = job.worked_out.get("query")
    if query is None or again:
        over = _filled(texts.again_query if again else texts.query, scope) or {}
        query = over if query is None else merged(query, over)
    if not isinstance(query, dict):
        raise RequestError(f"query: It has to be an object, and the expression gave {_kind(query)}")
    return Fetch(
        _identified(texts.again_id if again else texts.id, scope),
        query,
        job.worked_out["body"] if "body" in job.worked_out else _filled(texts.body, scope),
        "",
        entry.response_format,
        entry.timeout,
        entry.retry,
    )


def records_of(method: str, value: Any) -> list[Any]:
    """What a method gave as records: an array of any method but those for a single record."""
    if isinstance(value, list) and method not in _FOR_ONE:
        return value
    return [] if value is None else [value]


def is_true(value: Any) -> bool:
    """Whether a condition is met. A field that is missing leaves a placeholder as it is, which is text and not true."""
    return value is True or (isinstance(value, str) and value.strip() == "true")


def _filled(template: Template | None, scope: Scope) -> Any:
    return None if template is None else fill(template, scope)


def _identified(template: Template | None, scope: Scope) -> str:
    """The id that is asked for; what cannot be resolved is never sent."""
    if template is None:
        return ""
    value = fill(template, scope, strict=True)
    if value is None or value == "" or isinstance(value, dict | list):
        raise RequestError(f"id: {template.source!s:.200} gives {_kind(value)}, which is no id")
    return value if isinstance(value, str) else _encode(value).decode()


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a number")
