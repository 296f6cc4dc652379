"""What is written to Redis for an admission, and what is read of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from fanfold.limits.concurrency import Concurrency
from fanfold.limits.line import NAME_SIZE, Script
from fanfold.limits.profiles import Profile
from fanfold.limits.window import Window
from fanfold.model import Refusal, Standing

TAKE = Script.named("take.lua")
LEASE = Script.named("lease.lua")
SCRIPTS = (TAKE, LEASE)

MICRO = 1_000_000

CALLER_SIZE = 20
"""Bytes of what stands for a caller."""

Rule = Window | Concurrency


class Held(Struct, frozen=True, eq=False):
    """What one admission asks for: in whose name, under which name of its own, and how much."""

    shape: Shape
    caller: bytes
    name: bytes
    costs: Mapping[str, int]


class Shape:
    """Commands for admissions that name the same costs: all of them but for names, amounts and times.

    Writing commands stands on the path of every request, so what is the same each time is written once.
    """

    __slots__ = ("_decision", "_handling", "lease", "rules", "slots")

    def __init__(self, profile: Profile, costs: tuple[str, ...]) -> None:
        self.rules = [(rule, cost) for cost in costs for rule in profile.rules if rule.counts == cost]
        self.slots = [(rule, cost) for rule, cost in self.rules if isinstance(rule, Concurrency)]
        self.lease = max([_lease(rule) for rule, _ in self.slots], default=0.0)
        self._decision = _template(TAKE, [rule for rule, _ in self.rules], _asked)
        self._handling = _template(LEASE, [rule for rule, _ in self.slots], _held)

    def decision(self, held: Held, verb: bytes, now: bytes) -> bytes:
        """The command that decides, or only looks."""
        return self._decision % _filling(held, verb, now, self.rules)

    def handling(self, held: Held, verb: bytes, now: bytes = b"") -> bytes:
        """The command that releases, forgets or renews what an admission holds."""
        return self._handling % _filling(held, verb, now, self.slots)

    def standing(self, told: bytes) -> tuple[Standing, ...]:
        """How the limits stand by the answer of the script."""
        numbers = list(map(int, told.split()[3:]))
        return tuple(
            [
                Standing(
                    rule.name,
                    rule.limit,
                    numbers[2 * place],
                    rule.seconds if isinstance(rule, Window) else None,
                    numbers[2 * place + 1],
                )
                for place, (rule, _) in enumerate(self.rules)
            ]
        )

    def refusal(self, told: bytes) -> Refusal:
        """The no of the script."""
        place, wait = map(int, told.split()[:2])
        return Refusal(self.rules[place - 1][0].name, None if wait < 0 else wait, self.standing(told))


def granted(told: bytes) -> bool:
    """Whether the answer of the script is a yes."""
    return told.startswith(b"0 ")


def _filling(held: Held, verb: bytes, now: bytes, rules: Sequence[tuple[Rule, str]]) -> tuple[bytes | int, ...]:
    """What goes into the gaps of a template."""
    caller, name, costs = held.caller, held.name, held.costs
    filling: list[bytes | int] = [caller, caller, *[caller for _ in rules], name, len(verb), verb, len(now), now]
    for _, cost in rules:
        amount = b"%d" % costs[cost]
        filling += (len(amount), amount)
    return tuple(filling)


def _template(script: Script, rules: Sequence[Rule], arguments: Callable[[Rule], list[bytes]]) -> bytes:
    """A command with gaps for the caller, the name of the admission, the verb, the time and the amounts."""
    parts = [_fixed(b"EVALSHA"), _fixed(script.digest), _fixed(b"%d" % (len(rules) + 2))]
    parts += [_key(b"late"), _key(b"earlier"), *[_key(b"limit:" + rule.name.encode()) for rule in rules]]
    parts += [b"$%d\r\n%%b\r\n" % NAME_SIZE, _GAP, _GAP]
    for rule in rules:
        parts += arguments(rule)
    return b"*%d\r\n" % len(parts) + b"".join(parts)


_GAP = b"$%d\r\n%b\r\n"


def _fixed(part: bytes) -> bytes:
    return b"$%d\r\n%b\r\n" % (len(part), part.replace(b"%", b"%%"))


def _key(end: bytes) -> bytes:
    """A key of the caller that ends so."""
    size = len(b"fanfold:{}:") + CALLER_SIZE + len(end)
    return b"$%d\r\nfanfold:{%%b}:%b\r\n" % (size, end.replace(b"%", b"%%"))


def _asked(rule: Rule) -> list[bytes]:
    if isinstance(rule, Window):
        kind, lasts, runs = b"window", rule.seconds, 0.0
    else:
        kind, lasts, runs = b"slots", rule.span, rule.deadline
    return [_fixed(kind), _GAP, *[_fixed(b"%d" % number) for number in (rule.limit, _micro(lasts), _micro(runs))]]


def _held(rule: Rule) -> list[bytes]:
    return [_GAP, _fixed(b"%d" % _micro(_lease(rule)))]


def _lease(rule: Rule) -> float:
    return 0.0 if isinstance(rule, Window) else rule.span


def _micro(seconds: float) -> int:
    return max(1, round(seconds * MICRO))
