"""Whoever wants to know is told when a job has ended: signed, tried again, and only where it may be."""

import asyncio
import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from msgspec import json

from fanfold.errors import ForbiddenTarget, Unreachable
from fanfold.server.jobs.records import HOOKS
from fanfold.server.jobs.telling import PAUSES
from fanfold.work.posting import Reply

from .conftest import NOON, ask
from .test_batch_jobs import ME, ended, submit

URL = "https://receiver.test/done"


class Receiver:
    """Stands for whoever is at the URL: keeps what it was sent, and answers as it is told."""

    def __init__(self):
        self.sent = []
        self.replies = []
        self.came = asyncio.Event()

    async def vet(self, url):
        if "internal" in url:
            raise ForbiddenTarget
        if "nowhere" in url:
            raise Unreachable

    async def __call__(self, url, headers, body, _):
        self.sent.append((url, headers, body))
        self.came.set()
        reply = self.replies.pop(0) if self.replies else 200
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Reply) else Reply(reply, {})


@pytest.fixture
def app(make_app):
    app = make_app()
    app.teller._poster = Receiver()
    return app


async def told(app):
    """What the receiver was sent first."""
    await asyncio.wait_for(app.teller._poster.came.wait(), 30)
    return app.teller._poster.sent[0]


def waiting(app):
    return app.store.shelved_on(HOOKS)


async def test_the_end_of_a_job_is_told_with_a_signature_that_its_secret_makes(app):
    reply = await submit(app, [ME], headers={"fanfold-webhook": URL})
    webhook = reply.json["data"]["webhook"]
    job = await ended(app, reply.headers["location"])
    assert job["webhook"] == {"url": URL}
    url, headers, body = await told(app)
    assert url == URL
    message = json.decode(body)
    assert message == {
        "type": "job.succeeded",
        "timestamp": "2026-11-22T12:00:00.000Z",
        "data": {name: value for name, value in job.items() if name != "results"},
    }
    secret = base64.b64decode(webhook["secret"].removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}".encode()
    expected = base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["webhook-id"] == f"msg_{job['id']}"
    while waiting(app):  # noqa: ASYNC110 - it comes with the next ticks
        await asyncio.sleep(0)


async def test_what_did_not_arrive_is_sent_again_with_growing_pauses_and_then_given_up(app):
    app.runner.start = lambda *_: None
    reply = await submit(app, [ME], headers={"fanfold-webhook": URL})
    job = reply.json["data"]["id"]
    await app.jobs.perform(job)
    receiver = app.teller._poster
    receiver.replies = [500, Unreachable(), Reply(429, {"retry-after": "4000"}), 302, 503, 404, 500]
    pauses, now = [], NOON
    while True:
        pause = await app.teller.tell(job)
        if pause is None:
            break
        assert len(waiting(app)) == 1
        assert await app.teller.tell(job) == pytest.approx(pause)
        pauses.append(pause)
        now += timedelta(seconds=pause)
        app.clock.set(now)
    assert pauses == [5, 300, 4000, *PAUSES[3:]]
    assert len(receiver.sent) == len(PAUSES) + 1
    assert len({headers["webhook-id"] for _, headers, _ in receiver.sent}) == 1
    assert waiting(app) == []


async def test_a_clock_that_is_put_back_holds_up_no_attempt(app):
    app.runner.start = lambda *_: None
    job = (await submit(app, [ME], headers={"fanfold-webhook": URL})).json["data"]["id"]
    await app.jobs.perform(job)
    app.teller._poster.replies = [500]
    assert await app.teller.tell(job) == PAUSES[0]
    back = NOON - timedelta(hours=1)
    app.clock.set(back)
    assert await app.teller.tell(job) == PAUSES[0]
    app.clock.set(back + timedelta(seconds=PAUSES[0]))
    assert await app.teller.tell(job) is None
    assert len(app.teller._poster.sent) == 2


async def test_who_says_that_there_is_nobody_any_more_is_not_told_again(app):
    app.runner.start = lambda *_: None
    job = (await submit(app, [ME], headers={"fanfold-webhook": URL})).json["data"]["id"]
    await app.jobs.perform(job)
    app.teller._poster.replies = [410]
    assert await app.teller.tell(job) is None
    assert waiting(app) == []


async def test_what_a_dead_process_did_not_tell_the_next_one_tells(app):
    started = []
    app.runner.start, start = lambda *what: started.append(what), app.runner.start
    job = (await submit(app, [ME], headers={"fanfold-webhook": URL})).json["data"]["id"]
    await app.teller.resume()
    assert [name for name, *_ in started] == ["batch"]
    await app.jobs.perform(job)
    app.runner.start = start
    await app.teller.resume()
    assert json.decode((await told(app))[2])["data"]["id"] == job


async def test_a_job_that_is_cancelled_before_it_begins_is_told_of_too(app):
    app.runner.start, start = lambda *_: None, app.runner.start
    path = (await submit(app, [ME], headers={"fanfold-webhook": URL})).headers["location"]
    app.runner.start = start
    await ask(app, "POST", f"{path}/cancel")
    assert json.decode((await told(app))[2])["type"] == "job.cancelled"


@pytest.mark.parametrize(
    ("url", "status"),
    [
        ("ftp://receiver.test", 400),
        ("nonsense", 400),
        ("https://", 400),
        ("https://a b", 400),
        (f"https://receiver.test/{'x' * 2048}", 400),
        ("http://internal.test", 403),
        ("http://nowhere.test", 400),
    ],
)
async def test_who_may_not_be_told_is_refused_at_once(app, url, status):
    reply = await submit(app, [ME], headers={"fanfold-webhook": url})
    assert reply.status == status
    assert (await ask(app, "GET", "/-/jobs")).json["data"] == []
