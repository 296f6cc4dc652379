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
from fanfold.integrations.incoming import afterwards, mapped, told
from fanfold.integrations.mappings import EVERY, MethodMapping, layered, read_mapping
from fanfold.integrations.models import Model, default_schemas, shipped_models
from fanfold.integrations.outgoing import Routed, prepared
from fanfold.integrations.records import Wishes, shown, wishes_of
from fanfold.integrations.refusals import retold
from fanfold.integrations.scopes import Scope
from fanfold.integrations.unified_cursors import told_apart, wrapped

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
        made, cursor = await mapped(mapping, raw, response, scope, attach=wishes.remote_data)
        made = await afterwards(mapping, made, scope)
        result = self._shown(mapping, made, wishes)
        if page is None:
            return result
        more = await told(mapping, page, response, scope)
        if "result_count" in more and isinstance(result, list):
            more = {**more, "result_count": len(result)}
        return structs.replace(page, value=result, told=more, cursor=page.cursor if cursor is None else wrapped(cursor))

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
