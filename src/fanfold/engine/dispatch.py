"""Carrying out a plan: everything at once, each on its own, results in the order asked.

Steps that never wait are answered one after another in this task, because a task of their own would buy them nothing.
The others get a task each. One timer serves the whole batch: all its steps start together and share their bound.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Sequence
from random import Random
from time import perf_counter
from typing import Any, Protocol, cast

from msgspec import Struct

from fanfold.engine.plan import Plan, Step
from fanfold.errors import Crashed, RequestError, TimedOut
from fanfold.model import Answer, Call, InlineTarget, Result, Target

_log = logging.getLogger("fanfold")

_CRASHES = (Exception, asyncio.CancelledError, SystemExit, GeneratorExit)
"""What a handler may raise without anybody else noticing: all but the interrupt of the person at the keyboard."""

Task = asyncio.Task[None]


class KeptGrant(Protocol):
    """What dispatch needs of an admission: to hold it beyond the batch, and to give it back then."""

    def keep(self) -> None: ...

    def release(self) -> None: ...


class Background:
    """Tasks that outlive their batch. They are held here, as the event loop holds its tasks only weakly."""

    def __init__(self) -> None:
        self._tasks: set[Task] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def adopt(self, tasks: Sequence[Task], grant: KeptGrant) -> None:
        """Hold ``tasks`` until each is done, and their slots until the last one is."""
        grant.keep()
        left = set(tasks)

        def finished(task: Task) -> None:
            self._tasks.discard(task)
            left.discard(task)
            if not left:
                grant.release()

        for task in tasks:
            self._tasks.add(task)
            task.add_done_callback(finished)

    async def drain(self) -> None:
        """Wait until nothing is left, including what is adopted meanwhile."""
        while self._tasks:
            await asyncio.wait(self._tasks)


class _Run(Struct):
    """One step while it is carried out. Its result is set once."""

    step: Step
    result: Result | None = None
    task: Task | None = None


async def dispatch(
    plan: Plan, target: Target, grant: KeptGrant, background: Background, shuffle: Random | None = None
) -> list[Result]:
    """One result per step, in order. What a step raises is its result; only cancellation of the caller is raised."""
    started = perf_counter()
    runs = [_Run(step) for step in plan.steps]
    in_turn = runs if shuffle is None else shuffle.sample(runs, len(runs))
    until = None if plan.deadline is None else started + plan.deadline
    waiting = _answer_inline(in_turn, target, until)
    if waiting:
        await _Parallel(waiting, target.send).join(_bound(plan, started), grant, background)
    return [cast("Result", run.result) for run in runs]


def _bound(plan: Plan, started: float) -> float | None:
    """Seconds from now in which the steps that wait have to be done."""
    if plan.deadline is None:
        return plan.timeout
    left = max(0.0, started + plan.deadline - perf_counter())
    return left if plan.timeout is None else min(left, plan.timeout)


def _answer_inline(runs: list[_Run], target: Target, until: float | None) -> list[_Run]:
    """Settle every step that does not wait; return those that do."""
    answer: Callable[[Call], Answer] | None = getattr(target, "answer", None)
    waiting, answered = [], []
    now = perf_counter()
    for run in runs:
        step = run.step
        call = step.call
        if call is None:
            run.result = Result(step.action, None, step.error)
        elif answer is None or not call.endpoint.inline:
            waiting.append(run)
        elif until is not None and now >= until:
            run.result = Result(step.action, None, TimedOut())
        else:
            started = now
            try:
                given, error = _checked(answer(call)), None
            except RequestError as refused:
                given, error = None, refused.with_traceback(None)
            except _CRASHES:
                given, error = None, _crash(call)
            now = perf_counter()
            run.result = Result(step.action, given, error, now - started)
            answered.append(run)
    if answered:
        _commit(answered, cast("InlineTarget", target))
    return waiting


def _commit(answered: list[_Run], target: InlineTarget) -> None:
    """Nothing may be shown that could still be lost, so a failed commit takes back every inline result."""
    try:
        target.commit()
    except _CRASHES:
        _log.exception("commit failed; %d actions are reported as crashed", len(answered))
        for run in answered:
            run.result = Result(run.step.action, None, Crashed(), cast("Result", run.result).seconds)


class _Parallel:
    """The steps of one batch that wait, a task each."""

    __slots__ = ("_done", "_left", "_runs", "_send", "_started")

    def __init__(self, runs: list[_Run], send: Callable[[Call], Coroutine[Any, Any, Answer]]) -> None:
        self._runs = runs
        self._send = send
        self._left = len(runs)
        self._done: asyncio.Future[None] | None = None
        self._started = perf_counter()

    async def join(self, bound: float | None, grant: KeptGrant, background: Background) -> None:
        """Start all, in order, and return when the last is done or ``bound`` seconds have passed."""
        loop = asyncio.get_running_loop()
        for run in self._runs:
            run.task = _start(self._carry_out(run), loop)
        if not self._left:
            return
        self._done = loop.create_future()
        timer = None if bound is None else loop.call_later(bound, self._wake)
        try:
            await self._done
        finally:
            if timer is not None:
                timer.cancel()
            if self._left:
                background.adopt(self._give_up(), grant)

    async def _carry_out(self, run: _Run) -> None:
        started = perf_counter()
        call = cast("Call", run.step.call)
        answer = error = None
        try:
            answer = _checked(await self._send(call))
        except RequestError as refused:
            error = refused.with_traceback(None)
        except asyncio.CancelledError:
            if run.result is not None:
                raise
            error = _crash(call)
        except _CRASHES:
            error = _crash(call)
        if run.result is None:
            run.result = Result(run.step.action, answer, error, perf_counter() - started)
        self._left -= 1
        if not self._left:
            self._wake()

    def _wake(self) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _give_up(self) -> list[Task]:
        """Settle what is not done; cancel what only reads. A write that has begun is finished, unseen."""
        seconds = perf_counter() - self._started
        left = []
        for run in self._runs:
            if run.result is None and run.task is not None and run.step.call is not None:
                run.result = Result(run.step.action, None, TimedOut(), seconds)
                if not run.step.call.endpoint.write:
                    run.task.cancel()
                left.append(run.task)
        return left


if sys.version_info >= (3, 12):

    def _start(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> Task:
        return asyncio.Task(work, loop=loop, eager_start=True)

else:

    def _start(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> Task:
        return loop.create_task(work)


def _checked(answer: Answer) -> Answer:
    if answer.__class__ is not Answer:
        message = f"a target has to return an Answer, not {type(answer).__name__}"
        raise TypeError(message)
    return answer


def _crash(call: Call) -> Crashed:
    _log.exception("%s crashed", call.method)
    return Crashed()
