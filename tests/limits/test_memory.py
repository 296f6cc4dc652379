"""What is particular to the store in memory: its clock, its size, and that nothing comes between."""

import asyncio
import time
from inspect import signature

import pytest

from fanfold.limits import Concurrency, MemoryLimiter, NoLimiter, Profile, Window, profile
from fanfold.model import Refusal
from tests.limits.benches import MemoryBench


async def test_p3_a_hundred_tasks_at_once_are_admitted_up_to_the_limit_exactly():
    limiter = MemoryLimiter(Profile((Window("requests", 40), Concurrency("writes", 30))), clock=lambda: 0.0)
    writers = [limiter.take("ada", {"requests": 1, "writes": 1}) for _ in range(50)]
    readers = [limiter.take("ada", {"requests": 1}) for _ in range(50)]
    answers = await asyncio.gather(*writers, *readers)
    assert sum(not isinstance(answer, Refusal) for answer in answers[:50]) == 30
    assert sum(not isinstance(answer, Refusal) for answer in answers[50:]) == 10


@pytest.mark.parametrize("jump", [-1e6, 1e6])
async def test_p11_jumps_of_the_wall_clock_change_nothing(monkeypatch, jump):
    assert signature(MemoryLimiter).parameters["clock"].default is time.monotonic
    limiter = MemoryLimiter(Profile((Window("requests", 1), Concurrency("writes", 1))))
    await limiter.take("ada", {"requests": 1, "writes": 1})
    then = time.time()
    monkeypatch.setattr(time, "time", lambda: then + jump)
    monkeypatch.setattr(time, "time_ns", lambda: int((then + jump) * 1e9))
    assert await limiter.take("ada", {"requests": 1}) == Refusal("requests", 60)
    assert await limiter.take("ada", {"writes": 1}) == Refusal("writes", 30)


def test_idle_keys_are_forgotten_as_new_ones_come():
    store = MemoryBench(profile("asana-free"))
    for key in range(1000):
        grant = store.take(f"caller {key}", {"requests": 1, "reads": 1})
        store.release(grant)
        store.advance(1)
        assert len(store.limiter) <= 2 * 61


def test_a_key_is_forgotten_when_its_last_charge_has_passed_and_no_sooner():
    store = MemoryBench(Profile((Window("requests", 2),)))
    store.take("ada", {"requests": 1})
    store.advance(30)
    store.take("ada", {"requests": 1})
    store.advance(59)
    store.take("bob", {})
    assert store.take("ada", {"requests": 2}) == Refusal("requests", 1)
    store.advance(1)
    store.take("carol", {})
    assert len(store.limiter) == 1


def test_a_key_whose_holder_crashed_is_forgotten_after_its_lease():
    store = MemoryBench(Profile((Concurrency("writes", 1),)))
    store.take("crashed", {"writes": 1})
    store.advance(59)
    store.take("bob", {})
    assert len(store.limiter) == 2
    assert store.take("crashed", {"writes": 1}) == Refusal("writes", 1)
    store.advance(1)
    store.take("carol", {})
    assert len(store.limiter) == 1


def test_a_grant_of_a_forgotten_key_frees_nobody_elses_slot():
    store = MemoryBench(Profile((Concurrency("writes", 1, lease=5),)))
    late = store.take("ada", {"writes": 1})
    store.advance(5)
    store.take("bob", {})
    store.take("ada", {"writes": 1})
    store.release(late)
    assert store.take("ada", {"writes": 1}) == Refusal("writes", 5)


@pytest.mark.parametrize("charge_refused", [False, True])
def test_what_is_remembered_of_a_key_is_bounded_by_its_limits(charge_refused):
    store = MemoryBench(Profile((Window("requests", 10), Concurrency("writes", 5)), charge_refused))
    for n in range(500):
        store.take("ada", {"requests": 1 + n % 12, "writes": 1})
        store.advance(0.25)
        [span], [slots] = store.limiter._accounts["ada"].values()
        assert len(span._charges) <= 10
        assert sum(amount for _, amount in span._charges) == 10 - span._left
        assert len(slots._leases) <= 5


async def test_off_allows_everything_and_its_grants_hold_nothing():
    limiter = NoLimiter()
    for _ in range(3):
        grant = await limiter.take("ada", {"requests": 10**9})
        assert not isinstance(grant, Refusal)
        assert await grant.renew()
        assert await limiter.look("ada", {"requests": 10**9}) == grant.standing() == ()
        grant.release()


async def test_a_profile_without_rules_allows_everything():
    limiter = MemoryLimiter(profile("off"))
    assert not isinstance(await limiter.take("ada", {"requests": 10**9, "writes": 10**9}), Refusal)
