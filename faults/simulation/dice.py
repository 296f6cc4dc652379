"""Chance from a seed: every part of a run has dice of its own, so that one more throw here changes nothing there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from msgspec import Struct

T = TypeVar("T")


class Dice(random.Random):
    """Throws that are the same for the same name, whatever the process; ``Dice("7/clients")``."""

    def happens(self, rate: float) -> bool:
        """True in so many of all cases; a rate of 0 costs no throw."""
        return rate > 0 and self.random() < rate

    def one_of(self, values: Sequence[T]) -> T:
        """Any of them."""
        return values[int(self.random() * len(values))]

    def seconds(self) -> float:
        """How long something takes: often no time at all, mostly little, now and then long."""
        kind = self.random()
        if kind < 0.2:
            return 0.0
        if kind < 0.9:
            return self.random() ** 3 * 0.5
        return self.random() * 20


class Weather(Struct, frozen=True):
    """How often what goes wrong, drawn for each seed anew. Rates are between 0 and 1.

    Some are always 0: what only shows where one kind of fault is alone would otherwise never show.
    """

    raises: float = 0.0
    refuses: float = 0.0
    limited: float = 0.0
    wrong_type: float = 0.0
    cancels: float = 0.0
    exits: float = 0.0
    never: float = 0.0
    slow_write: float = 0.0
    stubborn: float = 0.0
    lost_answer: float = 0.0
    failing_commit: float = 0.0
    busy: float = 0.0
    goes: float = 0.0
    cancelled: float = 0.0
    retries: float = 0.0
    mistakes: float = 0.0
    limiter_breaks: float = 0.0
    limiter_waits: float = 0.0
    message_lost: float = 0.0
    message_late: float = 0.0
    clock_jumps: float = 0.0
    worker_dies: float = 0.0
    shard_restarts: float = 0.0
    store_waits: float = 0.0
    store_breaks: float = 0.0
    undecided: float = 0.0


RANGES = {
    "raises": 0.2,
    "refuses": 0.3,
    "limited": 0.1,
    "wrong_type": 0.1,
    "cancels": 0.1,
    "exits": 0.05,
    "never": 0.1,
    "slow_write": 0.2,
    "stubborn": 0.5,
    "lost_answer": 0.1,
    "failing_commit": 0.2,
    "busy": 0.2,
    "goes": 0.4,
    "cancelled": 0.4,
    "retries": 0.8,
    "mistakes": 0.2,
    "limiter_breaks": 0.1,
    "limiter_waits": 0.5,
    "message_lost": 0.3,
    "message_late": 0.3,
    "clock_jumps": 0.3,
    "worker_dies": 0.5,
    "shard_restarts": 0.5,
    "store_waits": 0.8,
    "store_breaks": 0.1,
    "undecided": 0.1,
}
"""The highest rate that each may have."""

SOME = 0.5
"""How many of them are above 0, in the long run."""

CALM = Weather()


def draw_weather(dice: Dice) -> Weather:
    """The weather of one seed."""
    return Weather(**{name: dice.random() * most if dice.happens(SOME) else 0.0 for name, most in RANGES.items()})
