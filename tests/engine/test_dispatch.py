"""Dispatch: really parallel, isolated, bounded in time, and careful with what was already begun."""

import asyncio
import gc
import logging
import weakref
from contextvars import ContextVar

import pytest

from fanfold.engine import make_plan
from fanfold.engine.background import Background
from fanfold.engine.dispatch import dispatch
from fanfold.engine.means import Means
from fanfold.errors import Crashed, NoRoom, RequestError, TimedOut
from fanfold.model import Action, Answer, Batch, Caller
from fanfold.targets import EchoTarget

CALLER = Caller("key")
OK = Answer(200, b"{}", trusted=True)


class Held:
    """A grant that writes down what is done with it."""

    def __init__(self):
        self.events = []

    def keep(self):
        self.events.append("keep")

    def release(self):
        self.events.append("release")


class Scripted(EchoTarget):
    """An echo whose paths run functions of the test instead: ``/name`` runs ``name``."""

    def __init__(self, *, inline=False, commit=None, **handlers):
        super().__init__(inline=inline)
        self.handlers = handlers
        self._commit = commit

    async def send(self, call):
        return await self.handlers[call.params[0]]()

    def answer(self, call):
        return self.handlers[call.params[0]]()

    def commit(self):
        super().commit()
        if self._commit:
            self._commit()


async def run(target, *actions, held=None, background=None, **times):
    requests = [Action(*action.split()) for action in actions]
    plan = make_plan(Batch(tuple(requests), **times), CALLER, target)
    return await dispatch(plan, Means(target, Background() if background is None else background), held or Held())


def statuses(results):
    return [result.answer.status if result.answer else result.error.status for result in results]


async def no_wait():
    return OK


async def test_actions_wait_side_by_side():
    together = asyncio.Barrier(10)

    async def meet():
        await together.wait()
        return OK

    assert statuses(await run(Scripted(meet=meet), *["GET /meet"] * 10, timeout=5)) == [200] * 10


async def test_results_are_in_the_order_asked_whichever_is_done_first():
    results = await run(EchoTarget(), "GET /wait/20", "GET /wait/1", "GET /a")
    assert [result.action.path for result in results] == ["/wait/20", "/wait/1", "/a"]


async def test_actions_start_in_the_order_listed():
    target = EchoTarget()
    await run(target, *[f"GET /tasks/{number}" for number in range(10)])
    assert [call.path for call in target.calls] == [f"/tasks/{number}" for number in range(10)]


def cancel_itself():
    asyncio.current_task().cancel()


def recurse():
    return recurse()


@pytest.mark.parametrize("inline", [False, True])
@pytest.mark.parametrize(
    "raised", [ValueError, MemoryError, asyncio.CancelledError, SystemExit, GeneratorExit, TimeoutError, recurse]
)
async def test_what_crashes_is_a_500_and_its_neighbours_do_not_notice(raised, inline, caplog):
    def crash_now():
        raise raised()

    async def crash():
        crash_now()

    target = Scripted(
        inline=inline, **({"a": lambda: OK, "crash": crash_now} if inline else {"a": no_wait, "crash": crash})
    )
    with caplog.at_level(logging.ERROR, "fanfold"):
        results = await run(target, "GET /a", "GET /crash", "GET /a")
    assert statuses(results) == [200, 500, 200]
    assert isinstance(results[1].error, Crashed)
    assert results[1].error.message == "Server Error"
    assert "Traceback" in caplog.text


async def test_an_action_that_cancels_its_own_task_has_crashed():
    async def cancelled():
        cancel_itself()
        await asyncio.sleep(1)

    assert statuses(await run(Scripted(cancelled=cancelled, a=no_wait), "GET /cancelled", "GET /a")) == [500, 200]


@pytest.mark.parametrize("inline", [False, True])
async def test_a_target_that_answers_nothing_has_crashed(inline):
    async def nothing():
        return None

    target = Scripted(inline=inline, nothing=(lambda: None) if inline else nothing)
    assert statuses(await run(target, "GET /nothing")) == [500]


@pytest.mark.parametrize("inline", [False, True])
async def test_a_refusal_by_the_target_is_the_result_and_keeps_no_frames(inline):
    results = await run(EchoTarget(inline=inline), "GET /fail/418")
    assert results[0].error.status == 418
    assert results[0].error.__traceback__ is None
    assert results[0].answer is None


async def test_the_interrupt_at_the_keyboard_is_nobodys_result():
    def interrupted():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await run(Scripted(inline=True, interrupted=interrupted), "GET /interrupted")


async def test_what_one_action_sets_is_seen_by_no_other():
    variable = ContextVar("variable", default="-")
    seen = []

    async def action():
        seen.append(variable.get())
        variable.set("set")
        await asyncio.sleep(0)
        return OK

    await run(Scripted(action=action), "GET /action", "GET /action")
    assert seen == ["-", "-"]
    assert variable.get() == "-"


async def test_a_timeout_of_one_action_strikes_no_other_and_leaks_no_context():
    variable = ContextVar("variable", default="-")

    async def strict():
        variable.set("strict")
        async with asyncio.timeout(0.01):
            await asyncio.sleep(5)

    async def slow():
        await asyncio.sleep(0.03)
        return OK

    assert statuses(await run(Scripted(strict=strict, slow=slow), "GET /strict", "GET /slow")) == [500, 200]
    assert variable.get() == "-"


@pytest.mark.parametrize("times", [{"timeout": 0.03}, {"deadline": 0.03}, {"timeout": 9, "deadline": 0.03}])
async def test_what_is_done_in_time_is_kept_and_the_rest_timed_out(times):
    results = await run(EchoTarget(), "GET /a", "GET /wait/5000", "GET /wait/1", **times)
    assert statuses(results) == [200, 504, 200]
    assert isinstance(results[1].error, TimedOut)
    assert results[1].seconds > 0


async def test_a_read_that_timed_out_is_cancelled(caplog):
    stopped = []

    async def read():
        try:
            await asyncio.sleep(5)
        finally:
            stopped.append("read")

    held, background = Held(), Background()
    await run(Scripted(read=read), "GET /read", timeout=0.01, held=held, background=background)
    await background.drain()
    assert stopped == ["read"]
    assert held.events == ["keep", "release"]
    assert caplog.text == ""


async def test_a_write_that_timed_out_is_finished_and_holds_its_slot_until_then():
    go_on, written = asyncio.Event(), []

    async def write():
        await go_on.wait()
        written.append("write")
        return OK

    held, background = Held(), Background()
    results = await run(Scripted(write=write), "PUT /write", timeout=0.01, held=held, background=background)
    assert statuses(results) == [504]
    assert (written, held.events, len(background)) == ([], ["keep"], 1)
    go_on.set()
    await background.drain()
    assert (written, held.events, len(background)) == (["write"], ["keep", "release"], 0)
    assert statuses(results) == [504]


async def test_a_write_that_crashes_after_its_timeout_is_in_the_log(caplog):
    async def write():
        await asyncio.sleep(0.02)
        raise ZeroDivisionError

    held, background = Held(), Background()
    with caplog.at_level(logging.ERROR, "fanfold"):
        assert statuses(
            await run(Scripted(write=write), "PUT /write", timeout=0.001, held=held, background=background)
        ) == [504]
        await background.drain()
    assert "ZeroDivisionError" in caplog.text
    assert held.events == ["keep", "release"]


async def test_a_client_that_leaves_stops_reads_and_lets_writes_finish():
    log, begun, left = [], asyncio.Event(), asyncio.Event()

    async def read():
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            log.append("read stopped")
            raise

    async def write():
        begun.set()
        await left.wait()
        log.append("written")
        return OK

    held, background = Held(), Background()
    target = Scripted(read=read, write=write)
    batch = asyncio.create_task(run(target, "GET /read", "POST /write", held=held, background=background))
    await begun.wait()
    batch.cancel()
    with pytest.raises(asyncio.CancelledError):
        await batch
    left.set()
    await background.drain()
    assert log == ["read stopped", "written"]
    assert held.events == ["keep", "release"]


async def test_a_client_that_leaves_before_anything_started_leaves_nothing_behind():
    held, background = Held(), Background()
    batch = asyncio.create_task(run(EchoTarget(), "GET /wait/5000", held=held, background=background))
    asyncio.get_running_loop().call_soon(batch.cancel)
    with pytest.raises(asyncio.CancelledError):
        await batch
    await background.drain()
    assert held.events == ["keep", "release"]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_read_that_will_not_be_cancelled_holds_its_slot_until_it_ends():
    end = asyncio.Event()

    async def stubborn():
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            await end.wait()
        return OK

    held, background = Held(), Background()
    await run(Scripted(stubborn=stubborn), "GET /stubborn", timeout=0.001, held=held, background=background)
    await asyncio.sleep(0.001)
    assert held.events == ["keep"]
    end.set()
    await background.drain()
    assert held.events == ["keep", "release"]


async def test_what_is_adopted_while_draining_is_waited_for_as_well():
    background, held = Background(), Held()

    async def late():
        await asyncio.sleep(0.005)

    async def early():
        background.adopt([asyncio.create_task(late())], held)

    background.adopt([asyncio.create_task(early())], Held())
    await background.drain()
    assert held.events == ["keep", "release"]


async def test_nothing_is_kept_when_all_is_done():
    held = Held()
    await run(EchoTarget(), "GET /a", "GET /wait/1", held=held, timeout=5)
    assert held.events == []


async def test_inline_answers_are_made_durable_once_for_all():
    target = EchoTarget(inline=True)
    assert statuses(await run(target, "POST /a", "GET /nowhere", "GET /b", "GET /fail/404")) == [201, 404, 200, 404]
    assert target.commits == 1


async def test_nothing_is_made_durable_where_nothing_was_answered_inline():
    target = EchoTarget(inline=True)
    await run(target, "GET /nowhere", "GET /wait/0")
    assert target.commits == 0


async def test_inline_answers_are_durable_before_anything_that_waits_is_started():
    order = []

    def write():
        order.append("write")
        return OK

    target = Scripted(inline=True, write=write, commit=lambda: order.append("commit"), wait=None)

    async def send(call):
        order.append("send")
        return OK

    target.send = send
    await run(target, "GET /wait/0", "POST /write")
    assert order == ["write", "commit", "send"]


async def test_a_commit_that_was_refused_is_told_in_its_own_words(caplog):
    def refuse():
        raise NoRoom

    target = Scripted(inline=True, write=lambda: OK, commit=refuse)
    results = await run(target, "POST /write", "POST /write")
    assert statuses(results) == [507, 507]
    assert results[0].error.retry_after == NoRoom.retry_after
    assert caplog.records == []


async def test_a_failed_commit_takes_back_every_inline_answer_and_no_other(caplog):
    def fail():
        raise OSError("disk full")

    class Full(EchoTarget):
        commit = staticmethod(fail)

    with caplog.at_level(logging.ERROR, "fanfold"):
        results = await run(Full(inline=True), "POST /a", "GET /nowhere", "GET /wait/0", "GET /fail/404")
    assert statuses(results) == [500, 404, 200, 500]
    assert all(isinstance(results[index].error, Crashed) for index in (0, 3))
    assert "disk full" in caplog.text


class Slow(EchoTarget):
    """An echo for each of whose inline answers a second passes by its clock, which is more than a turn."""

    def __init__(self, commits=()):
        super().__init__(inline=True)
        self.now = 0.0
        self.others = 0
        self.turns = []
        self.on_third = None
        self._commits = list(commits)

    def answer(self, call):
        self.now += 1.0
        self.turns.append(self.others)
        return super().answer(call)

    def commit(self):
        super().commit()
        if self.commits == 3 and self.on_third is not None:
            self.on_third()
        if self._commits and not self._commits.pop(0):
            raise NoRoom

    async def count(self):
        """What else there is to do."""
        while True:
            await asyncio.sleep(0)
            self.others += 1


async def run_slowly(target, *actions, **settings):
    other = asyncio.create_task(target.count())
    requests = [action if isinstance(action, Action) else Action(*action.split()) for action in actions]
    plan = make_plan(Batch(tuple(requests), **settings), CALLER, target)
    results = await dispatch(plan, Means(target, Background(), clock=lambda: target.now), Held())
    other.cancel()
    return results


async def test_a_batch_that_takes_long_lets_others_have_their_turn_and_makes_durable_what_is_done_by_then():
    target = Slow()
    results = await run_slowly(target, *[f"POST /a/{number}" for number in range(5)])
    assert [result.action.path for result in results] == [f"/a/{number}" for number in range(5)]
    assert statuses(results) == [201] * 5
    assert len(set(target.turns)) == 4  # the other begins when the first is answered
    assert target.commits == 5


async def test_a_commit_that_fails_in_the_midst_of_a_long_batch_takes_back_what_it_was_for():
    target = Slow(commits=[True, False, True])
    assert statuses(await run_slowly(target, *["POST /a"] * 4)) == [201, 507, 201, 201]


async def test_time_is_up_in_the_midst_of_a_long_batch():
    target = Slow()
    assert statuses(await run_slowly(target, *["POST /a"] * 4, deadline=2.0)) == [201, 201, 504, 504]


async def test_a_long_batch_whose_caller_gives_up_is_not_gone_on_with():
    target = Slow()
    batch = asyncio.create_task(run_slowly(target, *["POST /a"] * 9))
    target.on_third = batch.cancel
    with pytest.raises(asyncio.CancelledError):
        await batch
    assert target.commits == len(target.calls) == 3


async def test_an_inline_answer_that_would_start_too_late_is_not_started():
    target = EchoTarget(inline=True)
    assert statuses(await run(target, "GET /a", "GET /wait/0", deadline=0)) == [504, 504]
    assert target.calls == []


async def test_an_endpoint_that_calls_itself_inline_is_sent_where_the_target_cannot():
    class OnlySends:
        def __init__(self):
            self.echo = EchoTarget(inline=True)
            self.resolve, self.send = self.echo.resolve, self.echo.send

    assert statuses(await run(OnlySends(), "GET /a")) == [200]


@pytest.mark.parametrize("inline", [False, True])
async def test_a_result_says_how_long_its_action_ran(inline):
    results = await run(EchoTarget(inline=inline), "GET /wait/5", "GET /nowhere")
    assert 0 < results[0].seconds < 5
    assert results[1].seconds == 0


async def test_an_error_is_never_beside_an_answer():
    results = await run(EchoTarget(), "GET /a", "GET /crash", "GET /fail/400", "GET /nowhere")
    assert [(result.answer is None, isinstance(result.error, RequestError)) for result in results] == [
        (False, False),
        (True, True),
        (True, True),
        (True, True),
    ]


class Leaving:
    """What a target holds of a call while it serves it."""

    def leave(self):
        return 0.0


class LeavingTarget(EchoTarget):
    """Keeps an eye on what it has held."""

    def __init__(self):
        super().__init__()
        self.held = []

    async def serve(self, call, settle, begun=None):
        leaving = Leaving()
        leaving.settle = settle
        self.held.append(weakref.ref(leaving))
        begun(leaving.leave)
        await asyncio.sleep(0)
        settle(Answer(200))


async def test_a_batch_leaves_nothing_to_the_garbage_collector():
    target = LeavingTarget()
    gc.disable()
    try:
        assert statuses(await run(target, "GET /a", "GET /b")) == [200, 200]
        assert [held() for held in target.held] == [None, None]
    finally:
        gc.enable()
