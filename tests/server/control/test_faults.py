"""Faults strike where, when and how often they were told to: single requests and actions of a batch alike."""

import asyncio
from types import SimpleNamespace

import pytest

from fanfold.dialects import AsanaDialect
from fanfold.server.control.faults import Dropped, Fault, Faults, drop
from tests.server.conftest import ask
from tests.server.control.conftest import refused

ME = "/api/1.0/users/me"
ACTION = {"method": "get", "relative_path": "/users/me"}


async def batch(app, *actions):
    return await ask(app, "POST", "/api/1.0/batch", {"data": {"actions": list(actions)}})


async def codes(app, *actions):
    return [result["status_code"] for result in (await batch(app, *actions)).json["data"]]


async def test_an_error_has_a_phrase_if_it_is_the_servers_own(app, control):
    await control("POST", "faults", {"kind": "error", "operation": "getUser"})
    reply = await ask(app, "GET", ME)
    assert reply.status == 500
    assert reply.json["errors"][0]["message"] == "Server Error"
    assert "phrase" in reply.json["errors"][0]
    assert (await ask(app, "GET", "/api/1.0/workspaces")).status == 200


async def test_an_error_may_be_of_any_status_and_say_anything(app, control):
    await control("POST", "faults", {"kind": "error", "status": 503, "message": "Gone fishing"})
    reply = await ask(app, "GET", ME)
    assert (reply.status, reply.json["errors"][0]["message"]) == (503, "Gone fishing")


async def test_a_rate_limit_says_how_long_to_wait(app, control):
    await control("POST", "faults", {"kind": "rate_limit", "retry_after": 7, "count": 1})
    reply = await ask(app, "GET", ME)
    assert (reply.status, reply.headers["retry-after"]) == (429, "7")
    assert "rate limit" in reply.json["errors"][0]["message"]
    assert (await ask(app, "GET", ME)).status == 200


async def test_an_action_of_a_batch_is_struck_alone(app, control):
    await control("POST", "faults", {"kind": "error", "method": "put", "path": "/tasks/*"})
    put = {"method": "put", "relative_path": "/tasks/1034", "data": {"name": "x"}}
    assert await codes(app, ACTION, put, ACTION) == [200, 500, 200]
    assert (await ask(app, "GET", "/api/1.0/tasks/1034")).json["data"]["name"] == "Write the imprint"


@pytest.mark.parametrize("where", [{"operation": "createBatchRequest"}, {"path": "/batch"}])
async def test_a_batch_is_struck_as_a_whole_where_it_is_named(app, control, where):
    await control("POST", "faults", {"kind": "rate_limit", "retry_after": 3, **where})
    reply = await batch(app, ACTION)
    assert (reply.status, reply.headers["retry-after"]) == (429, "3")
    assert (await ask(app, "GET", ME)).status == 200


async def test_a_template_names_an_operation_too(app, control):
    await control("POST", "faults", {"kind": "error", "path": "/tasks/{task_gid}", "method": "GET"})
    assert (await ask(app, "GET", "/api/1.0/tasks/1034")).status == 500
    assert (await ask(app, "GET", "/api/1.0/tasks/1034/subtasks")).status == 200


async def test_the_same_seed_throws_the_same_dice(app, control):
    thrown = []
    for _ in range(2):
        await control("POST", "faults", {"kind": "error", "probability": 0.5, "seed": 7})
        thrown.append([code for _ in range(3) for code in await codes(app, *[ACTION] * 10)])
        await control("DELETE", "faults")
    assert thrown[0] == thrown[1]
    assert set(thrown[0]) == {200, 500}


async def test_what_is_struck_after_it_was_carried_out_has_happened(app, control):
    fault = {"kind": "error", "operation": "updateTask", "after": True, "count": 1}
    await control("POST", "faults", fault)
    assert (await ask(app, "PUT", "/api/1.0/tasks/1034", {"data": {"name": "Done anyway"}})).status == 500
    assert (await ask(app, "GET", "/api/1.0/tasks/1034")).json["data"]["name"] == "Done anyway"


async def test_latency_holds_a_request_up_and_then_lets_it_through(app, control, monkeypatch):
    waited = []

    async def sleep(seconds):
        waited.append(seconds)

    await control("POST", "faults", {"kind": "latency", "ms": 250, "operation": "getUser"})
    monkeypatch.setattr(asyncio, "sleep", sleep)
    assert (await ask(app, "GET", ME)).status == 200
    assert await codes(app, ACTION, {"method": "get", "relative_path": "/workspaces"}) == [200, 200]
    assert waited == [0.25, 0.25]


async def test_a_dropped_connection_answers_nothing_and_closes(app, control):
    await control("POST", "faults", {"kind": "drop", "operation": "getUser", "count": 2})
    with pytest.raises(ValueError, match="not enough values"):
        await ask(app, "GET", ME)
    with pytest.raises(ValueError, match="not enough values"):
        await batch(app, {"method": "get", "relative_path": "/workspaces"}, ACTION)
    assert (await ask(app, "GET", ME)).status == 200
    assert [entry["status"] for entry in await control("GET", "requests")] == [None, None, 200]


async def test_a_dropped_action_takes_its_batch_with_it_also_where_results_are_wanted_as_they_finish(app, control):
    await control("POST", "faults", {"kind": "drop", "operation": "getUser", "count": 1})
    actions = {"data": {"actions": [{"method": "get", "relative_path": "/workspaces"}, ACTION]}}
    with pytest.raises(ValueError, match="not enough values"):
        await ask(app, "POST", "/api/1.0/batch", actions, headers={"accept": "application/x-ndjson"})


async def test_dropping_aborts_the_transport_and_waits_until_it_is_closed():
    done = []

    class Cycle:
        transport = SimpleNamespace(abort=lambda: done.append("aborted"))

        async def send(self, message):
            """Nothing is sent."""

    async def receive():
        done.append("waited")
        return {"type": "http.disconnect"}

    await drop(receive, Cycle().send)
    assert done == ["aborted", "waited"]


async def test_rules_are_listed_with_how_often_they_struck_and_taken_back_one_by_one(app, control):
    first = await control("POST", "faults", {"kind": "error", "operation": "getUser"})
    second = await control("POST", "faults", {"kind": "latency", "ms": 0})
    await ask(app, "GET", ME)
    assert [(rule["id"], rule["struck"]) for rule in await control("GET", "faults")] == [
        (first["id"], 1),
        (second["id"], 0),
    ]
    await control("DELETE", f"faults/{first['id']}")
    assert (await refused(app, "DELETE", f"faults/{first['id']}")).status == 404
    assert (await ask(app, "GET", ME)).status == 200
    await control("DELETE", f"faults/{second['id']}")
    assert app.engine.target is app.target


async def test_without_rules_the_engine_asks_the_api_itself(app, control):
    assert app.engine.target is app.target
    await control("POST", "faults", {"kind": "error"})
    assert app.engine.target is app.struck
    await control("DELETE", "faults")
    assert app.engine.target is app.target


def faults_at(app, times):
    return Faults(app.api, AsanaDialect().limit_answer, lambda: times[-1])


async def test_a_stretch_ends_when_its_seconds_are_over_and_says_what_is_left_of_it(app):
    times = [100.0]
    faults = faults_at(app, times)
    rule = faults.add(Fault(kind="rate_limit", seconds=10))
    assert rule.strikes()
    assert rule.retry_after() == 10
    times.append(107.5)
    assert rule.strikes()
    assert rule.retry_after() == 3
    times.append(110.0)
    assert not rule.strikes()
    assert rule.struck == 2


async def test_a_drop_of_a_whole_batch(app):
    faults = faults_at(app, [0.0])
    faults.add(Fault(kind="drop", operation="createBatchRequest"))
    with pytest.raises(Dropped):
        await faults.strike_batch()


async def test_what_lost_its_answer_is_not_done_again_for_the_same_key(app, control):
    await control("POST", "faults", {"kind": "error", "operation": "createTask", "after": True, "count": 1})
    action = {"method": "post", "relative_path": "/tasks", "data": {"name": "Once", "projects": ["1025"]}}
    await batch(app, {**action, "idempotency_key": "once"})
    (result,) = (await batch(app, {**action, "idempotency_key": "once"})).json["data"]
    assert (result["status_code"], result["headers"]["idempotency-replayed"]) == (201, "true")
    listed = (await ask(app, "GET", "/api/1.0/projects/1025/tasks")).json["data"]
    assert [task["name"] for task in listed].count("Once") == 1
