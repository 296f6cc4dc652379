"""When each action of a batch was sent and settled, and what it waited for until then: what is drawn as a waterfall.

Only what was seen is told. How long an action itself took is known where the server says so; else its bar is the time
between the request that carried it and the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from time import perf_counter
from typing import Literal

from msgspec import Struct

Kind = Literal["queued", "limit", "dependency", "running", "retry"]
"""What an action does in a stretch of time.

Nothing yet; waits for a limit; was sent and waits for other actions; is carried out; waits to be sent again.
"""

State = Literal["queued", "limit", "dependency", "running", "retried", "done", "failed"]

AT_ONCE = 10
"""Batches under way at once; while there are fewer, it is a limit that an action waits for."""

_SHORT = 0.02
"""Seconds of waiting that are no limit yet: writing and sending take time too."""


class Attempt(Struct):
    """One time that an action was sent, in seconds of the clock. ``status`` is 0 and ``ended`` None until it settles.

    ``ms`` is what the server says that the action took. ``batch`` counts requests that carried several, 0 for one that
    went alone. ``whole``: all answers of its batch came at once, so that it cannot be seen who waited for whom.
    """

    sent: float
    batch: int
    ended: float | None = None
    status: int = 0
    ms: float | None = None
    whole: bool = False


class Stretch(Struct, frozen=True):
    """A piece of an action's bar, in seconds from the beginning of all."""

    kind: Kind
    begin: float
    end: float


class Timeline:
    """What happened to the actions at their places; ``needs`` are the places of those that each waits for.

    ``limited``: there are limits, so that an action which could be sent and is not waits for one.
    """

    def __init__(self, needs: Sequence[tuple[int, ...]], clock: Callable[[], float] = perf_counter) -> None:
        self.needs = needs
        self.attempts: list[list[Attempt]] = [[] for _ in needs]
        self.batches = 0
        self.lone = 0
        self.limited = True
        self._clock = clock
        self._under_way = 0
        self._begun = clock()
        self._full = [(self._begun, True)]
        self._over: float | None = None

    # -- what happens ------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Time runs from now on."""
        self._begun = self._clock()
        self._full = [(self._begun, False)]

    def sent(self, places: Sequence[int], *, together: bool) -> None:
        """One request goes out with these."""
        self.batches += together
        self.lone += not together
        self._count(1)
        now = self._clock()
        for place in places:
            self.attempts[place].append(Attempt(now, self.batches if together else 0))

    def settled(self, place: int, status: int, ms: float | None = None, *, whole: bool = False) -> None:
        """An answer to an action is there; not its last if it is sent again."""
        if self.attempts[place]:
            attempt = self.attempts[place][-1]
            if attempt.ended is None:
                attempt.ended, attempt.status, attempt.ms = self._clock(), status, ms
                attempt.whole = whole
                self.limited = self.limited or status == 429

    def returned(self, places: Sequence[int], status: int) -> None:
        """A request is over; ``status`` of those that had no answer of their own, 0 if there was none at all."""
        self._count(-1)
        for place in places:
            self.settled(place, status)

    def over(self) -> None:
        """Nothing more happens."""
        self._over = self._clock()

    # -- what is told ------------------------------------------------------------------------------------------------

    @property
    def took(self) -> float:
        """Seconds from the beginning until the end, or until now."""
        return (self._clock() if self._over is None else self._over) - self._begun

    def state(self, place: int) -> State:
        """What an action does now."""
        attempts = self.attempts[place]
        if attempts and attempts[-1].ended is not None:
            status = attempts[-1].status
            if status == 429 and self._over is None:
                return "limit"
            return "done" if is_good(status) else "failed"
        if not attempts:
            free = self.limited and not self._full[-1][1] and self._clock() - self._full[-1][0] >= _SHORT
            return "limit" if free else "queued"
        kind = self.stretches(place)[-1].kind
        if kind == "running" and len(attempts) > 1:
            return "retried"
        return kind if kind in ("dependency", "running") else "queued"

    def stretches(self, place: int) -> list[Stretch]:
        """The pieces of an action's bar, in order and without gaps."""
        found: list[Stretch] = []
        last = self._begun
        why: Kind = "queued"
        for attempt in self.attempts[place]:
            found += self._waited(last, attempt.sent, why)
            last = self._clock() if attempt.ended is None else attempt.ended
            begun = self._started(place, attempt, last)
            if begun > attempt.sent:
                found.append(self._stretch("dependency", attempt.sent, begun))
            if begun < last or attempt.ended is not None or begun == attempt.sent:
                found.append(self._stretch("running", begun, last))
            why = "limit" if attempt.status == 429 else "retry"
        if not self.attempts[place]:
            found += self._waited(last, self._begun + self.took, why)
        return found

    def ended(self, place: int) -> float | None:
        """When the last answer to an action was there, in seconds from the beginning; None if there is none."""
        attempts = self.attempts[place]
        return attempts[-1].ended - self._begun if attempts and attempts[-1].ended is not None else None

    def critical(self) -> tuple[int, ...]:
        """The places of those that all had to wait for: the last to settle, who it waited for, and so on to the first.

        Empty where no answer came, or where answers came all at once, so that it cannot be known.
        """
        if any(attempt.whole for attempts in self.attempts for attempt in attempts):
            return ()
        ends = {place: end for place in range(len(self.needs)) if (end := self.ended(place)) is not None}
        path: list[int] = []
        candidates = list(ends)
        while candidates:
            last = max(candidates, key=lambda place: ends[place])
            path.append(last)
            candidates = [place for place in self.needs[last] if place in ends and place not in path]
        return tuple(reversed(path))

    # -- inside ------------------------------------------------------------------------------------------------------

    def _count(self, change: int) -> None:
        self._under_way += change
        self._full.append((self._clock(), self._under_way >= AT_ONCE))

    def _started(self, place: int, attempt: Attempt, end: float) -> float:
        """When an action that was sent could begin: all that it waits for had settled, and by its own time if told."""
        if attempt.whole:
            return attempt.sent
        before = [
            other.ended if other.ended is not None else end
            for need in self.needs[place]
            for other in self.attempts[need][-1:]
        ]
        begun = max(before, default=attempt.sent)
        if attempt.ms is not None and before:
            begun = max(begun, attempt.ended - attempt.ms / 1000 if attempt.ended is not None else begun)
        return min(max(begun, attempt.sent), end)

    def _waited(self, begin: float, end: float, why: Kind) -> list[Stretch]:
        """A time without being sent, in pieces: all that may be under way was, or a limit had to be waited for."""
        if why != "queued" or end - begin < _SHORT:
            return [self._stretch(why, begin, end)] if end > begin else []
        pieces: list[tuple[bool, float, float]] = []
        for (at, full), (until, _) in pairwise([*self._full, (end, False)]):
            first, last = max(at, begin), min(until, end)
            if last <= first:
                continue
            if pieces and pieces[-1][0] == full:
                pieces[-1] = (full, pieces[-1][1], last)
            else:
                pieces.append((full, first, last))
        found: list[Stretch] = []
        for full, first, last in pieces:
            kind: Kind = "limit" if self.limited and not full and last - first >= _SHORT else "queued"
            if found and found[-1].kind == kind:
                found[-1] = Stretch(kind, found[-1].begin, last - self._begun)
            else:
                found.append(self._stretch(kind, first, last))
        return found

    def _stretch(self, kind: Kind, begin: float, end: float) -> Stretch:
        return Stretch(kind, begin - self._begun, end - self._begun)


def is_good(status: int) -> bool:
    """Whether a status is that of an action that succeeded; 207 is a fan-out of which something failed."""
    return 200 <= status < 300 and status != 207


__all__ = ["AT_ONCE", "Attempt", "Kind", "State", "Stretch", "Timeline", "is_good"]
