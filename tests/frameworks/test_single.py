"""What is no batch passes untouched: requests, WebSockets, the application's start and stop."""

import asyncio

import pytest

from tests.frameworks.conftest import SETTINGS, application_of
from tests.frameworks.houses import everywhere, having, only
from tests.frameworks.visitor import started

REQUESTS = [
    ("GET", "/me", None, {"authorization": "Bearer good"}),
    ("GET", "/me", None, {}),
    ("GET", "/items/a%20b?x=1&x=2", None, {"accept-language": "de"}),
    ("POST", "/items", {"name": "ink"}, {}),
    ("DELETE", "/items/ink", None, {}),
    ("GET", "/stream", None, {}),
    ("GET", "/broken", None, {}),
    ("GET", "/nowhere", None, {}),
    ("PATCH", "/me", None, {}),
    ("OPTIONS", "/items", None, {"origin": "https://elsewhere.example", "access-control-request-method": "POST"}),
    ("GET", "/batches", None, {}),
]


@everywhere
@pytest.mark.parametrize(("method", "target", "body", "headers"), REQUESTS)
async def test_a_request_is_answered_as_without_the_middleware(method, target, body, headers, open_house):
    bare, behind = await open_house(None), await open_house()
    expected = await bare.ask(method, target, body, **headers)
    assert await behind.ask(method, target, body, **headers) == expected


@having("lifespan")
async def test_the_application_starts_and_stops_once(house, stage):
    async with started(application_of(house, stage, SETTINGS)) as visitor:
        assert stage.log == ["started"]
        assert [result["body"] for result in await visitor.batch("/ready", "/ready")] == [{"ready": "pool"}] * 2
    assert stage.log == ["started", "stopped"]


@only("django")
async def test_an_application_without_a_lifespan_says_so_itself(house, stage):
    """Servers take the exception for the answer that there is none."""
    app = application_of(house, stage, SETTINGS)
    with pytest.raises(ValueError, match="Django can only handle ASGI/HTTP connections, not lifespan"):
        await app({"type": "lifespan", "asgi": {"version": "3.0"}}, None, None)


@having("sockets")
async def test_a_socket_is_the_applications_own(visitor):
    assert await visitor.say("a", "b") == ["aa", "bb"]


@only("fastapi", "starlette", "litestar")
async def test_what_goes_on_after_an_answer_is_finished_before_the_application_stops(house, stage):
    """Where it is a part of the request. Elsewhere it is a task of the framework's own, batch or no batch."""
    async with started(application_of(house, stage, SETTINGS)) as visitor:
        await visitor.batch(("POST", "/later"))
        await stage.seen("later begun")
        asyncio.get_running_loop().call_later(0.05, stage.let_go.set)
    assert stage.log == ["started", "later begun", "later done", "stopped"]
