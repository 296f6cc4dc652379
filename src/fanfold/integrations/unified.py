"""Unified resources: one model for many APIs, and per API a mapping that translates what is asked and answered.

The mapper does no I/O. Its ``outgoing`` says what of the API to ask, its ``incoming`` makes unified records of what
came back, and its ``refused`` an error of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import structs

from fanfold.entries import Fetch, Page
from fanfold.errors import RemoteError, RequestError
from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.mappings import MethodMapping, layered, read_mapping
from fanfold.integrations.models import Model, default_schemas, shipped_models
from fanfold.integrations.outgoing import Routed, prepared
from fanfold.integrations.records import REMOTE, Wishes, shown, wishes_of
from fanfold.integrations.refusals import retold
from fanfold.integrations.scopes import Scope, response_of
from fanfold.integrations.unified_cursors import told_apart, wrapped

EVERY = "*"
"""Stands for a method: what all methods of a resource have in common, below what each says itself."""

MAX_COMPILED = 4096
"""How many mappings are kept compiled; beyond, all are compiled anew as they are used."""


class UnifiedMapper:
    """Finds and applies mappings. ``models`` by name are those shipped, unless told."""

    def __init__(self, evaluator: Evaluator, models: Mapping[str, Model] | None = None) -> None:
        self._evaluator = evaluator
        self._models = models
        self._compiled: dict[tuple[str, ...], tuple[Declaration, MethodMapping]] = {}

    @property
    def models(self) -> Mapping[str, Model]:
        """The models by name."""
        if self._models is None:
            self._models = shipped_models()
        return self._models

    # -- finding -----------------------------------------------------------------------------------------------------

    def configs(
        self, declaration: Declaration, model: str, resource: str, override: Mapping[str, Any] | None = None
    ) -> dict[str, dict[str, Any]]:
        """The mappings of a unified resource as written, by method: of the model, the declaration, the account.

        ``override`` is an account's, by model, resource and method.
        """
        known = self.models.get(model)
        layers = (
            known.mappings.get(declaration.name, {}) if known is not None else {},
            declaration.unified.get(model, {}),
            (override or {}).get(model),
        )
        resources = [layer.get(resource) for layer in layers if isinstance(layer, Mapping)]
        methods = layered(*resources)
        every = methods.pop(EVERY, {})
        described = known.resources.get(resource) if known is not None else None
        return {
            method: {**default_schemas(described, method), **layered(every, config)}
            for method, config in methods.items()
        }

    def methods(
        self, declaration: Declaration, model: str, resource: str, override: Mapping[str, Any] | None = None
    ) -> tuple[str, ...]:
        """The methods that a unified resource has at an integration; none where it has no such resource."""
        return tuple(self.configs(declaration, model, resource, override))

    def resources(
        self, declaration: Declaration, override: Mapping[str, Any] | None = None
    ) -> dict[str, tuple[str, ...]]:
        """Unified resources, such as ``crm/contacts``, with their methods."""
        shipped = {name: model.mappings.get(declaration.name, {}) for name, model in self.models.items()}
        names = layered(shipped, declaration.unified, override)
        found = {
            f"{model}/{resource}": self.methods(declaration, model, resource, override)
            for model, resources in names.items()
            for resource in resources
        }
        return {name: methods for name, methods in found.items() if methods}

    def find(
        self,
        declaration: Declaration,
        model: str,
        resource: str,
        method: str,
        override: Mapping[str, Any] | None = None,
    ) -> MethodMapping | None:
        """The compiled mapping, or None where there is none; raises ``RequestError`` for one that is not right."""
        known = _within(override, model, resource)
        told = msgspec.json.encode(known).decode() if known else ""
        key = (declaration.name, model, resource, method, told)
        kept = self._compiled.get(key)
        if kept is not None and kept[0] is declaration:
            return kept[1]
        config = self.configs(declaration, model, resource, override).get(method)
        if config is None:
            return None
        mapping, complaints = read_mapping(model, resource, method, config, self._evaluator)
        if complaints:
            wrong = "; ".join(f"{path}: {message}" if path else message for path, message in complaints)
            raise RequestError(f"The mapping of {mapping.title} at {declaration.name} is not right: {wrong}")
        if len(self._compiled) >= MAX_COMPILED:
            self._compiled.clear()
        self._compiled[key] = (declaration, mapping)
        return mapping

    # -- translating -------------------------------------------------------------------------------------------------

    async def outgoing(self, operation: Any, fetch: Fetch, context: Mapping[str, Any]) -> tuple[str, str, Routed]:
        """What of the API to ask: resource, method, and what with.

        ``operation`` is a mapping or has one as ``mapping``. ``context`` is the account's.
        """
        mapping = mapping_of(operation)
        scope, fetch = await self._asked(mapping, fetch, context)
        return await prepared(mapping, fetch, scope)

    async def incoming(
        self,
        operation: Any,
        fetch: Fetch,
        value: Any,
        response: Mapping[str, Any],
        context: Mapping[str, Any],
        *,
        sent: Fetch | None = None,
    ) -> Any:
        """Unified records of what came back: a ``Page`` of a ``Page``, else a value of a value.

        ``fetch`` is what was asked of the unified resource, ``sent`` what was made of it. ``value`` is what the API's
        own method gave, ``response`` its answer: ``status``, ``headers`` and decoded ``body``. A list stays a list;
        a record of which the mapping makes nothing is left out of it, and is a 404 alone.
        """
        mapping, wishes = mapping_of(operation), wishes_of(fetch)
        page = value if isinstance(value, Page) else None
        raw = value if page is None else page.value
        if wishes.form == "raw":
            return value
        if mapping.method == "delete":
            gone: Any = {"id": fetch.id or (raw.get("id", "") if isinstance(raw, Mapping) else "")}
            return gone if page is None else Page(gone)
        scope, asked = await self._asked(mapping, fetch, context, steps=mapping.is_partial_expression is not None)
        scope = scope.having(
            query=asked.query if sent is None else sent.query, requestBody=None if sent is None else sent.body
        )
        mapped, cursor = await _mapped(mapping, raw, response, scope, attach=wishes.remote_data)
        mapped = await _afterwards(mapping, mapped, scope)
        result = self._shown(mapping, mapped, wishes)
        if page is None:
            return result
        told = await _told(mapping, page, response, scope)
        if "result_count" in told and isinstance(result, list):
            told = {**told, "result_count": len(result)}
        return structs.replace(page, value=result, told=told, cursor=page.cursor if cursor is None else wrapped(cursor))

    async def refused(
        self, operation: Any, fetch: Fetch, error: RemoteError, context: Mapping[str, Any]
    ) -> RemoteError:
        """The API's refusal as the unified resource tells it."""
        mapping = mapping_of(operation)
        scope, _ = await self._asked(mapping, fetch, context, steps=mapping.error_mapping is not None)
        return await retold(mapping, fetch, error, scope)

    # -- parts -------------------------------------------------------------------------------------------------------

    async def _asked(
        self, mapping: MethodMapping, fetch: Fetch, context: Mapping[str, Any], *, steps: bool = True
    ) -> tuple[Scope, Fetch]:
        """What all expressions see of the request, and the request without what is meant for us."""
        clean = {name: value for name, value in fetch.query.items() if not name.startswith("truto_")}
        cursor, own = told_apart(fetch.cursor)
        if own:
            clean["next_cursor"] = own
        asked = structs.replace(fetch, query=clean, cursor=cursor)
        scope = Scope(
            self._evaluator,
            mapping.title,
            id=fetch.id,
            query=clean,
            rawQuery=dict(fetch.query),
            body=fetch.body,
            context=context,
            before={},
        )
        if steps and mapping.before:
            scope = scope.having(before=await _before(mapping, scope))
        return scope, asked

    def _shown(self, mapping: MethodMapping, value: Any, wishes: Wishes) -> Any:
        model = self.models.get(mapping.model)
        resource = model.resources.get(mapping.resource) if model is not None else None
        fields = tuple(resource.fields) if resource is not None else ()
        if isinstance(value, list):
            return [shown(record, wishes, fields) for record in value]
        return shown(value, wishes, fields)


def mapping_of(operation: Any) -> MethodMapping:
    """The mapping that an operation has, or that was given in its place."""
    found = getattr(operation, "mapping", operation)
    if not isinstance(found, MethodMapping):
        raise TypeError(f"no mapping: {type(found).__name__}")
    return found


def _within(override: Mapping[str, Any] | None, model: str, resource: str) -> Any:
    below = (override or {}).get(model)
    return below.get(resource) if isinstance(below, Mapping) else None


async def _before(mapping: MethodMapping, scope: Scope) -> dict[str, Any]:
    results: dict[str, Any] = {}
    last: Any = None
    for step in mapping.before:
        seen = scope.having(before=results, step=last)
        if step.run_if is not None and not await seen.work_out("condition of a step", step.run_if):
            continue
        last = results[step.name] = await seen.work_out(f"step {step.name!r}", step.expression)
    return results


async def _afterwards(mapping: MethodMapping, value: Any, scope: Scope) -> Any:
    last: Any = None
    for step in mapping.after:
        seen = scope.having(data=value, step=last)
        if step.run_if is not None and not await seen.work_out("condition of a step", step.run_if):
            continue
        last = await seen.work_out(f"step {step.name!r}", step.expression)
        value = _as_list(last) if isinstance(value, list) else last
    return value


async def _mapped(
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


async def _told(mapping: MethodMapping, page: Page, response: Mapping[str, Any], scope: Scope) -> Mapping[str, Any]:
    if mapping.is_partial_expression is None:
        return page.told
    body = response.get("body")
    seen = scope.having(data=body, rawBody=body)
    partial = bool(await seen.work_out("partial expression", mapping.is_partial_expression))
    return {**page.told, "is_partial_response": partial}
