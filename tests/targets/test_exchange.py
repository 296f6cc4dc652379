"""Answers that upstreams should not give, as bytes on the wire, and whose answer is whose."""

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fanfold.errors import RequestError, TimedOut
from fanfold.targets.terms import Terms
from fanfold.targets.upstream import UpstreamTarget
from fanfold.targets.vetting import Vetting
from tests.targets.asking import ask, refusal
from tests.upstreams import upstream_running

HERE = Vetting(loopback=True)
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


@pytest.fixture
async def make(upstream):
    made = []

    def target(**terms):
        made.append(UpstreamTarget(upstream.url, Terms(**{"attempts": 1, **terms}), vetting=HERE))
        return made[-1]

    yield target
    for one in made:
        await one.close()


GOOD = {
    "after 100 and 103": (
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
        HEAD + b"Content-Length: 2\r\n\r\n{}",
    ),
    "of HTTP/1.0, to its end": (b"HTTP/1.0 200 OK\r\n\r\n", b"{", b"}", None),
    "of HTTP/1.0, kept open": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n{}",),
    "of HTTP/1.1, to its end": (HEAD + b"Connection: close\r\n\r\n{}", None),
    "with chunks that have extensions": (CHUNKED + b'1;a=b\r\n{\r\n1;c="d e"\r\n}\r\n0;last\r\n\r\n',),
    "with a trailer": (CHUNKED + b"2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n",),
    "in a chunk of its own for each byte": (CHUNKED, b"1\r\n{\r\n", b"1\r\n}\r\n", b"0\r\n", b"\r\n"),
    "byte by byte": tuple(bytes([byte]) for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
}


@pytest.mark.parametrize("name", GOOD)
async def test_an_answer_is_taken(make, upstream, name):
    upstream.says["it"] = GOOD[name]
    answer = await ask(make(), "GET", "/say/it")
    assert (answer.status, answer.body) == (200, b"{}")


BAD = {
    "a protocol of its own": (HEAD.replace(b"HTTP/1.1", b"HTTP/2") + b"Content-Length: 0\r\n\r\n",),
    "no status": (b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n",),
    "a status of two digits": (b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",),
    "a status below all": (b"HTTP/1.1 000 OK\r\nContent-Length: 0\r\n\r\n",),
    "a status beyond all": (b"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n",),
    "another protocol": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello",),
    "nothing": (None,),
    "half a head": (HEAD + b"Content-Le", None),
    "half a body": (HEAD + b"Content-Length: 4\r\n\r\n{}", None),
    "half a chunk": (CHUNKED + b"4\r\n{}", None),
    "no last chunk": (CHUNKED + b"2\r\n{}\r\n", None),
    "two lengths": (HEAD + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}", None),
    "a length below zero": (HEAD + b"Content-Length: -2\r\n\r\n{}", None),
    "a length with a sign": (HEAD + b"Content-Length: +2\r\n\r\n{}", None),
    "a length beyond all": (HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n{}", None),
    "a length and chunks": (
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        None,
    ),
    "a coding below the chunks": (HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",),
    "a coding that nobody knows": (HEAD + b"Transfer-Encoding: chunkier\r\n\r\n2\r\n{}\r\n0\r\n\r\n", None),
    "a chunk size that is none": (CHUNKED + b"2x\r\n{}\r\n0\r\n\r\n", None),
    "a header with NUL": (HEAD + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}", None),
    "a header with half a line break": (HEAD + b"X: a\rb\r\nContent-Length: 2\r\n\r\n{}", None),
    "a space before a colon": (HEAD + b"X : a\r\nContent-Length: 2\r\n\r\n{}", None),
    "a truncated gzip": (
        HEAD + b"Content-Encoding: gzip\r\nContent-Length: 12\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\xff\xab\xae",
    ),
}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("name", BAD)
async def test_what_is_no_answer_is_that_calls_error_and_leaves_nothing_behind(make, upstream, name, method):
    upstream.says["it"] = BAD[name]
    target = make(timeout=5)
    assert await refusal(target, method, "/say/it") == 502
    assert b"/echo/mine" in (await ask(target, "GET", "/echo/mine")).body
    assert [one.path for one in upstream.seen] == ["/say/it", "/echo/mine"]


POURED = {
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000),
    "hints": (b"", (b"HTTP/1.1 103 Hints\r\n" + b"Link: </x>\r\n" * 50 + b"\r\n") * 100),
    "header fields": (HEAD, b"X: y\r\n" * 1000),
    "one header field": (HEAD + b"X: ", b"y" * 10_000),
    "a reason": (b"HTTP/1.1 200 ", b"x" * 10_000),
    "extensions of chunks": (CHUNKED, (b"1;" + b"x" * 1000 + b"\r\na\r\n") * 100),
    "one extension": (CHUNKED + b"1;", b"x" * 10_000),
    "a chunk size": (CHUNKED, b"0" * 10_000),
    "trailers": (CHUNKED + b"0\r\n", b"X: y\r\n" * 1000),
    "body": (HEAD + b"\r\n", b"x" * 10_000),
}


SLOW = {"extensions of chunks", "one extension", "a chunk size"}
"""Of these nothing is counted, but for the time that they take."""


@pytest.mark.parametrize("name", POURED)
async def test_what_has_no_end_is_given_up_while_others_are_served(make, upstream, name):
    upstream.pours["it"] = POURED[name]
    target = make()
    endless = asyncio.create_task(
        ask(make(timeout=0.5 if name in SLOW else 10, max_response=1_000_000), "GET", "/pour/it")
    )
    for number in range(5):
        assert b"/echo/%d" % number in (await ask(target, "GET", f"/echo/{number}")).body
    with pytest.raises(RequestError) as refused:
        await endless
    assert refused.value.status == 502 or name in SLOW
    assert b"/echo/after" in (await ask(target, "GET", "/echo/after")).body


async def test_a_head_that_creeps_is_given_up_in_time(make):
    target = make(timeout=0.3)
    with pytest.raises(TimedOut):
        await ask(target, "GET", "/crawl")
    assert (await ask(target, "GET", "/echo")).status == 200


# -- whose answer is whose ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_an_upstream_says_unasked_is_nobodys_answer(make, upstream, method):
    upstream.says["one"] = (HEAD + b"Content-Length: 2\r\n\r\n{}", EVIL)
    target = make(connections=1)
    assert (await ask(target, "GET", "/say/one")).body == b"{}"
    await asyncio.sleep(0.05)
    assert b"/echo/mine" in (await ask(target, method, "/echo/mine")).body
    assert Counter(upstream.paths()) == {"GET /say/one": 1, f"{method} /echo/mine": 1}
    assert upstream.connections == 2


async def test_what_comes_with_an_answer_beyond_its_length_is_nobodys_answer(make, upstream):
    upstream.says["one"] = (HEAD + b"Content-Length: 2\r\n\r\n{}" + EVIL,)
    target = make(connections=1)
    assert (await ask(target, "GET", "/say/one")).body == b"{}"
    assert b"/echo/mine" in (await ask(target, "GET", "/echo/mine")).body


async def test_a_body_after_an_answer_to_head_is_nobodys_answer(make, upstream):
    upstream.says["one"] = (HEAD + b"Content-Length: %d\r\n\r\n" % len(EVIL), EVIL)
    target = make(connections=1)
    assert (await ask(target, "HEAD", "/say/one")).status == 200
    assert b"/echo/mine" in (await ask(target, "POST", "/echo/mine")).body
    assert upstream.connections == 2


async def test_a_connection_that_is_half_closed_is_not_written_to(make, upstream):
    target = make()
    assert (await ask(target, "GET", "/deaf")).status == 200
    await asyncio.sleep(0.05)
    assert (await ask(target, "POST", "/echo", {})).status == 200
    assert (len(upstream.seen), upstream.connections) == (2, 2)


CLOSING = st.lists(st.tuples(st.integers(0, 8), st.integers(0, 12) | st.none()), min_size=1, max_size=25)


@settings(max_examples=25)
@given(calls=CLOSING, connections=st.integers(1, 3))
def test_whoever_is_cancelled_when_every_answer_belongs_to_its_asker(calls, connections):
    """``calls``: how long each answer takes, and when its asker gives up, in milliseconds."""

    async def one(target, number, takes, patience):
        task = asyncio.create_task(ask(target, "GET", f"/slices/{takes}/{number}"))
        if patience is not None:
            await asyncio.sleep(patience / 1000)
            task.cancel()
        try:
            answer = await task
        except asyncio.CancelledError:
            return patience is not None
        return answer.body == f"/slices/{takes}/{number}".encode()

    async def all_of_them(url):
        target = UpstreamTarget(url, Terms(connections=connections, attempts=1, failures=1000), vetting=HERE)
        try:
            outcomes = await asyncio.gather(*(one(target, number, *call) for number, call in enumerate(calls)))
            afterwards = [one(target, f"after-{number}", 0, None) for number in range(connections * 2)]
            outcomes += await asyncio.gather(*afterwards)
        finally:
            await target.close()
        await asyncio.sleep(0)
        return outcomes, asyncio.all_tasks() - {asyncio.current_task()}

    with upstream_running() as running:
        outcomes, left = asyncio.run(all_of_them(running.url))
    assert all(outcomes)
    assert left == set()


async def test_whoever_leaves_as_a_connection_becomes_free_leaves_it_to_the_next(make, monkeypatch):
    target = make(connections=1, timeout=5.0)
    holding, leaving, waiting = (asyncio.create_task(ask(target, "GET", f"/slices/40/{name}")) for name in "abc")
    while not leaving.done():
        await asyncio.sleep(0.001)
        connector = (await target._exchanges._kept.session()).connector
        if sum(map(len, connector._waiters.values())) == 2:
            break
    release = connector._release_waiter

    def and_leave():
        release()
        leaving.cancel()

    monkeypatch.setattr(connector, "_release_waiter", and_leave)
    assert (await holding).status == 200
    monkeypatch.undo()
    assert (await waiting).body == b"/slices/40/c"
    with pytest.raises(asyncio.CancelledError):
        await leaving


# -- closed under load ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/brief", "/stale"])
async def test_reads_survive_an_upstream_that_closes_each_connection_after_one_answer(make, upstream, path):
    target = make(connections=5)
    answers = await asyncio.gather(*(ask(target, "GET", f"{path}/{number}") for number in range(60)))
    assert [f"{path}/{number}".encode() in answer.body for number, answer in enumerate(answers)] == [True] * 60
    assert max(Counter(upstream.paths()).values()) <= 2


@pytest.mark.parametrize("path", ["/brief", "/stale"])
async def test_writes_to_such_an_upstream_arrive_once_at_most(make, upstream, path):
    target = make(connections=5)
    tasks = [asyncio.create_task(ask(target, "POST", f"{path}/{number}", {})) for number in range(60)]
    await asyncio.wait(tasks)
    for task in tasks:
        error = task.exception()
        assert error is None or (isinstance(error, RequestError) and error.status == 502)
    arrived = Counter(upstream.paths())
    assert max(arrived.values()) == 1
    for number, task in enumerate(tasks):
        assert task.exception() or arrived[f"POST {path}/{number}"] == 1
