"""From what an API answered to unified records: mapped, with what they were made of, and worked on by later steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanfold.entries import Page
from fanfold.errors import RequestError
from fanfold.integrations.mappings import MethodMapping
from fanfold.integrations.records import REMOTE
from fanfold.integrations.scopes import Scope, response_of


async def afterwards(mapping: MethodMapping, value: Any, scope: Scope) -> Any:
    """What the steps after the call make of records, or of one record."""
    last: Any = None
    for step in mapping.after:
        seen = scope.having(data=value, step=last)
        if step.run_if is not None and not await seen.work_out("condition of a step", step.run_if):
            continue
        last = await seen.work_out(f"step {step.name!r}", step.expression)
        value = _as_list(last) if isinstance(value, list) else last
    return value


async def mapped(
    mapping: MethodMapping, raw: Any, response: Mapping[str, Any], scope: Scope, *, attach: bool
) -> tuple[Any, Any]:
    """Records, or one record, with what they were made of; and the cursor that the mapping gave, if it gave one."""
    expression = mapping.response_mapping
    if expression is None:
        return raw, None
    if mapping.per_record:
        sources = raw if isinstance(raw, list) else [raw]
        seen = [scope.having(**_answered({**response, "body": source})) for source in sources]
        made: Any = [await one.work_out("response mapping", expression) for one in seen]
        cursor = None
    else:
        made = await scope.having(**_answered(response)).work_out("response mapping", expression)
        made, cursor = _unwrapped(made)
    if not isinstance(raw, list):
        made = made[0] if mapping.per_record else made
        listed = [record for record in _as_list(made) if record is not None]
        return listed if mapping.method == "list" else _single(mapping, made, raw, attach=attach), cursor
    records = made if isinstance(made, list) else [made] if made is not None or len(raw) == 1 else []
    if attach and len(records) == len(raw):
        records = [_with_remote(record, source) for record, source in zip(records, raw, strict=True)]
    return [record for record in records if record is not None], cursor


def _single(mapping: MethodMapping, made: Any, raw: Any, *, attach: bool) -> Any:
    if made is None and mapping.method == "get":
        raise RequestError(f"{mapping.model}/{mapping.resource}: there is no such record", status=404)
    return _with_remote(made, raw) if attach else made


def _answered(response: Mapping[str, Any]) -> dict[str, Any]:
    seen = response_of(response)
    return {"response": seen, "headers": seen["headers"], "body": seen["body"]}


def _unwrapped(made: Any) -> tuple[Any, Any]:
    """A mapping may give ``{result, next_cursor}``; null for a cursor means that there is none."""
    if isinstance(made, dict) and "result" in made and made.keys() <= {"result", "next_cursor"}:
        return made["result"], (made["next_cursor"] or "") if "next_cursor" in made else None
    return made, None


def _with_remote(record: Any, source: Any) -> Any:
    return {**record, REMOTE: source} if isinstance(record, dict) and REMOTE not in record else record


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


async def told(mapping: MethodMapping, page: Page, response: Mapping[str, Any], scope: Scope) -> Mapping[str, Any]:
    """What a page tells beside its records."""
    if mapping.is_partial_expression is None:
        return page.told
    body = response.get("body")
    seen = scope.having(data=body, rawBody=body)
    partial = bool(await seen.work_out("partial expression", mapping.is_partial_expression))
    return {**page.told, "is_partial_response": partial}
