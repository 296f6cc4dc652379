"""Admission: from every limiter or from none, and given back exactly once."""

import asyncio

import pytest

from fanfold.engine import Admission, make_plan
from fanfold.errors import LimitExceeded
from fanfold.model import Action, Batch, Caller, Refusal
from fanfold.targets import EchoTarget

CALLER = Caller("key")
PLAN = make_plan(Batch((Action("GET", "/a"), Action("POST", "/b"))), CALLER, EchoTarget())


class Recorder:
    """A limiter and the grant it gives: remembers what was taken and counts what was given back."""

    def __init__(self, outcome=None):
        self.outcome = outcome
        self.taken = []
        self.released = 0

    async def take(self, key, costs):
        self.taken.append((key, dict(costs)))
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome or self

    def release(self):
        self.released += 1


async def test_every_limiter_is_asked_for_the_whole_plan():
    limiters = Recorder(), Recorder()
    async with Admission(*limiters).admit(PLAN, CALLER):
        assert [limiter.taken for limiter in limiters] == [[("key", {"requests": 2, "reads": 1, "writes": 1})]] * 2
        assert [limiter.released for limiter in limiters] == [0, 0]
    assert [limiter.released for limiter in limiters] == [1, 1]


async def test_without_limiters_every_plan_is_admitted():
    ran = False
    async with Admission().admit(PLAN, CALLER) as grant:
        grant.release()
        ran = True
    assert ran


async def test_a_refusal_gives_back_what_was_taken_before_it():
    first, refusing, never = Recorder(), Recorder(Refusal("requests", 7)), Recorder()
    with pytest.raises(LimitExceeded) as refused:
        async with Admission(first, refusing, never).admit(PLAN, CALLER):
            pytest.fail("nothing may run")
    assert refused.value.retry_after == 7
    assert (first.released, never.taken) == (1, [])


async def test_a_refusal_that_no_wait_can_help_says_so():
    with pytest.raises(LimitExceeded) as refused:
        await Admission(Recorder(Refusal("requests", None))).admit(PLAN, CALLER).__aenter__()
    assert refused.value.retry_after is None


@pytest.mark.parametrize("raised", [RuntimeError("store is down"), asyncio.CancelledError()])
async def test_a_limiter_that_breaks_leaves_nothing_taken(raised):
    first = Recorder()
    with pytest.raises(type(raised)):
        await Admission(first, Recorder(raised)).admit(PLAN, CALLER).__aenter__()
    assert first.released == 1


@pytest.mark.parametrize("raised", [RuntimeError, asyncio.CancelledError, KeyboardInterrupt])
async def test_slots_are_given_back_when_the_block_is_left_by_an_exception(raised):
    limiter = Recorder()
    with pytest.raises(raised):
        async with Admission(limiter).admit(PLAN, CALLER):
            raise raised
    assert limiter.released == 1


async def test_kept_slots_outlive_the_block_and_are_given_back_once():
    limiter = Recorder()
    async with Admission(limiter).admit(PLAN, CALLER) as grant:
        grant.keep()
    assert limiter.released == 0
    grant.release()
    grant.release()
    assert limiter.released == 1
