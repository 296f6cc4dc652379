"""Under the limits, and as fast as they allow."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fanfold.client import Client, Limit
from fanfold.client.limits import PROFILES, Told
from fanfold.client.pacing import Pacer, Permit
from tests.client.simulated import Server
from tests.client.virtual_time import run

BASE = "http://server/api"


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def taken(pacer, **costs):
    permit = Permit()
    pacer.refresh()
    return permit, pacer.take(permit, tuple(costs.items()))


def test_a_window_is_counted_from_the_answer_on():
    clock = Clock()
    pacer = Pacer([Limit("requests", 2, 60)], clock)
    first, _ = taken(pacer, requests=2)
    clock.now = 100
    assert taken(pacer, requests=1)[1] == "requests"
    pacer.settle(first)
    assert pacer.wake_in() == 60
    clock.now = 159
    assert taken(pacer, requests=1)[1] == "requests"
    clock.now = 160
    assert taken(pacer, requests=2)[1] == ""


def test_slots_are_given_back_with_the_answer():
    pacer = Pacer([Limit("writes", 15)], Clock())
    first, _ = taken(pacer, writes=10)
    assert taken(pacer, writes=10)[1] == "writes"
    assert taken(pacer, writes=5)[1] == ""
    pacer.settle(first)
    pacer.settle(first)
    assert taken(pacer, writes=10)[1] == ""
    assert taken(pacer, writes=1)[1] == "writes"


def test_costs_are_taken_all_or_none():
    pacer = Pacer([Limit("requests", 100, 60), Limit("reads", 5)], Clock())
    taken(pacer, reads=1)
    assert taken(pacer, requests=50, reads=5)[1] == "reads"
    assert taken(pacer, requests=100)[1] == ""


def test_what_is_larger_than_a_limit_is_left_to_the_server():
    pacer = Pacer([Limit("writes", 3)], Clock())
    assert taken(pacer, writes=5)[1] == ""
    assert taken(pacer, writes=1)[1] == "writes"


def test_what_others_use_counts_until_the_server_has_it_back():
    clock = Clock()
    pacer = Pacer((), clock)
    pacer.learn([Told("requests", 100, 30, 60.0, 42.0)])
    assert taken(pacer, requests=31)[1] == "requests"
    assert taken(pacer, requests=30)[1] == ""
    clock.now = 42
    assert taken(pacer, requests=70)[1] == ""


def test_what_is_under_way_is_not_taken_for_somebody_elses():
    pacer = Pacer([Limit("requests", 100, 60)], Clock())
    taken(pacer, requests=40)
    pacer.learn([Told("requests", 100, 70, 60.0, 60.0)])
    assert taken(pacer, requests=60)[1] == ""


def test_nothing_is_sent_while_the_server_wants_nothing():
    clock = Clock()
    pacer = Pacer((), clock)
    pacer.refused(30)
    pacer.refused(10)
    assert not pacer.refresh()
    assert pacer.wake_in() == 30
    clock.now = 30
    assert pacer.refresh()


@given(
    st.integers(1, 30),
    st.lists(st.tuples(st.floats(0, 20), st.integers(1, 10), st.floats(0, 30), st.floats(0, 1)), max_size=60),
)
def test_no_span_of_the_server_ever_holds_more_than_the_limit(quota, steps):
    """Each step: after a pause, so many are asked, counted at some moment between sending and answer."""
    clock = Clock()
    pacer = Pacer([Limit("requests", quota, 60.0)], clock)
    counted, ends = [], []
    for pause, amount, lasts, when in steps:
        clock.now += pause
        for end, permit in [one for one in ends if one[0] <= clock.now]:
            later, clock.now = clock.now, end
            pacer.settle(permit)
            clock.now = later
            ends.remove((end, permit))
        permit, lacking = taken(pacer, requests=min(amount, quota))
        if not lacking:
            counted.append((clock.now + lasts * when, min(amount, quota)))
            ends.append((clock.now + lasts, permit))
    for moment, _ in counted:
        assert sum(amount for at, amount in counted if moment - 60 < at <= moment) <= quota


async def _thousand(server, calls=1000, method="get", **settings):
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with Client(BASE, transport=server, **settings) as client:
        found = await asyncio.gather(*[getattr(client, method)(f"/tasks/{number}") for number in range(calls)])
    assert [one["path"] for one in found] == [f"/tasks/{number}" for number in range(calls)]
    return loop.time() - begun


@pytest.mark.parametrize("told", [True, False], ids=["told by the server", "from the profile"])
def test_a_thousand_calls_under_the_free_profile_waste_no_refusal(told):
    server = Server(quota=150, reads=50, writes=15)
    settings = {} if told else {"limits": "asana-free", "discover": False}
    seconds = run(_thousand(server, **settings))
    assert server.refusals == 0
    assert 360 <= seconds <= 360 * 1.01  # six windows have to pass before the last hundred may go
    assert server.most["reads"] <= 50


def test_a_limit_that_tens_do_not_fit_into_is_used_up_all_the_same():
    server = Server(quota=15)
    seconds = run(_thousand(server, 150))
    assert server.refusals == 0
    assert 540 <= seconds <= 540 * 1.01


def test_writes_use_all_the_slots_there_are():
    server = Server(writes=15, delay=1.0)
    seconds = run(_thousand(server, 150, "post"))
    assert server.refusals == 0
    assert server.most["writes"] == 15
    assert seconds <= 12


def test_a_token_that_others_use_too_ends_all_the_same_and_wastes_little():
    server = Server(quota=150, reads=50)

    async def both():
        loop = asyncio.get_running_loop()
        async with Client(BASE, transport=server) as mine, Client(BASE, transport=server) as other:
            calls = [client.get(f"/tasks/{number}") for number in range(300) for client in (mine, other)]
            await asyncio.gather(*calls)
            return loop.time()

    run(both())
    assert len(server.done) == 600
    assert server.refusals <= 20


def test_a_wait_that_the_server_asks_for_is_kept():
    server = Server(quota=20, window=60.0)
    server.offers = False
    seconds = run(_thousand(server, 40))
    assert 60 <= seconds < 190
    assert server.refused
    for at, wait in server.refused:
        assert not [sent for sent, _ in server.asked if at + server.delay < sent < at + wait]


def test_searches_have_a_limit_of_their_own():
    server = Server()

    async def search():
        async with Client(BASE, transport=server, limits="asana-paid", discover=False) as client:
            searches = [client.get(f"/workspaces/{number}/tasks/search") for number in range(70)]
            others = [client.get(f"/tasks/{number}") for number in range(70)]
            waiting = asyncio.ensure_future(asyncio.gather(*searches))
            await asyncio.gather(*others)
            assert not waiting.done()
            await waiting
            return asyncio.get_running_loop().time()

    assert 1060 <= run(search()) <= 1062
    assert [limit.quota for limit in PROFILES["asana-free"]] == [150, 60, 50, 15]
