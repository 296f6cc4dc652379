"""What is particular to the store in Redis: its keys, its clock, names that make repeating harmless."""

import asyncio
import gc
import re
import time
from functools import partial
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from fanfold.errors import LimitsUnknown
from fanfold.limits import Concurrency, Profile, Window, profile
from fanfold.limits.fallback import FallbackLimiter
from fanfold.limits.line import line_to
from fanfold.limits.redis import RedisLimiter
from fanfold.limits.shapes import SCRIPTS
from fanfold.limits.standing import StandingLimiter, reservations
from fanfold.model import Refusal
from tests.limits.benches import PATIENCE
from tests.limits.test_stores import AgainstTheModel

pytestmark = pytest.mark.services


class AgainstTheModelWithFaults(AgainstTheModel):
    """Any history in which answers are lost and asked for again, and the server forgets scripts or all it knows."""

    def __init__(self, bench):
        super().__init__(bench)
        bench.line.forget()

    @precondition(lambda self: self.bench.line.last is not None)
    @rule()
    def take_once_more(self):
        before, now = self.store.take_once_more()
        assert before == now

    @rule()
    def forget_scripts(self):
        self.bench.server.do("SCRIPT", "FLUSH")

    @rule()
    def lose_the_connection(self):
        self.bench.server.do("CLIENT", "KILL", "TYPE", "normal")

    @rule()
    def lose_all(self):
        self.bench.server.do("FLUSHALL")
        self.model.lose_all()
        self.bench.line.forget()


def test_p4_any_history_reads_as_in_the_model_whatever_is_lost_on_the_way(redis_benches):
    run_state_machine_as_test(
        partial(AgainstTheModelWithFaults, redis_benches), settings=settings(stateful_step_count=40)
    )


@pytest.fixture
async def limiters(shared_redis, request):
    """Limiters of as many processes as are wanted: each has a line of its own."""
    made = []

    def make(limits, **options):
        line = line_to(shared_redis.url, SCRIPTS, deadline=PATIENCE)
        made.append(RedisLimiter(limits, line, space=request.node.name, **options))
        return made[-1]

    yield make
    for limiter in made:
        await limiter.close()


def keys_of(server):
    """All keys of limits, each with the milliseconds that it has left."""
    found = server.do("EVAL", "return table.concat(redis.call('KEYS', 'fanfold:{*'), '\\n')", 0).decode().split()
    return {key: int(server.do("PTTL", key)[1:]) for key in found}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.mark.parametrize("count", [1, 3])
async def test_p3_however_many_ask_at_once_exactly_the_limit_is_admitted(limiters, count):
    processes = [limiters(Profile((Window("requests", 400), Concurrency("writes", 30)))) for _ in range(count)]
    writers = [processes[n % count].take("ada", {"requests": 1, "writes": 1}) for n in range(60)]
    readers = [processes[n % count].take("ada", {"requests": 10}) for n in range(60)]
    answers = await asyncio.gather(*writers, *readers)
    assert sum(not isinstance(answer, Refusal) for answer in answers[:60]) == 30
    assert sum(not isinstance(answer, Refusal) for answer in answers[60:]) == 37


async def test_spaces_count_apart(limiters, shared_redis):
    one = limiters(Profile((Window("requests", 1),)))
    other = RedisLimiter(one.profile, one.line, space="another")
    assert not isinstance(await one.take("ada", {"requests": 1}), Refusal)
    assert not isinstance(await other.take("ada", {"requests": 1}), Refusal)
    assert isinstance(await one.take("ada", {"requests": 1}), Refusal)


async def test_all_keys_of_a_caller_are_in_one_slot_of_a_cluster_and_none_stays(limiters, own_redis):
    line = line_to(own_redis.url, SCRIPTS, deadline=PATIENCE)
    limiter = RedisLimiter(profile("asana-free"), line)
    costs = {"requests": 1, "searches": 1, "reads": 1, "writes": 1}
    grant = await limiter.take("ada: a key with {braces} and \udc80", costs)
    await grant.renew()
    grant.release()
    await limiter.take("ada: a key with {braces} and \udc80", {"requests": 1000})
    await limiter.close()
    keys = keys_of(own_redis)
    assert len(keys) == 5
    assert len({key[key.index("{") : key.index("}") + 1] for key in keys}) == 1
    assert all(0 < left <= 121_000 for left in keys.values())


async def test_keys_stay_for_as_long_as_they_count(limiters, own_redis):
    clock = Clock()
    line = line_to(own_redis.url, SCRIPTS, deadline=PATIENCE)
    limiter = RedisLimiter(Profile((Window("requests", 1000), Concurrency("writes", 1000))), line, clock=clock)
    for _ in range(200):
        await limiter.take("ada", {"requests": 1, "writes": 1})
        clock.now += 7  # far more than has passed for the server: what it keeps is kept long enough
        assert all(left >= 60_000 for key, left in keys_of(own_redis).items() if ":limit:" in key)
    await limiter.close()


async def test_what_is_kept_of_a_caller_is_bounded(limiters, own_redis):
    clock = Clock()
    line = line_to(own_redis.url, SCRIPTS, deadline=PATIENCE)
    limits = Profile((Window("requests", 20), Concurrency("writes", 5)), charge_refused=True)
    limiter = RedisLimiter(limits, line, clock=clock)
    for n in range(500):
        await limiter.take("ada", {"requests": 1 + n % 25, "writes": 1})
        clock.now += 0.25
    await limiter.close()
    window, slots = sorted(key for key in keys_of(own_redis) if ":limit:" in key)
    assert int(own_redis.do("LLEN", window)[1:]) <= 2 * 20 + 1
    assert int(own_redis.do("ZCARD", slots)[1:]) <= 5 + 1
    answers = [key for key in keys_of(own_redis) if ":limit:" not in key]
    assert sum(int(own_redis.do("HLEN", key)[1:]) for key in answers) <= 2 * (5 / 0.25 + 3)


async def test_a_batch_is_one_entry_however_large(limiters, own_redis):
    line = line_to(own_redis.url, SCRIPTS, deadline=PATIENCE)
    limiter = RedisLimiter(Profile((Window("requests", 1000), Concurrency("writes", 1000))), line)
    await limiter.take("ada", {"requests": 500, "writes": 500})
    await limiter.close()
    window, slots = sorted(key for key in keys_of(own_redis) if ":limit:" in key)
    assert own_redis.do("LLEN", window) == b":3"
    assert own_redis.do("ZCARD", slots) == b":2"


async def test_many_charges_pass_at_once(limiters):
    clock = Clock()
    limiter = limiters(Profile((Window("requests", 5000),)), clock=clock)
    for _ in range(2500):
        await limiter.take("ada", {"requests": 1})
        clock.now += 1 / 64
    assert await limiter.take("ada", {"requests": 5000}) == Refusal("requests", 60)
    clock.now += 40
    (standing,) = await limiter.look("ada", {"requests": 1})
    assert standing.left == 5000 - 1279
    assert await limiter.take("ada", {"requests": 4400}) == Refusal("requests", 11)


async def test_the_user_of_the_guide_may_do_all_that_is_needed(own_redis):
    guide = (Path(__file__).parents[2] / "docs" / "limits.md").read_text()
    own_redis.do(*re.search(r"`(ACL SETUSER .*?)`", guide)[1].split())
    own_redis.do("ACL", "SETUSER", "default", "off")
    line = line_to(f"redis://fanfold:secret@127.0.0.1:{own_redis.port}/0", SCRIPTS, deadline=PATIENCE)
    limiter = RedisLimiter(profile("asana-paid"), line)
    grant = await limiter.take("ada", {"requests": 5, "reads": 2, "writes": 3})
    assert await grant.renew()
    grant.release()
    assert isinstance(await limiter.take("ada", {"requests": 1500}), Refusal)
    await limiter.close()


async def test_a_process_that_was_busy_does_not_blame_the_server(own_redis, caplog):
    limiter = RedisLimiter(Profile((Window("requests", 50),)), own_redis.url)
    await limiter.take("ada", {"requests": 1})
    for _ in range(3):
        task = asyncio.ensure_future(limiter.take("ada", {"requests": 1}))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        time.sleep(0.2)  # noqa: ASYNC251 - far more than a decision may take
        assert not isinstance(await task, Refusal)
    assert caplog.messages == []
    await limiter.close()


# -- the clock ---------------------------------------------------------------------------------------------------------


async def test_the_clock_is_the_servers_own(limiters):
    limiter = limiters(Profile((Window("requests", 1), Concurrency("writes", 1))))
    await limiter.take("ada", {"requests": 1, "writes": 1})
    assert await limiter.take("ada", {"requests": 1}) == Refusal("requests", 60)
    assert await limiter.take("ada", {"writes": 1}) == Refusal("writes", 30)


@pytest.mark.parametrize("back", [0.5, 30, 3600, 86400 * 365])
async def test_f14_a_clock_that_is_put_back_opens_no_window_and_shuts_none_for_longer(limiters, back):
    clock = Clock()
    clock.now = 1e9
    limiter = limiters(Profile((Window("requests", 4),)), clock=clock)
    await limiter.take("ada", {"requests": 3})
    clock.now -= back
    assert await limiter.take("ada", {"requests": 2}) == Refusal("requests", 60)
    for _ in range(3):
        clock.now += 20
        assert isinstance(await limiter.take("ada", {"requests": 4}), Refusal) == (_ < 2)
    assert await limiter.take("ada", {"requests": 1}) == Refusal("requests", 60)


@pytest.mark.parametrize("back", [30, 3600])
async def test_f14_a_clock_that_is_put_back_lets_no_lease_live_for_ever(limiters, back):
    clock = Clock()
    limiter = limiters(Profile((Concurrency("writes", 1),)), clock=clock)
    clock.now = 1e9
    grant = await limiter.take("ada", {"writes": 1})
    clock.now -= back
    assert await limiter.take("ada", {"writes": 1}) == Refusal("writes", 30)
    assert await grant.renew()
    clock.now += 59
    assert isinstance(await limiter.take("ada", {"writes": 1}), Refusal)
    clock.now += 1 if back > 60 else 61
    assert not isinstance(await limiter.take("ada", {"writes": 1}), Refusal)
    assert not await grant.renew()


# -- names -------------------------------------------------------------------------------------------------------------


async def test_p4_an_admission_that_was_given_up_comes_to_nothing_even_if_it_is_decided_later(limiters):
    limiter = limiters(Profile((Concurrency("writes", 1),)))
    sent = []
    ask = limiter.line.ask

    def give_up(command):
        sent.append(command)
        raise LimitsUnknown

    limiter.line.ask = give_up
    with pytest.raises(LimitsUnknown):
        await limiter.take("ada", {"writes": 1})
    limiter.line.ask = ask
    assert await limiter.line.ask(sent[0]) == b""
    assert not isinstance(await limiter.take("ada", {"writes": 1}), Refusal)


async def test_p5_who_is_cancelled_while_it_is_decided_holds_nothing(limiters):
    limiter = limiters(Profile((Concurrency("writes", 5),)))
    await limiter.take("bob", {"writes": 1})
    for turns in range(4):
        tasks = [asyncio.ensure_future(limiter.take("ada", {"writes": 1})) for _ in range(5)]
        for _ in range(turns):
            await asyncio.sleep(0)
        for task in tasks:
            task.cancel()
        done, _ = await asyncio.wait(tasks)
        assert all(task.cancelled() for task in done)
        grant = await limiter.take("ada", {"writes": 5})
        assert not isinstance(grant, Refusal)
        grant.release()


async def test_f11_no_answer_ever_reaches_the_wrong_caller(limiters):
    limiter = limiters(Profile((Window("requests", 1000),)))

    async def ask(n):
        (standing,) = await limiter.look(f"caller {n}", {"requests": 1})
        assert standing.left == 1000 - n

    for n in range(1, 50):
        await limiter.take(f"caller {n}", {"requests": n})
    for turns in range(200):
        tasks = [asyncio.ensure_future(ask(n)) for n in range(1, 50)]
        for _ in range(turns % 7):
            await asyncio.sleep(0)
        for task in tasks[turns % 3 :: 3]:
            task.cancel()
        done, _ = await asyncio.wait(tasks)
        assert [task.exception() for task in done if not task.cancelled()].count(None) >= len(tasks) * 2 // 3 - 1


# -- leases ------------------------------------------------------------------------------------------------------------


async def test_p6_what_is_held_is_renewed_and_what_was_lost_is_not(limiters):
    clock = Clock()
    limiter = limiters(Profile((Concurrency("writes", 2),)), clock=clock)
    held, released = await limiter.take("ada", {"writes": 1}), await limiter.take("bob", {"writes": 2})
    lost = await limiter.take("ada", {"writes": 1})
    released.release()
    del lost
    gc.collect()
    for _ in range(12):  # two turns a third of the lease
        clock.now += 10
        limiter._holders._turn_over()
    assert await limiter.take("ada", {"writes": 2}) == Refusal("writes", 30)
    assert not isinstance(await limiter.take("ada", {"writes": 1}), Refusal)
    assert not isinstance(await limiter.take("bob", {"writes": 2}), Refusal)
    held.release()
    assert not isinstance(await limiter.take("ada", {"writes": 1}), Refusal)


async def test_turns_end_when_nothing_is_held(limiters):
    limiter = limiters(Profile((Concurrency("writes", 2), Window("requests", 5))))
    await limiter.take("ada", {"requests": 1})
    assert limiter._holders._timer is None
    grant = await limiter.take("ada", {"writes": 1})
    limiter._holders._turn_over()
    grant.release()
    limiter._holders._turn_over()
    assert len(limiter._holders) == 0
    assert limiter._holders._timer is None


async def test_what_needs_no_slots_holds_none(limiters):
    limiter = limiters(Profile((Window("requests", 5),)))
    grant = await limiter.take("ada", {"requests": 1})
    assert await grant.renew()
    grant.release()
    assert await limiter.look("ada", {"unheard-of": 1}) == ()


async def test_names_of_limits_may_be_anything(limiters):
    limiter = limiters(Profile((Window("/shop 100%d:requests", 2), Concurrency("/ü:reads", 2))))
    grant = await limiter.take("ada", {"/shop 100%d:requests": 1, "/ü:reads": 2})
    assert [standing.left for standing in grant.standing()] == [1, 0]
    grant.release()
    assert not isinstance(await limiter.take("ada", {"/shop 100%d:requests": 1, "/ü:reads": 2}), Refusal)


async def test_combinations_of_costs_are_not_remembered_for_ever(limiters, monkeypatch):
    monkeypatch.setattr("fanfold.limits.redis.MAX_SHAPES", 3)
    limiter = limiters(Profile((Window("requests", 50),)))
    for n in range(10):
        await limiter.take("ada", {"requests": 1, f"free {n}": 1})
        assert len(limiter._shapes) <= 3


# -- what is under way -------------------------------------------------------------------------------------------------


async def test_what_workers_reserve_they_see_of_each_other(limiters):
    under_way = {"ada": 3}
    rules = reservations("jobs", 5, 30)

    async def count(key):
        return under_way[key]

    one, two = (StandingLimiter("jobs", 5, count, 30, limiters(rules)) for _ in range(2))
    first = await one.take("ada", {"jobs": 2})
    assert await two.take("ada", {"jobs": 1}) == Refusal("jobs", 30)
    assert await two.look("ada", {"jobs": 1}) == Refusal("jobs", 30)
    under_way["ada"] = 4
    first.release()
    await one._reserved.line.ping()
    grant = await two.take("ada", {"jobs": 1})
    assert [standing.left for standing in grant.standing()] == [0]


async def test_without_redis_what_is_reserved_is_not_known_but_what_is_under_way_is():
    line = line_to("redis://127.0.0.1:1", SCRIPTS)
    reserved = FallbackLimiter(RedisLimiter(reservations("jobs", 5, 30), line), "allow")

    async def count(_key):
        return 4

    limiter = StandingLimiter("jobs", 5, count, 30, reserved)
    assert await limiter.take("ada", {"jobs": 2}) == Refusal("jobs", 30)
    assert not isinstance(await limiter.take("ada", {"jobs": 1}), Refusal)
    await line.close()
