"""What a limiter should say, written to be obviously right: it forgets nothing, caps nothing and tries every wait."""

from dataclasses import dataclass, field
from itertools import count
from math import ceil, inf

from fanfold.limits import Concurrency, Profile, Window
from fanfold.model import Refusal


@dataclass
class Charge:
    key: str
    cost: str
    n: int
    at: float
    admitted: bool


@dataclass
class Lease:
    key: str
    rule: Concurrency
    n: int
    end: float


@dataclass
class Model:
    profile: Profile
    charges: list[Charge] = field(default_factory=list)
    leases: dict[int, list[Lease]] = field(default_factory=dict)  # by admission

    def used(self, rule, key, now, *, admitted_only=False):
        if isinstance(rule, Window):
            mine = (c for c in self.charges if (c.key, c.cost) == (key, rule.counts) and now < c.at + rule.seconds)
            return sum(c.n for c in mine if c.admitted or not admitted_only)
        held = (lease for leases in self.leases.values() for lease in leases)
        return sum(lease.n for lease in held if lease.key == key and lease.rule is rule and now < lease.end)

    def take(self, admission, key, costs, now):
        asked = [(rule, n) for cost, n in costs.items() for rule in self.profile.rules if rule.counts == cost]
        full = [rule for rule, n in asked if self.used(rule, key, now) + n > rule.limit]
        if not full or self.profile.charge_refused:
            self.charges += [Charge(key, cost, n, now, admitted=not full) for cost, n in costs.items()]
        if full:
            impossible = [rule.name for rule, n in asked if n > rule.limit]
            if impossible:
                return Refusal(impossible[0], None)
            return Refusal(full[0].name, max(1, *(self.wait(rule, key, n, now) for rule, n in asked)))
        slots = [(rule, n) for rule, n in asked if isinstance(rule, Concurrency)]
        self.leases[admission] = [Lease(key, rule, n, now + rule.span) for rule, n in slots]
        return None

    def wait(self, rule, key, n, now):
        seconds = next(k for k in count() if self.used(rule, key, now + k) + n <= rule.limit)
        return seconds if isinstance(rule, Window) else min(seconds, ceil(rule.deadline))

    def release(self, admission):
        for lease in self.leases[admission]:
            lease.end = -inf

    def renew(self, admission, now):
        leases = self.leases[admission]
        for lease in leases:
            if now < lease.end:
                lease.end = now + lease.rule.span
        return all(now < lease.end for lease in leases)
