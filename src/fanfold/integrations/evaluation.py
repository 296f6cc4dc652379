"""The evaluator that declarations are checked with where there is no server that has one."""

from __future__ import annotations

from fanfold.expressions.evaluator import Evaluator


def evaluator() -> Evaluator:
    """One with the usual bounds; raises ``SetupError`` where its engine is not installed."""
    from fanfold.expressions.jsonata import JsonataEvaluator  # noqa: PLC0415 - its engine is an extra

    return JsonataEvaluator()
