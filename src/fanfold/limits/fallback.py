"""What holds while the limits that all workers share cannot be asked.

``deny`` refuses everything (503, as no limit has been exceeded), ``allow`` nothing. ``local`` gives each worker its
share of each limit, so that all of them together let through no more than the limit. That comes on top of what Redis
had let through just before. If Redis then came back empty it would give everything away once more, each time: until
what it has forgotten has passed anyway, its yes is not enough but for who is to be allowed everything, and each
worker's share has to have room too. So no span of a window holds more than twice its limit, whatever happens to Redis
when, unless workers come that were not there before, or there are more of them than the limit has requests.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Literal, Protocol

from fanfold.errors import LimitsUnknown
from fanfold.limits.concurrency import MemoryGrant
from fanfold.limits.memory import NOTHING_HELD, MemoryLimiter
from fanfold.limits.profiles import Profile
from fanfold.limits.redis import RedisLimiter
from fanfold.limits.window import Window
from fanfold.model import Grant, Refusal, Standing

Policy = Literal["local", "deny", "allow"]


class Watch(Protocol):
    """Who counts what happens without Redis."""

    def shared(self, *, up: bool) -> None:
        """Whether limits are counted for all workers together from now on."""

    def alone(self, policy: str) -> None:
        """A decision had to be made without Redis."""


class FallbackLimiter:
    """Asks ``shared`` limits, and goes by ``policy`` while they cannot be asked.

    ``fleet`` is the number of workers that share them, ``batch`` as in ``Profile.shared_by``. How limits stand is not
    told then, because nobody knows.
    """

    def __init__(
        self,
        shared: RedisLimiter,
        policy: Policy,
        *,
        fleet: int = 1,
        batch: int = 1,
        watch: Watch | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shared = shared
        self._policy = policy
        self._watch = watch
        self._clock = clock
        share = shared.profile.shared_by(fleet, batch=batch)
        self._share = None if policy == "allow" else Share(shared.profile, MemoryLimiter(share, clock))
        self._losses = shared.line.losses
        self._doubtful_until: float | None = None

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """Take all costs or none; raises ``LimitsUnknown`` where the policy is to deny."""
        share = self._share
        if share is None:
            try:
                return await self._shared.take(key, costs)
            except LimitsUnknown:
                self._alone()
                return NOTHING_HELD
        if self._doubtful():
            return await self._take_twice(share, key, costs)
        try:
            return await self._shared.take(key, costs)
        except LimitsUnknown:
            self._alone()
            if self._policy == "deny":
                raise
            return await share.take(key, costs)

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What ``take`` would say, as far as that is known: nothing of limits that cannot be asked."""
        try:
            return await self._shared.look(key, costs)
        except LimitsUnknown:
            return () if self._share is None or self._policy == "deny" else await self._share.look(key, costs)

    async def _take_twice(self, share: Share, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """Take from the own share and from a Redis that has forgotten what it granted."""
        if self._policy == "deny" and self._shared.line.up is False:
            self._alone()
            raise LimitsUnknown  # before anything is charged: who is refused without limits shall not use up a share
        mine = await share.take(key, costs)
        if isinstance(mine, Refusal):
            return mine
        try:
            outcome = await self._shared.take(key, costs)
        except LimitsUnknown:
            self._alone()
            if self._policy == "deny":
                mine.release()
                raise
            return mine
        except BaseException:
            mine.release()
            raise
        if isinstance(outcome, Refusal):
            mine.release()
            return outcome
        return _Both(outcome, mine)

    def _alone(self) -> None:
        if self._watch is not None:
            self._watch.alone(self._policy)

    def _doubtful(self) -> bool:
        """Whether Redis has lost counts that would still matter."""
        if self._losses != self._shared.line.losses:
            self._losses = self._shared.line.losses
            windows = [rule.seconds for rule in self._shared.profile.rules if isinstance(rule, Window)]
            self._doubtful_until = self._clock() + max(windows, default=0.0)
        if self._doubtful_until is not None and self._clock() >= self._doubtful_until:
            self._doubtful_until = None
        return self._doubtful_until is not None


class Share:
    """What one of several workers may let through when it cannot see the others."""

    def __init__(self, whole: Profile, share: MemoryLimiter) -> None:
        self._whole = whole
        self._limiter = share

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """Take all costs or none from the share."""
        outcome = await self._limiter.take(key, costs)
        return self._refusal(outcome, costs) if isinstance(outcome, Refusal) else _Unknown(outcome)

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What ``take`` would say."""
        outcome = await self._limiter.look(key, costs)
        return self._refusal(outcome, costs) if isinstance(outcome, Refusal) else ()

    def _refusal(self, refusal: Refusal, costs: Mapping[str, int]) -> Refusal:
        wait = refusal.retry_after
        if wait is None and all(costs.get(rule.counts, 0) <= rule.limit for rule in self._whole.rules):
            wait = LimitsUnknown.retry_after  # more than the share, but not more than the limit
        return Refusal(refusal.limit, wait)


class _Unknown:
    """A grant from a share, of which nobody should conclude how the limits stand."""

    __slots__ = ("_grant",)

    def __init__(self, grant: MemoryGrant) -> None:
        self._grant = grant

    def standing(self) -> tuple[Standing, ...]:
        """Not known."""
        return ()

    def release(self) -> None:
        """Give back what the share gave."""
        self._grant.release()

    async def renew(self) -> bool:
        """As any grant."""
        return await self._grant.renew()


class _Both:
    """A grant from the whole and one from the share."""

    __slots__ = ("_mine", "_shared")

    def __init__(self, shared: Grant, mine: Grant) -> None:
        self._shared = shared
        self._mine = mine

    def standing(self) -> tuple[Standing, ...]:
        """Not known: what the whole says may not be had."""
        return ()

    def release(self) -> None:
        """Give both back."""
        self._mine.release()
        self._shared.release()
