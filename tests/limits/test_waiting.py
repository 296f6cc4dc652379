"""A limiter with patience."""

import pytest

from fanfold.limits import Concurrency, MemoryLimiter, Profile, Waiting, Window
from fanfold.model import Refusal


class Time:
    def __init__(self):
        self.now = 0.0
        self.slept = []

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time():
    return Time()


def waiting(time, seconds, *rules, key=""):
    return Waiting(MemoryLimiter(Profile(rules), time), seconds, key=key, sleep=time.sleep)


async def test_what_fits_does_not_wait(time):
    limiter = waiting(time, 60, Window("requests", 10))
    assert not isinstance(await limiter.take("x", {"requests": 10}), Refusal)
    assert time.slept == []


async def test_what_fits_a_little_later_waits_until_it_does(time):
    limiter = waiting(time, 60, Window("requests", 10, seconds=7))
    for _ in range(3):
        assert not isinstance(await limiter.take("x", {"requests": 10}), Refusal)
    assert time.slept == [7, 7]


async def test_what_would_wait_too_long_is_refused_at_once(time):
    limiter = waiting(time, 6, Window("requests", 10, seconds=7))
    await limiter.take("x", {"requests": 10})
    assert await limiter.take("x", {"requests": 1}) == Refusal("requests", 7)
    assert time.slept == []


async def test_what_no_wait_can_help_is_refused_at_once(time):
    assert await waiting(time, 60, Window("requests", 10)).take("x", {"requests": 11}) == Refusal("requests", None)
    assert time.slept == []


async def test_patience_ends(time):
    limiter = waiting(time, 3, Concurrency("reads", 1, lease=100, deadline=1))
    await limiter.take("x", {"reads": 1})
    assert await limiter.take("x", {"reads": 1}) == Refusal("reads", 1)
    assert time.slept == [1, 1, 1]


async def test_callers_have_accounts_of_their_own_unless_there_is_one_for_all(time):
    own, shared = (waiting(time, 0, Window("requests", 1), key=key) for key in ("", "all"))
    for limiter, refused in ((own, False), (shared, True)):
        await limiter.take("x", {"requests": 1})
        assert isinstance(await limiter.take("y", {"requests": 1}), Refusal) is refused


async def test_looking_needs_no_patience(time):
    limiter = waiting(time, 60, Window("requests", 10, seconds=7), key="all")
    await limiter.take("x", {"requests": 10})
    assert await limiter.look("y", {"requests": 1}) == Refusal("requests", 7)
    assert time.slept == []
