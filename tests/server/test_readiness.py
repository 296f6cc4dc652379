"""Whether a process is ready: what is asked, what is told, and to whom it costs nothing."""

import asyncio
import logging

import pytest
from msgspec import json

from fanfold.server.readiness import HELD, Part, Readiness
from tests.server.conftest import ask


class Checked:
    """A part that is as the test says, and counts how often it was asked."""

    def __init__(self, word="ok"):
        self.word = word
        self.asked = 0

    async def __call__(self):
        self.asked += 1
        if isinstance(self.word, Exception):
            raise self.word
        return self.word


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def told(report):
    answer = report.answer()
    return answer.status, json.decode(answer.body)


async def test_it_is_ready_when_every_part_works():
    report = await Readiness(Part("store", Checked()), Part("redis", Checked())).look()
    assert told(report) == (200, {"status": "ready", "parts": {"store": "ok", "redis": "ok"}})


async def test_what_works_in_another_way_than_told_is_ready_and_says_so():
    report = await Readiness(Part("store", Checked()), Part("redis", Checked("degraded"))).look()
    assert told(report) == (200, {"status": "degraded", "parts": {"store": "ok", "redis": "degraded"}})


async def test_a_part_that_fails_is_named_and_nothing_else_is_told_of_it():
    secret = OSError("no answer from postgresql://me:hunter2@db")
    report = await Readiness(Part("store", Checked(secret)), Part("work", Checked())).look()
    assert told(report) == (503, {"status": "unready", "parts": {"store": "failed", "work": "ok"}})


async def test_a_part_that_does_not_answer_in_time_is_late_and_holds_nobody_up():
    async def never():
        await asyncio.Event().wait()

    report = await Readiness(Part("store", never, deadline=0.001), Part("work", Checked())).look()
    assert told(report) == (503, {"status": "unready", "parts": {"store": "late", "work": "ok"}})


async def test_an_answer_holds_for_a_moment_however_many_ask():
    clock, part = Clock(), Checked()
    readiness = Readiness(Part("store", part), clock=clock)
    await asyncio.gather(*(readiness.look() for _ in range(50)))
    await readiness.look()
    assert part.asked == 1
    clock.now += HELD
    part.word = OSError()
    assert not (await readiness.look()).ready
    assert part.asked == 2


async def test_who_goes_away_while_the_parts_are_asked_takes_nothing_from_others():
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        asked.set()
        await go_on.wait()
        return "ok"

    readiness = Readiness(Part("store", slow))
    first, second = asyncio.create_task(readiness.look()), asyncio.create_task(readiness.look())
    await asked.wait()
    first.cancel()
    go_on.set()
    assert (await second).ready


async def test_it_is_ready_no_more_from_the_moment_that_the_server_stops():
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow():
        asked.set()
        await go_on.wait()
        return "ok"

    readiness = Readiness(Part("store", slow))
    looking = asyncio.create_task(readiness.look())
    await asked.wait()
    readiness.leave()
    go_on.set()
    assert told(await looking) == told(await readiness.look()) == (503, {"status": "draining", "parts": {}})


async def test_a_change_is_told_once(caplog):
    caplog.set_level(logging.WARNING, logger="fanfold")
    clock, part = Clock(), Checked(OSError("secret"))
    readiness = Readiness(Part("store", part), clock=clock)
    for word in (OSError("secret"), OSError("secret"), "ok"):
        part.word = word
        await readiness.look()
        clock.now += HELD
    assert [record.getMessage() for record in caplog.records] == [
        "readiness: the part store is failed",
        "readiness: the part store is ok",
    ]


# -- of the server -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_server_tells_whether_its_parts_work(make_app, method):
    app = make_app()
    reply = await ask(app, method, "/readyz", token=None)
    assert (reply.status, reply.headers["cache-control"]) == (200, "no-store")
    if method == "GET":
        assert reply.json == {"status": "ready", "parts": {"store": "ok", "work": "ok"}}


async def test_a_server_whose_database_is_away_is_alive_and_not_ready(make_app, monkeypatch):
    app = make_app()

    def away(_):
        raise OSError

    monkeypatch.setattr(app.store, "setting", away)
    assert (await ask(app, "GET", "/healthz", token=None)).status == 200
    reply = await ask(app, "GET", "/readyz", token=None)
    assert (reply.status, reply.json["parts"]["store"]) == (503, "failed")


async def test_a_server_that_stops_is_alive_and_not_ready(make_app):
    app = make_app()
    app.readiness.leave()
    assert (await ask(app, "GET", "/healthz", token=None)).status == 200
    assert (await ask(app, "GET", "/readyz", token=None)).status == 503


@pytest.mark.parametrize(
    ("without", "status", "word"), [("local", 200, "degraded"), ("allow", 200, "degraded"), ("deny", 503, "failed")]
)
async def test_without_its_redis_a_server_is_as_ready_as_it_is_told_to_be(make_app, without, status, word):
    app = make_app(redis="redis://127.0.0.1:1", without_redis=without)
    reply = await ask(app, "GET", "/readyz", token=None)
    assert (reply.status, reply.json["parts"]["redis"]) == (status, word)
    await app.limits.close()


async def test_nothing_can_be_sent_there(make_app):
    assert (await ask(make_app(), "POST", "/readyz", {}, token=None)).status == 404
