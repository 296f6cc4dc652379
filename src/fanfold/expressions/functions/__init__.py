"""Functions that expressions have beyond those of JSONata."""

from collections.abc import Callable
from typing import Any
from fanfold.expressions.functions.arguments import Unsuitable

FUNCTIONS: dict[str, tuple[Callable[..., Any], str | None]] = {}
METHODS: tuple[str, ...] = ("toISO",)
REFUSED: dict[str, str] = {"parseDocument": "x"}
