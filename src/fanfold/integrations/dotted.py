"""Expressions that are no more than a path, such as ``data.items``: looked up in place rather than worked out.

Nearly every declaration says no more than that of where records and cursors stand, and it is asked of every page.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any

from fanfold.expressions.evaluator import Evaluator

Reading = Callable[[Any], Awaitable[Any]]
"""Gives what an expression says of a value: None for nothing."""

_STEP = r"(?:`[^`]+`|[A-Za-z_]\w*)"
_PATH = re.compile(rf"{_STEP}(?:\.{_STEP})*", re.ASCII)
_STEPS = re.compile(_STEP, re.ASCII)
_WORDS = frozenset({"and", "or", "in", "true", "false", "null", "function"})


def steps_of(source: str) -> tuple[str, ...] | None:
    """The names of a plain path, or None where the source is anything else. Of ``$`` there are none."""
    source = source.strip()
    if source in {"", "$"}:
        return ()
    if not _PATH.fullmatch(source):
        return None
    steps = _STEPS.findall(source)
    return None if _WORDS.intersection(steps) else tuple([step.strip("`") for step in steps])


def reading_of(source: str, evaluator: Evaluator) -> Reading:
    """What reads a value by an expression. Raises ``ExpressionError`` for what is none."""
    steps = steps_of(source)
    if steps == ():
        return _itself
    expression = evaluator.compile(source)

    async def evaluate(value: Any) -> Any:
        return await evaluator.evaluate(expression, value)

    if steps is None:
        return evaluate

    async def walk(value: Any) -> Any:
        found = value
        for step in steps:
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list):
                return await evaluate(value)  # a path through an array means each of its elements
            else:
                return None
        return found

    return walk


async def _itself(value: Any) -> Any:
    return value
