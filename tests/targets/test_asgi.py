"""Somebody else's application as a target: each call on its own, every answer whole and bounded."""

import asyncio
import json
import logging

import pytest

from fanfold.dialects import AsanaDialect
from fanfold.engine import Engine
from fanfold.errors import NoSuchRoute, RequestError
from fanfold.model import Action, Batch, Call, Caller
from fanfold.targets import AsgiTarget

CALLER = Caller("key")


def call_for(target, method="GET", path="/", query=(), body=None, headers=()):
    endpoint, params = target.resolve(method, path)
    return Call(method, path, query, body, headers, CALLER, endpoint, params)


async def respond(send, body=b"{}", status=200, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})


class Spy:
    """An application that answers 200 and keeps what it was called with."""

    def __init__(self):
        self.scope = None
        self.message = None

    async def __call__(self, scope, receive, send):
        self.scope = scope
        self.message = await receive()
        await respond(send)

    @property
    def headers(self):
        return dict(self.scope["headers"])


async def test_a_call_becomes_a_scope():
    spy = Spy()
    target = AsgiTarget(spy, root_path="/api")
    await target.send(call_for(target, "GET", "/users/me%40x.org/a%2Fb", (("a", "1 2"), ("b", "\u00e9"), ("a", "&"))))
    assert spy.scope["type"] == "http"
    assert spy.scope["method"] == "GET"
    assert spy.scope["path"] == "/api/users/me@x.org/a/b"
    assert spy.scope["raw_path"] == b"/api/users/me%40x.org/a%2Fb"
    assert spy.scope["root_path"] == "/api"
    assert spy.scope["query_string"] == b"a=1+2&b=%C3%A9&a=%26"
    assert spy.scope["headers"] == []
    assert spy.scope["client"] is None
    assert spy.message == {"type": "http.request", "body": b"", "more_body": False}


@pytest.mark.parametrize(
    ("body", "sent", "kind"),
    [
        ({"data": {"n": "\u00e9"}}, '{"data":{"n":"\u00e9"}}'.encode(), b"application/json"),
        (b"raw", b"raw", b"application/octet-stream"),
    ],
)
async def test_a_body_is_sent_as_json_or_as_it_is(body, sent, kind):
    spy = Spy()
    target = AsgiTarget(spy)
    await target.send(call_for(target, "POST", body=body))
    assert spy.message["body"] == sent
    assert spy.headers == {b"content-type": kind, b"content-length": str(len(sent)).encode()}


async def test_an_answer_is_collected_whole():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 201, "headers": [(b"Location", b"/x"), (b"X-A", b"\xe9")]})
        await send({"type": "http.response.body", "body": b"[1,", "more_body": True})
        await send({"type": "http.response.body", "body": b"2]"})
        await send({"type": "http.response.body", "body": b"too late"})
        await send({"type": "http.response.debug"})

    target = AsgiTarget(app)
    answer = await target.send(call_for(target))
    assert (answer.status, answer.body, answer.headers) == (201, b"[1,2]", (("location", "/x"), ("x-a", "\u00e9")))
    assert not answer.trusted


async def test_who_is_connected_is_taken_from_the_request_around():
    spy = Spy()
    target = AsgiTarget(spy)
    outer = {
        "client": ("203.0.113.9", 5),
        "server": ("api.example", 443),
        "scheme": "https",
        "http_version": "2",
        "headers": [(b"authorization", b"Bearer t"), (b"content-length", b"99"), (b"accept-language", b"de")],
        "state": {"pool": 1},
    }
    with target.within(outer):
        await target.send(call_for(target, headers=(("Accept-Language", "fr"),)))
    assert spy.scope["client"] == ("203.0.113.9", 5)
    assert (spy.scope["scheme"], spy.scope["http_version"], spy.scope["server"]) == ("https", "2", ("api.example", 443))
    assert spy.headers == {b"authorization": b"Bearer t", b"accept-language": b"fr"}
    assert spy.scope["state"] == {"pool": 1}
    assert spy.scope["state"] is not outer["state"]


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Cookie",
        "Host",
        "X-Forwarded-For",
        "X_FORWARDED_FOR",
        "x-real-ip",
        "Forwarded",
        "Connection",
        "Transfer-Encoding",
        "Content-Length",
        "X-HTTP-Method-Override",
        "Proxy-Authorization",
        "X-Remote-User",
    ],
)
async def test_a_header_that_is_not_for_actions_is_left_out(name):
    spy = Spy()
    target = AsgiTarget(spy)
    await target.send(call_for(target, headers=((name, "evil"), ("If_None_Match", '"1"'))))
    assert spy.headers == {b"if-none-match": b'"1"'}


@pytest.mark.parametrize("header", [("a\r\nb", "x"), ("accept", "x\r\ny: z"), ("accept", "x\0"), ("x", "a\nb")])
async def test_a_header_with_a_line_break_is_refused(header):
    target = AsgiTarget(Spy())
    with pytest.raises(RequestError, match="headers: Line breaks") as refused:
        await target.send(call_for(target, headers=(header,)))
    assert refused.value.status == 400


@pytest.mark.parametrize("path", ["/a\r\nHost: x", "/a\0"])
async def test_a_path_with_a_line_break_is_refused(path):
    target = AsgiTarget(Spy())
    with pytest.raises(RequestError, match="path: Line breaks"):
        await target.send(call_for(target, path=path))


@pytest.mark.parametrize(("method", "write"), [("GET", False), ("HEAD", False), ("OPTIONS", False), ("PUT", True)])
def test_the_method_says_what_kind_of_endpoint_it_is(method, write):
    endpoint, params = AsgiTarget(Spy()).resolve(method, "/anything")
    assert (endpoint.write, endpoint.batchable, endpoint.inline, endpoint.costs, params) == (write, True, False, (), ())


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "get", ""])
def test_other_methods_lead_nowhere(method):
    with pytest.raises(NoSuchRoute):
        AsgiTarget(Spy()).resolve(method, "/")


async def test_an_application_that_crashes_first_raises():
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ZeroDivisionError

    target = AsgiTarget(app)
    with pytest.raises(ZeroDivisionError):
        await target.send(call_for(target))


async def test_an_application_that_crashes_afterwards_has_answered(caplog):
    async def app(scope, receive, send):
        await respond(send, b"[]")
        raise ZeroDivisionError

    target = AsgiTarget(app)
    with caplog.at_level(logging.ERROR, "fanfold"):
        assert (await target.send(call_for(target))).body == b"[]"
    assert "ZeroDivisionError" in caplog.text


async def silent(scope, receive, send):
    pass


async def starts_only(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})


async def body_only(scope, receive, send):
    await send({"type": "http.response.body", "body": b"{}"})


async def never_ends(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"{", "more_body": True})


@pytest.mark.parametrize("app", [silent, starts_only, body_only, never_ends])
async def test_an_answer_that_is_not_complete_is_a_crash(app):
    target = AsgiTarget(app)
    with pytest.raises(RuntimeError, match="without a complete answer"):
        await target.send(call_for(target))


async def stream(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    while True:
        await send({"type": "http.response.body", "body": b"x" * 100, "more_body": True})


async def stream_that_looks_away(scope, receive, send):
    try:
        await stream(scope, receive, send)
    except OSError:
        return


@pytest.mark.parametrize("app", [stream, stream_that_looks_away])
async def test_an_answer_that_does_not_end_is_cut_off(app):
    target = AsgiTarget(app, max_response=1000)
    with pytest.raises(RequestError, match="too large") as refused:
        await target.send(call_for(target))
    assert refused.value.status == 507


async def test_whoever_asked_for_an_answer_that_was_cut_off_is_not_cancelled_later(monkeypatch):
    monkeypatch.setattr("fanfold.targets.asgi_exchange.GRACE", 0.01)
    target = AsgiTarget(stream, max_response=1000)
    with pytest.raises(RequestError, match="too large"):
        await target.send(call_for(target))
    later = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.03, later.set_result, "still here")
    assert await later == "still here"


async def test_an_answer_of_just_the_largest_size_is_taken():
    async def app(scope, receive, send):
        await respond(send, b"x" * 1000)

    target = AsgiTarget(app, max_response=1000)
    assert len((await target.send(call_for(target))).body) == 1000


async def hands_over(scope, receive, send):
    """Streams from a task of its own, as some adapters do, and does not see what becomes of that."""
    sender = asyncio.create_task(stream(scope, receive, send))
    try:
        await asyncio.Event().wait()
    finally:
        assert isinstance(sender.exception(), OSError)


async def watches(scope, receive, send):
    """Streams until the client goes away."""
    await receive()
    task = asyncio.create_task(stream(scope, receive, send))
    assert (await receive())["type"] == "http.disconnect"
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()


@pytest.mark.parametrize("app", [hands_over, watches])
async def test_what_goes_on_after_its_answer_was_cut_off_is_ended(app, monkeypatch):
    monkeypatch.setattr("fanfold.targets.asgi_exchange.GRACE", 0.01 if app is hands_over else 60)
    target = AsgiTarget(app, max_response=1000)
    with pytest.raises(RequestError, match="too large"):
        await target.send(call_for(target))


class Workshop:
    """An application with handlers in tasks of their own, which it ends when the client goes away."""

    def __init__(self, *, listens):
        self.listens = listens
        self.begun = asyncio.Event()
        self.log = []

    async def handler(self):
        try:
            self.begun.set()
            await asyncio.Event().wait()
        finally:
            self.log.append("ended")

    async def __call__(self, scope, receive, send):
        await receive()
        if not self.listens:
            await self.handler()
        task = asyncio.create_task(self.handler())
        await receive()
        self.log.append("told")
        task.cancel()
        await asyncio.wait({task})
        self.log.append("left")


async def give_up(app):
    """Ask for something, and wait for it no longer than a moment."""
    engine = Engine(AsgiTarget(app))
    (result,) = await engine.run(Batch((Action("GET", "/"),), timeout=0.01), CALLER)
    assert result.status == 504
    await asyncio.wait_for(engine.drain(), 5)


@pytest.mark.parametrize(("listens", "log"), [(True, ["told", "ended", "left"]), (False, ["ended"])])
async def test_an_application_that_listens_is_told_before_it_is_cancelled(listens, log):
    workshop = Workshop(listens=listens)
    await give_up(workshop)
    assert workshop.log == log


async def test_an_application_that_listens_and_stays_is_cancelled(monkeypatch):
    monkeypatch.setattr("fanfold.targets.asgi_exchange.GRACE", 0.01)
    ended = []

    async def app(scope, receive, send):
        await receive()
        await receive()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    await give_up(app)
    assert ended == [True]


@pytest.mark.parametrize(
    ("path", "root_path", "seen"),
    [("/batch", "", "/x"), ("/v1/batch", "/v1", "/v1/x"), ("/batch", "/v1", "/x")],
    ids=["nowhere", "mounted", "behind a proxy that takes the prefix off"],
)
async def test_a_path_begins_as_that_of_the_request_around_it_does(path, root_path, seen):
    spy = Spy()
    target = AsgiTarget(spy)
    with target.within({"path": path, "root_path": root_path}):
        await target.send(call_for(target, path="/x"))
    assert (spy.scope["path"], spy.scope["raw_path"], spy.scope["root_path"]) == (seen, seen.encode(), root_path)


async def test_the_client_stays_connected_until_the_answer_is_complete():
    seen = []

    async def app(scope, receive, send):
        await receive()
        watcher = asyncio.ensure_future(receive())
        await asyncio.sleep(0)
        seen.append(watcher.done())
        await respond(send)
        seen.append((await watcher)["type"])
        seen.append((await receive())["type"])

    target = AsgiTarget(app)
    await target.send(call_for(target))
    assert seen == [False, "http.disconnect", "http.disconnect"]


async def test_what_one_action_leaves_in_its_scope_reaches_no_other():
    states = []

    async def app(scope, receive, send):
        states.append(dict(scope["state"]))
        scope["state"]["user"] = scope["path"]
        scope["headers"].append((b"x-seen", b"1"))
        await asyncio.sleep(0)
        states.append(scope["state"]["user"])
        await respond(send, json.dumps(scope["path"]).encode())

    batch = Batch((Action("GET", "/1"), Action("GET", "/2")))
    results = await Engine(AsgiTarget(app)).run(batch, CALLER)
    assert [result.answer.body for result in results] == [b'"/1"', b'"/2"']
    assert states == [{}, {}, "/1", "/2"]


async def test_a_batch_through_an_application_survives_its_worst_handlers():
    async def app(scope, receive, send):
        handlers = {
            "/ok": respond,
            "/html": lambda send: respond(send, b"<html>"),
            "/empty": lambda send: respond(send, b"", 204),
        }
        if scope["path"] in handlers:
            await handlers[scope["path"]](send)
        elif scope["path"] == "/stream":
            await stream(scope, receive, send)
        elif scope["path"] == "/hang":
            await asyncio.sleep(60)
        elif scope["path"] == "/exit":
            raise SystemExit(3)
        else:
            raise ZeroDivisionError

    dialect = AsanaDialect(timeout=0.05)
    paths = "/ok", "/crash", "/html", "/stream", "/hang", "/exit", "/empty", "/ok"
    body = json.dumps({"data": {"actions": [{"method": "get", "relative_path": path} for path in paths]}}).encode()
    engine = Engine(AsgiTarget(app, max_response=10_000))
    envelope = json.loads(dialect.encode(await engine.run(dialect.decode(body), CALLER)))
    await engine.drain()
    assert [result["status_code"] for result in envelope["data"]] == [200, 500, 500, 507, 504, 500, 204, 200]
    assert envelope["data"][6]["body"] is None
