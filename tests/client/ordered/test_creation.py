"""Tasks end up in order, each of them once, whatever order batches are carried out in and whatever goes wrong."""

import asyncio
import random
import statistics
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanfold.client.errors import BadAnswer, BadRequest, ClientClosed, NotFound, ServerError
from fanfold.client.offers import PLAIN
from fanfold.client.ordered import PartlyCreated, Patience, create_in_order
from fanfold.client.ordered.creation import Creation
from fanfold.client.ordered.schemes import chosen
from fanfold.client.ordered.wanted import Wanted
from fanfold.client.replies import Reply
from tests.client.ordered.asana import PROJECT, Asana, failed

STUBBORN = Patience(attempts=60, pause=0.0)


async def create(asana, tasks, **more):
    patience = more.pop("patience", STUBBORN)
    return await create_in_order(asana, PROJECT, tasks, offer=PLAIN, size=10, room=500_000, patience=patience, **more)


def names(count):
    return [f"task {number}" for number in range(count)]


def created(count, seed=0, scarce="requests", **more):
    """The server after so many tasks were created in it, in order."""
    asana = Asana(seed, **more)
    found = asyncio.run(create(asana, names(count), scarce=scarce))
    assert asana.added == names(count)
    assert asana.created == count
    assert [one["name"] for one in found] == names(count)
    return asana


def test_fifty_take_at_most_twelve_requests_in_a_thousand_random_orders():
    runs = [created(50, seed) for seed in range(1000)]
    assert max(run.requests for run in runs) <= 12
    assert statistics.mean(run.requests for run in runs) < 10
    assert statistics.mean(run.actions for run in runs) < 82


def test_a_thousand_take_at_most_170_requests():
    runs = [created(1000, seed) for seed in range(15)]
    assert max(run.requests for run in runs) <= 165
    assert max(run.actions for run in runs) <= 1600


@pytest.mark.parametrize(("count", "requests"), [(1, 1), (2, 2), (3, 2), (4, 2), (10, 3), (15, 4), (20, 4)])
def test_few_take_as_few_requests_whatever_the_order(count, requests):
    assert {created(count, seed).requests for seed in range(50)} == {1 + requests}


def test_a_server_that_keeps_the_order_is_not_asked_for_more_than_to_show_it():
    run = created(1000, shuffles=False)
    assert run.requests <= 104
    assert run.actions <= 1020


def test_where_quota_is_scarce_each_task_is_one_action():
    run = created(40, scarce="quota")
    assert (run.requests, run.actions) == (41, 41)


def test_nothing_takes_nothing():
    asana = Asana()
    assert asyncio.run(create(asana, [])) == []
    assert asana.requests == 0


def test_what_stood_there_is_read_once_and_stays_where_it_is():
    run = created(120, before=[f"old {number}" for number in range(950)])
    assert [run.names[gid] for gid in run.listed[:950]] == [f"old {number}" for number in range(950)]
    assert run.requests <= created(120).requests + 11


MISHAPS = ["broken", "cut", "refused", "failed", "vanished", "failed after", "forgets"]


@settings(max_examples=150)
@given(
    st.integers(0, 2**32),
    st.integers(1, 60),
    st.dictionaries(st.sampled_from(MISHAPS), st.sampled_from([0.02, 0.1])),
    st.sampled_from(["requests", "quota"]),
    st.sampled_from([7, 100]),
)
def test_whatever_goes_wrong_is_mended_and_nothing_is_created_twice(seed, count, mishaps, scarce, page):
    dice = random.Random(seed)
    wanted = [dice.choice(["same", "again", f"task {number}"]) for number in range(count)]
    asana = Asana(seed, before=["same", "old", "task 3"], mishaps=mishaps, page=page)
    found = asyncio.run(create(asana, wanted, scarce=scarce))
    assert asana.added == wanted
    assert [one["gid"] for one in found] == [gid for gid in asana.listed if gid not in asana.before]


@settings(max_examples=100)
@given(st.integers(0, 2**32), st.sampled_from(["vanished", "failed after", "cut"]))
def test_tasks_of_one_name_that_differ_are_not_taken_for_each_other(seed, mishap):
    wanted = [{"name": "same", "notes": str(number)} for number in range(12)]
    asana = Asana(seed, mishaps={mishap: 0.1})
    asyncio.run(create(asana, wanted))
    assert [asana.data[gid]["notes"] for gid in asana.listed] == [str(number) for number in range(12)]


def test_a_failure_in_the_middle_costs_little():
    class Once(Asana):
        def answered(self, request):
            if request.data and request.data.get("name") == "task 555" and self.created < 560:
                return failed(500)
            return super().answered(request)

    whole, mended = created(1000), Once()
    asyncio.run(create(mended, names(1000)))
    assert mended.added == names(1000)
    assert mended.created == 1000
    assert mended.requests <= whole.requests + 15


def test_what_is_refused_is_left_out_and_the_rest_is_in_order():
    wanted = [*names(14), "bad", *names(14)]
    asana = Asana(3)
    with pytest.raises(PartlyCreated, match="1 of 29 tasks are not there; the task at 14: 400 It is a 400") as caught:
        asyncio.run(create(asana, wanted))
    assert asana.added == [*names(14), *names(14)]
    assert isinstance(caught.value.errors[14], BadRequest)
    assert [place for place, one in enumerate(caught.value.created) if one is None] == [14]


def test_if_all_of_the_first_are_refused_nothing_more_is_tried():
    asana = Asana()
    with pytest.raises(BadRequest):
        asyncio.run(create(asana, ["bad"] * 500))
    assert asana.requests == 2


def test_what_fails_for_ever_is_given_up():
    asana = Asana(1, mishaps={"failed": 0.9})
    with pytest.raises((PartlyCreated, ServerError)):
        asyncio.run(create(asana, names(30), patience=Patience(attempts=3, pause=0.0)))
    assert max(Counter(asana.added).values(), default=0) <= 1


def test_a_project_that_is_not_there_is_said_before_anything_is_created():
    class Nowhere(Asana):
        def listing(self, request):
            return failed(404)

    asana = Nowhere()
    with pytest.raises(NotFound):
        asyncio.run(create(asana, names(30)))
    assert asana.created == 0


def test_a_list_whose_pages_never_go_on_is_said():
    asana = Asana(before=["old"] * 20, page=5, mishaps={"forgets": 1})
    with pytest.raises(BadAnswer, match="forgets again and again"):
        asyncio.run(create(asana, names(3)))


@pytest.mark.parametrize("body", [{"data": {}}, {"data": [5]}, {"data": [{"gid": 5}]}])
def test_a_list_that_is_none_is_said(body):
    class Odd(Asana):
        def listing(self, request):
            return Reply(200, body)

    with pytest.raises(BadAnswer):
        asyncio.run(create(Odd(), names(3), patience=Patience(attempts=2, pause=0.0)))


def test_a_client_that_is_closed_ends_it():
    class Closing(Asana):
        async def batch(self, requests, **more):
            if self.created:
                return [ClientClosed() for _ in requests]
            return await super().batch(requests, **more)

    with pytest.raises(ClientClosed):
        asyncio.run(create(Closing(), names(30)))


def test_what_somebody_deletes_meanwhile_is_told():
    class Deleting(Asana):
        deleted = None

        async def batch(self, requests, **more):
            if self.created >= 50 and not self.deleted:
                self.deleted = self.listed[10]
                del self.ranks[self.deleted]
            return await super().batch(requests, **more)

    reasons = []
    for seed in range(30):
        asana = Deleting(seed)
        try:
            found = asyncio.run(create(asana, names(50)))
        except PartlyCreated as error:
            found = error.created
            reasons.append(error.errors[found.index(None)])
        there = [one["name"] for one in found if one is not None and one["gid"] != asana.deleted]
        assert asana.added == there
        assert len(there) == 49
    assert {type(reason) for reason in reasons} == {NotFound}


def test_what_somebody_else_creates_is_left_alone():
    class Crowded(Asana):
        async def batch(self, requests, **more):
            self.add("task 7", {"other": True})
            return await super().batch(requests, **more)

    asana = Crowded(5)
    asyncio.run(create(asana, names(40)))
    own = [asana.names[gid] for gid in asana.listed if not asana.data[gid].get("other")]
    assert own == names(40)


async def test_it_waits_before_it_looks_for_what_was_not_answered():
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    asana = Asana(2, mishaps={"vanished": 0.05})
    wanted = Wanted(PROJECT, names(60), ())
    scheme = chosen(60, 10, "requests")
    await Creation(asana, PROJECT, wanted, scheme, 10, Patience(attempts=60, pause=1.5), sleep).run()
    assert asana.added == names(60)
    assert waited
    assert set(waited) == {1.5}


async def test_an_unknown_scarcity_is_refused():
    with pytest.raises(ValueError, match="scarce: Must be requests or quota, not 'time'"):
        await create(Asana(), ["a"], scarce="time")
