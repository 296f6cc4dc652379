"""Pages as expressions say, for APIs that have a way of their own.

What goes on from page to page are pagination values: an object whose ``query``, ``body`` and ``url`` are merged into
the request, or, where it has none of these, its query.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanfold.errors import RequestError
from fanfold.expressions.evaluator import Evaluator, Expression
from fanfold.integrations.pagination.links import StrayLink, followed
from fanfold.integrations.pagination.opaque import opened, sealed, unknown
from fanfold.integrations.pagination.strategy import Draft, Plain, Received

_VALUES = "d"
_MEMBERS = frozenset({"query", "body", "url"})


class Dynamic(Plain):
    """Asks three expressions.

    ``get_initial_pagination_values_expression`` gives the values of the first page,
    ``get_pagination_values_expression`` those of the next one, null at the end, and
    ``get_cursor_from_response_expression`` a ``cursor`` for these, undefined at the end.
    """

    def __init__(self, config: Mapping[str, Any], hosts: tuple[str, ...], evaluator: Evaluator) -> None:
        self._hosts = hosts
        self._evaluator = evaluator
        self._initial = self._expression(config, "get_initial_pagination_values_expression")
        self._values = self._expression(config, "get_pagination_values_expression")
        self._cursor = self._expression(config, "get_cursor_from_response_expression")

    def _expression(self, config: Mapping[str, Any], name: str) -> Expression | None:
        source = config.get(name)
        return self._evaluator.compile(source) if isinstance(source, str) and source else None

    async def enter(self, draft: Draft, cursor: str, limit: int | None) -> None:
        """The values of a cursor, or those to begin with, merged into the request."""
        if limit is not None:
            draft.query.setdefault("limit", limit)
        values = opened(cursor, _VALUES) if cursor else None
        if cursor and not isinstance(values, dict):
            raise unknown()
        if not cursor and self._initial is not None:
            values = await self._evaluator.evaluate(self._initial, _scope(draft))
        if isinstance(values, dict):
            self._merge(draft, values)

    async def beyond(self, draft: Draft, cursor: str, received: Received) -> str:
        """What the expressions make of the answer."""
        scope = {
            **_scope(draft),
            "response": {"status": received.status, "headers": dict(received.headers), "body": received.data},
            "body": received.data,
            "paginationValues": opened(cursor, _VALUES) if cursor else {},
        }
        if self._cursor is not None:
            scope["cursor"] = await self._evaluator.evaluate(self._cursor, scope)
            if scope["cursor"] in (None, ""):
                return ""
        values: Any = {"cursor": scope.get("cursor")} if self._values is None and self._cursor is not None else None
        if self._values is not None:
            values = await self._evaluator.evaluate(self._values, scope)
        if values is None:
            return ""
        if not isinstance(values, dict):
            raise RequestError("get_pagination_values_expression: must give an object, or null at the end", status=502)
        if isinstance(values.get("url"), str):
            values = {**values, "url": received.tidy(values["url"])}
        return sealed(_VALUES, values)

    def _merge(self, draft: Draft, values: dict[str, Any]) -> None:
        told: dict[str, Any] = values if _MEMBERS.intersection(values) else {"query": values}
        url = told.get("url")
        if isinstance(url, str):
            try:
                draft.url, draft.query = followed(url, draft.url, self._hosts), {}
            except StrayLink:
                raise unknown() from None
        if isinstance(told.get("query"), dict):
            draft.query = {**draft.query, **told["query"]}
        if isinstance(told.get("body"), dict):
            draft.body = {**(draft.body if isinstance(draft.body, dict) else {}), **told["body"]}


def _scope(draft: Draft) -> dict[str, Any]:
    return {
        "query": draft.query,
        "url": draft.url,
        "requestOptions": {"method": draft.method, "query": draft.query, "body": draft.body},
    }
