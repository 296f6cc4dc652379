"""Carrying out a plan: everything that may run at once, each on its own, results in the order asked.

Steps that never wait are answered one after another in this task, because a task of their own would buy them nothing.
The others get a task each. In a plain batch all begin together, and one timer serves them all; what hangs together is
begun as an ``Order`` hands it out.
"""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Coroutine
from contextvars import Context, copy_context
from functools import partial
from math import inf
from typing import Any, cast

from fanfold.engine.asking import Asking
from fanfold.engine.background import Background, Holding
from fanfold.engine.means import Gone, Means, Watch
from fanfold.engine.order import key_of
from fanfold.engine.ordering import ordering_of
from fanfold.engine.plan import Plan
from fanfold.engine.runs import PENDING, Run, Task
from fanfold.engine.watcher import Watcher
from fanfold.errors import Crashed, Limited, LimitExceeded, RequestError, TimedOut
from fanfold.model import Action, Answer, Call, InlineTarget, Result

logger = logging.getLogger("fanfold")

TURN = 0.01
"""Seconds that a batch may take for what never waits before whatever else the loop has to do has its turn."""

_CRASHES = (Exception, asyncio.CancelledError, SystemExit, GeneratorExit)
"""What a handler may raise without anybody else noticing: all but the interrupt of the person at the keyboard."""


async def dispatch(
    plan: Plan, means: Means, grant: Holding, gone: Gone | None = None, watch: Watch | None = None
) -> list[Result]:
    """One result per step, in order. What a step raises is its result; only the caller's cancellation is raised."""
    runs = [Run(step, place) for place, step in enumerate(plan.steps)]
    work = _Work(plan, runs, means, grant, watch)
    waiting = work.answer(work.first())
    while work.later:
        await asyncio.sleep(0)
        waiting += work.answer(work.take_later())
    if work.left:
        await work.join(waiting, means.background, gone)
    return [run.result for run in runs]


class _Work:
    """The runs of one batch, of which ``left`` are not settled.

    Each task gets a copy of the context in which the batch began: what begins because another action is answered would
    otherwise find the context variables which that one has set.
    """

    __slots__ = (
        *("_asking", "_clock", "_context", "_done", "_grant", "_inline", "_loose", "_means", "_order", "_ready"),
        *("_room", "_runs", "_shuffle", "_started", "_timeout", "_until", "_watch", "later", "left"),
    )

    def __init__(self, plan: Plan, runs: list[Run], means: Means, grant: Holding, watch: Watch | None) -> None:
        self._context: Context | None = None
        self._clock = means.clock
        self._until = inf if plan.deadline is None else means.clock() + plan.deadline
        self._timeout = plan.timeout
        self._runs = runs
        self._means = means
        self._inline = cast("InlineTarget", means.target) if hasattr(means.target, "answer") else None
        self._shuffle = means.shuffle
        self._order = ordering_of(plan, runs, means, watch, self._go_on)
        self._room = means.max_results
        self._grant = grant
        self._watch = watch
        self._done: asyncio.Future[None] | None = None
        self._loose = False  # whether some task may still run when the batch is answered
        self.later: list[Run] = []
        """What may begin, and was put off so that others have their turn."""
        self.left = len(runs)

    def _go_on(self) -> None:
        """Begin what was held back because too much was told at once."""
        if self._order is not None and self._done is not None and not self._done.done():
            self._begin(self._order.go_on())

    def first(self) -> list[Run]:
        """The runs that may begin at once: all of a plain batch."""
        if self._order is not None:
            return self._order.first()
        return self._runs if self._shuffle is None else self._shuffle.sample(self._runs, len(self._runs))

    def take_later(self) -> list[Run]:
        """What was put off."""
        later, self.later = self.later, []
        return later

    # -- what does not wait ------------------------------------------------------------------------------------------

    def answer(self, ready: list[Run]) -> list[Run]:
        """Settle the runs that do not wait, and those that may begin because of it; return those that do wait.

        ``ready`` may grow meanwhile. When the turn is over what is left of it is put off, and what was answered is made
        durable: others may read and write in between.
        """
        inline, order, until, clock = self._inline, self._order, self._until, self._clock
        waiting: list[Run] = []
        answered = False
        began = now = clock()
        for number, run in enumerate(ready if order is None else order.about_to_begin(ready), 1):
            step = run.step
            call = step.call
            if call is None:
                if run.spreads is not None and run.given is None:
                    waiting.append(run)
                    continue
                run.result = run.given or Result(step.action, None, step.error)
            elif inline is None or not call.endpoint.inline or run.waits:
                waiting.append(run)
                continue
            elif now >= until:
                run.result = Result(step.action, None, TimedOut())
            else:
                started = now
                answer, error = _answer(inline, call)
                now = clock()
                run.result = Result(step.action, answer, error, now - started)
                answered = True
            if order is not None:
                self._bound(run)  # first, as what is dropped for its size is a failure to those who need it
                ready += order.settled(run)
            if now - began >= TURN and number < len(ready):
                self.later += ready[number:]
                ready = ready[:number]
                break
        lost = _commit(ready, inline) if answered and inline is not None else None
        return self._note(ready, waiting) if lost is None else self._fail(ready, waiting, lost)

    def _note(self, ready: list[Run], waiting: list[Run]) -> list[Run]:
        """Count and tell of what was settled."""
        if self._order is None and self._watch is None and self._room is None:
            self.left -= len(ready) - len(waiting)
            return waiting
        for run in ready:
            if run.result is not PENDING:
                if self._order is None:
                    self._bound(run)
                self._tell(run)
        return waiting

    def _fail(self, ready: list[Run], waiting: list[Run], error: RequestError) -> list[Run]:
        """After a commit that failed: what has waited for something that is lost now is lost too."""
        self._note(ready, waiting)
        if self._order is None:
            return waiting
        waiting += self.take_later()
        for run in waiting:
            run.given = Result(run.step.action, None, error)
            run.step = run.step.without_call()
        return self.answer(waiting)

    def _bound(self, run: Run) -> None:
        """Replace an answer that would be more than may be held of one batch."""
        answer = run.result.answer
        if self._room is None or answer is None or run.result.parts is not None:
            return
        size = len(answer.body)
        for name, value in answer.headers:
            size += len(name) + len(value)
        if size > self._room:
            error = RequestError("The responses of this batch are too large together", status=507)
            run.result = Result(run.result.action, None, error, run.result.seconds)
        else:
            self._room -= size

    def _tell(self, run: Run) -> None:
        if run.fan is None:
            self.left -= 1
            if self._watch is not None:
                self._watch.settled(run.place, run.result)

    # -- what waits --------------------------------------------------------------------------------------------------

    async def join(self, waiting: list[Run], background: Background, gone: Gone | None) -> None:
        """Start all that wait, in order, and return when everything is settled, time is up, or the asker is gone."""
        started = self._clock()
        bound = self._until - started
        if self._order is None and self._timeout is not None and self._timeout < bound:
            bound = self._timeout
        self._started = waiting if self._order is None else []
        if bound <= 0:
            self._give_up(0.0)
            return
        loop = asyncio.get_running_loop()
        self._start_all(waiting, loop)
        if not self.left:
            self._leave(background)
            return
        self._done = loop.create_future()
        timer = None if bound == inf else loop.call_later(bound, self._wake)
        watcher = None if gone is None else Watcher(gone, self._wake, loop)
        try:
            await self._done
        finally:
            if timer is not None:
                timer.cancel()
            if watcher is not None:
                watcher.cancel()
            if self.left:
                self._give_up(self._clock() - started)
            self._leave(background)

    def _start_all(self, waiting: list[Run], loop: asyncio.AbstractEventLoop) -> None:
        self._asking = Asking(self._means, self._grant)
        if self._order is None:
            for run in waiting:
                if run.step.call is not None:
                    run.task = _start(self._carry_out(run, run.step.call), loop, None)
        else:
            self._ready: list[list[Run]] = []
            self._context = copy_context()
            for run in waiting:
                self._start(run, loop)

    def _start(self, run: Run, loop: asyncio.AbstractEventLoop) -> None:
        """Start a run of those that hang together: in the batch's own context, and with a time limit of its own."""
        self._started.append(run)
        if run.spreads is not None:
            run.task = _start(self._spread(run), loop, self._context)
        elif run.step.call is not None:
            wiring = run.step.action.wiring
            own = wiring.timeout if wiring is not None else None
            bound = self._timeout if own is None else own if self._timeout is None else min(own, self._timeout)
            if bound is not None:
                run.timer = loop.call_later(bound, self._expire, run, bound)
            run.task = _start(self._carry_out(run, run.step.call), loop, self._context)

    async def _carry_out(self, run: Run, call: Call) -> None:
        started = self._clock()
        answer: Answer | None = None
        error: RequestError | None = None
        try:
            asking = self._asking
            ask = asking.ask if run.waits else asking.put
            answer = await ask(run, call, self._settle)
            if answer.__class__ is not Answer:
                raise _wrong_type(answer)
        except LimitExceeded as refused:
            error = Limited(refused.retry_after)
        except RequestError as refused:
            error = refused.alone()
        except asyncio.CancelledError as crash:
            if run.result is not PENDING:
                raise
            error = _crash(call, crash)
        except _CRASHES as crash:
            answer, error = None, _crash(call, crash)
        if run.result is PENDING:
            self._settle(run, Result(run.step.action, answer, error, self._clock() - started))

    async def _spread(self, run: Run) -> None:
        """Have a fan-out admitted, and begin it."""
        fan, order = run.spreads, self._order
        if fan is None or order is None:
            return
        error: RequestError | None = None
        try:
            await self._grant.extend(fan.costs)
        except LimitExceeded as refused:
            error = Limited(refused.retry_after)
        except RequestError as refused:
            error = refused.alone()
        except asyncio.CancelledError as crash:
            if run.result is not PENDING:
                raise
            error = _crash(run.step.action, crash)
        except _CRASHES as crash:
            error = _crash(run.step.action, crash)
        if run.result is not PENDING:
            return
        if error is not None:
            self._settle(run, Result(run.step.action, None, error))
        else:
            self._begin(order.elements(fan))

    def _settle(self, run: Run, result: Result) -> None:
        """Take what became of a run that was waited for, and begin what may begin because of it."""
        run.result = result
        if run.early:
            self._loose = True
        if self._room is not None:
            self._bound(run)
        if self._watch is None and run.fan is None:
            self.left -= 1
        else:
            self._tell(run)
        if self._order is not None:
            if run.timer is not None:
                run.timer.cancel()
            self._begin(self._order.settled(run))
        if not self.left:
            self._wake()

    def _begin(self, ready: list[Run]) -> None:
        """Begin runs that are ready.

        What is begun may be settled at once, and others be ready because of it: they are begun when it comes back here,
        not deeper and deeper within.
        """
        self._ready.append(ready)
        if len(self._ready) > 1:
            return
        loop = asyncio.get_running_loop()
        try:
            for runs in self._ready:
                for run in self.answer(runs) if runs else ():
                    self._start(run, loop)
        except Exception:
            logger.exception("a batch cannot go on")
            self._wake()
        finally:
            self._ready.clear()
        if self.later:
            loop.call_soon(self._begin_later, self.take_later())
        if not self.left:
            self._wake()

    def _begin_later(self, runs: list[Run]) -> None:
        if self._done is not None and not self._done.done():
            self._begin(runs)

    def _expire(self, run: Run, seconds: float) -> None:
        """An action that took too long; the others go on.

        Its place is free for another one only when it has really ended: what runs at once is what slots are held for.
        """
        if run.result is PENDING:
            self._stop(run)
            if run.task is not None and not run.task.done():
                run.lingers = True
                self._means.background.bound(run.task)
                run.task.add_done_callback(partial(self._end, run))
            self._settle(run, Result(run.step.action, None, TimedOut(), seconds))

    def _end(self, run: Run, _: Task) -> None:
        """What lingered has ended."""
        run.lingers = False
        if self._order is not None and self._done is not None and not self._done.done():
            self._begin(self._order.ended(run))

    def _wake(self, _: object = None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(None)

    def _stop(self, run: Run) -> None:
        """Cancel what only reads. A write that has begun is finished, unseen, as is what somebody may ask for again."""
        self._loose = True
        call = run.step.call
        if run.task is None or run.task.done() or (call is not None and (call.endpoint.write or key_of(run))):
            return
        grace = 0.0 if run.leave is None else run.leave()
        if grace:
            asyncio.get_running_loop().call_later(grace, run.task.cancel)
        else:
            run.task.cancel()

    def _give_up(self, seconds: float) -> None:
        """Settle what is not done; of an action that fanned out the elements that are done are kept."""
        for run in self._started:
            if run.result is PENDING and run.spreads is None:
                run.result = Result(run.step.action, None, TimedOut(), seconds)
                self._stop(run)
                self._tell(run)
        for run in self._runs:
            if run.result is PENDING:
                timed_out = Result(run.step.action, None, TimedOut(), seconds)
                run.result = timed_out if self._order is None else self._order.unfinished(run, seconds)
                self._stop(run)
                self._tell(run)

    def _leave(self, background: Background) -> None:
        """See to it that what still runs is finished: what was answered already holds no slots any more."""
        if self._order is not None:
            for run in self._started:
                if run.timer is not None:
                    run.timer.cancel()
        if not self._loose:
            return
        loose = [run for run in self._started if run.task is not None and not run.task.done()]
        if loose:
            given_up = [run.task for run in loose if run.task is not None and not run.early]
            if given_up:
                background.adopt(given_up, self._grant)
            answered = [run.task for run in loose if run.task is not None and run.early]
            if answered:
                background.adopt(answered)


def _answer(target: InlineTarget, call: Call) -> tuple[Answer | None, RequestError | None]:
    """What becomes of a call that does not wait."""
    try:
        answer = target.answer(call)
        if answer.__class__ is not Answer:
            raise _wrong_type(answer)
    except RequestError as refused:
        return None, refused.alone()
    except _CRASHES as crash:
        return None, _crash(call, crash)
    return answer, None


def _commit(ready: list[Run], target: InlineTarget) -> RequestError | None:
    """Why not all is durable now. Nothing may be shown that could still be lost: then each result is taken back."""
    error: RequestError
    try:
        target.commit()
    except RequestError as refused:
        error = refused.alone()
    except _CRASHES:
        logger.exception("commit failed; all that was answered inline is reported as crashed")
        error = Crashed()
    else:
        return None
    for run in ready:
        # What was given to a run was made of answers that are taken back, or of the results of its elements.
        if (run.step.call is not None or run.given is not None) and run.result is not PENDING:
            run.result = Result(run.step.action, None, error, run.result.seconds)
    return error


if sys.version_info >= (3, 12):

    def _start(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop, context: Context | None) -> Task:
        own = None if context is None else context.copy()  # one without variables is false
        return asyncio.Task(work, loop=loop, context=own, eager_start=True)

else:

    def _start(work: Coroutine[Any, Any, None], loop: asyncio.AbstractEventLoop, context: Context | None) -> Task:
        return loop.create_task(work) if context is None else loop.create_task(work, context=context.copy())


def _wrong_type(answer: object) -> TypeError:
    return TypeError(f"a target has to return an Answer, not {type(answer).__name__}")


def _crash(asked: Call | Action, cause: BaseException) -> Crashed:
    logger.error("%s %r crashed", asked.method, asked.path, exc_info=cause)
    return Crashed()
