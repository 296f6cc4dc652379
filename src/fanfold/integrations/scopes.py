"""What the expressions of a mapping see, by the names that mappings elsewhere know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from fanfold.errors import ExpressionError
from fanfold.expressions.evaluator import Evaluator, Expression


class Scope:
    """Values by name, and a way to work expressions out over those of them that an expression looks at.

    What it does not look at is left out, so that a big answer is not handed over for nothing. ``title`` says in
    messages whose expressions they are.
    """

    def __init__(self, evaluator: Evaluator, title: str, **values: Any) -> None:
        self._evaluator = evaluator
        self._title = title
        self.values = values

    def having(self, **values: Any) -> Scope:
        """The same with further values, or others in place of them."""
        return Scope(self._evaluator, self._title, **{**self.values, **values})

    async def work_out(self, what: str, expression: Expression) -> Any:
        """What the expression gives; raises ``ExpressionError`` that says whose it is."""
        try:
            return await self._evaluator.evaluate(expression, _looked_at(self.values, expression))
        except ExpressionError as error:
            message = f"The {what} of {self._title} failed: {error.message}"
            raise ExpressionError(message, position=error.position) from None


def _looked_at(values: Mapping[str, Any], expression: Expression) -> dict[str, Any]:
    reads = expression.reads
    if reads is None or () in reads:
        return dict(values)
    roots = {path[0] for path in reads}
    return {name: value for name, value in values.items() if name in roots}


def response_of(told: Mapping[str, Any]) -> dict[str, Any]:
    """``response`` as expressions see it: ``statusCode``, ``headers`` and ``body``, and the body's own members."""
    body = told.get("body")
    seen = dict(body) if isinstance(body, Mapping) else {}
    status = told.get("statusCode", told.get("status"))
    return {**seen, "statusCode": status, "headers": headers_of(told.get("headers")), "body": body}


def headers_of(told: Any) -> dict[str, str]:
    """Headers as an object with names in lower case; of those that come twice the last."""
    if told is None:
        return {}
    pairs: Iterable[tuple[str, str]] = told.items() if isinstance(told, Mapping) else told
    return {name.lower(): value for name, value in pairs}
