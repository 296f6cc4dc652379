"""How much of the work of jobs is done before whoever waits for an answer has their turn.

Where the database never makes anybody wait, an action of a job is carried out at once, and so are those of all other
jobs that are under way: together they would hold up everybody for as long as all of that takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import perf_counter

SLICE = 0.005
"""Seconds of work that jobs do before the loop looks who has come; at least one action is carried out each time."""


class Pace:
    """Lets those in who are about to work, a few at a time; all are of one event loop."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._until = 0.0
        self._next: asyncio.Event | None = None
        self._fresh = False

    async def turn(self) -> None:
        """Wait until there is time; what is done then without waiting counts."""
        while not self._has_room():
            if self._next is None:
                self._next = asyncio.Event()
                asyncio.get_running_loop().call_soon(self._begin)
            await self._next.wait()

    def _has_room(self) -> bool:
        if self._fresh:
            self._fresh = False
            self._until = self._clock() + SLICE
            return True
        return self._next is None and self._clock() < self._until

    def _begin(self) -> None:
        """Another slice, now that all others have had their turn."""
        self._fresh = True
        if self._next is not None:
            self._next.set()
            self._next = None
