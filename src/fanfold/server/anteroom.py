"""Where requests wait for their turn, so that a server of which too much is asked still does all that it can.

A loop begins whatever has come, and looks for more only when all of that is done. Where more comes than can be done
each of its turns takes longer than the one before: who connects is let in ever more seldom, and what is done at last
is done for clients that have given up. Here a turn begins no more than ``SLICE`` of work, what is beyond waits in the
order in which it came, and what would have to wait too long is refused at once, which costs little.
"""

from __future__ import annotations

import logging
from asyncio import AbstractEventLoop
from collections import deque
from collections.abc import Callable
from time import perf_counter

logger = logging.getLogger("fanfold")

SLICE = 0.01
"""Seconds of work that are begun before the loop looks again who has come."""

WEIGHT = 0.02
"""How much a request counts in the average of what requests take."""

SILENCE = 10.0
"""Seconds between two lines in the log about refusals."""

Begin = Callable[[], bool]
"""Begins a request; False where nobody waits for it any more."""

Refuse = Callable[[], None]
"""Answers a request without having anything done."""


class Anteroom:
    """Begins requests of one event loop in the order in which they came; none waits longer than ``longest`` seconds.

    What would have to wait longer is refused when it comes, as far as that can be known then, or when its turn comes.
    """

    def __init__(self, longest: float, *, clock: Callable[[], float] = perf_counter) -> None:
        self._longest = longest
        self._clock = clock
        self._waiting: deque[tuple[float, Begin, Refuse]] = deque()
        self._each = 0.0005  # seconds that a request takes, on average
        self._begun = self._under_way = 0
        self._since = 0.0
        self._pumping = False
        self.refused = 0
        self._told = float("-inf")
        self._refused_before = 0

    def __len__(self) -> int:
        """How many are waiting."""
        return len(self._waiting)

    def enter(self, begin: Begin, refuse: Refuse, loop: AbstractEventLoop) -> None:
        """Have a request begun when its turn has come, at once if nobody waits, or refused."""
        if not self._pumping:
            self._pumping = True
            self._since = self._clock()
            loop.call_soon(self._turn, loop)
        if not self._waiting and self._begun * self._each < SLICE:
            self._begun += begin()
        elif len(self._waiting) * self._each >= self._longest:
            self._refuse(refuse)
        else:
            self._waiting.append((self._clock(), begin, refuse))

    def _turn(self, loop: AbstractEventLoop) -> None:
        """At the beginning of each turn of the loop, before all that was begun since the last one."""
        now = self._clock()
        if self._under_way:
            took = (now - self._since) / self._under_way
            self._each += (took - self._each) * min(0.5, WEIGHT * self._under_way)
        self._since = now
        self._under_way, self._begun = self._begun, 0
        if not self._under_way and not self._waiting:
            self._pumping = False
            return
        loop.call_soon(self._turn, loop)
        while self._waiting and self._begun * self._each < SLICE:
            came, begin, refuse = self._waiting.popleft()
            if now - came > self._longest:
                self._refuse(refuse)
            else:
                self._begun += begin()

    def _refuse(self, refuse: Refuse) -> None:
        refuse()
        self.refused += 1
        now = self._clock()
        if now - self._told >= SILENCE:
            logger.warning(
                "more is asked than can be done in time; requests refused since this was last told: %d",
                self.refused - self._refused_before,
            )
            self._told, self._refused_before = now, self.refused
