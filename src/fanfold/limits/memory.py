"""The store in this process: one verb that takes several costs, all or nothing.

Deciding never waits, so on one event loop it is atomic without a lock. It stands on the path of every request and
therefore does nothing twice: a take that fits looks at each limit once.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from math import ceil

from fanfold.limits.concurrency import MemoryGrant, Slots
from fanfold.limits.profiles import Profile
from fanfold.limits.window import Span
from fanfold.model import Grant, Refusal, Standing

Account = dict[str, tuple[Span | Slots, ...]]
"""What one key has used: the name of a cost -> the tallies that count it."""

KEYS_LOOKED_AT = 2
"""How many old keys each new one makes us look at: more than one, so that the idle ones shrink away."""


class MemoryLimiter:
    """Keeps a profile's limits, for each key on its own, on a clock that never jumps.

    Names in ``costs`` that the profile does not limit are free. A refusal names the first limit without room, or the
    one that the request alone exceeds, and its ``retry_after`` is the longest wait over all that were asked, so that
    waiting it out with no other traffic succeeds. Where the profile charges refused requests, every window named in
    ``costs`` is charged as if the request had run, whatever refused it, before that wait is reckoned; slots never are.
    """

    def __init__(self, profile: Profile, clock: Callable[[], float] = time.monotonic) -> None:
        self._profile = profile
        self._clock = clock
        self._accounts: OrderedDict[str, Account] = OrderedDict()

    def __len__(self) -> int:
        """How many keys are remembered."""
        return len(self._accounts)

    async def take(self, key: str, costs: Mapping[str, int]) -> MemoryGrant | Refusal:
        """Take all costs or none. Amounts are at least 1, or ``ValueError``."""
        now = self._clock()
        asked = self._asked(key, costs, now)
        for tally, n in asked:
            if not tally.room(n, now):
                return self._refuse(asked, now)
        grant = MemoryGrant(self._clock, asked)
        for tally, n in asked:
            tally.take(n, now, grant)
        return grant

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What ``take`` would say; nothing is taken, and a refusal is not charged for."""
        now = self._clock()
        asked = self._asked(key, costs, now)
        if all(tally.room(n, now) for tally, n in asked):
            return tuple([tally.standing(now) for tally, _ in asked])
        return _refusal(asked, now)

    def _asked(self, key: str, costs: Mapping[str, int], now: float) -> list[tuple[Span | Slots, int]]:
        """The tallies that the costs count against, each with its amount."""
        account = self._accounts.get(key)
        if account is None:
            account = self._open(key, now)
        asked = []
        for cost, n in costs.items():
            if n < 1:
                raise ValueError(f"{cost}: cannot take {n}")
            for tally in account.get(cost, ()):
                asked.append((tally, n))  # noqa: PERF401 - a generator would cost more than the rest of the loop
        return asked

    def _refuse(self, asked: list[tuple[Span | Slots, int]], now: float) -> Refusal:
        limit = _first_full(asked, now)
        if self._profile.charge_refused:
            for tally, n in asked:
                if isinstance(tally, Span):
                    tally.penalise(n, now)
        return _refusal(asked, now, limit)

    def _open(self, key: str, now: float) -> Account:
        """A new key's account. Old keys are looked at in turn meanwhile, and forgotten where they are idle."""
        for _ in range(min(KEYS_LOOKED_AT, len(self._accounts))):
            oldest, account = self._accounts.popitem(last=False)
            if not all(tally.idle(now) for tallies in account.values() for tally in tallies):
                self._accounts[oldest] = account
        account = self._accounts[key] = {}
        for rule in self._profile.rules:
            account[rule.counts] = (*account.get(rule.counts, ()), rule.tally())
        return account


def _first_full(asked: list[tuple[Span | Slots, int]], now: float) -> str:
    return next(tally.rule.name for tally, n in asked if not tally.room(n, now))


def _refusal(asked: list[tuple[Span | Slots, int]], now: float, limit: str = "") -> Refusal:
    standing = tuple([tally.standing(now) for tally, _ in asked])
    for tally, n in asked:
        if n > tally.rule.limit:
            return Refusal(tally.rule.name, None, standing)
    wait = ceil(max(tally.wait(n, now) for tally, n in asked))
    return Refusal(limit or _first_full(asked, now), wait, standing)


class NoLimiter:
    """Allows everything."""

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant:  # noqa: ARG002 - as every limiter
        """Yes."""
        return NOTHING_HELD

    async def look(self, key: str, costs: Mapping[str, int]) -> tuple[Standing, ...]:  # noqa: ARG002
        """Yes."""
        return ()


class _NothingHeld:
    __slots__ = ()

    def standing(self) -> tuple[Standing, ...]:
        """Nothing was taken."""
        return ()

    def release(self) -> None:
        """There is nothing to give back."""

    async def renew(self) -> bool:
        """There is nothing to lose."""
        return True


NOTHING_HELD = _NothingHeld()
