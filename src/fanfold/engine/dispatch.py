"""Carrying out a plan: everything at once, each on its own, results in the order asked.

Steps that never wait are answered one after another in this task, because a task of their own would buy them nothing.
The others get a task each. One timer serves the whole batch: all its steps start together and share their bound.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Sequence
from math import inf
from random import Random
from time import perf_counter
from typing import Any, Protocol, cast

from msgspec import Struct

from fanfold.engine.plan import Plan, Step
from fanfold.errors import Crashed, RequestError, TimedOut
from fanfold.model import Action, Answer, Call, InlineTarget, Result, Target

logger = logging.getLogger("fanfold")

_CRASHES = (Exception, asyncio.CancelledError, SystemExit, GeneratorExit)
"""What a handler may raise without anybody else noticing: all but the interrupt of the person at the keyboard."""

_PENDING = Result(Action("", ""))

Task = asyncio.Task[None]
Gone = Callable[[], Coroutine[Any, Any, object]]
"""Waits until whoever asked has gone away."""


class Holding(Protocol):
    """What dispatch needs of an admission: to hold its slots beyond the batch, and to give them back then."""

    def keep(self) -> None:
        """From now on whoever called this gives the slots back."""

    def release(self) -> None:
        """Give the slots back."""


class Background:
    """Tasks that outlive their batch. They are held here, as the event loop holds its tasks only weakly."""

    def __init__(self) -> None:
        self._tasks: set[Task] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def adopt(self, tasks: Sequence[Task], grant: Holding) -> None:
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
    """One step while it is carried out."""

    step: Step
    result: Result = _PENDING
    task: Task | None = None


async def dispatch(
    plan: Plan,
    target: Target,
    grant: Holding,
    background: Background,
    shuffle: Random | None = None,
    gone: Gone | None = None,
) -> list[Result]:
    """One result per step, in order. What a step raises is its result; only the caller's cancellation is raised."""
    started = perf_counter()
    runs = [_Run(step) for step in plan.steps]
    in_turn = runs if shuffle is None else shuffle.sample(runs, len(runs))
    until = inf if plan.deadline is None else started + plan.deadline
    waiting = _answer_inline(in_turn, target, until)
    if waiting:
        parallel = _Parallel(waiting, target)
        await parallel.join(_shorter(plan.timeout, until), grant, background, gone)
    return [run.result for run in runs]


def _shorter(timeout: float | None, until: float) -> float:
    """Seconds from now in which the steps that wait have to be done; not above 0 if it is too late for them."""
    left = until - perf_counter()
    return left if timeout is None or left < timeout else timeout


def _answer_inline(runs: list[_Run], target: Target, until: float) -> list[_Run]:
    """Settle every step that does not wait; return those that do."""
    inline = cast("InlineTarget", target) if hasattr(target, "answer") else None
    waiting: list[_Run] = []
    answered = False
    now = perf_counter()
    for run in runs:
        step = run.step
        call = step.call
        if call is None:
            run.result = Result(step.action, None, step.error)
        elif inline is None or not call.endpoint.inline:
            waiting.append(run)
        elif now >= until:
            run.result = Result(step.action, None, TimedOut())
        else:
            started = now
            answer: Answer | None = None
            error: RequestError | None = None
            try:
                answer = inline.answer(call)
                if answer.__class__ is not Answer:
                    raise _wrong_type(answer)
            except RequestError as refused:
                error = refused.alone()
            except _CRASHES as crash:
                answer, error = None, _crash(call, crash)
            now = perf_counter()
            run.result = Result(step.action, answer, error, now - started)
            answered = True
    if answered and inline is not None:
        _commit(runs, inline)
    return waiting


def _commit(runs: list[_Run], target: InlineTarget) -> None:
    """Nothing may be shown that could still be lost, so a failed commit takes back every inline result."""
    try:
        target.commit()
    except _CRASHES:
        logger.exception("commit failed; all that was answered inline is reported as crashed")
        for run in runs:
            if run.step.call is not None and run.result is not _PENDING:
                run.result = Result(run.step.action, None, Crashed(), run.result.seconds)


class _Parallel:
    """The steps of one batch that wait, a task each."""

    __slots__ = ("_done", "_left", "_runs", "_send")

    def __init__(self, runs: list[_Run], target: Target) -> None:
        self._runs = runs
        self._send = target.send
        self._left = len(runs)
        self._done: asyncio.Future[None] | None = None

    async def join(self, bound: float, grant: Holding, background: Background, gone: Gone | None) -> None:
        """Start all, in order, and return when the last is done, ``bound`` seconds have passed or the asker is gone."""
        started = perf_counter()
        if bound <= 0:
            self._give_up(0.0)
            return
        loop = asyncio.get_running_loop()
        for run in self._runs:
            if run.step.call is not None:
                run.task = _start(self._carry_out(run, run.step.call), loop)
        if not self._left:
            return
        self._done = loop.create_future()
        timer = None if bound == inf else loop.call_later(bound, self._wake)
        watcher = None if gone is None else loop.create_task(gone())
        if watcher is not None:
            watcher.add_done_callback(self._wake)
        try:
            await self._done
        finally:
            if timer is not None:
                timer.cancel()
            if watcher is not None:
                watcher.cancel()
            if self._left:
                background.adopt(self._give_up(perf_counter() - started), grant)

    async def _carry_out(self, run: _Run, call: Call) -> None:
        started = perf_counter()
        answer: Answer | None = None
        error: RequestError | None = None
        try:
            answer = await self._send(call)
            if answer.__class__ is not Answer:
                raise _wrong_type(answer)
        except RequestError as refused:
            error = refused.alone()
        except asyncio.CancelledError as crash:
            if run.result is not _PENDING:
                raise
            error = _crash(call, crash)
        except _CRASHES as crash:
            answer, error = None, _crash(call, crash)
        run.result = Result(run.step.action, answer, error, perf_counter() - started)
        self._left -= 1
        if not self._left:
            self._wake()

    def _wake(self, _: object = None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _give_up(self, seconds: float) -> list[Task]:
        """Settle what is not done; cancel what only reads. A write that has begun is finished, unseen."""
        unfinished = []
        for run in self._runs:
            if run.result is not _PENDING:
                continue
            run.result = Result(run.step.action, None, TimedOut(), seconds)
            if run.task is not None and run.step.call is not None:
                if not run.step.call.endpoint.write:
                    run.task.cancel()
                unfinished.append(run.task)
        return unfinished


if sys.version_info >= (3, 12):

    def _start(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> Task:
        return asyncio.Task(work, loop=loop, eager_start=True)

else:

    def _start(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop) -> Task:
        return loop.create_task(work)


def _wrong_type(answer: object) -> TypeError:
    return TypeError(f"a target has to return an Answer, not {type(answer).__name__}")


def _crash(call: Call, cause: BaseException) -> Crashed:
    logger.error("%s %r crashed", call.method, call.path, exc_info=cause)
    return Crashed()
