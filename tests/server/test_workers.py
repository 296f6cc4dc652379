"""The way between a supervisor and a worker, and what it is told there."""

import socket
from contextlib import closing

import msgspec
import pytest

from fanfold.server.gateway_settings import GatewaySettings, Upstream
from fanfold.server.workers import Line, Order, Said, Told
from fanfold.settings import Settings


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        yield Line(ours), Line(theirs)


def test_what_is_said_is_heard_in_order_however_it_was_cut(ends):
    ours, theirs = ends
    words = [Said(ready=True), Said(refused="Not\nso.")]
    whole = b"".join(msgspec.json.encode(word) + b"\n" for word in words)
    heard = []
    for byte in whole:
        ours.end.sendall(bytes([byte]))
        heard += theirs.hear()
    assert [msgspec.json.decode(line, type=Said) for line in heard] == words
    assert theirs.open


def test_a_line_that_nobody_holds_any_more_is_not_open(ends):
    ours, theirs = ends
    ours.say(Order("retire"))
    ours.end.close()
    assert [msgspec.json.decode(line, type=Order) for line in theirs.hear()] == [Order("retire")]
    assert theirs.hear() == []
    assert not theirs.open
    theirs.say(Said(ready=True))


def test_nothing_to_hear_is_no_end(ends):
    ours, theirs = ends
    theirs.end.settimeout(0)
    assert theirs.hear() == []
    assert theirs.open
    assert ours.open


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(workers=3, shuffle=7, redis="redis://h", access_log="off", drain_delay=1.5),
        GatewaySettings(upstreams={"a": Upstream(url="https://a", headers={"x": "${Y}"}, pass_headers=("b",))}),
    ],
)
def test_settings_arrive_as_they_were(settings):
    told = Told(
        part="m:f", address="http://h", slot=0, listeners=(3, 4), settings=msgspec.Raw(msgspec.json.encode(settings))
    )
    arrived = msgspec.json.decode(msgspec.json.encode(told), type=Told)
    assert msgspec.json.decode(arrived.settings, type=type(settings)) == settings
