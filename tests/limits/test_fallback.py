"""What holds while the shared limits cannot be asked, and that it never adds up to more than twice the limit."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fanfold.errors import LimitsUnknown
from fanfold.limits import Concurrency, MemoryLimiter, Profile, Window
from fanfold.limits.fallback import FallbackLimiter
from fanfold.model import Refusal
from tests.limits.benches import finish

LIMITS = Profile((Window("requests", 12), Concurrency("writes", 6)))


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


class Redis:
    """Shared limits that can go away, and forget."""

    losses = 0
    away = False

    def __init__(self, limits, clock):
        self.profile = limits
        self.line = self
        self.clock = clock
        self.begin_anew()

    @property
    def up(self):
        return not self.away

    def begin_anew(self):
        self.kept = MemoryLimiter(self.profile, self.clock)

    def lose_all(self):
        self.begin_anew()
        self.losses += 1

    async def take(self, key, costs):
        if self.away:
            raise LimitsUnknown
        return await self.kept.take(key, costs)

    async def look(self, key, costs):
        if self.away:
            raise LimitsUnknown
        return await self.kept.look(key, costs)


class Watched:
    def __init__(self):
        self.alone_by = Counter()

    def shared(self, *, up):
        raise AssertionError("the line says that")

    def alone(self, policy):
        self.alone_by[policy] += 1


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def redis(clock):
    return Redis(LIMITS, clock)


@pytest.fixture
def watched():
    return Watched()


@pytest.fixture
def limiter(redis, clock, watched):
    def made(policy, fleet=3):
        return FallbackLimiter(redis, policy, fleet=fleet, watch=watched, clock=clock)

    return made


@pytest.mark.parametrize("policy", ["local", "deny", "allow"])
async def test_while_it_is_there_redis_decides(limiter, redis, policy, watched):
    one = limiter(policy)
    grant = await one.take("ada", {"requests": 12, "writes": 6})
    assert [(standing.limit, standing.left) for standing in grant.standing()] == [("requests", 0), ("writes", 0)]
    assert await one.take("ada", {"writes": 1}) == Refusal("writes", 30)
    assert await one.look("ada", {"requests": 1}) == Refusal("requests", 60)
    grant.release()
    assert not isinstance(await one.take("ada", {"writes": 6}), Refusal)
    assert not watched.alone_by


async def test_to_deny_is_no_429(limiter, redis, watched):
    redis.away = True
    with pytest.raises(LimitsUnknown) as refused:
        await limiter("deny").take("ada", {"requests": 1})
    assert (refused.value.status, refused.value.retry_after) == (503, 5)
    assert watched.alone_by == {"deny": 1}


async def test_to_allow_counts_nothing_and_tells_nothing(limiter, redis, watched):
    redis.away = True
    for _ in range(3):
        grant = await limiter("allow").take("ada", {"requests": 100, "writes": 100})
        assert grant.standing() == ()
        grant.release()
    assert watched.alone_by == {"allow": 3}


@pytest.mark.parametrize("policy", ["deny", "allow"])
async def test_nothing_is_told_of_limits_that_cannot_be_asked(limiter, redis, policy):
    redis.away = True
    assert await limiter(policy).look("ada", {"requests": 100}) == ()


async def test_a_share_is_what_each_worker_has_when_it_is_alone(limiter, redis, watched):
    redis.away = True
    one, two = limiter("local"), limiter("local")
    for each in (one, two):
        grant = await each.take("ada", {"requests": 4, "writes": 2})
        assert grant.standing() == ()
        assert await grant.renew()
        refusal = await each.take("ada", {"requests": 1})
        assert (refusal, refusal.standing) == (Refusal("requests", 60), ())
        assert await each.take("ada", {"writes": 1}) == Refusal("writes", 30)
        assert await each.look("ada", {"requests": 1}) == Refusal("requests", 60)
        assert await each.look("bob", {"requests": 1}) == ()
        grant.release()
        assert not isinstance(await each.take("ada", {"writes": 2}), Refusal)
    assert watched.alone_by == {"local": 8}


async def test_more_than_a_share_is_not_refused_for_ever_but_more_than_the_limit_is(limiter, redis):
    redis.away = True
    one = limiter("local")
    assert await one.take("ada", {"requests": 5}) == Refusal("requests", 5)
    assert await one.take("ada", {"requests": 1, "writes": 3}) == Refusal("writes", 5)
    assert await one.take("ada", {"requests": 13}) == Refusal("requests", None)


async def test_grants_outlive_the_switch_both_ways(limiter, redis):
    one = limiter("local")
    shared = await one.take("ada", {"writes": 6})
    redis.away = True
    alone = await one.take("bob", {"writes": 2})
    shared.release()
    assert not isinstance(await one.take("ada", {"writes": 2}), Refusal)
    redis.away = False
    alone.release()
    alone.release()
    assert not isinstance(await one.take("bob", {"writes": 6}), Refusal)
    assert await one.take("bob", {"writes": 1}) == Refusal("writes", 30)


async def test_after_a_loss_the_share_has_to_have_room_too_for_as_long_as_it_matters(limiter, redis, clock):
    one, two = limiter("local"), limiter("local")
    redis.lose_all()
    await one.take("ada", {"requests": 4})
    assert await one.take("ada", {"requests": 1}) == Refusal("requests", 60)
    clock.now += 1
    grant = await two.take("ada", {"requests": 4, "writes": 2})
    assert grant.standing() == ()
    assert await two.take("ada", {"requests": 1}) == Refusal("requests", 60)
    grant.release()
    assert not isinstance(await two.take("ada", {"writes": 2}), Refusal)
    clock.now += 59
    assert not isinstance(await one.take("ada", {"requests": 8}), Refusal)
    assert await one.take("ada", {"requests": 1}) == Refusal("requests", 1)


async def test_after_a_loss_what_redis_refuses_takes_nothing_from_the_share(limiter, redis):
    one, two = limiter("local", fleet=1), limiter("local", fleet=1)
    redis.lose_all()
    await two.take("ada", {"writes": 6})
    assert await one.take("ada", {"writes": 1}) == Refusal("writes", 30)
    redis.away = True
    assert not isinstance(await one.take("ada", {"writes": 6}), Refusal)


async def test_after_a_loss_the_share_alone_decides_when_redis_goes_away_again(limiter, redis, watched):
    one = limiter("local")
    redis.lose_all()
    redis.away = True
    assert not isinstance(await one.take("ada", {"requests": 4}), Refusal)
    assert await one.take("ada", {"requests": 1}) == Refusal("requests", 60)
    assert watched.alone_by == {"local": 1}


async def test_to_deny_does_not_give_everything_away_once_more_either(limiter, redis, watched):
    workers = [limiter("deny") for _ in range(3)]
    given = 0
    for _ in range(4):
        for worker in workers:
            while not isinstance(await worker.take("ada", {"requests": 1}), Refusal):
                given += 1
        redis.lose_all()
    assert given == 2 * 12
    redis.away = True
    with pytest.raises(LimitsUnknown):
        await workers[0].take("bob", {"writes": 2})
    redis.away = False
    assert not isinstance(await workers[0].take("bob", {"writes": 2}), Refusal)


async def test_who_is_denied_after_a_loss_has_used_up_nothing_when_redis_is_back(limiter, redis, watched):
    one = limiter("deny")
    redis.lose_all()
    redis.away = True
    for _ in range(20):
        with pytest.raises(LimitsUnknown):
            await one.take("ada", {"requests": 1})
    assert watched.alone_by == {"deny": 20}
    redis.away = False
    assert not isinstance(await one.take("ada", {"requests": 4}), Refusal)


async def test_a_crash_after_a_loss_leaves_nothing_taken(limiter, redis):
    one = limiter("local")
    redis.lose_all()

    async def crash(key, costs):
        raise ZeroDivisionError

    redis.take = crash
    with pytest.raises(ZeroDivisionError):
        await one.take("ada", {"writes": 2})
    del redis.take
    assert not isinstance(await one.take("ada", {"writes": 2}), Refusal)


async def test_nobody_need_look_on(redis, clock):
    redis.away = True
    assert not isinstance(await FallbackLimiter(redis, "allow", clock=clock).take("ada", {"requests": 1}), Refusal)


async def test_a_share_has_slots_for_a_whole_batch(redis, clock):
    redis.away = True
    one = FallbackLimiter(redis, "local", fleet=3, batch=5, clock=clock)
    grant = await one.take("ada", {"requests": 4, "writes": 5})
    assert not isinstance(grant, Refusal)
    assert await one.take("bob", {"requests": 5}) == Refusal("requests", 5)


FLEET = 3


class Fleet(RuleBasedStateMachine):
    """Workers that share a Redis to which everything happens."""

    @initialize(charge_refused=st.booleans(), policy=st.sampled_from(("local", "deny")))
    def start(self, charge_refused, policy):
        self.clock = Clock()
        self.redis = Redis(Profile(LIMITS.rules, charge_refused), self.clock)
        self.workers = [FallbackLimiter(self.redis, policy, fleet=FLEET, clock=self.clock) for _ in range(FLEET)]
        self.admitted = []
        self.held = []

    @rule(worker=st.integers(0, FLEET - 1), n=st.integers(1, 6), writes=st.integers(0, 3))
    def take(self, worker, n, writes):
        costs = {"requests": n, "writes": writes} if writes else {"requests": n}
        try:
            outcome = finish(self.workers[worker].take("ada", costs))
        except LimitsUnknown:
            return
        if not isinstance(outcome, Refusal):
            self.admitted.append((self.clock.now, n))
            self.held.append((outcome, writes, self.clock.now + 60))

    @rule(data=st.data())
    def release(self, data):
        if self.held:
            grant, _, _ = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
            grant.release()

    @rule(seconds=st.integers(0, 70))
    def advance(self, seconds):
        self.clock.now += seconds

    @rule(away=st.booleans())
    def switch(self, away):
        self.redis.away = away

    @rule()
    def lose_all(self):
        self.redis.lose_all()

    @invariant()
    def no_window_holds_more_than_twice_the_limit(self):
        for start, _ in self.admitted:
            assert sum(n for at, n in self.admitted if start <= at < start + 60) <= 2 * 12

    @invariant()
    def no_more_than_twice_the_limit_is_held_at_once(self):
        assert sum(writes for _, writes, end in self.held if self.clock.now < end) <= 2 * 6


TestFleet = Fleet.TestCase
TestFleet.settings = settings(max_examples=300, stateful_step_count=40)
