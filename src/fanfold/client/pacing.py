"""Keeps the client under the limits of a server, so that no request is spent on being refused.

What was sent counts from the moment it is sent until a whole window after its answer came: the server counted it at
some time between the two, so its own window is never fuller than ours. All calls of one client share one pacer.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable, Iterable

from fanfold.client.limits import Limit, Told

Costs = tuple[tuple[str, int], ...]
"""Names of limits and how many of each."""


class _Window:
    """What was asked within the last ``span`` seconds, as seen from here."""

    __slots__ = ("ends", "quota", "span", "used")

    def __init__(self, quota: int, span: float) -> None:
        self.quota = quota
        self.span = span
        self.used = 0
        self.ends: list[tuple[float, int]] = []

    def expire(self, now: float) -> None:
        while self.ends and self.ends[0][0] <= now:
            self.used -= heapq.heappop(self.ends)[1]

    def count(self, until: float, amount: int) -> None:
        heapq.heappush(self.ends, (until, amount))


class _Slots:
    """What is under way at once."""

    __slots__ = ("quota", "used")

    def __init__(self, quota: int) -> None:
        self.quota = quota
        self.used = 0


class Permit:
    """What one request to the server has taken. It is ``settled`` once, when its answer is there or will not come."""

    __slots__ = ("open", "taken")

    def __init__(self) -> None:
        self.taken: dict[str, int] = {}
        self.open = True


class Pacer:
    """Says whether something may be sent now, and if not, when to ask again. ``clock`` gives seconds."""

    def __init__(self, limits: Iterable[Limit] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limits: dict[str, _Window | _Slots] = {}
        self._windows: list[_Window] = []
        self._closed_until = 0.0
        for limit in limits:
            self._set(limit.name, limit.quota, limit.window)

    def refresh(self) -> bool:
        """Forget what has left its window; whether anything may be sent at all. To be asked before ``take``."""
        now = self._clock()
        for window in self._windows:
            window.expire(now)
        return now >= self._closed_until

    def take(self, permit: Permit, costs: Costs) -> str:
        """Add costs to a permit, all or none. Empty if they fit, else the name of the limit that they do not fit into.

        What alone is larger than a limit is let through when nothing else counts against that: the server may know
        better, and says so if not.
        """
        limits = self._limits
        for name, amount in costs:
            limit = limits.get(name)
            if limit is not None and limit.used and limit.used + amount > limit.quota:
                return name
        taken = permit.taken
        for name, amount in costs:
            limit = limits.get(name)
            if limit is not None:
                limit.used += amount
                taken[name] = taken.get(name, 0) + amount
        return ""

    def give_back(self, permit: Permit) -> None:
        """Nothing was sent, so nothing counts."""
        if permit.open:
            permit.open = False
            for name, amount in permit.taken.items():
                self._limits[name].used -= amount

    def settle(self, permit: Permit) -> None:
        """The answer is there, or nobody waits for it any more. Settling twice changes nothing."""
        if not permit.open:
            return
        permit.open = False
        now = self._clock()
        for name, amount in permit.taken.items():
            limit = self._limits[name]
            if isinstance(limit, _Window):
                limit.count(now + limit.span, amount)
            else:
                limit.used -= amount

    def refused(self, retry_after: float) -> None:
        """The server wants nothing for so many seconds."""
        self._closed_until = max(self._closed_until, self._clock() + retry_after)

    def learn(self, told: Iterable[Told]) -> None:
        """Take over what the server says: its quotas, and what others use up of them with the same token."""
        now = self._clock()
        for one in told:
            limit = self._set(one.limit, one.quota, one.window)
            if isinstance(limit, _Window):
                limit.expire(now)
                others = one.quota - one.left - limit.used
                if others > 0 and one.reset > 0:
                    limit.used += others
                    limit.count(now + one.reset, others)

    def is_slots(self, name: str) -> bool:
        """Whether a limit counts what is under way, so that it is the end of a request that makes room in it."""
        return isinstance(self._limits.get(name), _Slots)

    def wake_in(self) -> float | None:
        """Seconds until time alone makes room; None where only the end of a request does."""
        now = self._clock()
        if now < self._closed_until:
            return self._closed_until - now
        full = [window.ends[0][0] - now for window in self._windows if window.ends]
        return max(0.0, min(full)) if full else None

    def _set(self, name: str, quota: int, span: float | None) -> _Window | _Slots:
        """The limit of that name, made or changed; what counts against it goes on counting."""
        limit = self._limits.get(name)
        if limit is None:
            limit = self._limits[name] = _Slots(quota) if span is None else _Window(quota, span)
            if isinstance(limit, _Window):
                self._windows.append(limit)
        limit.quota = quota
        if isinstance(limit, _Window) and span is not None:
            limit.span = span
        return limit


__all__ = ["Costs", "Pacer", "Permit"]
