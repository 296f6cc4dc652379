"""Webhooks of the whole server, with a receiver that really listens."""

from __future__ import annotations

import asyncio
import hmac
from typing import Any

import pytest
from aiohttp import web
from msgspec import json

from fanfold.errors import ForbiddenTarget, Unreachable
from fanfold.server.outbound import MAX_REPLY, Poster, vetting_of
from fanfold.settings import Settings
from fanfold.targets.vetting import Vetting

from .conftest import ask


class Receiver:
    """Confirms handshakes, checks signatures and keeps the events."""

    def __init__(self) -> None:
        self.secret = ""
        self.deliveries: asyncio.Queue[Any] = asyncio.Queue()
        self.over = asyncio.Event()

    async def hook(self, request: web.Request) -> web.Response:
        body = await request.read()
        assert request.content_type == "application/json"
        if "X-Hook-Secret" in request.headers:
            self.secret = request.headers["X-Hook-Secret"]
            return web.Response(headers={"X-Hook-Secret": self.secret})
        signature = hmac.new(self.secret.encode(), body, "sha256").hexdigest()
        assert hmac.compare_digest(request.headers["X-Hook-Signature"], signature)
        self.deliveries.put_nowait(json.decode(body)["events"])
        return web.Response(status=204)

    async def slow(self, _: web.Request) -> web.Response:
        await self.over.wait()
        return web.Response()


async def away(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/long"})


async def long(_: web.Request) -> web.Response:
    return web.Response(body=b"x" * (4 * MAX_REPLY))


@pytest.fixture
async def receiver():
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.hook)
    for handler in (away, long, receiver.slow):
        app.router.add_post(f"/{handler.__name__}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield receiver
    receiver.over.set()
    await runner.cleanup()


@pytest.fixture
async def make_poster():
    made = []

    def make_poster(**told):
        made.append(Poster(Vetting(**told)))
        return made[-1]

    yield make_poster
    for poster in made:
        await poster.close()


async def test_from_handshake_to_delivery(make_app, receiver):
    app = make_app()
    projects = (await ask(app, "GET", "/api/1.0/projects")).json["data"]
    project = projects[0]["gid"]
    data = {"resource": project, "target": f"{receiver.url}/hook"}
    made = await ask(app, "POST", "/api/1.0/webhooks", {"data": data})
    assert made.status == 201, made.body
    assert made.json["X-Hook-Secret"] == receiver.secret
    assert await receiver.deliveries.get() == []
    task = await ask(app, "POST", "/api/1.0/tasks", {"data": {"name": "T", "projects": [project]}})
    events = await receiver.deliveries.get()
    assert [event["resource"]["gid"] for event in events] == [task.json["data"]["gid"]]
    await app.courier.close()
    await app.runner.close()
    await app.poster.close()


async def test_a_webhook_can_be_made_in_a_batch(make_app, receiver):
    app = make_app()
    project = (await ask(app, "GET", "/api/1.0/projects")).json["data"][0]["gid"]
    data = {"resource": project, "target": f"{receiver.url}/hook"}
    action = {"method": "post", "relative_path": "/webhooks", "data": data}
    batch = await ask(app, "POST", "/api/1.0/batch", {"data": {"actions": [action]}})
    (result,) = batch.json["data"]
    assert (result["status_code"], result["body"]["X-Hook-Secret"]) == (201, receiver.secret)
    assert await receiver.deliveries.get() == []
    await app.runner.close()
    await app.poster.close()


async def test_what_was_committed_before_the_start_is_delivered_after_it(make_app, receiver):
    app = make_app()
    project = (await ask(app, "GET", "/api/1.0/projects")).json["data"][0]["gid"]
    data = {"resource": project, "target": f"{receiver.url}/hook"}
    app.api.told = None
    assert (await ask(app, "POST", "/api/1.0/webhooks", {"data": data})).status == 201
    await ask(app, "POST", "/api/1.0/tasks", {"data": {"name": "T", "projects": [project]}})
    assert receiver.deliveries.empty()
    await app.resume()
    assert len(await receiver.deliveries.get()) == 1
    await app.courier.close()
    await app.runner.close()
    await app.poster.close()


async def test_heartbeats_go_by_the_clock_that_can_be_set(make_app, receiver):
    app = make_app(admin=True)
    app.api.clock = app.clock
    project = (await ask(app, "GET", "/api/1.0/projects")).json["data"][0]["gid"]
    data = {"resource": project, "target": f"{receiver.url}/hook"}
    made = (await ask(app, "POST", "/api/1.0/webhooks", {"data": data})).json["data"]["gid"]
    assert await receiver.deliveries.get() == []
    while "last_success_at" not in (await ask(app, "GET", f"/api/1.0/webhooks/{made}")).json["data"]:  # noqa: ASYNC110 - nobody tells
        await asyncio.sleep(0)
    headers = {"host": "127.0.0.1:8480", "fanfold-admin": "1"}
    order = {"seconds": 8 * 3600 + 1}
    moved = await ask(
        app, "POST", "/-/admin/clock/advance", order, token=None, headers=headers, client=("127.0.0.1", 5)
    )
    assert moved.status == 200, moved.body
    assert await receiver.deliveries.get() == []
    await app.courier.close()
    await app.runner.close()
    await app.poster.close()


async def test_strictly_no_local_target_will_do(make_app, receiver):
    app = make_app(strict_webhook_targets=True)
    project = (await ask(app, "GET", "/api/1.0/projects")).json["data"][0]["gid"]
    for target in (f"{receiver.url}/hook", receiver.url.replace("127.0.0.1", "localhost")):
        made = await ask(app, "POST", "/api/1.0/webhooks", {"data": {"resource": project, "target": target}})
        assert made.status == 403
    assert receiver.secret == ""
    await app.poster.close()


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({}, ["127.0.0.1"]),
        ({"host": "0.0.0.0"}, []),
        ({"host": "0.0.0.0", "allow_private_webhooks": True}, ["127.0.0.1", "10.0.0.1"]),
        ({"strict_webhook_targets": True, "allow_private_webhooks": True}, []),
    ],
)
def test_settings_say_who_may_be_called(settings, allowed):
    vetting = vetting_of(Settings(**settings))
    assert [address for address in ("127.0.0.1", "10.0.0.1") if vetting.allows(address)] == allowed


async def test_redirects_are_not_followed_and_answers_are_cut(make_poster, receiver):
    post = make_poster(loopback=True)
    reply = await post(f"{receiver.url}/away", {}, b"{}", 5)
    assert (reply.status, reply.headers["location"]) == (302, "/long")
    reply = await post(f"{receiver.url}/long", {}, b"{}", 5)
    assert len(reply.body) == MAX_REPLY


async def test_who_does_not_answer_in_time_is_unreachable(make_poster, receiver):
    with pytest.raises(Unreachable, match=r"No answer within 0\.05 seconds"):
        await make_poster(loopback=True)(f"{receiver.url}/slow", {}, b"{}", 0.05)


async def test_where_nobody_listens_is_unreachable(make_poster):
    with pytest.raises(Unreachable, match="The request failed"):
        await make_poster(loopback=True)("http://127.0.0.1:1/", {}, b"{}", 5)


async def test_a_name_that_changes_between_two_looks_gets_nowhere(make_poster, receiver, monkeypatch):
    post = make_poster()

    async def fine(*_: Any) -> list[str]:
        return ["8.8.8.8"]

    with pytest.raises(ForbiddenTarget):
        await post(f"{receiver.url}/hook", {}, b"{}", 5)
    monkeypatch.setattr(post._vetting, "resolve", fine)
    with pytest.raises(Unreachable, match="The request failed"):
        await post(f"{receiver.url}/hook", {"X-Hook-Secret": "s"}, b"{}", 5)
    assert receiver.secret == ""
