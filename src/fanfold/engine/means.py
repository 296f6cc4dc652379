"""What an engine carries plans out with, and who looks on meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from random import Random
from time import perf_counter
from typing import Any, Protocol

from msgspec import Struct

from fanfold.engine.background import Background
from fanfold.expressions.evaluator import Evaluator
from fanfold.model import OnceOnly, Result, Standing, Target

MAX_FAN_OUT = 100
"""Elements that the actions of one batch may fan out into, all together."""

Gone = Callable[[], Coroutine[Any, Any, object]]
"""Waits until whoever asked has gone away."""


class Watch(Protocol):
    """Looks on while a batch runs. What it does has to be quick, and may not raise."""

    def admitted(self, standing: tuple[Standing, ...]) -> None:
        """The batch was admitted, and the limits stand so; nothing but its actions is waited for from now on."""

    def settled(self, place: int, result: Result) -> None:
        """An action is settled, and nothing of that can be lost any more; ``place`` is its place in the batch."""


class RecordWatch(Watch, Protocol):
    """Looks on while a recipe runs, and takes its records as they come."""

    def records(self, place: int, records: list[Any]) -> None:
        """Records that an entry gave; the same list may be held by others."""

    def full(self) -> bool:
        """Whether nothing more should be asked for until what was told has been taken."""

    def when_room(self, go_on: Callable[[], None]) -> None:
        """Take note of what to call when it is full no longer."""


class Means(Struct):
    """The target, and how far it may be made use of.

    ``shuffle`` begins actions in random order. ``max_fan_out``: into how many elements the actions of one batch may fan
    out, all together. ``max_results``: bytes that all answers of one batch may have, None for any number. ``ledger``
    keeps what was answered to actions that have a key; without one such actions are refused. ``evaluator`` works out
    the expressions of recipes. ``clock``: the seconds that deadlines are reckoned in.
    """

    target: Target
    background: Background
    shuffle: Random | None = None
    max_fan_out: int = MAX_FAN_OUT
    max_results: int | None = None
    ledger: OnceOnly | None = None
    evaluator: Evaluator | None = None
    clock: Callable[[], float] = perf_counter
