"""Requests that are sent again with their key are answered, and not carried out again."""

import asyncio
import json

import pytest

from tests.server.conftest import ADA, GRACE, ask

KEY = {"idempotency-key": "k1"}


def creating(name="Once", **more):
    return {"method": "post", "relative_path": "/tasks", "data": {"name": name, "projects": ["1025"]}, **more}


async def send(app, *actions, headers=(), token=ADA, path="/api/1.0/batch"):
    return await ask(app, "POST", path, {"data": {"actions": list(actions)}}, headers=dict(headers), token=token)


async def count(app, name="Once"):
    listed = await ask(app, "GET", "/api/1.0/projects/1025/tasks?opt_fields=name&limit=100")
    return [task["name"] for task in listed.json["data"]].count(name)


@pytest.fixture
def app(make_app):
    return make_app()


async def test_a_batch_that_is_sent_again_is_answered_as_before(app):
    first = await send(app, creating(), creating("Twice"), headers=KEY)
    again = await send(app, creating(), creating("Twice"), headers=KEY)
    assert again.body == first.body
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    assert await count(app) == 1


async def test_a_key_is_for_one_batch(app):
    await send(app, creating(), headers=KEY)
    refused = await send(app, creating("Other"), headers=KEY)
    assert refused.status == 422
    assert "choose a new key" in refused.json["errors"][0]["message"]
    assert (await send(app, creating(), headers=KEY, path="/api/1.0/batch?opt_fields=status_code")).status == 422
    assert (await send(app, creating(), headers=KEY, token=GRACE)).status == 200, "keys are a caller's own"


async def test_batches_that_are_sent_together_run_once(app):
    replies = await asyncio.gather(*(send(app, creating(), headers=KEY) for _ in range(5)))
    assert len({reply.body for reply in replies}) == 1
    assert sorted("idempotency-replayed" in reply.headers for reply in replies) == [False, True, True, True, True]
    assert await count(app) == 1


async def test_a_batch_that_was_refused_may_be_sent_again(make_app):
    app = make_app(limits="requests=3")
    assert (await send(app, creating(), creating(), creating(), creating(), headers=KEY)).status == 429
    assert (await send(app, creating(), headers={"idempotency-key": "k2"})).status == 200
    assert (await send(app, {"id": "a", **creating(), "depends_on": "b"}, headers=KEY)).status == 400
    assert (await send(app, creating(), headers=KEY)).status == 200


@pytest.mark.parametrize("key", ["a b", "x" * 256, "\u00e9"])
async def test_a_key_that_is_none_is_refused(app, key):
    refused = await send(app, creating(), headers={"idempotency-key": key})
    assert refused.status == 400
    assert await count(app) == 0


async def test_an_action_that_is_sent_again_is_answered_as_before(app):
    keyed = creating(idempotency_key="a1")
    first = await send(app, keyed, {"method": "get", "relative_path": "/users/me"})
    again = await send(app, {"method": "get", "relative_path": "/users/me"}, keyed)
    assert again.json["data"][1]["body"] == first.json["data"][0]["body"]
    assert again.json["data"][1]["headers"]["idempotency-replayed"] == "true"
    assert await count(app) == 1
    other = await send(app, creating("Other", idempotency_key="a1"))
    assert other.json["data"][0]["status_code"] == 422


async def test_actions_with_one_key_run_once_also_in_one_batch(app):
    reply = await send(app, *[creating(idempotency_key="a1")] * 3)
    assert [result["status_code"] for result in reply.json["data"]] == [201, 201, 201]
    assert len({json.dumps(result["body"]) for result in reply.json["data"]}) == 1
    assert await count(app) == 1


async def test_what_was_filled_in_is_part_of_what_is_asked(app):
    def chain(name):
        return (
            {"id": "a", "method": "post", "relative_path": "/tasks", "data": {"name": name, "projects": ["1025"]}},
            {**creating("child of {{a.body.data.name}}"), "idempotency_key": "a1"},
        )

    assert [result["status_code"] for result in (await send(app, *chain("x"))).json["data"]] == [201, 201]
    assert [result["status_code"] for result in (await send(app, *chain("y"))).json["data"]] == [201, 422]
    assert [result["status_code"] for result in (await send(app, *chain("x"))).json["data"]] == [201, 201]
    assert await count(app, "child of x") == 1


async def test_each_element_has_a_key_of_its_own(app):
    actions = (
        {"id": "list", "method": "get", "relative_path": "/projects/1025/sections"},
        {**creating("Copy of {{item.name}}"), "for_each": "{{list.body.data}}", "idempotency_key": "a1"},
    )
    for _ in range(2):
        reply = await send(app, *actions)
        assert [one["status_code"] for one in reply.json["data"][1]["body"]["data"]] == [201] * 4
    assert await count(app, "Copy of Doing") == 1


async def test_an_action_that_was_refused_may_be_sent_again(app):
    bad = {**creating(), "data": {"name": "Once", "projects": ["9"]}, "idempotency_key": "a1"}
    assert (await send(app, bad)).json["data"][0]["status_code"] >= 400
    assert (await send(app, creating(idempotency_key="a1"))).json["data"][0]["status_code"] == 201


async def test_answers_are_there_after_a_restart(make_app, tmp_path):
    path = str(tmp_path / "kept.db")
    app = make_app(db=path)
    first = await send(app, creating(), headers=KEY)
    await send(app, creating("Keyed", idempotency_key="a1"))
    await app.close()
    app = make_app(db=path)
    again = await send(app, creating(), headers=KEY)
    assert again.body == first.body
    await send(app, creating("Keyed", idempotency_key="a1"))
    assert (await count(app), await count(app, "Keyed")) == (1, 1)


async def test_a_keyed_batch_is_finished_though_its_client_has_gone(app):
    asking = asyncio.create_task(send(app, creating(), headers=KEY))
    await asyncio.sleep(0)
    asking.cancel()
    await app.ledger.drain()
    assert (await send(app, creating(), headers=KEY)).headers["idempotency-replayed"] == "true"
    assert await count(app) == 1
