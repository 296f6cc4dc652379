"""A request is carried out once for each key of a caller, and whoever sends it again is given its answer."""

import asyncio
import logging
from contextvars import ContextVar

import pytest

from fanfold.errors import Crashed, NoRoom, RequestError, Unavailable, Undecided
from fanfold.idempotency import Ledger, MemoryAnswers
from fanfold.idempotency.ledger import ASK_AGAIN
from fanfold.model import Answer, Caller, OnceOnly
from tests.idempotency.runs import ADA, BOB, ONE, OTHER, Runs, at_once, never, others, quiet

DONE = Answer(201, b'{"data":{"gid":"1"}}', (("location", "/tasks/1"), ("x", "y"), ("x", "z")), trusted=True)
LATER = Answer(200, b"later")


class Time:
    def __init__(self):
        self.now = 1_700_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def ledger(store, time):
    return Ledger(store, clock=time)


@pytest.fixture
def runs():
    return Runs()


async def status_of(asked):
    with pytest.raises(RequestError) as refused:
        await asked
    return refused.value.status


def start(asked):
    return asyncio.get_running_loop().create_task(asked)


async def test_what_was_done_is_answered_again_as_it_was(ledger):
    assert await ledger.once(ADA, "k", ONE, at_once(DONE)) == (DONE, False)
    for _ in range(2):
        assert await ledger.once(ADA, "k", ONE, never) == (DONE, True)


@pytest.mark.parametrize(
    "answer", [Answer(204), Answer(404, b"{}"), Answer(500, b"\xff\x00"), Answer(200, b"x" * 9999)]
)
async def test_every_answer_is_kept_byte_by_byte(ledger, answer):
    await ledger.once(ADA, "k", ONE, at_once(answer))
    assert await ledger.once(ADA, "k", ONE, never) == (answer, True)


class AwayAnswers(MemoryAnswers):
    """Takes note of what begins, and cannot be told of ends for a while."""

    error = NoRoom

    async def finish(self, *what):
        if self.error is not None:
            raise self.error
        await super().finish(*what)

    async def forget(self, name):
        if self.error is not None:
            raise self.error
        await super().forget(name)


@pytest.fixture
async def away(monkeypatch):
    monkeypatch.setattr("fanfold.idempotency.telling.FIRST_PAUSE", 0.0)
    monkeypatch.setattr("fanfold.idempotency.telling.LONGEST_PAUSE", 0.0)
    return AwayAnswers()


@pytest.mark.parametrize("error", [NoRoom, Undecided])
@pytest.mark.parametrize("then", [Undecided, ConnectionError])
async def test_what_was_done_is_answered_again_though_the_answer_cannot_be_kept_yet(away, time, caplog, error, then):
    away.error = error
    ledger = Ledger(away, clock=time)
    assert await ledger.once(ADA, "k", ONE, at_once(DONE)) == (DONE, False)
    assert "could not be kept" in caplog.text
    assert await ledger.once(ADA, "k", ONE, never) == (DONE, True)
    assert await status_of(ledger.once(ADA, "k", OTHER, never)) == 422
    assert await status_of(Ledger(away, clock=time).once(ADA, "k", ONE, never)) == 409
    away.error = then
    await quiet()
    away.error = None
    await quiet()
    assert await Ledger(away, clock=time).once(ADA, "k", ONE, never) == (DONE, True)
    await ledger.drain()


@pytest.mark.parametrize("end", [Answer(503), Unavailable()])
async def test_what_was_not_done_may_be_asked_for_again_though_that_could_not_be_kept_yet(away, time, end):
    ledger = Ledger(away, clock=time)

    async def refused():
        if isinstance(end, Answer):
            return end
        raise end

    away.error = Unavailable
    if isinstance(end, Answer):
        assert await ledger.once(ADA, "k", ONE, refused) == (end, False)
    else:
        assert await status_of(ledger.once(ADA, "k", ONE, refused)) == 503
    assert await status_of(ledger.once(ADA, "k", ONE, never)) == 503
    away.error = None
    assert await ledger.once(ADA, "k", ONE, at_once(DONE)) == (DONE, False)
    await quiet()
    assert await Ledger(away, clock=time).once(ADA, "k", ONE, never) == (DONE, True)
    await ledger.drain()


async def test_what_may_have_been_taken_back_is_not_taken_back_from_others(away, time):
    ledger = Ledger(away, clock=time)
    away.error = Undecided
    assert await ledger.once(ADA, "k", ONE, at_once(Answer(503))) == (Answer(503), False)
    away.error = None
    await quiet()
    assert await status_of(Ledger(away, clock=time).once(ADA, "k", ONE, never)) == 409


async def test_what_cannot_be_kept_is_tried_no_more_when_all_ends(away, time):
    ledger = Ledger(away, clock=time)
    await ledger.once(ADA, "k", ONE, at_once(DONE))
    await quiet()
    await ledger.drain()
    assert not others()


async def test_another_request_with_the_same_key_is_refused(ledger):
    await ledger.once(ADA, "k", ONE, at_once(DONE))
    assert await status_of(ledger.once(ADA, "k", OTHER, never)) == 422
    assert await ledger.once(ADA, "k", ONE, never) == (DONE, True)


async def test_another_request_is_refused_while_the_first_is_under_way(ledger, runs):
    first = start(ledger.once(ADA, "k", ONE, runs.run()))
    await quiet()
    assert await status_of(ledger.once(ADA, "k", OTHER, never)) == 422
    runs.finish(0, DONE)
    assert await first == (DONE, False)


async def test_keys_are_a_callers_own(ledger):
    await ledger.once(ADA, "k", ONE, at_once(DONE))
    assert await ledger.once(BOB, "k", ONE, at_once(LATER)) == (LATER, False)
    assert await ledger.once(ADA, "l", ONE, at_once(LATER)) == (LATER, False)


async def test_users_who_share_a_key_for_limits_do_not_share_answers(ledger):
    await ledger.once(Caller("everybody", "1"), "k", ONE, at_once(DONE))
    assert await ledger.once(Caller("everybody", "2"), "k", ONE, at_once(LATER)) == (LATER, False)


@pytest.mark.parametrize(
    ("caller", "key"),
    [
        (Caller("a:b"), "c"),
        (Caller("a"), "b:c"),
        (Caller("a", ":b"), "c"),
        (Caller("", "a:b"), "c"),
        (Caller("a:b:"), "c"),
    ],
)
async def test_where_one_field_ends_and_the_next_begins_makes_a_difference(ledger, caller, key):
    for other, name in [(Caller("a:"), "b:c"), (Caller("a", "b"), ":c"), (Caller("a:b", ":"), "c")]:
        await ledger.once(other, name, ONE, at_once(DONE))
    assert await ledger.once(caller, key, ONE, at_once(LATER)) == (LATER, False)


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "a\n", "\n", "é", "\x7f", "a\x00", " "])
async def test_what_is_no_key_is_refused(ledger, key):
    assert await status_of(ledger.once(ADA, key, ONE, never)) == 400


@pytest.mark.parametrize("key", ["!", "~", "x" * 255, '"8e03978e-40d5-43dd-bc93-6894a57f9324"'])
async def test_what_is_a_key_is_taken(ledger, key):
    assert await ledger.once(ADA, key, ONE, at_once(DONE)) == (DONE, False)


async def test_those_who_ask_meanwhile_wait_and_are_given_the_same_answer(ledger, runs):
    asked = [start(ledger.once(ADA, "k", ONE, runs.run())) for _ in range(5)]
    await quiet()
    assert len(runs) == 1
    runs.finish(0, DONE)
    assert await asyncio.gather(*asked) == [(DONE, False)] + [(DONE, True)] * 4
    assert not others()


async def test_where_the_first_raises_one_of_those_who_wait_runs(ledger, runs):
    asked = [start(ledger.once(ADA, "k", ONE, runs.run(index))) for index in range(4)]
    await quiet()
    runs.finish(0, ValueError("boom"))
    await quiet()
    assert [run.label for run in runs.begun] == [0, 1]
    runs.finish(1, DONE)
    with pytest.raises(ValueError, match="boom"):
        await asked[0]
    assert await asyncio.gather(*asked[1:]) == [(DONE, False), (DONE, True), (DONE, True)]
    assert not others()


@pytest.mark.parametrize("raised", [RequestError("no"), ValueError(), asyncio.CancelledError(), TimeoutError()])
async def test_where_all_raise_each_is_told_of_its_own_and_nothing_is_kept(ledger, runs, raised):
    asked = [start(ledger.once(ADA, "k", ONE, runs.run())) for _ in range(3)]
    for index in range(3):
        await quiet()
        assert len(runs) == index + 1
        runs.finish(index, raised)
    assert [type(end) for end in await asyncio.gather(*asked, return_exceptions=True)] == [type(raised)] * 3
    assert await ledger.once(ADA, "k", ONE, at_once(DONE)) == (DONE, False)


async def test_a_run_that_ends_the_program_ends_itself_only(ledger):
    async def leave():
        raise SystemExit

    with pytest.raises(Crashed):
        await ledger.once(ADA, "k", ONE, leave)
    assert await ledger.once(ADA, "k", ONE, at_once(DONE)) == (DONE, False)


@pytest.mark.parametrize("status", sorted(ASK_AGAIN))
async def test_an_answer_after_which_to_ask_again_is_given_and_not_kept(ledger, runs, status):
    asked = [start(ledger.once(ADA, "k", ONE, runs.run())) for _ in range(2)]
    await quiet()
    runs.finish(0, Answer(status))
    assert await asyncio.gather(*asked) == [(Answer(status), False), (Answer(status), True)]
    assert await ledger.once(ADA, "k", ONE, at_once(DONE)) == (DONE, False)


async def test_a_key_is_free_for_another_request_where_nothing_was_kept(ledger):
    await ledger.once(ADA, "k", ONE, at_once(Answer(503)))
    assert await ledger.once(ADA, "k", OTHER, at_once(DONE)) == (DONE, False)


async def test_the_run_goes_on_when_nobody_waits_any_more_and_its_answer_is_kept(ledger, runs):
    first = start(ledger.once(ADA, "k", ONE, runs.run()))
    await quiet()
    first.cancel()
    await quiet()
    assert first.cancelled()
    assert len(ledger) == 1
    again = start(ledger.once(ADA, "k", ONE, never))
    await quiet()
    runs.finish(0, DONE)
    assert await again == (DONE, True)
    assert await ledger.once(ADA, "k", ONE, never) == (DONE, True)


async def test_draining_waits_for_what_nobody_waits_for(ledger, runs):
    first = start(ledger.once(ADA, "k", ONE, runs.run()))
    await quiet()
    first.cancel()
    drained = start(ledger.drain())
    await quiet()
    assert not drained.done()
    runs.finish(0, DONE)
    await drained
    assert len(ledger) == 0
    assert await ledger.once(ADA, "k", ONE, never) == (DONE, True)


async def test_draining_waits_for_nothing_where_nothing_runs(ledger):
    await ledger.drain()


async def test_whoever_waits_may_give_up_without_the_others(ledger, runs):
    asked = [start(ledger.once(ADA, "k", ONE, runs.run())) for _ in range(3)]
    await quiet()
    asked[1].cancel()
    await quiet()
    runs.finish(0, DONE)
    assert await asked[0] == (DONE, False)
    assert await asked[2] == (DONE, True)
    assert asked[1].cancelled()


@pytest.mark.parametrize(("raised", "noted"), [(ValueError("boom"), 1), (RequestError("no"), 0)])
async def test_a_crash_that_nobody_waits_for_is_in_the_log(ledger, runs, caplog, raised, noted):
    first = start(ledger.once(ADA, "k", ONE, runs.run()))
    await quiet()
    first.cancel()
    await quiet()
    with caplog.at_level(logging.ERROR):
        runs.finish(0, raised)
        await quiet()
    assert len(caplog.records) == noted
    assert await ledger.once(ADA, "k", ONE, at_once(DONE)) == (DONE, False)


async def test_an_answer_is_kept_for_a_day_from_when_it_was_given(ledger, runs, time):
    first = start(ledger.once(ADA, "k", ONE, runs.run()))
    await quiet()
    time.now += 1000
    runs.finish(0, DONE)
    await first
    time.now += 86_399
    assert await ledger.once(ADA, "k", ONE, never) == (DONE, True)
    time.now += 1
    assert await ledger.once(ADA, "k", OTHER, at_once(LATER)) == (LATER, False)
    assert await ledger.once(ADA, "k", OTHER, never) == (LATER, True)


async def test_what_runs_longer_than_answers_are_kept_still_runs_once(ledger, runs, time):
    first = start(ledger.once(ADA, "k", ONE, runs.run()))
    await quiet()
    time.now += 90_000
    await ledger.once(ADA, "another", ONE, at_once(DONE))
    again = start(ledger.once(ADA, "k", ONE, never))
    await quiet()
    runs.finish(0, DONE)
    assert await asyncio.gather(first, again) == [(DONE, False), (DONE, True)]
    assert await ledger.once(ADA, "k", ONE, never) == (DONE, True)


async def test_what_was_begun_by_a_process_that_died_is_refused_until_its_time_is_over(store, time, runs):
    died = Ledger(store, clock=time)
    asked = start(died.once(ADA, "k", ONE, runs.run()))
    await quiet()
    for task in others():
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    ledger = Ledger(store, clock=time)
    time.now += 86_399
    assert await status_of(ledger.once(ADA, "k", ONE, never)) == 409
    assert await status_of(ledger.once(ADA, "k", OTHER, never)) == 422
    time.now += 1
    assert await ledger.once(ADA, "k", ONE, at_once(DONE)) == (DONE, False)


async def test_those_who_wait_for_what_is_stopped_do_not_run_it_again(ledger, runs):
    asked = [start(ledger.once(ADA, "k", ONE, runs.run())) for _ in range(3)]
    await quiet()
    (task,) = others() - set(asked)
    task.cancel()
    first, *waiting = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, asyncio.CancelledError)
    assert [refused.status for refused in waiting] == [409, 409]
    assert len(runs) == 1


async def test_the_run_sees_what_is_true_where_it_was_asked_for(ledger):
    whose = ContextVar("whose", default="nobody")

    async def run():
        return Answer(200, whose.get().encode())

    whose.set("ada")
    assert await ledger.once(ADA, "k", ONE, run) == (Answer(200, b"ada"), False)


@pytest.mark.parametrize(
    ("key", "fingerprint", "message"),
    [
        ("", ONE, "idempotency key: Must be 1 to 255 visible ASCII characters"),
        ("done", OTHER, "Send that request again just as it was, or choose a new key for this one"),
        ("large", ONE, "It is not carried out again: look at what became of it"),
        ("unseen", ONE, "look whether it was done, and if it was not, send it with a new key"),
    ],
)
async def test_a_refusal_says_what_to_do(runs, key, fingerprint, message):
    ledger = Ledger(MemoryAnswers(max_bytes=5000))
    await ledger.once(ADA, "done", ONE, at_once(DONE))
    await ledger.once(ADA, "large", ONE, at_once(Answer(200, b"x" * 5000)))
    stopped = start(ledger.once(ADA, "unseen", ONE, runs.run()))
    await quiet()
    for task in others():
        task.cancel()
    await asyncio.wait([stopped])
    with pytest.raises(RequestError) as refused:
        await ledger.once(ADA, key, fingerprint, never)
    assert message in refused.value.message


class Broken(MemoryAnswers):
    """A store that fails when it is told to."""

    fails = ""

    async def begin(self, *told):
        self._maybe("begin")
        return await super().begin(*told)

    async def finish(self, *told):
        self._maybe("finish")
        await super().finish(*told)

    def _maybe(self, verb):
        if self.fails == verb:
            raise OSError("disk full")


async def test_nothing_runs_where_its_beginning_cannot_be_noted():
    store = Broken()
    store.fails = "begin"
    with pytest.raises(OSError, match="disk full"):
        await Ledger(store).once(ADA, "k", ONE, never)


async def test_an_answer_that_cannot_be_kept_is_not_shown_and_its_run_not_repeated(runs):
    store = Broken()
    ledger = Ledger(store)
    asked = [start(ledger.once(ADA, "k", ONE, runs.run())) for _ in range(2)]
    await quiet()
    store.fails = "finish"
    runs.finish(0, DONE)
    first, second = await asyncio.gather(*asked, return_exceptions=True)
    assert isinstance(first, OSError)
    assert second.status == 409
    store.fails = ""
    assert await status_of(ledger.once(ADA, "k", ONE, never)) == 409


async def test_neither_key_nor_caller_is_handed_to_the_store():
    told = []

    class Listening(MemoryAnswers):
        async def begin(self, *given):
            told.append(given)
            return await super().begin(*given)

    await Ledger(Listening()).once(Caller("caller-in-the-clear"), "key-in-the-clear", ONE, at_once(DONE))
    assert b"in-the-clear" not in repr(told).encode()
    assert len(told[0][0]) == 32


def test_a_ledger_is_what_the_engine_wants(ledger):
    wanted: OnceOnly = ledger
    assert callable(wanted.once)


async def test_what_takes_too_long_is_stopped_and_not_done_again(store, time):
    ledger = Ledger(store, longest=0.01, clock=time)
    assert await status_of(ledger.once(ADA, "k", ONE, hanging)) == 504
    assert await status_of(ledger.once(ADA, "k", ONE, never)) == 409
    assert len(ledger) == 0


async def test_a_time_limit_of_its_own_is_an_ordinary_failure(ledger):
    async def late():
        raise TimeoutError

    with pytest.raises(TimeoutError):
        await ledger.once(ADA, "k", ONE, late)
    assert await ledger.once(ADA, "k", ONE, at_once(DONE)) == (DONE, False)


async def test_draining_ends_after_its_time_and_stops_what_is_left(ledger):
    asked = start(ledger.once(ADA, "k", ONE, hanging))
    await quiet()
    await ledger.drain(0.01)
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert len(ledger) == 0
    assert await status_of(ledger.once(ADA, "k", ONE, never)) == 409


async def hanging():
    await asyncio.Event().wait()
