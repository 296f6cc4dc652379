"""Engines and limiters that are broken on purpose: a simulation that finds nothing in these would prove nothing."""

# ruff: noqa: SLF001 - what is broken is inside

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

import msgspec

from fanfold.engine import dispatch as dispatching
from fanfold.engine import engine as running
from fanfold.engine import order as ordering
from fanfold.engine import plan as planning
from fanfold.engine.admission import Admitted
from fanfold.engine.background import Background
from fanfold.engine.dispatch import _Work
from fanfold.engine.order import Order
from fanfold.engine.plan import Plan, Step
from fanfold.engine.runs import PENDING, Run
from fanfold.errors import LimitExceeded, TimedOut
from fanfold.idempotency import Ledger, MemoryAnswers
from fanfold.limits import MemoryGrant, MemoryLimiter, Profile
from fanfold.limits.concurrency import Slots
from fanfold.limits.fallback import FallbackLimiter
from fanfold.limits.line import Line
from fanfold.limits.redis import Holders, RedisGrant, RedisLimiter
from fanfold.limits.shapes import Held, granted
from fanfold.limits.standing import _Reservation
from fanfold.limits.window import Span
from fanfold.model import Action, Grant, Pairs, Refusal, Result

Broken = tuple[object, str, Any]
"""What is broken, its attribute, and what stands there instead."""


async def _take_and_keep(self: Admitted, costs: Mapping[str, int]) -> list[Grant]:
    grants: list[Grant] = []
    for limiter in self._limiters:
        outcome = await limiter.take(self._caller.counted or self._caller.key, costs)
        if isinstance(outcome, Refusal):
            raise LimitExceeded(outcome.retry_after)
        grants.append(outcome)
    return grants


def _free_twice(self: Slots, grant: MemoryGrant) -> None:
    lease = self._leases.pop(grant, None)
    if lease is not None:
        self._left += 2 * lease[1]


def _free_by_count(self: MemoryGrant) -> None:
    for slots in self.held:
        slots._left += 1


def _cancel_writes(self: _Work, run: Run) -> None:
    self._loose = True
    if run.task is not None:
        run.task.cancel()


def _cancel_nothing(self: _Work, run: Run) -> None:
    del run
    self._loose = True


def _cancel_what_has_a_key(self: _Work, run: Run) -> None:
    self._loose = True
    if run.task is not None and run.step.call is not None and not run.step.call.endpoint.write:
        run.task.cancel()


def _expire_at_once(self: _Work, run: Run, seconds: float) -> None:
    if run.result is PENDING:
        self._stop(run)
        self._settle(run, Result(run.step.action, None, TimedOut(), seconds))


async def _spread_blindly(self: _Work, run: Run) -> None:
    if run.spreads is not None and self._order is not None:
        await self._grant.extend(run.spreads.costs)
        if run.result is PENDING:
            self._begin(self._order.elements(run.spreads))


def _charge_less(self: Span, n: int, now: float, _grant: object) -> None:
    self._left -= n - 1
    self._charges.append((now + self._seconds, n - 1))


def _charge_for_a_shorter_time(self: Span, n: int, now: float, _grant: object) -> None:
    self._left -= n
    self._charges.append((now + self._seconds * 0.9, n))


async def _take_one_by_one(self: MemoryLimiter, key: str, costs: Mapping[str, int]) -> MemoryGrant | Refusal:
    now = self._clock()
    asked = self._asked(key, costs, now)
    grant = MemoryGrant(self._clock, asked)
    for tally, n in asked:
        if not tally.room(n, now):
            return self._refuse(asked, now)
        tally.take(n, now, grant)
    return grant


async def _dispatch_by_end(*args: Any) -> list[Result]:
    return sorted(await _DISPATCH(*args), key=lambda result: result.seconds)


async def _dispatch_and_change(*args: Any) -> list[Result]:
    results = await _DISPATCH(*args)
    asyncio.get_running_loop().call_later(0.5, results.reverse)
    return results


def _plan_without_end(*args: Any) -> Plan:
    return msgspec.structs.replace(_MAKE_PLAN(*args), deadline=None, timeout=None)


def _prepare_whatever_failed(self: Order, run: Run) -> None:
    node = run.step.node
    run.step = Step(run.step.action, run.step.call, run.step.error, node and msgspec.structs.replace(node, needs=()))
    _PREPARE(self, run)


def _commit_or_not(_ready: list[Run], target: Any) -> bool:
    with suppress(OSError):
        target.commit()
    return True


def _adopt_without_slots(self: Background, tasks: Any, grant: object = None) -> None:
    del grant
    _ADOPT(self, tasks)


async def _extend_for_nothing(*_: object) -> None:
    """Take nothing."""


async def _forget(self: Ledger, name: bytes, *_: object) -> None:
    await self._store.forget(name)


async def _find_nothing(*_: object) -> None:
    """Whatever stands there."""


def _headers_with_one_key(action: Action, inherited: Pairs) -> Pairs:
    key = action.wiring.key if action.wiring is not None else ""
    return (*inherited, ("idempotency-key", key.partition("/")[0])) if key else inherited


async def _read_for_whoever_waits(self: Line, connection: Any) -> None:
    while True:
        reply = await connection.read_response(disable_decoding=True)
        asked = self._asked.popleft()
        while asked.reply is not None and asked.reply.done():
            asked = self._asked.popleft()
        if asked.reply is not None:
            asked.reply.set_result(reply)


async def _take_and_forget_nothing(self: RedisLimiter, key: str, costs: Mapping[str, int]) -> Any:
    shape = self._shape(costs)
    held = Held(shape, self._caller(key), self.line.name(), costs)
    told = bytes(await self.line.ask(shape.decision(held, self._verb, self._now())))
    return self._holders.add(RedisGrant(self, held, told)) if granted(told) else shape.refusal(told)


def _nothing(*_: object) -> None:
    """Do nothing."""


def _no(*_: object) -> bool:
    return False


def _yes(*_: object) -> bool:
    return True


class _BlindWatcher:
    def __init__(self, *_: object) -> None:
        """Look at nothing."""

    def cancel(self) -> None:
        """Nothing is done."""


_DISPATCH = dispatching.dispatch
_MAKE_PLAN = planning.make_plan
_PREPARE = Order._prepare
_ADOPT = Background.adopt
_WAIT = Span.wait

MUTANTS: dict[str, Broken] = {
    "a refusal leaks what was taken before it": (Admitted, "_take", _take_and_keep),
    "slots are given back twice": (Slots, "free", _free_twice),
    "slots are given back by count": (MemoryGrant, "release", _free_by_count),
    "slots come back with the answer": (Background, "adopt", _adopt_without_slots),
    "a fan-out is not admitted": (Admitted, "extend", _extend_for_nothing),
    "a reservation is never given back": (_Reservation, "release", _nothing),
    "a window is charged too little": (Span, "take", _charge_less),
    "a window rolls too early": (Span, "take", _charge_for_a_shorter_time),
    "a refusal is charged in part": (MemoryLimiter, "take", _take_one_by_one),
    "a hint is too short": (Span, "wait", lambda self, n, now: _WAIT(self, n, now) / 2),
    "writes are cancelled": (_Work, "_stop", _cancel_writes),
    "reads are not cancelled": (_Work, "_stop", _cancel_nothing),
    "what has a key loses its slot": (_Work, "_stop", _cancel_what_has_a_key),
    "a place is free before its action has ended": (_Work, "_expire", _expire_at_once),
    "a limiter that is away ends nothing": (_Work, "_spread", _spread_blindly),
    "crashes are nobody's": (dispatching, "_CRASHES", (asyncio.CancelledError,)),
    "what is lost is shown": (dispatching, "_commit", _commit_or_not),
    "nobody looks who waits": (dispatching, "Watcher", _BlindWatcher),
    "results come as they end": (running, "dispatch", _dispatch_by_end),
    "results change later": (running, "dispatch", _dispatch_and_change),
    "there is no deadline": (running, "make_plan", _plan_without_end),
    "what failed is needed by nobody": (Order, "_prepare", _prepare_whatever_failed),
    "nothing stops a batch": (Order, "_look", _nothing),
    "all run at once": (Order, "_has_room", _yes),
    "all reads are alike": (ordering, "twin_key", lambda call, _: call.method if call.method == "GET" else None),
    "elements share a key": (ordering, "_element", lambda action, _: action),
    "elements are sent with one key": (planning, "_headers_of", _headers_with_one_key),
    "replies go to whoever waits": (Line, "_read", _read_for_whoever_waits),
    "who gives up waiting forgets nothing": (RedisLimiter, "take", _take_and_forget_nothing),
    "leases are not renewed": (Holders, "_turn_over", _nothing),
    "slots are never given back to Redis": (RedisLimiter, "release", _nothing),
    "a Redis that came back empty is believed": (FallbackLimiter, "_doubtful", _no),
    "each worker has the whole": (Profile, "shared_by", lambda profile, *_, **__: profile),
    "the ledger forgets": (Ledger, "_keep", _forget),
    "the answers are looked up in vain": (MemoryAnswers, "begin", _find_nothing),
}


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Break something, for a while."""
    what, attribute, instead = MUTANTS[name]
    replacement: Callable[..., Any] = instead
    with mock.patch.object(what, attribute, replacement):
        yield
