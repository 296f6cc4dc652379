"""A Redis of the simulation: it knows the few commands that limiters send, and decides by a limiter in memory.

That the scripts decide as that limiter does is shown elsewhere, on real servers. Here the way to them is at stake, and
what becomes of decisions whose answers are lost: so each admission is decided once, as by the scripts, and what is
released or forgotten is so by its name.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from math import ceil
from typing import Any, TypeVar

from fanfold.limits import Concurrency, MemoryLimiter, Profile
from fanfold.limits.shapes import LEASE, MICRO, TAKE
from fanfold.model import Grant, Refusal, Standing
from faults.simulation.audit import Audited, Held
from faults.simulation.loop import VirtualLoop
from faults.simulation.target import Ground

T = TypeVar("T")

KEPT = 5.0
"""Seconds that an answer is kept at least."""

Reply = bytes | int | Exception


class RedisError(Exception):
    """What the library raises."""


class ResponseError(RedisError):
    """The server refuses."""


class NoScriptError(ResponseError):
    """The server does not know a script."""


class Shard:
    """One server. ``names`` says who stands behind what limiters call callers."""

    def __init__(self, profile: Profile, ground: Ground, loop: VirtualLoop) -> None:
        self.names: dict[bytes, str] = {}
        self.limiter = self._empty(profile, ground, loop)
        self.away = False
        self.full = False
        self._profile = profile
        self._ground = ground
        self._loop = loop
        self._forget_all()

    def _empty(self, profile: Profile, ground: Ground, loop: VirtualLoop) -> Audited:
        return Audited(MemoryLimiter(profile, loop.time), profile, ground, loop.time, guards=True)

    def _forget_all(self) -> None:
        self._scripts: set[bytes] = set()
        self._values: dict[bytes, bytes] = {}
        self._answers: dict[bytes, tuple[float, bytes]] = {}
        self._grants: dict[bytes, Held] = {}

    def restart(self) -> None:
        """Come back with nothing."""
        self._ground.journal.note("restart")
        self._ground.held.clear()
        self.limiter = self._empty(self._profile, self._ground, self._loop)
        self._forget_all()

    def flush_scripts(self) -> None:
        """Forget the scripts alone."""
        self._ground.journal.note("flush")
        self._scripts.clear()

    def carry_out(self, command: Sequence[bytes]) -> Reply:
        """One command, in one step."""
        reply: Reply = b"OK"
        match command:
            case [b"PING"]:
                reply = b"PONG"
            case [b"SCRIPT", b"LOAD", source]:
                reply = (TAKE if source == TAKE.source else LEASE).digest
                self._scripts.add(reply)
            case [b"SET", key, value, b"NX", b"EX", _]:
                if self.full:
                    reply = ResponseError("OOM")
                else:
                    self._values.setdefault(key, value)
            case [b"GET", key]:
                reply = self._values.get(key, b"")
            case [b"EVALSHA", digest, count, *rest]:
                reply = self._run(digest, rest[: int(count)], rest[int(count) :])
            case _:
                raise AssertionError(command)
        return reply

    def _run(self, digest: bytes, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Reply:
        if digest not in self._scripts:
            return NoScriptError("NOSCRIPT")
        if digest != TAKE.digest:
            return self._handle(arguments)
        return ResponseError("OOM") if self.full else self._take(keys, arguments)

    # -- the scripts -------------------------------------------------------------------------------------------------

    def _take(self, keys: Sequence[bytes], arguments: Sequence[bytes]) -> Reply:
        name, verb = arguments[0], arguments[1]
        known = self._answers.get(name)
        if known is not None and known[0] > self._loop.time():
            return known[1]
        costs = self._costs(keys, arguments)
        caller = self.names[_caller_of(keys[0])]
        outcome = _now(self.limiter.look(caller, costs) if verb == b"look" else self.limiter.take(caller, costs))
        if isinstance(outcome, Held):
            self._grants[name] = outcome
        answer = self._answer(keys, outcome)
        if verb != b"look":
            self._answers[name] = self._loop.time() + 2 * KEPT, answer
        return answer

    def _costs(self, keys: Sequence[bytes], arguments: Sequence[bytes]) -> dict[str, int]:
        """What is asked, by the names of costs; every limit that counts one has to be told the same."""
        rules = {rule.name: rule for rule in self._profile.rules}
        costs: dict[str, int] = {}
        for place, key in enumerate(keys[2:]):
            kind, n, most, lasts, _ = arguments[3 + 5 * place : 8 + 5 * place]
            rule = rules[_limit_of(key)]
            slots = isinstance(rule, Concurrency)
            seconds = rule.span if isinstance(rule, Concurrency) else rule.seconds
            told = (kind, int(most), int(lasts))
            right = told == (b"slots" if slots else b"window", rule.limit, round(seconds * MICRO))
            self._ground.journal.demand(right, "told of another limit", told)
            costs[rule.counts] = int(n)
        return costs

    def _answer(self, keys: Sequence[bytes], outcome: Grant | Refusal | tuple[Standing, ...]) -> bytes:
        refused = wait = 0
        if isinstance(outcome, Refusal):
            refused = [_limit_of(key) for key in keys[2:]].index(outcome.limit) + 1
            wait = -1 if outcome.retry_after is None else outcome.retry_after
            standing = outcome.standing
        else:
            standing = outcome if isinstance(outcome, tuple) else outcome.standing()
        numbers = [refused, wait, round(self._loop.time() * MICRO)]
        for stand in standing:
            numbers += (stand.left, ceil(stand.reset))
        return b" ".join([b"%d" % number for number in numbers])

    def _handle(self, arguments: Sequence[bytes]) -> int:
        name, verb = arguments[0], arguments[1]
        held = self._grants.get(name)
        if verb == b"renew":
            return int(held is not None and _now(held.renew()))
        if verb == b"forget":
            self._answers[name] = self._loop.time() + 2 * KEPT, b""
        self._grants.pop(name, None)
        if held is None:
            return 0
        held.release()
        return 1


def _caller_of(key: bytes) -> bytes:
    return key.partition(b"{")[2].partition(b"}")[0]


def _limit_of(key: bytes) -> str:
    return key.rpartition(b":limit:")[2].decode()


def _now(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of what must not wait."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        found: T = end.value
        return found
    raise AssertionError("a decision in memory waited")
