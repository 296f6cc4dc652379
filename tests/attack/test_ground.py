"""The ground remembers what reached it, and how it ended."""

import asyncio

import pytest
from msgspec import json

from fanfold.attack.ground import Ground
from fanfold.attack.ground.pages import LOGINS
from fanfold.errors import RequestError
from fanfold.model import Call, Caller
from fanfold.targets import AsgiTarget


def call(target, method="GET", path="/", query=(), body=None, headers=()):
    endpoint, params = target.resolve(method, path)
    return Call(method, path, query, body, headers, Caller("key"), endpoint, params)


class Asking:
    def __init__(self):
        self.ground = Ground()
        self.target = AsgiTarget(self.ground, max_response=1_000_000)

    async def __call__(self, method, path, *, body=None, headers=(), outer=(), **query):
        pairs = tuple((name, str(value)) for name, value in query.items())
        with self.target.within({"headers": list(outer)}):
            answer = await self.target.send(call(self.target, method, path, pairs, body, headers))
        return answer.status, json.decode(answer.body) if answer.body[:1] in b"{[" else answer.body

    async def seen(self, run):
        return (await self("GET", "/-ground/seen", run=run))[1]["seen"]


@pytest.fixture
def ask():
    return Asking()


async def test_what_was_received_is_echoed_and_remembered(ask):
    bearer = [(b"authorization", b"Bearer ada")]
    _, told = await ask("POST", "/echo/r1/x%2Fy", body={"a": 1}, outer=bearer, q="1 2")
    assert (told["raw_path"], told["path"], told["query"], told["user"]) == (
        "/echo/r1/x%2Fy",
        "/echo/r1/x/y",
        "q=1+2",
        "ada",
    )
    (seen,) = await ask.seen("r1")
    assert (seen["method"], seen["body"], seen["ended"]) == ("POST", '{"a":1}', "answered")
    assert await ask.seen("r2") == []


async def test_a_run_is_found_wherever_it_stands(ask):
    await ask("GET", "/nowhere", q="r1")
    await ask("POST", "/echo", body={"a": "r1"})
    await ask("GET", "/echo", headers=[("accept", "a/r1")])
    assert len(await ask.seen("r1")) == 3


async def test_attempts_to_log_in_are_counted(ask):
    statuses = [(await ask("POST", "/login/r-counted", body={}))[0] for _ in range(LOGINS + 1)]
    assert statuses == [401] * LOGINS + [429]


async def test_users_have_pages_of_their_own(ask):
    ada = [(b"authorization", b"Bearer ada")]
    assert [
        (await ask("GET", "/private/ada", outer=ada))[0],
        (await ask("GET", "/private/bob", outer=ada))[0],
        (await ask("GET", "/private/ada"))[0],
    ] == [200, 403, 401]


async def test_what_is_cancelled_or_crashes_is_remembered_as_such(ask):
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await ask("GET", "/hang/r1")
    with pytest.raises(RuntimeError):
        await ask("GET", "/crash/r1")
    with pytest.raises(RequestError):
        await ask("GET", "/big/r1", mb=3)
    assert [one["ended"] for one in await ask.seen("r1")] == ["cancelled", "crashed", "left"]


async def test_values_may_be_told_so_that_nobody_reads_them_on_the_way(ask):
    assert (await ask("GET", "/value/r1", hex=b"{{x}}".hex()))[1]["v"] == "{{x}}"
    assert (await ask("GET", "/many/r1", n=2, v="y"))[1]["items"] == ["y", "y"]


async def test_every_other_path_is_unknown(ask):
    assert (await ask("GET", "/"))[0] == 404
    assert (await ask("GET", "/nowhere/r1"))[0] == 404
