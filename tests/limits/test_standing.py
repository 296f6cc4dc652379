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


async def test_what_is_under_way_and_reserved_is_told_beforehand(limiter, under_way):
    under_way["ada"] = 2
    await limiter.take("ada", {"jobs": 1})
    assert await limiter.look("ada", {"requests": 1}) == ()
    (standing,) = await limiter.look("ada", {"jobs": 2})
    assert (standing.quota, standing.left, standing.reset) == (5, 2, 30)
    assert await limiter.look("ada", {"jobs": 3}) == Refusal("jobs", 30)
    assert await limiter.look("ada", {"jobs": 6}) == Refusal("jobs", None)


async def test_where_all_is_reserved_nothing_is_left(limiter):
    await limiter.take("ada", {"jobs": 5})
    assert await limiter.take("ada", {"jobs": 1}) == Refusal("jobs", 30)
    assert await limiter.look("ada", {"jobs": 1}) == Refusal("jobs", 30)


async def test_a_reservation_tells_how_the_limit_stands(limiter, under_way):
    under_way["ada"] = 2
    grant = await limiter.take("ada", {"jobs": 1})
    assert [standing.left for standing in grant.standing()] == [2]


async def test_a_count_that_fails_reserves_nothing(under_way):
    async def count(key):
        return under_way[key]

    limiter = StandingLimiter("jobs", 1, count, wait=30)
    with pytest.raises(KeyError):
        await limiter.take("ada", {"jobs": 1})
    under_way["ada"] = 0
    assert not isinstance(await limiter.take("ada", {"jobs": 1}), Refusal)
