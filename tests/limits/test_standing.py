"""What is under way is counted by whoever keeps it, and what a running request may begin counts too."""

import pytest

from fanfold.limits import StandingLimiter
from fanfold.model import Refusal


@pytest.fixture
def under_way():
    return {}


@pytest.fixture
def limiter(under_way):
    async def count(key):
        return under_way.get(key, 0)

    return StandingLimiter("jobs", 5, count, wait=29.5)


async def test_what_does_not_cost_any_is_never_counted(limiter, under_way):
    under_way["ada"] = 99
    assert not isinstance(await limiter.take("ada", {"requests": 1}), Refusal)


async def test_up_to_the_limit_may_be_under_way_for_each_key(limiter, under_way):
    under_way["ada"] = 4
    assert await limiter.take("ada", {"jobs": 2}) == Refusal("jobs", 30)
    assert not isinstance(await limiter.take("bob", {"jobs": 5}), Refusal)
    assert not isinstance(await limiter.take("ada", {"jobs": 1}), Refusal)


async def test_what_runs_side_by_side_cannot_pass_together(limiter, under_way):
    under_way["ada"] = 3
    first = await limiter.take("ada", {"jobs": 2})
    assert await limiter.take("ada", {"jobs": 1}) == Refusal("jobs", 30)
    first.release()
    first.release()
    assert not isinstance(await limiter.take("ada", {"jobs": 1}), Refusal)
    assert await limiter.take("ada", {"jobs": 2}) == Refusal("jobs", 30)


async def test_releasing_twice_gives_back_nothing_of_another_request(limiter):
    first, _second = await limiter.take("ada", {"jobs": 2}), await limiter.take("ada", {"jobs": 3})
    first.release()
    first.release()
    assert await limiter.take("ada", {"jobs": 3}) == Refusal("jobs", 30)


async def test_what_alone_is_more_than_the_limit_need_not_wait(limiter):
    assert await limiter.take("ada", {"jobs": 6}) == Refusal("jobs", None)
