"""Whether to ask again, for how long to wait, and for whom: with a clock that only goes on as somebody sleeps."""

import asyncio
from itertools import pairwise

import pytest

from fanfold.entries import Retry
from fanfold.errors import RemoteError, RequestError
from tests.integrations.apis import Said, come_to

LATER = Said(429, {"message": "slow down"}, {"Retry-After": "7"})
DOWN = Said(503, {})
FINE = Said(200, {"fine": True})
CUT = ConnectionError()
IT = {
    "it": {
        "get": {"path": "/say/it"},
        "create": {"path": "/say/it", "method": "post"},
        "list": {"path": "/say/it", "method": "post"},
    }
}


@pytest.fixture
def asked(asking):
    return asking(IT)


@pytest.mark.parametrize("trouble", [LATER, DOWN, Said(502, {}), Said(504, {}), CUT], ids=str)
async def test_a_read_is_tried_up_to_three_times(asked, api, trouble):
    api.says["it"] = [trouble, trouble, FINE]
    assert await asked.value("get", "it") == {"fine": True}
    api.says["it"] = [trouble]
    before = len(api.seen)
    with pytest.raises(RequestError):
        await asked.value("get", "it")
    assert len(api.seen) - before == (4 if trouble is CUT else 3)  # a kept connection that is closed is no attempt


async def test_a_list_is_a_read_whatever_its_verb(asked, api):
    api.says["it"] = [DOWN, FINE]
    assert await asked.value("list", "it") == [{"fine": True}]


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
async def test_what_would_be_the_same_again_is_not_tried_again(asked, api, status):
    api.says["it"] = [Said(status, {}), FINE]
    with pytest.raises(RemoteError) as failed:
        await asked.value("get", "it")
    assert (failed.value.status, len(api.seen)) == (status, 1)


@pytest.mark.parametrize("trouble", [DOWN, CUT], ids=str)
async def test_a_write_that_may_have_been_carried_out_is_not_repeated(asked, api, trouble):
    api.says["it"] = [trouble, FINE]
    with pytest.raises(RequestError):
        await asked.value("create", "it", body={})
    assert len(api.seen) == 1


async def test_a_write_that_was_refused_for_its_rate_is_repeated(asked, api):
    api.says["it"] = [LATER, FINE]
    assert await asked.value("create", "it", body={}) == {"fine": True}
    assert asked.clock.slept == [pytest.approx(7, abs=0.1)]


async def test_an_entry_may_say_otherwise(asked, api):
    api.says["it"] = [Said(409, {}), Said(409, {}), Said(409, {}), Said(409, {}), FINE]
    retry = Retry(attempts=5, pause=0.5, statuses=frozenset({409}))
    assert await asked.value("create", "it", body={}, retry=retry) == {"fine": True}
    api.says["it"] = [DOWN, FINE]
    with pytest.raises(RemoteError):
        await asked.value("get", "it", retry=Retry(attempts=1))


async def test_what_an_api_wants_to_wait_for_longer_than_is_allowed_is_told_at_once(asking, api):
    asked = asking(IT, manners={"max_wait": 5})
    api.says["it"] = [LATER]
    with pytest.raises(RemoteError) as failed:
        await asked.value("get", "it")
    assert (failed.value.status, dict(failed.value.headers)["retry-after"]) == (429, "7")
    assert asked.clock.slept == []
    with pytest.raises(RemoteError, match="left alone for another 7 seconds") as failed:
        await asked.value("get", "it")
    assert (failed.value.status, len(api.seen)) == (429, 1)


async def test_all_calls_of_an_account_wait_when_one_is_told_to_and_those_of_others_do_not(asked, api):
    asked.accounts.save(type(asked.account)(id="other", integration="acme", owner="ada"))
    api.says["it"] = [LATER, FINE]
    await asked.value("get", "it")
    began = asked.clock.time
    api.says["it"] = [LATER]
    with pytest.raises(RemoteError):
        await asked.value("get", "it", retry=Retry(attempts=1))
    api.says["it"] = [FINE]
    await asked.answer("get", "it", account="other")
    assert asked.clock.time == began
    await asyncio.gather(*[asked.value("get", "it") for _ in range(5)])
    assert 7 <= asked.clock.time - began < 8


async def test_a_storm_of_refusals_is_sat_out_together(asking, api):
    asked = asking(IT, manners={"concurrency": 20})
    asked.clock.stopped = True
    api.says["it"] = [LATER] * 20 + [FINE]
    calls = asyncio.gather(*[asked.value("get", "it") for _ in range(20)])
    await come_to(lambda: len(asked.clock.sleeping) >= 20)
    asked.clock.forward(6.9)
    await asyncio.sleep(0)
    assert len(api.seen) == 20
    asked.clock.forward(0.2)
    assert await calls == [{"fine": True}] * 20
    assert len(api.seen) == 40


async def test_no_more_are_asked_at_once_than_is_declared(asking, api):
    asked = asking({"it": {"get": {"path": "/echo"}}}, manners={"concurrency": 4})
    api.held = asyncio.Event()
    calls = asyncio.gather(*[asked.value("get", "it") for _ in range(12)])
    await come_to(lambda: api.under_way >= 4)
    for _ in range(50):
        await asyncio.sleep(0)
    api.held.set()
    await calls
    assert api.at_once == 4


async def test_an_api_that_fails_again_and_again_is_left_alone_for_that_account(asked, api):
    asked.accounts.save(type(asked.account)(id="other", integration="acme", owner="ada"))
    api.says["it"] = [DOWN]
    for _ in range(2):
        with pytest.raises(RemoteError):
            await asked.value("get", "it")
    assert len(api.seen) == 5
    with pytest.raises(RequestError, match="left alone") as failed:
        await asked.value("get", "it")
    assert (failed.value.status, len(api.seen)) == (503, 5)
    api.says["it"] = [FINE]
    assert (await asked.answer("get", "it", account="other")).page.value == {"fine": True}
    asked.clock.time += 6
    assert await asked.value("get", "it") == {"fine": True}


async def test_pauses_grow_where_the_api_does_not_say(asked, api):
    api.says["it"] = [Said(429, {})] * 4 + [FINE]
    await asked.value("get", "it", retry=Retry(attempts=5, pause=1.0))
    assert len(asked.clock.slept) <= 4
    assert all(0 <= pause <= 8.1 for pause in asked.clock.slept)
    assert any(first != second for first, second in pairwise(asked.clock.slept))


RULES = {
    "is_rate_limited": 'status = 403 and headers.`x-remaining` = "0"',
    "retry_after_header_expression": "$number(headers.`x-after`)",
    "rate_limit_header_expression": "$number(headers.`x-until`)",
}


async def test_a_declaration_says_what_a_refusal_looks_like_and_how_long_it_lasts(asking, api):
    asked = asking(IT, rate_limit=RULES)
    told = {"X-Remaining": "0", "X-After": "2", "X-Until": str(int(asked.clock.now()) + 6)}
    api.says["it"] = [Said(403, {}, told), FINE]
    assert await asked.value("create", "it", body={}) == {"fine": True}
    assert asked.clock.slept == [pytest.approx(6, abs=0.1)]
    api.says["it"] = [Said(403, {}, {"X-Remaining": "5"}), FINE]
    with pytest.raises(RemoteError) as failed:
        await asked.value("get", "it")
    assert failed.value.status == 403


async def test_a_refusal_with_a_status_of_success_is_one_too(asking, api):
    asked = asking(IT, rate_limit={"is_rate_limited": 'data.error = "rate"'})
    api.says["it"] = [Said(200, {"error": "rate"}), FINE]
    assert await asked.value("get", "it") == {"fine": True}
    api.says["it"] = [Said(200, {"error": "rate"})]
    with pytest.raises(RemoteError) as failed:
        await asked.value("get", "it")
    assert failed.value.status == 429


async def test_nobody_is_there(asking):
    with pytest.raises(RequestError) as failed:
        await asking(IT, base_url="http://127.0.0.1:1").value("create", "it", body={})
    assert failed.value.status == 502
