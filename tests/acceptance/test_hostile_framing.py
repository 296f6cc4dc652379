"""Requests whose beginning or end is in doubt, too long or never there: run once or not at all, never twice."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from msgspec import json

from tests.acceptance.wire import LAST, assert_refused, connect, exchange, head

pytestmark = pytest.mark.usefixtures("unharmed")


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, start_running: Any) -> Iterator[Any]:
    """A server that waits for bodies and heads no longer than half a second."""
    directory = tmp_path_factory.mktemp("hasty")
    config = directory / "fanfold.toml"
    config.write_text("head_timeout = 0.5\nbody_timeout = 0.5\n")
    with start_running(directory, "--limits", "off", "--config", str(config)) as server:
        yield server


@pytest.fixture(scope="module")
def project(live: Any) -> str:
    workspace = live.data("GET", "/workspaces")[0]["gid"]
    team = live.data("GET", f"/workspaces/{workspace}/teams")[0]["gid"]
    return str(live.data("POST", "/projects", name="Framed", workspace=workspace, team=team)["gid"])


@pytest.fixture
def body(project: str) -> bytes:
    return json.encode({"data": {"name": "framed", "projects": [project]}})


@pytest.fixture
def executed(live: Any, project: str) -> Callable[[], int]:
    """How many tasks have been made since the test began."""

    def count() -> int:
        return int(live.data("GET", f"/projects/{project}/task_counts?opt_fields=num_tasks")["num_tasks"])

    before = count()
    return lambda: count() - before


def chunked(body: bytes) -> bytes:
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


# Heads in which ``{n}`` is the true length; the body follows as it is or, where the name says so, chunked.
DOUBTFUL_HEADS = {
    "length and chunked": ("Content-Length: {n}", "Transfer-Encoding: chunked"),
    "chunked and length": ("Transfer-Encoding: chunked", "Content-Length: {n}"),
    "chunked and length 0": ("Transfer-Encoding: chunked", "Content-Length: 0"),
    "the same length twice": ("Content-Length: {n}", "Content-Length: {n}"),
    "two lengths": ("Content-Length: {n}", "Content-Length: 5"),
    "a list of lengths": ("Content-Length: {n}, {n}",),
    "a length with a plus": ("Content-Length: +{n}",),
    "a negative length": ("Content-Length: -{n}",),
    "a hexadecimal length": ("Content-Length: 0x{n}",),
    "a length with an underscore": ("Content-Length: 1_{n}",),
    "a length with a space": ("Content-Length: 1 {n}",),
    "a length with a point": ("Content-Length: {n}.0",),
    "a length in other digits": ("Content-Length: \xd9\xa3\xd9\xa3",),
    "a length in superscript": ("Content-Length: \xb2\xb3",),
    "an empty length": ("Content-Length: ",),
    "an endless length": ("Content-Length: " + "9" * 40,),
    "a space before the colon": ("Content-Length : {n}",),
    "a tab before the colon": ("Content-Length\t: {n}",),
    "a line feed alone": ("X: y\nContent-Length: {n}",),
    "a carriage return alone": ("X: y\rContent-Length: {n}",),
    "a folded line": ("X: a\r\n b", "Content-Length: {n}"),
    "a folded length": ("Content-Length:\r\n {n}",),
    "NUL in a value": ("X: a\0b", "Content-Length: {n}"),
    "NUL in a name": ("X\0Y: a", "Content-Length: {n}"),
    "no name": (": a", "Content-Length: {n}"),
    "no colon": ("X", "Content-Length: {n}"),
    "chunked, spelt wrong": ("Transfer-Encoding: xchunked",),
    "chunked, with a tail": ("Transfer-Encoding: chunked, identity",),
    "chunked twice": ("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    "chunked behind gzip": ("Transfer-Encoding: gzip, chunked",),
    "chunked, folded": ("Transfer-Encoding:\r\n chunked",),
    "chunked, behind a space": ("Transfer-Encoding : chunked",),
    "chunked, with a vertical tab": ("Transfer-Encoding: \x0bchunked",),
    "gzip": ("Content-Encoding: gzip", "Content-Length: {n}"),
    "gzip twice": ("Content-Encoding: gzip, gzip", "Content-Length: {n}"),
    "br": ("Content-Encoding: br", "Content-Length: {n}"),
    "deflate, chunked": ("Content-Encoding: deflate", "Transfer-Encoding: chunked"),
    "a length over the limit": ("Content-Length: 1048577",),
    "a length over everything": ("Content-Length: 9223372036854775807",),
}


@pytest.mark.parametrize("name", DOUBTFUL_HEADS)
def test_a_doubtful_head_is_refused_and_nothing_is_executed(
    live: Any, name: str, body: bytes, executed: Callable[[], int]
) -> None:
    lines = [line.replace("{n}", str(len(body))) for line in DOUBTFUL_HEADS[name]]
    sent = chunked(body) if "chunked" in name else body
    smuggled = head(live, f"Content-Length: {len(body)}") + body
    answers = exchange(live, head(live, *lines), sent, smuggled if answers_at_once(name) else LAST)
    assert answers[0].status in (400, 413, 415)
    assert executed() <= (1 if whole(name) else 0)


def answers_at_once(name: str) -> bool:
    """Whether the server is sure to give the connection up, so that what follows cannot be a request of its own."""
    return not whole(name) and "over" not in name


def whole(name: str) -> bool:
    """Whether the end of the refused request is beyond doubt, so that a following one is served."""
    return name in ("chunked behind gzip", "gzip", "gzip twice", "br", "deflate, chunked")


DOUBTFUL_CHUNKS = {
    "a size with a plus": b"+%x\r\n%b\r\n0\r\n\r\n",
    "a size with 0x": b"0x%x\r\n%b\r\n0\r\n\r\n",
    "a size with a space in front": b" %x\r\n%b\r\n0\r\n\r\n",
    "a negative size": b"-%x\r\n%b\r\n0\r\n\r\n",
    "a size of 68 bits": b"fffffffffffffff%x\r\n%b\r\n0\r\n\r\n",
    "no end of a chunk": b"%x\r\n%b0\r\n\r\n",
    "a size that ends in a line feed": b"%x\n%b\r\n0\r\n\r\n",
    "an extension that ends in a line feed": b"%x;a=b\n%b\r\n0\r\n\r\n",
    "an extension with NUL": b"%x;a=\0b\r\n%b\r\n0\r\n\r\n",
    "a chunk that is too short": b"%xf\r\n%b\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("form", DOUBTFUL_CHUNKS.values(), ids=DOUBTFUL_CHUNKS)
def test_a_doubtful_chunk_is_refused_and_nothing_is_executed(
    live: Any, form: bytes, body: bytes, executed: Callable[[], int]
) -> None:
    answers = exchange(live, head(live, "Transfer-Encoding: chunked") + form % (len(body), body), LAST)
    assert answers[0].status in (400, 408, 413)
    assert executed() == 0


STARTS = {
    "no version": "GET /healthz",
    "another version": "GET /healthz HTTP/1.9",
    "the preface of version 2": "PRI * HTTP/2.0",
    "a method in small letters": "get /healthz HTTP/1.1",
    "an unknown method": "BREW /healthz HTTP/1.1",
    "CONNECT": "CONNECT evil.example:443 HTTP/1.1",
    "a path without a slash": "GET healthz HTTP/1.1",
    "a path with a space": "GET /health z HTTP/1.1",
    "a path with bytes": "GET /healthz/\xe9 HTTP/1.1",
    "a path without an end": "GET /" + "a" * 70_000 + " HTTP/1.1",
    "another protocol": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "NUL": "GET /healthz\0 HTTP/1.1",
}


@pytest.mark.parametrize("name", STARTS)
def test_what_is_no_request_is_refused(live: Any, name: str) -> None:
    answers = exchange(live, head(live, start=STARTS[name]))
    assert [answer.status for answer in answers] == [200 if name == "no version" else 400]


@pytest.mark.parametrize("upgrade", ["websocket", "h2c", "TLS/1.0"])
def test_no_connection_is_upgraded(live: Any, body: bytes, executed: Callable[[], int], upgrade: str) -> None:
    lines = (f"Upgrade: {upgrade}", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAMAAABkAAQAAP__")
    with connect(live) as connection:
        connection.sendall(head(live, *lines, f"Content-Length: {len(body)}") + body + LAST)
        answer = connection.recv(65536)
    assert not answer.startswith(b"HTTP/1.1 101")
    assert executed() <= 1


def test_a_request_is_executed_once_and_one_behind_the_close_never(
    live: Any, body: bytes, executed: Callable[[], int]
) -> None:
    good = head(live, f"Content-Length: {len(body)}") + body
    last = head(live, f"Content-Length: {len(body)}", "Connection: close") + body
    answers = exchange(live, good + good + last + good + good)
    assert [answer.status for answer in answers] == [201, 201, 201]
    assert executed() == 3


def test_a_request_in_a_body_is_a_body(live: Any, body: bytes, executed: Callable[[], int]) -> None:
    inner = head(live, f"Content-Length: {len(body)}") + body
    for start in ("GET /healthz HTTP/1.1", "DELETE /api/1.0/tasks/1 HTTP/1.1", "POST /api/1.0/nowhere HTTP/1.1"):
        first, last = exchange(live, head(live, f"Content-Length: {len(inner)}", start=start) + inner, LAST)
        assert first.status in (200, 404)
        assert last.status == 200
    assert executed() == 0


def test_a_length_that_is_too_short_cuts_the_body(live: Any, body: bytes, executed: Callable[[], int]) -> None:
    answers = exchange(live, head(live, "Content-Length: 5") + body, LAST)
    assert {answer.status for answer in answers} == {400}
    assert executed() == 0


@pytest.mark.parametrize("line", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
def test_a_body_that_never_ends_is_given_up(live: Any, line: str, executed: Callable[[], int]) -> None:
    (answer,) = exchange(live, head(live, line) + b"3e8\r\n{")
    assert_refused(answer.status, json.decode(answer.body), 408)
    assert executed() == 0


def test_a_head_that_never_ends_is_given_up(live: Any) -> None:
    for sent in (
        b"",
        b"GET /heal",
        head(live)[:-2],
        LAST.replace(b"Connection: close\r\n", b"") + b"GET / HTTP/1.1\r\n",
    ):
        assert len(exchange(live, sent)) == sent.count(b"\r\n\r\n")


def test_a_head_without_bounds_is_cut_off(live: Any) -> None:
    for line in (b"x-%d: " + b"y" * 1000 + b"\r\n", b"x%d"):
        with connect(live) as connection:
            sent = _send_until_refused(connection, head(live)[:-2], (line % n for n in range(10**7)))
        assert sent < 8_000_000


def test_a_chunked_body_without_bounds_is_refused_and_then_cut_off(live: Any, executed: Callable[[], int]) -> None:
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    with connect(live) as connection:
        sent = _send_until_refused(connection, head(live, "Transfer-Encoding: chunked"), (chunk for _ in range(2000)))
        assert sent < 64_000_000
    assert executed() == 0


def _send_until_refused(connection: Any, first: bytes, pieces: Iterator[bytes]) -> int:
    """Send until the server closes the connection; how many bytes that took."""
    connection.sendall(first)
    sent = len(first)
    try:
        for piece in pieces:
            connection.sendall(piece)
            sent += len(piece)
    except ConnectionError:
        return sent
    raise AssertionError("the server takes everything")


def test_who_has_an_answer_cannot_dribble_on(live: Any) -> None:
    with connect(live) as connection:
        connection.sendall(head(live, "Content-Length: 9000000"))
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")
        until = time.monotonic() + 15
        try:
            while time.monotonic() < until:
                connection.sendall(b"x")
                time.sleep(0.01)
        except ConnectionError:
            return
    raise AssertionError("the server listens on")


def test_who_leaves_before_the_answer_harms_nobody(live: Any, project: str, executed: Callable[[], int]) -> None:
    actions = [{"method": "post", "relative_path": "/tasks", "data": {"name": "left", "projects": [project]}}] * 10
    body = json.encode({"data": {"actions": actions}})
    request = head(live, f"Content-Length: {len(body)}", start="POST /api/1.0/batch HTTP/1.1") + body
    for _ in range(20):
        with connect(live) as connection:
            connection.sendall(request)
    for cut in range(1, len(request), len(request) // 20):
        with connect(live) as connection:
            connection.sendall(request[:cut])
    assert executed() % 10 == 0


def task(live, name, *lines):
    body = json.encode({"data": {"name": name, "workspace": live.data("GET", "/workspaces")[0]["gid"]}})
    return head(live, f"Content-Length: {len(body)}", *lines) + body


def test_what_came_before_garbage_is_answered_before_the_connection_ends(live):
    wanted = [task(live, f"asked {number}") for number in range(3)]
    answers = exchange(live, b"".join(wanted) + b"\x00\xff no request\r\n\r\n")
    assert [answer.status for answer in answers] == [201, 201, 201]
    assert [json.decode(answer.body)["data"]["name"] for answer in answers] == ["asked 0", "asked 1", "asked 2"]


def test_garbage_alone_is_refused(live):
    (answer,) = exchange(live, b"\x00\xff no request\r\n\r\n")
    assert answer.status == 400


def test_garbage_within_a_body_spares_those_that_came_before(live):
    broken = head(live, "Transfer-Encoding: chunked") + b"zz\r\nno chunk"
    answers = exchange(live, task(live, "whole") + broken)
    assert [answer.status for answer in answers] == [201]


def test_garbage_within_the_only_body_is_refused(live):
    (answer,) = exchange(live, head(live, "Transfer-Encoding: chunked") + b"zz\r\nno chunk")
    assert answer.status == 400
