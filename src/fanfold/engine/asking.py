"""Putting a call to the target where there is more to do than to send it: take more first, do it once, answer early."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, cast

from msgspec.structs import replace

from fanfold.engine.background import Holding
from fanfold.engine.fetching.jobs import EVALUATION
from fanfold.engine.means import Means
from fanfold.engine.order import key_of
from fanfold.engine.runs import PENDING, Run
from fanfold.entries import Page
from fanfold.errors import RequestError
from fanfold.model import Answer, Call, EarlyTarget, Leave, Result

REPLAYED = ("idempotency-replayed", "true")
"""The header of an answer that had been given before."""

Serve = Callable[[Call, Callable[[Answer], None], Callable[[Leave], None]], Coroutine[Any, Any, None]]
Settle = Callable[[Run, Result], None]


class Asking:
    """Asks the target for the runs of one batch."""

    __slots__ = ("_clock", "_evaluator", "_grant", "_ledger", "_send", "_serve")

    def __init__(self, means: Means, grant: Holding) -> None:
        target = means.target
        self._send = target.send
        self._serve: Serve | None = cast("EarlyTarget", target).serve if hasattr(target, "serve") else None
        self._ledger = means.ledger
        self._evaluator = means.evaluator
        self._clock = means.clock
        self._grant = grant

    def put(self, run: Run, call: Call, settle: Settle) -> Coroutine[Any, Any, Answer]:
        """The answer to a call; ``settle`` is told of one that is there before its task ends."""
        if call.endpoint is EVALUATION:
            return self._work_out(call)
        return self._send(call) if self._serve is None else _served(self._serve, run, call, settle, self._clock)

    async def ask(self, run: Run, call: Call, settle: Settle) -> Answer:
        """Likewise, after what has to be taken first, and once only where the run has a key."""
        if run.extra is not None:
            await self._grant.extend(run.extra)
        key = key_of(run)
        if key:
            return await self._once(call, key)
        return await self.put(run, call, settle)

    async def _work_out(self, call: Call) -> Answer:
        """What an expression gives."""
        expression, scope = call.body
        if self._evaluator is None:
            raise RequestError("There is nobody here who works out expressions", status=501)
        return Answer(200, trusted=True, page=Page(await self._evaluator.evaluate(expression, scope)))

    async def _once(self, call: Call, key: str) -> Answer:
        """The answer of a call that is carried out once only, however often it is asked for with its key."""
        if self._ledger is None:
            raise RequestError("idempotency_key: No answers are kept here; leave it out")
        answer, replayed = await self._ledger.carry_out(call, key, partial(self._send, call))
        return replace(answer, headers=(*answer.headers, REPLAYED)) if replayed else answer


async def _served(serve: Serve, run: Run, call: Call, settle: Settle, clock: Callable[[], float]) -> Answer:
    """The answer of a target that may go on when it has answered; the run is settled as soon as it has."""
    started = clock()
    found: list[Answer] = []

    def answered(answer: Answer) -> None:
        found.append(answer)
        if run.result is PENDING and answer.__class__ is Answer:
            run.early = True
            settle(run, Result(run.step.action, answer, None, clock() - started))

    def begun(leave: Leave) -> None:
        run.leave = leave

    try:
        await serve(call, answered, begun)
    finally:
        run.leave = None  # or the two would hold each other until the garbage is collected
    if not found:
        raise TypeError("a target has to settle each call that it serves")
    return found[0]
