"""How much may be under way that outlives its requests, such as jobs.

A slot would come back with the request, or be lost with the process, so nothing is counted here but requests that are
just running: what is under way is asked of whoever keeps it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil

from fanfold.limits.memory import NOTHING_HELD
from fanfold.model import Grant, Refusal


class StandingLimiter:
    """At most ``limit`` under way for each key, as ``under_way`` counts them; ``name`` is the cost that begins one.

    When one ends cannot be known, so whoever is refused is told to come again after ``wait`` seconds. A request that is
    admitted reserves what it may begin until it ends. Until then what it has begun counts twice: there may be room that
    is not given, but there is never more under way than the limit.
    """

    def __init__(self, name: str, limit: int, under_way: Callable[[str], int], wait: float) -> None:
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
        if n > self._limit:
            return Refusal(self._name, None)
        reserved = self._reserved.get(key, 0)
        if self._under_way(key) + reserved + n > self._limit:
            return Refusal(self._name, self._wait)
        self._reserved[key] = reserved + n
        return _Reservation(self._reserved, key, n)


class _Reservation:
    """What one request may begin; given back once."""

    __slots__ = ("_key", "_n", "_reserved")

    def __init__(self, reserved: dict[str, int], key: str, n: int) -> None:
        self._reserved = reserved
        self._key = key
        self._n = n

    def release(self) -> None:
        """The request has ended: what it began is under way now. Releasing twice changes nothing."""
        n, self._n = self._n, 0
        left = self._reserved.get(self._key, 0) - n
        if left > 0:
            self._reserved[self._key] = left
        else:
            self._reserved.pop(self._key, None)
