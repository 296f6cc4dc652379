"""Lines that wait for a slow reader are bounded: nothing more is asked for until it has caught up."""

import asyncio

import pytest
from msgspec import json

from fanfold.dialects import TrutoDialect
from fanfold.entries import Mishap, Outcome
from fanfold.errors import RequestError
from fanfold.model import Result
from fanfold.server.connect.record_flow import MAX_WAITING, RecordFlow
from tests.server.conftest import ADA

BODY = {
    "integrated_account_id": "a",
    "resources": [
        {"resource": "users", "method": "list", "persist": True},
        {"resource": "tags", "method": "list"},
        {"resource": "users", "method": "list", "name": "more", "persist": True},
    ],
}


def flow():
    dialect = TrutoDialect()
    batch = dialect.decode(json.encode(BODY))
    return RecordFlow(dialect, batch, 1.0, batch.recipe.entries)


def test_it_is_full_until_the_reader_has_taken_enough():
    one, gone_on = flow(), []
    one.when_room(lambda: gone_on.append(1))
    one.records(0, ["x" * MAX_WAITING])
    assert one.full()
    size = one.waiting
    one.taken(10)
    assert one.full() or size - 10 <= MAX_WAITING
    one.taken(size - 10)
    assert not one.full()
    assert gone_on == [1]
    one.records(0, ["y"])
    one.taken(one.waiting)
    assert gone_on == [1]


def test_the_last_line_counts_by_the_keys_of_a_whole_answer():
    one = flow()
    one.records(0, [1, 2])
    one.records(2, [3])
    mishaps = (Mishap(RequestError("No.")),)
    for place, outcome in enumerate((Outcome(calls=1), Outcome(calls=2, mishaps=mishaps, records=9), Outcome(calls=3))):
        one.settled(place, Result(one.results[place].action, outcome=outcome))
    summary = json.decode(one.closing(broken=False))["summary"]
    assert summary.pop("ms") >= 0
    assert summary == {"records": 3, "errors": 1, "calls": 6, "resources": {"users": 3}}


def test_a_batch_that_broke_off_ends_with_an_error():
    assert json.decode(flow().closing(broken=True))["error"]["statusCode"] == 500


class Reader:
    """A client of a stream that takes what it is sent only when it is told to."""

    def __init__(self, body):
        self.body = json.encode(body)
        self.go = asyncio.Event()
        self.blocked = asyncio.Event()
        self.gone = asyncio.Event()
        self.taken = b""

    async def receive(self):
        if self.body is None:
            await self.gone.wait()
            return {"type": "http.disconnect"}
        body, self.body = self.body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message):
        if message.get("body"):
            self.blocked.set()
            await self.go.wait()
            self.taken += message["body"]

    def asks(self, app):
        headers = {"authorization": f"Bearer {ADA}", "accept": "application/x-ndjson"}
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/batch-request",
            "raw_path": b"/batch-request",
            "query_string": b"",
            "client": None,
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        }
        return asyncio.create_task(app(scope, self.receive, self.send))


@pytest.fixture
async def long_list(platform, monkeypatch):
    """A request for 5,000 records, and the calls that were made for it."""
    monkeypatch.setattr("fanfold.server.connect.record_flow.MAX_WAITING", 50_000)
    account = await platform.account()
    calls = []
    target = platform.app.connect().parts.target
    ask = type(target).send

    async def send(self, call):
        calls.append(call)
        return await ask(self, call)

    monkeypatch.setattr(type(target), "send", send)
    entry = {"resource": "block-children", "method": "list", "query": {"block_id": "page-5000"}, "persist": True}
    recurse = {
        "if": "{{resources.block-children.has_children:bool}}",
        "config": {"query": {"block_id": "{{resources.block-children.id}}"}},
    }
    return {"integrated_account_id": account, "resources": [{**entry, "recurse": recurse}]}, calls


async def test_nothing_more_is_asked_for_while_a_reader_takes_nothing(platform, long_list):
    body, calls = long_list
    reader = Reader(body)
    task = reader.asks(platform.app)
    await reader.blocked.wait()
    for _ in range(1000):
        await asyncio.sleep(0)
    made = len(calls)
    assert made < 20
    reader.go.set()
    await task
    told = [json.decode(line) for line in reader.taken.splitlines()]
    assert told[-1]["summary"]["records"] == 5000
    assert len(calls) > made


async def test_nothing_more_is_asked_for_when_the_reader_has_gone(platform, long_list):
    body, calls = long_list
    reader = Reader(body)
    task = reader.asks(platform.app)
    await reader.blocked.wait()
    reader.gone.set()
    reader.go.set()
    await task
    assert len(calls) < 20
