"""How much may be under way that outlives its requests, such as jobs.

A slot would come back with the request, or be lost with the process, so nothing is counted here but requests that are
just running: what is under way is asked of whoever keeps it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from math import ceil

from fanfold.limits.memory import NOTHING_HELD
from fanfold.model import Grant, Refusal, Standing


class StandingLimiter:
    """At most ``limit`` under way for each key, as ``under_way`` counts them; ``name`` is the cost that begins one.

    When one ends cannot be known, so whoever is refused is told to come again after ``wait`` seconds. A request that is
    admitted reserves what it may begin until it ends. Until then what it has begun counts twice: there may be room that
    is not given, but there is never more under way than the limit.
    """

    def __init__(self, name: str, limit: int, under_way: Callable[[str], Awaitable[int]], wait: float) -> None:
        self._name = name
        self._limit = limit
        self._under_way = under_way
        self._wait = ceil(wait)
        self._reserved: dict[str, int] = {}

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """Reserve what the costs name, or refuse."""
        n = costs.get(self._name, 0)
        if not n:
            return NOTHING_HELD
        # What was reserved before may have become a job that was not counted yet.
        before = self._reserved.get(key, 0)
        under_way = await self._under_way(key)
        now = self._reserved.get(key, 0)
        reserved = max(before, now)
        if under_way + reserved + n > self._limit:
            wait = None if n > self._limit else self._wait
            return Refusal(self._name, wait, (self._standing(under_way + reserved),))
        self._reserved[key] = now + n
        return _Reservation(self._reserved, key, n, self._standing(under_way + reserved + n))

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What ``take`` would say; nothing is reserved."""
        n = costs.get(self._name, 0)
        if not n:
            return ()
        standing = self._standing(await self._under_way(key) + self._reserved.get(key, 0))
        if standing.left < n:
            return Refusal(self._name, None if n > self._limit else self._wait, (standing,))
        return (standing,)

    def _standing(self, taken: int) -> Standing:
        return Standing(self._name, self._limit, max(0, self._limit - taken), None, self._wait if taken else 0)


class _Reservation:
    """What one request may begin; given back once."""

    __slots__ = ("_key", "_n", "_reserved", "_standing")

    def __init__(self, reserved: dict[str, int], key: str, n: int, standing: Standing) -> None:
        self._standing = standing
        self._reserved = reserved
        self._key = key
        self._n = n

    def standing(self) -> tuple[Standing, ...]:
        """How the limit stood when it was reserved."""
        return (self._standing,)

    def release(self) -> None:
        """The request has ended: what it began is under way now. Releasing twice changes nothing."""
        n, self._n = self._n, 0
        left = self._reserved.get(self._key, 0) - n
        if left > 0:
            self._reserved[self._key] = left
        else:
            self._reserved.pop(self._key, None)
