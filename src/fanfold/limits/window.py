"""How much in any span of time: an exact sliding window.

A fixed window lets twice its limit through around its edge, and a counter that slides approximately cannot be proven
to keep it; here every charge is remembered until it is ``seconds`` old, so that no span of that length ever holds more
than ``limit``. There is no guarantee against starvation: a large request waits as long as small ones fill the window.
"""

from __future__ import annotations

from collections import deque
from math import ceil

from msgspec import Struct

from fanfold.model import Standing


class Window(Struct, frozen=True):
    """At most ``limit`` in any ``seconds``; ``cost`` is what it counts, its own name unless told."""

    name: str
    limit: int
    seconds: float = 60.0
    cost: str = ""

    def __post_init__(self) -> None:
        if self.limit < 1 or self.seconds <= 0:
            raise ValueError(f"{self.name}: a window needs a limit of at least 1 and more than 0 seconds")

    @property
    def counts(self) -> str:
        """The name in ``costs`` that is charged here."""
        return self.cost or self.name

    def tally(self) -> Span:
        """A fresh account of it for one key."""
        return Span(self)


class Span:
    """What one key was charged of a window, in memory.

    The sum never exceeds the limit, so there are never more entries than that. What is past is dropped only when room
    is short: until then it changes no answer.
    """

    __slots__ = ("_charges", "_left", "_seconds", "rule")

    def __init__(self, rule: Window) -> None:
        self.rule = rule
        self._seconds = rule.seconds
        self._left = rule.limit
        self._charges: deque[tuple[float, int]] = deque()  # (when it has passed, amount), oldest first

    def room(self, n: int, now: float) -> bool:
        """Whether ``n`` more fit."""
        if n <= self._left:
            return True
        charges = self._charges
        while charges and charges[0][0] <= now:
            self._left += charges.popleft()[1]
        return n <= self._left

    def take(self, n: int, now: float, _grant: object) -> None:
        """Charge ``n``, for which there is room."""
        self._left -= n
        self._charges.append((now + self._seconds, n))

    def penalise(self, n: int, now: float) -> None:
        """Charge ``n`` for which there may be no room.

        Once the newest charges fill the window nothing fits until the oldest of them has passed, and by then all that
        was older has too: cutting the sum back to the limit from the old end changes no answer.
        """
        charges = self._charges
        charges.append((now + self._seconds, n))
        self._left -= n
        while self._left < 0:
            past, amount = charges.popleft()
            self._left += amount
            if self._left > 0:
                charges.appendleft((past, self._left))
                self._left = 0

    def wait(self, n: int, now: float) -> float:
        """Seconds until ``n``, within the limit, fit if nothing else is charged; 0 or less if they do now."""
        missing = n - self._left
        until = now
        for past, amount in self._charges:
            if missing <= 0:
                break
            missing -= amount
            until = past
        return until - now

    def standing(self, now: float) -> Standing:
        """What is left, and when all of it is again."""
        self.room(self.rule.limit + 1, now)
        until = self._charges[-1][0] if self._charges else now
        return Standing(self.rule.name, self.rule.limit, max(0, self._left), self._seconds, ceil(until - now))

    def idle(self, now: float) -> bool:
        """Whether forgetting it changes nothing."""
        return not self._charges or self._charges[-1][0] <= now
