"""When to ask an upstream again, and when to leave it alone.

Asking again helps against what passes by itself, and makes worse what does not. So only requests that change nothing
are repeated, a few times, after pauses that grow and differ, out of a budget that is a share of all requests; and an
upstream that fails again and again is left alone for a while.
"""

from __future__ import annotations

import random
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from msgspec import Struct

AGAIN = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may well be answered."""

FAILED = frozenset({502, 503, 504})
"""Statuses that tell of an upstream in trouble, rather than of a request."""

LONGEST_REST = 60.0
"""Seconds that an upstream is left alone at most before it is tried once more."""


class Retries(Struct, frozen=True):
    """``attempts`` in all, the first included; pauses in seconds, of which ``longest`` is the most worth waiting."""

    attempts: int = 3
    base: float = 0.1
    longest: float = 5.0

    def pause(self, tried: int, wished: float | None, spread: float) -> float | None:
        """Seconds until the next attempt, None where there is to be none.

        ``wished`` is what the upstream asked for; ``spread`` from 0 to 1 makes askers that failed together come back
        apart.
        """
        if tried >= self.attempts or (wished is not None and wished > self.longest):
            return None
        grown = min(self.longest, self.base * 2.0 ** (tried - 1))
        return grown * spread if wished is None else min(self.longest, wished + self.base * spread)


class Budget:
    """Repeated requests are at most ``share`` of all, and ``reserve`` beyond that where there are few."""

    def __init__(self, share: float = 0.1, reserve: float = 10.0) -> None:
        self._share = share
        self._reserve = self._left = reserve

    def earn(self) -> None:
        """A request that is sent for the first time pays in."""
        self._left = min(self._reserve, self._left + self._share)

    def spend(self) -> bool:
        """Whether one more may be repeated."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Breaker:
    """Opens after ``failures`` in a row and then lets nothing through for ``rest`` seconds.

    After that a single request is tried: if it succeeds all is as before, otherwise the rest doubles.
    """

    def __init__(self, failures: int = 5, rest: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = failures
        self._first_rest = self._rest = rest
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._trying = False

    def wait(self) -> float:
        """Seconds for which nothing may be asked; 0 if something may."""
        if self._failures < self._most:
            return 0.0
        left = self._until - self._clock()
        return max(left, 1.0) if self._trying or left > 0 else 0.0

    def enter(self) -> bool:
        """Begin a request that ``wait`` allows; whether it is the single one that is tried."""
        trial = self._failures >= self._most
        self._trying = self._trying or trial
        return trial

    def leave(self, *, trial: bool) -> None:
        """End a request, whatever came of it."""
        if trial:
            self._trying = False

    def succeeded(self) -> None:
        """An answer came."""
        self._failures = 0
        self._rest = self._first_rest

    def failed(self) -> None:
        """No answer came, or one that tells of trouble."""
        self._failures += 1
        if self._failures == self._most:
            self._until = self._clock() + self._rest
        elif self._failures > self._most and self._until <= self._clock():
            self._rest = min(LONGEST_REST, self._rest * 2)
            self._until = self._clock() + self._rest


class Breakers:
    """A breaker for each caller; those of the ``most`` callers who asked last are remembered.

    What one of them asks for may fail for reasons of its own, and must not close an upstream to the others.
    """

    def __init__(self, failures: int, rest: float, clock: Callable[[], float], most: int = 1000) -> None:
        self._made = failures, rest, clock
        self._most = most
        self._breakers: OrderedDict[str, Breaker] = OrderedDict()

    def of(self, key: str) -> Breaker:
        """The breaker of one caller."""
        breaker = self._breakers.get(key)
        if breaker is None:
            breaker = self._breakers[key] = Breaker(*self._made)
            if len(self._breakers) > self._most:
                self._breakers.popitem(last=False)
        else:
            self._breakers.move_to_end(key)
        return breaker


def wished_pause(value: str | None, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> float | None:
    """The seconds of a ``Retry-After`` header, written as a number or as a date; None if it says nothing of use."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdecimal():
        return float(value) if len(value) < 10 else 1e9
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (when.replace(tzinfo=when.tzinfo or UTC) - now()).total_seconds())


def spread() -> float:
    """A number from 0 to 1, evenly."""
    return random.random()  # noqa: S311
