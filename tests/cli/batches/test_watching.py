"""What is seen of requests as they leave and of answers as they come."""

import json

import pytest

from fanfold.cli.batches.files import parse_batch
from fanfold.cli.batches.timeline import Timeline
from fanfold.cli.batches.watching import Watched
from fanfold.client import TransportError, Wire

BASE = "http://x/api"


class Answering:
    """Answers in pieces, or does not."""

    def __init__(self, *pieces, kind="application/json", headers=(), status=200):
        self.pieces, self.status = pieces, status
        self.headers = {"content-type": kind, **dict(headers)}
        self.sent = []

    async def send(self, wire, sink):
        self.sent.append(wire)
        sink.begin(self.status, self.headers)
        for piece in self.pieces:
            if isinstance(piece, Exception):
                raise piece
            sink.feed(piece)

    async def close(self):
        pass


class Sink:
    def begin(self, status, headers):
        self.status = status

    def feed(self, data):
        pass


def watched(text, answering, options=None):
    batch = parse_batch(text.encode(), "b.yaml")
    timeline = Timeline(batch.needs)
    return batch, timeline, Watched(answering, timeline, BASE, batch.actions, options or {})


def wire(batch, places):
    actions = [json.loads(batch.actions[place].in_batch()) for place in places]
    return Wire("POST", f"{BASE}/batch", {}, json.dumps({"data": {"actions": actions}}).encode())


def statuses(timeline):
    return [[attempt.status for attempt in attempts] for attempts in timeline.attempts]


def result(status, **more):
    return {"status_code": status, "headers": {}, "body": None, **more}


async def test_lines_are_seen_as_they_come_whatever_pieces_they_come_in():
    text = b"".join(json.dumps(result(200 + place, index=place, ms=1.5)).encode() + b"\n" for place in (1, 0))
    answering = Answering(*(text[at : at + 7] for at in range(0, len(text), 7)), kind="application/x-ndjson")
    batch, timeline, transport = watched("[GET /a, GET /b, GET /c]", answering)
    await transport.send(wire(batch, [2, 0]), Sink())
    assert statuses(timeline) == [[201], [], [200]]
    assert timeline.attempts[0][0].ms == 1.5


async def test_an_answer_in_one_piece_tells_of_all_and_their_times_stand_in_its_head():
    body = json.dumps({"data": [result(200), result(404)]}).encode()
    answering = Answering(body, headers={"server-timing": "batch;dur=3.5, a0;dur=1.25, a1;dur=2"})
    batch, timeline, transport = watched("[GET /a, GET /b]", answering)
    await transport.send(wire(batch, [0, 1]), Sink())
    assert statuses(timeline) == [[200], [404]]
    assert [attempts[0].ms for attempts in timeline.attempts] == [1.25, 2]
    assert all(attempts[0].whole for attempts in timeline.attempts)


async def test_an_answer_of_another_length_tells_of_nothing():
    batch, timeline, transport = watched("[GET /a, GET /b]", Answering(json.dumps({"data": [result(200)]}).encode()))
    await transport.send(wire(batch, [0, 1]), Sink())
    assert statuses(timeline) == [[0], [0]]


async def test_equal_actions_each_have_a_line_of_their_own():
    answering = Answering(json.dumps({"data": [result(200), result(201), result(202)]}).encode())
    batch, timeline, transport = watched("[GET /a, GET /a, GET /a]", answering)
    await transport.send(wire(batch, [0, 1, 2]), Sink())
    assert statuses(timeline) == [[200], [201], [202]]


async def test_equal_actions_with_keys_are_told_apart():
    text = "[{POST /a: , idempotency_key: k1}, {POST /a: , idempotency_key: k2}]"
    batch, timeline, transport = watched(text, Answering(json.dumps({"data": [result(201)]}).encode()))
    action = {**json.loads(batch.actions[1].in_batch()), "idempotency_key": "k2"}
    sent = Wire("POST", f"{BASE}/batch", {}, json.dumps({"data": {"actions": [action]}}).encode())
    await transport.send(sent, Sink())
    assert statuses(timeline) == [[], [201]]


async def test_a_refusal_of_the_whole_is_that_of_each_action():
    batch, timeline, transport = watched("[GET /a, GET /b]", Answering(b'{"errors": []}', status=429))
    await transport.send(wire(batch, [0, 1]), Sink())
    assert statuses(timeline) == [[429], [429]]


async def test_a_request_of_its_own_is_known_by_its_address():
    batch, timeline, transport = watched("[GET /b/a?limit=1, GET /a]", Answering(b"{}"))
    await transport.send(Wire("GET", f"{BASE}/a", {}), Sink())
    assert (statuses(timeline), timeline.batches, timeline.lone) == ([[], [200]], 0, 1)
    await transport.send(Wire("GET", BASE + batch.actions[0].target(), {}), Sink())
    assert statuses(timeline) == [[200], [200]]


async def test_options_are_put_into_what_goes_out():
    answering = Answering(b"{}")
    batch, _, transport = watched("[GET /a]", answering, {"deadline": 5})
    await transport.send(wire(batch, [0]), Sink())
    assert json.loads(answering.sent[0].body)["data"]["options"] == {"deadline": 5}


async def test_an_answer_that_breaks_off_ends_the_attempt():
    batch, timeline, transport = watched("[GET /a]", Answering(TransportError("broken")))
    with pytest.raises(TransportError, match="broken"):
        await transport.send(wire(batch, [0]), Sink())
    assert timeline.attempts[0][0].ended is not None
    assert transport.unheard is None


async def test_it_is_remembered_that_a_question_beside_had_no_answer():
    _, timeline, transport = watched("[GET /a]", Answering(TransportError("nobody")))
    with pytest.raises(TransportError):
        await transport.send(Wire("OPTIONS", f"{BASE}/batch", {}), Sink())
    assert (transport.unheard.message, statuses(timeline)) == ("nobody", [[]])
