"""The desk: one client for all that is to be sent alike, and not more of them than it takes."""

import asyncio
import gc
import weakref
from typing import ClassVar

import pytest
from msgspec import json

from fanfold.client import Request, TransportError
from fanfold.compat.desk import Carrier, Desk
from tests.compat.conftest import echoes

BASE = "http://api.test/api"


class Echoes(Carrier):
    """Answers what was asked; ``sent`` has the headers of each request."""

    made: ClassVar = weakref.WeakSet()

    def __init__(self, wait=None):
        super().__init__()
        self.sent = []
        self.wait = wait
        self.made.add(self)

    async def send(self, wire, sink):
        self.sent.append(wire.headers)
        if self.wait is not None:
            await self.wait.wait()
        status, headers, content = echoes(wire.method, wire.url.removeprefix("http://api.test"), wire.body or b"")
        self.note(wire, status)
        sink.begin(status, {name.lower(): value for name, value in headers.items()})
        sink.feed(content)


@pytest.fixture
async def desk():
    Echoes.made = weakref.WeakSet()
    desk = Desk(BASE, {"discover": False})
    yield desk
    await desk.close()


def ask(desk, number, *, headers=(), way="", carrier=Echoes):
    return desk.ask(Request("GET", f"/t/{number}"), headers, way, carrier)


async def test_those_that_agree_travel_together_and_others_do_not(desk):
    first, second = (("Authorization", "Bearer 1"),), (("Authorization", "Bearer 2"),)
    found = await asyncio.gather(
        *[ask(desk, number, headers=first if number % 2 else second) for number in range(8)],
        *[ask(desk, number, headers=first, way="slow") for number in range(8, 10)],
    )
    assert [json.decode(one.content)["data"]["relative_path"] for one in found] == [f"/t/{n}" for n in range(10)]
    assert len(Echoes.made) == 3
    assert sorted(len(carrier.sent) for carrier in Echoes.made) == [1, 1, 1]
    assert {sent["Authorization"] for carrier in Echoes.made for sent in carrier.sent} == {"Bearer 1", "Bearer 2"}


async def test_clients_that_nobody_uses_go(desk):
    for number in range(200):
        await ask(desk, number, way=number)
    gc.collect()
    assert len(Echoes.made) == 64


async def test_clients_that_are_waited_for_stay(desk):
    gate = asyncio.Event()
    waiting = [asyncio.create_task(ask(desk, n, way=("held", n), carrier=lambda: Echoes(gate))) for n in range(70)]
    await asyncio.sleep(0)
    for number in range(10):
        assert await ask(desk, number, way=number) is not None
    gate.set()
    assert [json.decode((await one).content)["data"]["alone"] for one in waiting] == [
        f"GET /api/t/{n}" for n in range(70)
    ]


async def test_what_carries_tells_why_it_could_not(desk):
    class Breaks(Carrier):
        async def send(self, wire, sink):
            try:
                raise OSError("the cable")
            except OSError as error:
                raise TransportError("broken", sent=False) from error

    found = await asyncio.gather(*[ask(desk, n, carrier=Breaks) for n in range(2)], return_exceptions=True)
    assert [type(one) for one in found] == [TransportError] * 2
    assert [str(one.__cause__) for one in found] == ["the cable"] * 2
    assert found[0] is not found[1]
