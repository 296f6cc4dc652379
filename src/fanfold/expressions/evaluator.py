"""The one interface behind which expressions are worked out, so that the engine behind it can be another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from fanfold.errors import ExpressionError


class Expression(Protocol):
    """A compiled expression. ``reads`` are the paths of its input that it looks at, None where that is not known."""

    @property
    def source(self) -> str:
        """As it was written."""

    @property
    def reads(self) -> tuple[tuple[str, ...], ...] | None:
        """Such as ``(("resources", "crm", "contacts"), ("args", "id"))``: each as deep as it is known."""


class Evaluator(Protocol):
    """Compiles and evaluates expressions, with hard bounds on time, steps, memory and output."""

    def compile(self, source: str) -> Expression:
        """Raises ``ExpressionError`` for what is no expression, or asks for what there is not. Cached, so cheap."""

    async def evaluate(self, expression: Expression, context: Any, bindings: Mapping[str, Any] | None = None) -> Any:
        """What the expression gives for ``context``, None for nothing and for null; raises ``ExpressionError``.

        ``bindings`` are seen as ``$name``. Returns without suspending where there is little to do; what takes longer
        is worked out beside the event loop.
        """


class Told(Struct, frozen=True):
    """An expression of the fake: its source, and what it is said to read."""

    source: str
    reads: tuple[tuple[str, ...], ...] | None = None


class FunctionEvaluator:
    """The fake, for tests: sources are names of plain functions, which are given the context."""

    def __init__(self, functions: Mapping[str, Callable[[Any], Any]]) -> None:
        self._functions = functions

    def compile(self, source: str) -> Told:
        """An expression that is one of the functions' names."""
        if source not in self._functions:
            raise ExpressionError(f"There is no function {source!r}")
        return Told(source, getattr(self._functions[source], "reads", None))

    async def evaluate(self, expression: Expression, context: Any, bindings: Mapping[str, Any] | None = None) -> Any:
        """What the function gives."""
        del bindings
        return self._functions[expression.source](context)
