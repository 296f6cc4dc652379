"""A batch endpoint for an ASGI application: what passes, what is answered, and what an action is to the application."""

import asyncio
import contextvars
import json

import pytest
from msgspec.structs import replace

from fanfold import BatchMiddleware, Caller, RequestError
from fanfold.dialects import AsanaDialect
from fanfold.engine import engine
from fanfold.errors import SetupError

JSON = (b"content-type", b"application/json")
seen = contextvars.ContextVar("seen", default="")


class Reply:
    def __init__(self, messages):
        start, *rest = messages
        self.status = start["status"]
        self.headers = {name.decode(): value.decode() for name, value in start["headers"]}
        self.pieces = [message["body"] for message in rest]
        self.body = b"".join(self.pieces)

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def results(self):
        return self.json["data"]

    @property
    def statuses(self):
        return [result["status_code"] for result in self.results]

    @property
    def lines(self):
        return [json.loads(line) for line in self.body.splitlines()]


class Client:
    """Sends one request to an application, and stays connected until it is told to leave."""

    def __init__(self, middleware, /, **scope):
        self.app = middleware
        self.scope = scope
        self.messages = []
        self.left = asyncio.Event()
        self.news = asyncio.Event()

    async def until(self, enough):
        """Wait until what has been sent is enough."""
        while not enough(self.messages):
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 5)

    async def ask(self, method="POST", path="/batch", body=b"", headers=(JSON,), query=b""):
        given = [{"type": "http.request", "body": body}]

        async def receive():
            if given:
                return given.pop()
            await self.left.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            self.messages.append(message)
            self.news.set()

        scope = {"type": "http", "method": method, "path": path, "query_string": query, "headers": list(headers)}
        await self.app({**scope, **self.scope}, receive, send)
        return Reply(self.messages) if self.messages else None


async def batch(app, *actions, options=None, headers=(), scope=()):
    data = {"actions": [{"method": "get", "relative_path": "/", **action} for action in actions]}
    if options:
        data["options"] = options
    return await Client(app, **dict(scope)).ask(body=json.dumps({"data": data}).encode(), headers=(JSON, *headers))


async def respond(send, body, status=200, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": [JSON, *headers]})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


class Echo:
    """Tells what it was asked, or misbehaves by the first segment of the path."""

    def __init__(self):
        self.scopes = []
        self.after = []

    async def __call__(self, scope, receive, send):
        self.scopes.append(scope)
        if scope["type"] != "http":
            return
        word = scope["path"].removeprefix(scope.get("root_path", "")).strip("/").partition("/")[0]
        body = (await receive()).get("body", b"")
        await getattr(self, f"do_{word}", self.tell)(scope, receive, send, body)

    async def tell(self, scope, receive, send, body):
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        told = {"method": scope["method"], "path": scope["path"], "headers": headers, "body": body.decode("latin-1")}
        await respond(send, told, 200, [(b"x-own", b"1"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")])

    async def do_afterwards(self, scope, receive, send, body):
        await respond(send, "answered")
        await asyncio.sleep(0.02)
        self.after.append(scope["path"])

    async def do_hang(self, scope, receive, send, body):
        await asyncio.sleep(60)

    async def do_drip(self, scope, receive, send, body):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while True:
            await send({"type": "http.response.body", "body": b"x" * 1000, "more_body": True})
            await asyncio.sleep(0)

    async def do_context(self, scope, receive, send, body):
        before, state = seen.get(), dict(scope["state"])
        seen.set(scope["path"])
        scope["state"]["who"] = scope["path"]
        await asyncio.sleep(0)
        await respond(send, [before, state, seen.get()])

    async def do_context_at_once(self, scope, receive, send, body):
        before = seen.get()
        seen.set(scope["path"])
        await respond(send, before)


@pytest.fixture
def app():
    return Echo()


# -- what passes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("scope", "path"),
    [
        ({"type": "lifespan"}, "/batch"),
        ({"type": "websocket"}, "/batch"),
        ({}, "/"),
        ({}, "/batches"),
        ({}, "/a/batch"),
    ],
)
async def test_everything_else_passes_untouched(app, scope, path):
    await Client(BatchMiddleware(app), **scope).ask(path=path)
    (passed,) = app.scopes
    assert passed["path"] == path
    assert passed["type"] == scope.get("type", "http")


async def test_what_browsers_ask_beforehand_is_the_applications_business(app):
    asked = (b"access-control-request-method", b"POST")
    reply = await Client(BatchMiddleware(app)).ask("OPTIONS", headers=[asked])
    assert reply.json["method"] == "OPTIONS"


async def test_the_endpoint_may_be_anywhere_also_below_a_mount(app):
    middleware = BatchMiddleware(app, "/v1/many")
    reply = await Client(middleware, root_path="/api").ask(
        path="/api/v1/many", body=b'{"data":{"actions":[{"method":"get","relative_path":"/x"}]}}'
    )
    assert reply.results[0]["body"]["path"] == "/api/x"
    assert app.scopes[0]["root_path"] == "/api"


async def test_there_may_be_endpoints_that_speak_otherwise(app):
    asana = AsanaDialect(lenient_paths=True)
    middleware = BatchMiddleware(app, "/v1/batch", dialects={"/api/1.0/batch": asana})
    action = {"method": "post", "relative_path": "/x", "data": {"a": 1}}
    body = json.dumps({"data": {"actions": [action]}}).encode()
    for path, sent in (("/v1/batch", '{"a":1}'), ("/api/1.0/batch", '{"data":{"a":1}}')):
        assert (await Client(middleware).ask(path=path, body=body)).results[0]["body"]["body"] == sent
    nested = [{"method": "post", "relative_path": path} for path in ("/v1/batch", "/API/1.0/batch/")]
    reply = await Client(middleware).ask(path="/v1/batch", body=json.dumps({"data": {"actions": nested}}).encode())
    assert reply.statuses == [400, 400]


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_batch_is_posted(app, method):
    reply = await Client(BatchMiddleware(app)).ask(method)
    assert (reply.status, reply.headers["allow"]) == (405, "OPTIONS, POST")


@pytest.mark.parametrize("kind", [b"", b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data; x"])
async def test_what_a_foreign_page_may_send_unasked_is_no_batch(app, kind):
    body = b'{"data":{"actions":[{"method":"get","relative_path":"/x"}]}}'
    reply = await Client(BatchMiddleware(app)).ask(body=body, headers=[(b"content-type", kind)])
    assert (reply.status, app.scopes) == (415, [])


@pytest.mark.parametrize("kind", [b"application/json", b"Application/JSON; charset=utf-8", b"application/vnd.api+json"])
async def test_json_of_any_kind_is_a_batch(app, kind):
    body = b'{"data":{"actions":[{"method":"get","relative_path":"/x"}]}}'
    assert (await Client(BatchMiddleware(app)).ask(body=body, headers=[(b"content-type", kind)])).status == 200


async def test_a_batch_in_a_batch_is_refused_however_it_is_dressed_up(app):
    paths = "/batch", "/batch/", "/BATCH", "/%62atch", "/batch?x=1", "/x/%2e%2e/batch", "/batch;a"
    reply = await batch(BatchMiddleware(app), *({"method": "post", "relative_path": path} for path in paths))
    assert set(reply.statuses) == {400}
    assert app.scopes == []
    assert (await batch(BatchMiddleware(app), {"relative_path": "/classes/batch"})).statuses == [200]


async def test_only_what_is_allowed_is_called(app):
    middleware = BatchMiddleware(app, allow=["GET /users/*", "/orders/**"], deny=["/orders/secret/**"])
    paths = "/users/1", "/users", "/users/1/x", "/orders", "/orders/1/2", "/orders/secret", "/orders/%53ecret/1"
    reply = await batch(middleware, *({"relative_path": path} for path in paths))
    assert reply.statuses == [200, 400, 400, 200, 200, 400, 400]
    assert (await batch(middleware, {"method": "put", "relative_path": "/users/1"})).statuses == [400]


async def test_what_references_lead_to_is_looked_at_again(app):
    middleware = BatchMiddleware(app, deny=["/admin/**"])
    reply = await batch(
        middleware,
        {"id": "a", "method": "post", "relative_path": "/x", "data": "admin"},
        {"relative_path": "/{{a.body.method}}"},
        {"relative_path": "/adm{{a.body.path}}in"},
        {"id": "z", "for_each": "{{list.body.x}}", "relative_path": "/{{item}}/x"},
        {"id": "list", "relative_path": "/list"},
    )
    assert reply.statuses == [200, 200, 200, 400, 200]
    assert "/admin" not in {scope["path"] for scope in app.scopes}


def test_a_route_that_is_none_is_refused_at_once(app):
    with pytest.raises(SetupError, match="The route 'users' is not understood"):
        BatchMiddleware(app, allow=["users"])


# -- what an action is to the application ----------------------------------------------------------------------------


async def test_an_action_has_what_tells_who_asks_from_the_batch(app):
    outer = [(b"authorization", b"Bearer t"), (b"cookie", b"c=1"), (b"x-forwarded-for", b"9.9.9.9"), (b"host", b"h"),
             (b"x-csrf", b"s"), (b"accept", b"application/json"), (b"origin", b"https://o")]  # fmt: skip
    reply = await batch(
        BatchMiddleware(app),
        {"method": "post", "relative_path": "/a", "data": {"x": 1}, "headers": {"accept": "text/html"}},
        {"relative_path": "/b"},
        headers=outer,
        scope={"client": ("203.0.113.9", 5), "scheme": "https"},
    )
    one, two = (result["body"]["headers"] for result in reply.results)
    assert one == {
        "authorization": "Bearer t", "cookie": "c=1", "x-forwarded-for": "9.9.9.9", "host": "h", "origin": "https://o",
        "accept": "text/html", "content-type": "application/json", "content-length": "7",
    }  # fmt: skip
    assert two == {
        "authorization": "Bearer t",
        "cookie": "c=1",
        "x-forwarded-for": "9.9.9.9",
        "host": "h",
        "origin": "https://o",
    }
    assert {(scope["client"], scope["scheme"]) for scope in app.scopes} == {(("203.0.113.9", 5), "https")}


async def test_what_is_inherited_and_what_may_be_set_can_be_chosen(app):
    middleware = BatchMiddleware(app, inherit=["X-CSRF"], own=["x-mine", "Host", "X-Forwarded-For"])
    outer = [(b"authorization", b"Bearer t"), (b"x-csrf", b"s")]
    reply = await batch(middleware, {"headers": {"X-Mine": "1"}}, {"headers": {"host": "evil"}}, headers=outer)
    assert reply.results[0]["body"]["headers"] == {"x-csrf": "s", "x-mine": "1"}
    assert "host" not in reply.results[1].get("body", {}).get("headers", {})


async def test_the_members_of_a_scope_that_say_who_asks_are_carried(app):
    session, state = {"user": 1}, {"pool": object()}
    carried = {
        "app": "the app",
        "user": "ada",
        "session": session,
        "state": state,
        "route": "x",
        "path_params": {"a": 1},
    }
    await batch(BatchMiddleware(app), {"relative_path": "/x"}, scope=carried)
    (scope,) = app.scopes
    assert (scope["app"], scope["user"], scope["session"], scope["state"]) == ("the app", "ada", session, state)
    assert scope["session"] is not session
    assert scope["state"] is not state
    assert not {"route", "path_params"} & scope.keys()


async def test_nothing_of_one_action_is_seen_by_another(app):
    paths = [f"/context/{number}" for number in range(5)]
    reply = await batch(BatchMiddleware(app), *({"relative_path": path} for path in paths), scope={"state": {}})
    assert [result["body"] for result in reply.results] == [["", {}, path] for path in paths]


async def test_nothing_of_one_action_is_seen_by_those_that_wait_for_it(app):
    reply = await batch(
        BatchMiddleware(app),
        {"id": "a", "relative_path": "/context_at_once/a"},
        {"id": "b", "relative_path": "/context_at_once/b", "depends_on": "a"},
        {"relative_path": "/context_at_once/c", "depends_on": "b"},
    )
    assert [result["body"] for result in reply.results] == ["", "", ""]


async def test_results_have_the_headers_of_their_answers(app):
    reply = await batch(BatchMiddleware(app), {"relative_path": "/x"})
    assert reply.results[0]["headers"] == {
        "content-type": "application/json",
        "x-own": "1",
        "set-cookie": ["a=1", "b=2"],
    }
    assert "set-cookie" not in reply.headers


async def test_a_binary_body_arrives_as_it_is(app):
    action = {"method": "put", "relative_path": "/x", "base64": "AAH/", "headers": {"content-type": "image/png"}}
    (result,) = (await batch(BatchMiddleware(app), action)).results
    assert result["body"]["body"] == "\0\1\xff"
    assert result["body"]["headers"]["content-type"] == "image/png"


async def test_an_answer_is_there_before_the_application_is_through(app):
    middleware = BatchMiddleware(app)
    reply = await batch(
        middleware, {"relative_path": "/afterwards/1"}, {"method": "post", "relative_path": "/afterwards/2"}
    )
    assert reply.statuses == [200, 200]
    assert app.after == []
    await middleware.engine.drain()
    assert sorted(app.after) == ["/afterwards/1", "/afterwards/2"]


async def test_what_does_not_end_is_bounded_and_its_neighbours_finish(app):
    middleware = BatchMiddleware(app, timeout=0.05, max_response=100_000)
    reply = await batch(middleware, {"relative_path": "/drip"}, {"relative_path": "/hang"}, {"relative_path": "/x"})
    assert reply.statuses == [507, 504, 200]
    await middleware.engine.drain()


async def test_all_answers_together_are_bounded(app):
    reply = await batch(BatchMiddleware(app, max_results=350), *({"relative_path": f"/{n}"} for n in range(4)))
    assert sorted(reply.statuses) == [200, 200, 507, 507]


async def test_a_batch_is_no_wider_than_the_server_allows(app):
    running, most = 0, []

    async def narrow(scope, receive, send):
        nonlocal running
        running += 1
        most.append(running)
        await asyncio.sleep(0)
        running -= 1
        await respond(send, None)

    assert (await batch(BatchMiddleware(narrow, max_parallel=2), *({} for _ in range(6)))).statuses == [200] * 6
    assert max(most) == 2


# -- hooks and limits ------------------------------------------------------------------------------------------------


async def test_a_hook_sees_each_action_and_may_refuse_or_change_it(app):
    calls = []

    async def hook(call):
        calls.append(call.path)
        if call.path == "/no":
            raise RequestError("Not today", status=403)
        return replace(call, query=(("hooked", "1"),)) if call.path == "/other" else None

    reply = await batch(
        BatchMiddleware(app, on_action=hook), *({"relative_path": path} for path in ("/a", "/no", "/other"))
    )
    assert reply.statuses == [200, 403, 200]
    assert calls == ["/a", "/no", "/other"]
    assert [scope["query_string"] for scope in app.scopes] == [b"", b"hooked=1"]


async def test_a_hook_may_be_a_plain_function(app):
    assert (await batch(BatchMiddleware(app, on_action=lambda call: None), {})).statuses == [200]


async def test_limits_hold_for_each_caller_and_are_told(app):
    middleware = BatchMiddleware(app, limiter="requests=3,reads=9")
    ada, grace = {"client": ("192.0.2.1", 1)}, {"client": ("192.0.2.2", 1)}
    reply = await batch(middleware, {}, {}, scope=ada)
    assert reply.headers["ratelimit-policy"] == '"requests";q=3;w=60, "reads";q=9;qu="concurrent-requests"'
    assert reply.headers["ratelimit"] == '"requests";r=1;t=60, "reads";r=7;t=30'
    refused = await batch(middleware, {}, {}, headers=[(b"authorization", b"made up")], scope=ada)
    assert (refused.status, refused.headers["retry-after"]) == (429, "60")
    assert refused.headers["ratelimit"].startswith('"requests";r=1;t=60')
    assert (await batch(middleware, {}, {}, scope=grace)).status == 200
    assert len(app.scopes) == 4


async def test_callers_are_counted_by_address(app):
    middleware = BatchMiddleware(app, limiter="requests=1")
    asked = [await batch(middleware, {}, scope={"client": (host, 1)}) for host in ("1.1.1.1", "2.2.2.2", "1.1.1.1")]
    assert [reply.status for reply in asked] == [200, 200, 429]


@pytest.mark.parametrize("wait", [False, True])
async def test_who_asks_can_be_told(app, wait):
    def known(scope):
        return Caller(scope["user"])

    async def known_later(scope):
        return Caller(scope["user"])

    middleware = BatchMiddleware(app, limiter="requests=1", caller=known_later if wait else known)
    asked = [await batch(middleware, {}, scope={"user": user}) for user in ("ada", "ada", "grace")]
    assert [reply.status for reply in asked] == [200, 429, 200]


async def test_what_may_be_asked_can_be_asked(app):
    middleware = BatchMiddleware(app, max_actions=7, limiter="requests=3")
    await batch(middleware, {})
    reply = await Client(middleware).ask("OPTIONS")
    assert (reply.status, reply.headers["allow"]) == (200, "OPTIONS, POST")
    told = reply.json["data"]
    assert told["max_actions"] == 7
    assert told["limits"] == [{"limit": "requests", "quota": 3, "left": 2, "window": 60.0, "reset": 60}]
    assert {"references", "for_each", "ndjson", "dry_run"} <= set(told["features"])
    assert reply.headers["ratelimit"] == '"requests";r=2;t=60'


async def test_a_crash_of_our_own_is_one_500(app, monkeypatch, caplog):
    middleware = BatchMiddleware(app)
    monkeypatch.setattr(middleware.endpoints["/batch"], "answer", None)
    assert (await batch(middleware, {})).status == 500
    assert "crashed" in caplog.text


async def test_who_leaves_while_sending_is_not_answered(app):
    client = Client(BatchMiddleware(app))
    client.left.set()

    async def receive():
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "POST", "path": "/batch", "query_string": b"", "headers": [JSON]}
    sent = []
    await BatchMiddleware(app)(scope, receive, sent.append)
    assert sent == []


# -- once only ------------------------------------------------------------------------------------------------------


async def test_a_batch_with_a_key_is_carried_out_once(app):
    middleware = BatchMiddleware(app)
    keyed = [(b"idempotency-key", b"k")]
    first = await batch(middleware, {"method": "post", "relative_path": "/x"}, headers=keyed)
    again = await batch(middleware, {"method": "post", "relative_path": "/x"}, headers=keyed)
    assert (again.body, again.headers["idempotency-replayed"], len(app.scopes)) == (first.body, "true", 1)
    other = await batch(middleware, {"method": "post", "relative_path": "/y"}, headers=keyed)
    assert other.status == 422
    stranger = await batch(
        middleware, {"method": "post", "relative_path": "/y"}, headers=[*keyed, (b"authorization", b"other")]
    )
    assert (stranger.status, len(app.scopes)) == (200, 2)


async def test_an_action_with_a_key_is_carried_out_once_and_tells_the_application(app):
    middleware = BatchMiddleware(app)
    action = {"method": "post", "relative_path": "/x", "idempotency_key": "k"}
    one, two = (await batch(middleware, action, action)).results
    assert one["body"] == two["body"]
    assert one["body"]["headers"]["idempotency-key"] == "k"
    assert sorted(result["headers"].get("idempotency-replayed", "") for result in (one, two)) == ["", "true"]
    assert len(app.scopes) == 1


# -- dry runs and results as they finish -----------------------------------------------------------------------------

LINES = (b"accept", b"application/x-ndjson")
EVENTS = (b"accept", b"application/json;q=0.1, text/event-stream")


async def test_a_dry_run_runs_nothing(app):
    reply = await batch(BatchMiddleware(app, limiter="requests=1"), {}, {}, options={"dry_run": True})
    assert app.scopes == []
    assert reply.json["data"]["refused_by"] == [{"limit": "requests", "retry_after": None}]
    assert [action["wave"] for action in reply.json["data"]["actions"]] == [0, 0]


class Gated(Echo):
    """Answers what is below ``/gate`` only once it is opened."""

    def __init__(self):
        super().__init__()
        self.gate = asyncio.Event()

    async def do_gate(self, scope, receive, send, body):
        await self.gate.wait()
        await respond(send, "late")


def body_of(*actions):
    return json.dumps({"data": {"actions": [{"method": "get", **action} for action in actions]}}).encode()


async def test_a_slow_action_holds_nothing_back():
    app = Gated()
    client = Client(BatchMiddleware(app))
    body = body_of({"relative_path": "/gate"}, *({"relative_path": f"/{n}"} for n in range(9)))
    asking = asyncio.create_task(client.ask(body=body, headers=[JSON, LINES]))
    await client.until(lambda messages: sum(one.get("body", b"").count(b"\n") for one in messages) == 9)
    app.gate.set()
    reply = await asking
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert "content-length" not in reply.headers
    assert [line["index"] for line in reply.lines[:-2]] == list(range(1, 10))
    assert reply.lines[-2]["index"] == 0
    assert reply.lines[-1]["summary"]["actions"] == 10
    assert reply.lines[-1]["summary"]["failed"] == 0


async def test_results_may_be_events(app):
    body = body_of({"relative_path": "/a", "id": "a"}, {"relative_path": "/../x"})
    reply = await Client(BatchMiddleware(app, limiter="requests=5")).ask(body=body, headers=[JSON, EVENTS])
    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.headers["ratelimit"] == '"requests";r=3;t=60'
    events = [event.split(b"\n") for event in reply.body.split(b"\n\n")[:-1]]
    assert [event[0] for event in events] == [b"event: result", b"event: result", b"event: summary"]
    told = [json.loads(event[1].removeprefix(b"data: ")) for event in events]
    assert sorted(one["status_code"] for one in told[:2]) == [200, 400]
    assert told[2]["summary"]["failed"] == 1


@pytest.mark.parametrize("body", [b"{}", body_of({"id": "a", "relative_path": "/x", "depends_on": "a"})])
async def test_a_batch_that_is_refused_whole_is_no_stream(app, body):
    reply = await Client(BatchMiddleware(app)).ask(body=body, headers=[JSON, LINES])
    assert (reply.status, app.scopes) == (400, [])
    assert reply.headers["content-type"].startswith("application/json")


async def test_a_batch_that_does_not_fit_is_no_stream(app):
    body = body_of({"relative_path": "/x"}, {"relative_path": "/y"})
    reply = await Client(BatchMiddleware(app, limiter="requests=1")).ask(body=body, headers=[JSON, LINES])
    assert (reply.status, app.scopes) == (429, [])


async def test_whoever_leaves_a_stream_is_worked_for_no_more():
    app = Gated()
    middleware = BatchMiddleware(app, limiter="reads=9,writes=9")
    client = Client(middleware)
    body = body_of({"relative_path": "/gate"}, {"relative_path": "/gate", "method": "put"}, {"relative_path": "/x"})
    asking = asyncio.create_task(client.ask(body=body, headers=[JSON, LINES]))
    await client.until(lambda messages: len(messages) == 2)
    client.left.set()
    await asking
    assert len(middleware.engine.background) == 1, "the write goes on"
    app.gate.set()
    await middleware.engine.drain()
    told = await Client(middleware).ask("OPTIONS")
    assert [one["left"] for one in told.json["data"]["limits"]] == [9, 9]


async def test_whoever_stops_reading_is_let_go():
    app = Gated()
    app.gate.set()
    middleware = BatchMiddleware(app, body_timeout=0.02)
    given = [{"type": "http.request", "body": body_of({"relative_path": "/gate"})}]

    async def receive():
        return given.pop() if given else await asyncio.Event().wait()

    async def send(message):
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    scope = {"type": "http", "method": "POST", "path": "/batch", "query_string": b"", "headers": [JSON, LINES]}
    await asyncio.wait_for(middleware(scope, receive, send), 5)


async def test_what_breaks_off_says_so(app, monkeypatch):
    middleware = BatchMiddleware(app)

    async def broken(plan, means, grant, gone, watch):
        watch.settled(0, (await dispatch(plan, means, grant))[0])
        raise ZeroDivisionError

    dispatch = engine.dispatch
    monkeypatch.setattr(engine, "dispatch", broken)
    reply = await Client(middleware).ask(body=body_of({"relative_path": "/a"}), headers=[JSON, LINES])
    assert reply.status == 200
    assert reply.lines[-1] == {"error": {"message": "Server Error"}}
