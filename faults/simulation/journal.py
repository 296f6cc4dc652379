"""What happened, in order: for whoever wants to know why a seed failed, and to show that two runs are the same run."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

TAIL = 40
"""Events that are shown of a seed that failed."""


class Journal:
    """Events as they happen, on the clock of the loop, and what was found wrong.

    A check that raised would be taken for a crash of whatever it looks at, so it notes here instead.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._events: list[tuple[float, str, tuple[object, ...]]] = []
        self.found: list[tuple[int, str]] = []

    def __len__(self) -> int:
        """How many events there are."""
        return len(self._events)

    def now(self) -> float:
        """What the clock shows."""
        return self._clock()

    def time_of(self, number: int) -> float:
        """When an event happened."""
        return self._events[number - 1][0]

    def note(self, kind: str, *facts: object) -> int:
        """Write an event down; its number, by which others are before or after it."""
        self._events.append((self._clock(), kind, facts))
        return len(self._events)

    def wrong(self, message: str) -> None:
        """Something is not as it has to be."""
        self.note("WRONG", message)
        self.found.append((len(self._events), message))

    def demand(self, holds: object, message: str, *facts: object) -> None:
        """Write down what is wrong unless something holds."""
        if not holds:
            self.wrong(f"{message}: {', '.join(map(str, facts))}" if facts else message)

    def demand_no_tasks(self) -> None:
        """Write down what still runs beside whoever asks this."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        left = sorted(getattr(task.get_coro(), "__qualname__", "?") for task in tasks)
        self.demand(not left, "tasks are left", *left)

    def witness(self) -> Witness:
        """Somebody who writes here until they die."""
        return Witness(self)

    def digest(self) -> str:
        """The same for two runs only if all their events are the same."""
        found = hashlib.blake2b(digest_size=12)
        for event in self._events:
            found.update(repr(event).encode())
        return found.hexdigest()

    def tail(self) -> list[str]:
        """The events up to the first that is wrong, or the last ones."""
        last = self.found[0][0] if self.found else len(self._events)
        return [
            f"{time:12.6f}  {kind:<10} {' '.join(map(str, facts))}"
            for time, kind, facts in self._events[max(0, last - TAIL) : last]
        ]


class Witness(Journal):
    """One worker among several: when it is dead, whatever it may still think is of no account."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal.now)
        self._journal = journal
        self.alive = True

    def time_of(self, number: int) -> float:
        """When an event happened."""
        return self._journal.time_of(number)

    def note(self, kind: str, *facts: object) -> int:
        """Write down, while alive."""
        return self._journal.note(kind, *facts) if self.alive else len(self._journal)

    def wrong(self, message: str) -> None:
        """Likewise."""
        if self.alive:
            self._journal.wrong(message)
