"""What a scenario is told, and what it tells: its size, its seed, its database; figures and broken promises."""

from __future__ import annotations

import random
import zlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from msgspec import Struct

Tier = Literal["quick", "long"]
Kept = Literal["sqlite", "postgres"]
Number = int | float
Words = Callable[[str], None]


class UnableError(Exception):
    """A scenario cannot be run on this machine; the message says what is missing."""


def silent(_: str) -> None:
    """Say nothing."""


class Setting(Struct, frozen=True, kw_only=True):
    """How large a scenario is to be, what it is drawn from, and where it may write.

    ``minutes`` bounds those that can go on for ever; ``count`` replaces the number of whatever a scenario repeats.
    """

    folder: Path
    tier: Tier = "quick"
    seed: int = 1
    db: Kept = "sqlite"
    minutes: float | None = None
    count: int | None = None
    say: Words = silent

    def dice(self, *what: object) -> random.Random:
        """A source of random numbers that depends on the seed and on what it is for, and on nothing else."""
        words = "/".join(map(str, (self.seed, *what)))
        return random.Random(zlib.crc32(words.encode()))

    def sized(self, quick: int, long: int) -> int:
        """How often something is to be done."""
        return self.count or (quick if self.tier == "quick" else long)

    def seconds(self, quick: float, long: float) -> float:
        """How long something is to go on."""
        return self.minutes * 60 if self.minutes else quick if self.tier == "quick" else long


class Figures(Struct, frozen=True, kw_only=True):
    """What a scenario saw. Any of ``violations`` is a promise that was broken, in a sentence."""

    counts: Mapping[str, Number]
    violations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """What is to be known for the figures to be read rightly."""


class Scenario(NamedTuple):
    """Something that is done to a server."""

    name: str
    title: str
    proves: str
    run: Callable[[Setting], Awaitable[Figures]]
    quick: bool = True
    """Whether it is part of the quick tier, which has five minutes for all."""


class Outcome(Struct, frozen=True, kw_only=True):
    """The line that is printed of a scenario."""

    scenario: str
    tier: Tier
    db: Kept
    seed: int
    seconds: float
    counts: Mapping[str, Number]
    violations: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    unable: str = ""
    """Why it could not be run on this machine, if it could not."""


MOST_TOLD = 20


def shortened(violations: list[str]) -> tuple[str, ...]:
    """The first few, and how many more there are: one broken promise may show a thousand times."""
    more = len(violations) - MOST_TOLD
    return tuple(violations[:MOST_TOLD]) + ((f"and {more} more",) if more > 0 else ())
