"""How much may be under way that outlives its requests, such as jobs.

A slot would come back with the request, or be lost with the process, so nothing is counted here but requests that are
just running: what is under way is asked of whoever keeps it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from math import ceil, inf

from fanfold.limits.concurrency import Concurrency
from fanfold.limits.memory import NOTHING_HELD, MemoryLimiter
from fanfold.limits.profiles import Profile
from fanfold.model import Grant, Limiter, Refusal, Standing


def reservations(name: str, limit: int, wait: float, lease: float | None = None) -> Profile:
    """The rule by which running requests reserve what they may begin."""
    return Profile((Concurrency(name, limit, lease, deadline=wait),))


class StandingLimiter:
    """At most ``limit`` under way for each key, as ``under_way`` counts them; ``name`` is the cost that begins one.

    When one ends cannot be known, so whoever is refused is told to come again after ``wait`` seconds. A request that is
    admitted reserves what it may begin until it ends. Until then what it has begun counts twice: there may be room that
    is not given, but there is never more under way than the limit.

    ``reserved`` keeps ``reservations``. In memory, where they are unless told, they are those of this process: each of
    many workers might let through what only one of them may. One that all workers share makes the limit hold for all.
    What is reserved is looked at before what is under way, because it goes the other way: whatever another worker has
    begun is under way before it is no more reserved, so that it is seen in one of the two.
    """

    def __init__(
        self,
        name: str,
        limit: int,
        under_way: Callable[[str], Awaitable[int]],
        wait: float,
        reserved: Limiter | None = None,
    ) -> None:
        self._name = name
        self._limit = limit
        self._under_way = under_way
        self._wait = ceil(wait)
        # No request of this process crashes without releasing, unless the process does.
        self._reserved = MemoryLimiter(reservations(name, limit, wait, inf)) if reserved is None else reserved

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """Reserve what the costs name, or refuse."""
        n = costs.get(self._name, 0)
        if not n:
            return NOTHING_HELD
        if n > self._limit:
            return Refusal(self._name, None, (self._standing(await self._under_way(key)),))
        grant = await self._reserved.take(key, {self._name: n})
        if isinstance(grant, Refusal):
            return Refusal(self._name, self._wait, (self._standing(self._limit),))
        try:
            taken = _taken(grant.standing(), n) + await self._under_way(key)
        except BaseException:
            grant.release()
            raise
        if taken > self._limit:
            grant.release()
            return Refusal(self._name, self._wait, (self._standing(taken - n),))
        return _Reservation(grant, self._standing(taken))

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What ``take`` would say; nothing is reserved."""
        n = costs.get(self._name, 0)
        if not n:
            return ()
        seen = await self._reserved.look(key, {self._name: 1})
        reserved = self._limit if isinstance(seen, Refusal) else _taken(seen, 0)
        standing = self._standing(reserved + await self._under_way(key))
        if standing.left < n:
            return Refusal(self._name, None if n > self._limit else self._wait, (standing,))
        return (standing,)

    def _standing(self, taken: int) -> Standing:
        return Standing(self._name, self._limit, max(0, self._limit - taken), None, self._wait if taken else 0)


def _taken(standing: tuple[Standing, ...], unless_known: int) -> int:
    return next((one.quota - one.left for one in standing), unless_known)


class _Reservation:
    """What one request may begin."""

    __slots__ = ("_grant", "_standing")

    def __init__(self, grant: Grant, standing: Standing) -> None:
        self._grant = grant
        self._standing = standing

    def standing(self) -> tuple[Standing, ...]:
        """How the limit stood when it was reserved."""
        return (self._standing,)

    def release(self) -> None:
        """The request has ended: what it began is under way now. Releasing twice changes nothing."""
        self._grant.release()
