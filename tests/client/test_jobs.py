"""Jobs as the client sees them: handed over once, waited for, cancelled, and what goes wrong on the way."""

import asyncio
from collections import deque

import msgspec
import pytest

from fanfold.client import (
    ApiError,
    BadAnswer,
    CallTimeout,
    Client,
    JobFailed,
    NotFound,
    TransportError,
    Unsupported,
    get,
    post,
)
from tests.client.virtual_time import run

BASE = "http://server/api"


def job(status="queued", done=0, results=None, total=2, **more):
    over = status not in ("queued", "running")
    return {
        "id": "j1",
        "status": status,
        "progress": {"done": done, "failed": 0, "total": total},
        "finished_at": "2026-11-22T12:00:00.000Z" if over else None,
        **({} if results is None else {"results": results}),
        **more,
    }


def result(status, name):
    return {"status_code": status, "headers": {}, "body": {"data": {"name": name}}}


class Server:
    """Answers in the order of ``answers``: a status with a body, or an error to be raised."""

    def __init__(self, *answers, features=("jobs",)):
        self.answers = deque(answers)
        self.features = features
        self.asked = []

    async def send(self, wire, sink):
        await asyncio.sleep(0.01)
        if wire.method == "OPTIONS":
            status, body = 200, {"data": {"features": self.features, "max_job_actions": 3}}
        else:
            self.asked.append(wire)
            answer = self.answers.popleft()
            if isinstance(answer, Exception):
                raise answer
            status, body = answer
        sink.begin(status, {"content-type": "application/json"})
        sink.feed(msgspec.json.encode(body))

    async def close(self):
        pass


def talk(server, conversation):
    async def main():
        async with Client(BASE, "secret", transport=server) as client:
            return await conversation(client)

    return run(main())


ENDED = job("succeeded", 2, [result(201, "one"), result(404, "two")])


def test_a_batch_is_handed_over_and_its_replies_are_waited_for():
    server = Server(
        (202, {"data": job()}),
        (200, {"data": job("running", 1, [result(201, "one"), None])}),
        (200, {"data": ENDED}),
    )

    async def conversation(client):
        handle = await client.submit([post("/tasks", {"name": "one"}), get("/tasks/2")], stop=True)
        assert (handle.id, handle.state.status, handle.state.is_over) == ("j1", "queued", False)
        return await handle.results()

    replies = talk(server, conversation)
    assert [(reply.status, reply.data["name"]) for reply in replies] == [(201, "one"), (404, "two")]
    first, *others = server.asked
    assert (first.method, first.url) == ("POST", "http://server/api/batch")
    assert first.headers["Prefer"] == "respond-async"
    assert len(first.headers["Idempotency-Key"]) == 32
    assert msgspec.json.decode(first.body)["data"]["options"] == {"on_error": "stop"}
    assert [(wire.method, wire.url, wire.headers["Prefer"]) for wire in others] == [
        ("GET", "http://server/-/jobs/j1", "wait=20")
    ] * 2


def test_a_batch_whose_answer_is_lost_is_handed_over_again_with_the_same_key():
    server = Server(TransportError("lost"), (202, {"data": job()}))
    talk(server, lambda client: client.submit([get("/users/me")]))
    first, second = server.asked
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.body == second.body


def test_how_far_it_is_can_be_asked_by_another_program():
    server = Server((200, {"data": job("running", 1, [result(201, "one"), None])}))

    async def conversation(client):
        return await client.job("j1").refresh()

    state = talk(server, conversation)
    assert (state.status, state.progress.done, state.progress.total) == ("running", 1, 2)
    assert [reply and reply.status for reply in state.results] == [201, None]


def test_it_can_be_cancelled_and_removed():
    server = Server((200, {"data": job("cancelled", 2)}), (200, {"data": {}}), (409, {"errors": [{"message": "no"}]}))

    async def conversation(client):
        handle = client.job("j1")
        assert (await handle.cancel()).status == "cancelled"
        await handle.remove()
        with pytest.raises(ApiError, match="no"):
            await handle.remove()

    talk(server, conversation)
    assert [(wire.method, wire.url.rpartition("/-/jobs")[2]) for wire in server.asked] == [
        ("POST", "/j1/cancel"),
        ("DELETE", "/j1"),
        ("DELETE", "/j1"),
    ]


def test_what_goes_wrong_is_raised():
    async def results(client):
        return await client.job("j1").results(timeout=5)

    with pytest.raises(NotFound):
        talk(Server((404, {"errors": [{"message": "There is no such job"}]})), results)
    with pytest.raises(JobFailed, match="Server Error"):
        talk(Server((200, {"data": job("failed", 1, [None, None], error={"message": "Server Error"})})), results)
    with pytest.raises(CallTimeout):
        talk(Server(*[(200, {"data": job("running")})] * 10), results)
    with pytest.raises(BadAnswer):
        talk(Server((200, {"data": []})), results)


def test_what_the_server_cannot_do_is_not_asked():
    for server in (Server(features=()), Server()):
        with pytest.raises(Unsupported):
            talk(server, lambda client: client.submit([get("/users/me")] * 4))
        assert server.asked == []


def test_a_webhook_and_a_key_of_one_s_own_are_sent():
    told = {"url": "https://me.test", "secret": "whsec_x"}
    server = Server((202, {"data": job(webhook=told)}))
    handle = talk(server, lambda client: client.submit([get("/a")], webhook="https://me.test", key="mine", serial=True))
    assert handle.state.webhook == told
    (wire,) = server.asked
    assert (wire.headers["Fanfold-Webhook"], wire.headers["Idempotency-Key"]) == ("https://me.test", "mine")


def test_what_no_batch_can_hold_is_refused():
    with pytest.raises(ValueError, match="cannot travel"):
        talk(Server(), lambda client: client.submit([get("/a", headers={"X-A": "b"})]))


def test_keys_of_actions_travel_with_them():
    server = Server((202, {"data": job()}))
    talk(server, lambda client: client.submit([post("/a", {"b": 1}, key='k"1')]))
    (action,) = msgspec.json.decode(server.asked[0].body)["data"]["actions"]
    assert action["idempotency_key"] == 'k"1'
