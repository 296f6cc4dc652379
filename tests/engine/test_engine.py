"""The whole sentence: planned, admitted, dispatched."""

import asyncio
import gc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.engine import Admission, Engine
from fanfold.errors import LimitExceeded, RequestError, TimedOut
from fanfold.model import Action, Batch, Caller, Refusal
from fanfold.targets import EchoTarget

CALLER = Caller("key")


class Counting:
    """A limiter of so many units in all; ``used`` are those not yet given back."""

    def __init__(self, size=100):
        self.size = size
        self.used = 0
        self.releases = []

    async def take(self, key, costs):
        wanted = costs["requests"]
        if self.used + wanted > self.size:
            return Refusal("requests", 5)
        self.used += wanted
        return CountingGrant(self, wanted)


class CountingGrant:
    def __init__(self, limiter, units):
        self.limiter = limiter
        self.units = units

    def release(self):
        self.limiter.used -= self.units
        self.limiter.releases.append(self.units)


def statuses(results):
    return [result.answer.status if result.answer else result.error.status for result in results]


async def test_a_single_request_is_a_batch_of_one():
    batch = Batch((Action("GET", "/alone"),), single=True)
    assert statuses(await Engine(EchoTarget()).run(batch, CALLER)) == [200]


async def test_a_refused_batch_runs_nothing():
    target, limiter = EchoTarget(), Counting(size=2)
    with pytest.raises(LimitExceeded):
        await Engine(target, Admission(limiter)).run(Batch((Action("GET", "/a"),) * 3), CALLER)
    assert target.calls == []
    assert limiter.used == 0


async def test_batches_at_the_same_time_never_exceed_a_limit_together():
    limiter = Counting(size=5)
    engine = Engine(EchoTarget(), Admission(limiter))
    batch = Batch((Action("GET", "/wait/1"),) * 2)
    outcomes = await asyncio.gather(*(engine.run(batch, CALLER) for _ in range(4)), return_exceptions=True)
    assert [isinstance(outcome, LimitExceeded) for outcome in outcomes] == [False, False, True, True]
    assert (limiter.used, limiter.releases) == (0, [2, 2])


async def test_slots_are_given_back_once_after_every_kind_of_end():
    limiter = Counting()
    paths = "/a", "/crash", "/fail/404", "/nowhere", "/wait/1", "/wait/200"
    batch = Batch(tuple(Action("GET", path) for path in paths), timeout=0.05)
    engine = Engine(EchoTarget(), Admission(limiter))
    assert statuses(await engine.run(batch, CALLER)) == [200, 500, 404, 404, 200, 504]
    await engine.drain()
    assert (limiter.used, limiter.releases) == (0, [6])


async def test_a_client_that_leaves_gives_its_slots_back_when_the_last_write_is_done():
    limiter, target = Counting(), EchoTarget()
    engine = Engine(target, Admission(limiter))
    running = asyncio.create_task(engine.run(Batch((Action("POST", "/wait/100"), Action("GET", "/wait/100"))), CALLER))
    await asyncio.sleep(0.001)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert limiter.used == 2
    gc.collect()
    await engine.drain()
    assert [call.method for call in target.calls] == ["POST"]
    assert (limiter.used, limiter.releases) == (0, [2])


async def test_draining_with_nothing_left_returns():
    engine = Engine(EchoTarget())
    await asyncio.wait_for(engine.drain(), timeout=5)
    assert len(engine.background) == 0


async def test_shuffling_changes_the_order_of_execution_and_not_that_of_results():
    target = EchoTarget()
    batch = Batch(tuple(Action("GET", f"/tasks/{number}") for number in range(20)))
    results = await Engine(target, shuffle=7).run(batch, CALLER)
    assert [result.action.path for result in results] == [action.path for action in batch.actions]
    assert [call.path for call in target.calls] != [action.path for action in batch.actions]


async def test_the_same_seed_shuffles_the_same_way():
    batch = Batch(tuple(Action("GET", f"/tasks/{number}") for number in range(20)))
    orders = []
    for _ in range(2):
        target = EchoTarget(inline=True)
        await Engine(target, shuffle=7).run(batch, CALLER)
        orders.append([call.path for call in target.calls])
    assert orders[0] == orders[1]


EXPECTED = {"/a": 200, "/crash": 500, "/fail/418": 418, "/nowhere": 404, "/alone": 400, "/wait/0": 200, "/refused": 422}


@given(
    paths=st.lists(st.sampled_from(sorted(EXPECTED)), min_size=1, max_size=10),
    inline=st.booleans(),
    seed=st.none() | st.integers(0, 9),
)
def test_good_and_bad_actions_in_any_mixture_each_land_at_their_own_place(paths, inline, seed):
    actions = tuple(
        Action("GET", path, error=RequestError("no", status=422) if path == "/refused" else None) for path in paths
    )
    results = asyncio.run(Engine(EchoTarget(inline=inline), shuffle=seed).run(Batch(actions), CALLER))
    assert [result.action for result in results] == list(actions)
    assert statuses(results) == [EXPECTED[path] for path in paths]
    for result in results:
        if result.answer is not None:
            assert f'"path":"{result.action.path}"'.encode() in result.answer.body


async def test_when_nobody_is_interested_any_more_reads_stop_and_writes_are_finished():
    target = EchoTarget()
    engine = Engine(target)

    async def gone():
        await asyncio.sleep(0.005)

    batch = Batch((Action("GET", "/wait/5000"), Action("POST", "/wait/30"), Action("GET", "/done")))
    results = await engine.run(batch, Caller("key"), gone)
    assert [type(result.error) for result in results] == [TimedOut, TimedOut, type(None)]
    assert len(engine.background) > 0
    await engine.drain()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_client_that_stays_is_not_watched_longer_than_needed():
    watched = []

    async def gone():
        watched.append("began")
        try:
            await asyncio.sleep(5)
        finally:
            watched.append("ended")

    for wait, told in ((1, []), (100, ["began", "ended"])):
        await Engine(EchoTarget()).run(Batch((Action("GET", f"/wait/{wait}"),)), Caller("key"), gone)
        await asyncio.sleep(0)
        assert watched == told


async def test_draining_ends_after_its_time_and_cancels_what_is_left():
    target = EchoTarget()
    engine = Engine(target)
    batch = Batch((Action("POST", "/wait/60000"),), timeout=0.01)
    assert statuses(await engine.run(batch, CALLER)) == [504]
    await asyncio.wait_for(engine.drain(0.01), 5)
    assert (len(engine.background), target.calls) == (0, [])


async def test_limits_are_counted_on_what_they_are_to_be_counted_on():
    class Keys(Counting):
        async def take(self, key, costs):
            self.keys = [*getattr(self, "keys", ()), key]
            return await super().take(key, costs)

    limiter = Keys()
    for caller in (Caller("a"), Caller("b", counted="c")):
        await Engine(EchoTarget(), Admission(limiter)).run(Batch((Action("GET", "/x"),)), caller)
    assert limiter.keys == ["a", "c"]
