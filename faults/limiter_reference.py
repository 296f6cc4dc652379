"""What a limiter should say, written to be obviously right: it caps nothing and tries every wait.

The tests of each store compare with it, and so does ``faults.limiter_model`` a million times.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from math import ceil, inf

from fanfold.limits import Concurrency, Profile, Window
from fanfold.model import Refusal, Standing

Rule = Window | Concurrency


@dataclass
class Charge:
    """What a request was charged, admitted or not."""

    key: str
    cost: str
    n: int
    at: float
    admitted: bool


@dataclass
class Lease:
    """Slots that an admission holds until it ends."""

    key: str
    rule: Concurrency
    n: int
    end: float


@dataclass
class Model:
    """All that has happened. Times may be in any unit, of which there are ``second`` in a second."""

    profile: Profile
    second: int = 1
    charges: list[Charge] = field(default_factory=list)
    leases: dict[object, list[Lease]] = field(default_factory=dict)  # by admission

    def used(self, rule: Rule, key: str, now: float, *, admitted_only: bool = False) -> int:
        """How much of a limit counts now."""
        if isinstance(rule, Window):
            seconds = rule.seconds * self.second
            mine = (c for c in self.charges if (c.key, c.cost) == (key, rule.counts) and now < c.at + seconds)
            return sum(c.n for c in mine if c.admitted or not admitted_only)
        held = (lease for leases in self.leases.values() for lease in leases)
        return sum(lease.n for lease in held if lease.key == key and lease.rule is rule and now < lease.end)

    def asked(self, costs: Mapping[str, int]) -> list[tuple[Rule, int]]:
        """The limits that costs count against, each with its amount."""
        return [(rule, n) for cost, n in costs.items() for rule in self.profile.rules if rule.counts == cost]

    def take(self, admission: object, key: str, costs: Mapping[str, int], now: float) -> Refusal | None:
        """A refusal, or none where all was taken."""
        asked = self.asked(costs)
        full = [rule for rule, n in asked if self.used(rule, key, now) + n > rule.limit]
        if not full or self.profile.charge_refused:
            self.charges += [Charge(key, cost, n, now, admitted=not full) for cost, n in costs.items()]
        if full:
            return self._refusal(key, asked, full, now)
        slots = [(rule, n) for rule, n in asked if isinstance(rule, Concurrency)]
        self.leases[admission] = [Lease(key, rule, n, now + rule.span * self.second) for rule, n in slots]
        return None

    def look(self, key: str, costs: Mapping[str, int], now: float) -> Refusal | tuple[Standing, ...]:
        """What ``take`` would say if refusals were free, and how all stands if it would say yes."""
        asked = self.asked(costs)
        full = [rule for rule, n in asked if self.used(rule, key, now) + n > rule.limit]
        return self._refusal(key, asked, full, now) if full else self.standing(key, costs, now)

    def _refusal(self, key: str, asked: Sequence[tuple[Rule, int]], full: Sequence[Rule], now: float) -> Refusal:
        impossible = [rule.name for rule, n in asked if n > rule.limit]
        if impossible:
            return Refusal(impossible[0], None)
        return Refusal(full[0].name, max(1, *(self.wait(rule, key, n, now) for rule, n in asked)))

    def wait(self, rule: Rule, key: str, n: int, now: float) -> int:
        """Whole seconds until so much fits."""
        seconds = next(k for k in count() if self.used(rule, key, now + k * self.second) + n <= rule.limit)
        return seconds if isinstance(rule, Window) else min(seconds, ceil(rule.deadline))

    def standing(self, key: str, costs: Mapping[str, int], now: float) -> tuple[Standing, ...]:
        """How the limits stand that costs count against."""
        return tuple([self._standing(rule, key, now) for rule, _ in self.asked(costs)])

    def _standing(self, rule: Rule, key: str, now: float) -> Standing:
        used = self.used(rule, key, now)
        left = max(0, rule.limit - used)
        if isinstance(rule, Concurrency):
            return Standing(rule.name, rule.limit, left, None, ceil(rule.deadline) if used else 0)
        reset = next(k for k in count() if not self.used(rule, key, now + k * self.second))
        return Standing(rule.name, rule.limit, left, rule.seconds, reset)

    def release(self, admission: object) -> None:
        """Its slots are free."""
        for lease in self.leases[admission]:
            lease.end = -inf

    def renew(self, admission: object, now: float) -> bool:
        """Whether all were still held."""
        leases = self.leases[admission]
        for lease in leases:
            if now < lease.end:
                lease.end = now + lease.rule.span * self.second
        return all(now < lease.end for lease in leases)

    def lose_all(self) -> None:
        """Be as a store that was emptied."""
        self.charges.clear()
        for leases in self.leases.values():
            for lease in leases:
                lease.end = -inf
