"""How much at once: slots, each held by a grant until it is released or its lease runs out.

A holder that crashed never releases, so a slot is a lease with an end. Slots belong to grants by identity and never to
a counter: releasing late or twice frees nobody else's slot.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from msgspec import Struct

from fanfold.model import Standing

REQUEST_DEADLINE = 30.0
"""Seconds within which a holder ends, unless told."""


class Concurrency(Struct, frozen=True):
    """At most ``limit`` at once; ``cost`` is what it counts, its own name unless told.

    A refused caller is told to wait ``deadline`` seconds, in which every running holder has surely ended, or less where
    leases run out sooner. ``lease`` is when a slot comes back without a release, twice the deadline unless told; one
    shorter than the deadline would take slots from holders that are still running.
    """

    name: str
    limit: int
    lease: float | None = None
    deadline: float = REQUEST_DEADLINE
    cost: str = ""

    def __post_init__(self) -> None:
        if self.limit < 1 or min(self.deadline, self.span) <= 0:
            raise ValueError(f"{self.name}: concurrency needs a limit of at least 1 and more than 0 seconds")

    @property
    def counts(self) -> str:
        """The name in ``costs`` that takes slots here."""
        return self.cost or self.name

    @property
    def span(self) -> float:
        """Seconds that a lease lasts."""
        return 2 * self.deadline if self.lease is None else self.lease

    def tally(self) -> Slots:
        """A fresh account of it for one key."""
        return Slots(self)


class MemoryGrant(Struct, eq=False):
    """A yes of a limiter in memory, and the identity under which its slots are held."""

    clock: Callable[[], float]
    asked: list[tuple[Any, int]] = []
    held: list[Slots] = []

    def standing(self) -> tuple[Standing, ...]:
        """How everything stands that was taken from."""
        now = self.clock()
        return tuple([tally.standing(now) for tally, _ in self.asked])

    def release(self) -> None:
        """Give the slots back. Releasing twice, or after the lease ran out, changes nothing."""
        for slots in self.held:
            slots.free(self)

    async def renew(self) -> bool:
        """Let the leases that are still held run anew from now.

        False where one is lost already, by release or because it ran out: somebody else may be in that slot, and it is
        not taken back.
        """
        now = self.clock()
        renewed = [slots.renew(self, now) for slots in self.held]
        return all(renewed)


class Slots:
    """Which grants of one key hold how many slots, in memory.

    All leases of a rule are equally long, so the order of taking and renewing is the order in which they run out.
    """

    __slots__ = ("_lease", "_leases", "_left", "rule")

    def __init__(self, rule: Concurrency) -> None:
        self.rule = rule
        self._lease = rule.span
        self._left = rule.limit
        self._leases: dict[MemoryGrant, tuple[float, int]] = {}  # grant -> (when it runs out, slots)

    def room(self, n: int, now: float) -> bool:
        """Whether ``n`` more fit."""
        if n <= self._left:
            return True
        while self._leases:
            grant, (end, _) = next(iter(self._leases.items()))
            if end > now:
                break
            self.free(grant)
        return n <= self._left

    def take(self, n: int, now: float, grant: MemoryGrant) -> None:
        """Hold ``n`` slots, for which there is room."""
        self._left -= n
        self._leases[grant] = (now + self._lease, n)
        grant.held.append(self)

    def free(self, grant: MemoryGrant) -> None:
        """Give back what the grant holds here, if it still does."""
        lease = self._leases.pop(grant, None)
        if lease is not None:
            self._left += lease[1]

    def renew(self, grant: MemoryGrant, now: float) -> bool:
        """Whether the grant still held its slots; if so they are held for a whole lease from now."""
        end, n = self._leases.get(grant, (now, 0))
        if end <= now:
            return False
        del self._leases[grant]
        self._leases[grant] = (now + self._lease, n)
        return True

    def wait(self, n: int, now: float) -> float:
        """Seconds until ``n``, within the limit, fit if holders keep their deadline; 0 or less if they do now."""
        missing = n - self._left
        until = now
        for end, amount in self._leases.values():
            if missing <= 0:
                break
            missing -= amount
            until = end
        return min(self.rule.deadline, until - now)

    def standing(self, now: float) -> Standing:
        """What is left. When the rest comes back depends on its holders, who end by their deadline."""
        self.room(self.rule.limit + 1, now)
        reset = ceil(self.rule.deadline) if self._leases else 0
        return Standing(self.rule.name, self.rule.limit, max(0, self._left), None, reset)

    def idle(self, now: float) -> bool:
        """Whether forgetting it changes nothing."""
        return all(end <= now for end, _ in self._leases.values())
