"""Observers are told of each call once, wherever it is answered, and can harm none."""

import asyncio

import pytest
from msgspec.structs import replace

from fanfold.engine import Engine
from fanfold.errors import RequestError
from fanfold.model import Action, Answer, Batch, Call, Caller
from fanfold.targets import AsgiTarget, EchoTarget, Mounts, UpstreamTarget
from fanfold.targets.observed import Observed
from fanfold.targets.templates import route_found
from fanfold.work import SqliteStore, WorkApi

CALLER = Caller("key", "42")


class Notes:
    """An observer that notes what it is told, and adds a header to each call."""

    def __init__(self, name="a"):
        self.name = name
        self.begun_with = []
        self.endings = []
        self.order = []

    def begun(self, call, route, *, remote):
        self.begun_with.append((call, route, remote))
        return replace(call, headers=(*call.headers, (f"x-{self.name}", "1"))), self

    def ended(self, ending):
        self.endings.append(ending)
        self.order.append("ended")

    def left(self):
        self.order.append("left")

    @property
    def told(self):
        return [(ending.call.method, ending.route, ending.status) for ending in self.endings]


class Broken:
    """An observer that raises wherever it is told to."""

    def __init__(self, *where):
        self.where = where

    def begun(self, call, route, *, remote):
        if "begun" in self.where:
            raise ZeroDivisionError
        return call, self

    def ended(self, ending):
        if "ended" in self.where:
            raise ZeroDivisionError

    def left(self):
        if "left" in self.where:
            raise ZeroDivisionError


def call_for(target, method="GET", path="/", headers=()):
    endpoint, params = target.resolve(method, path)
    return Call(method, path, (), None, headers, CALLER, endpoint, params)


def batch_of(*paths):
    return Batch(tuple(Action("GET", path) for path in paths))


def app_that(status=200, found="", after=None):
    """An application that answers everything, having found a route."""

    async def app(scope, receive, send):
        if found:
            scope["route"] = type("Route", (), {"path": found})()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})
        if after is not None:
            await after()

    return app


async def test_a_call_is_told_of_as_it_begins_and_as_it_has_ended():
    notes = Notes()
    target = Observed(EchoTarget(), notes)
    call = call_for(target, "POST", "/tasks")
    answer = await target.send(call)
    (ending,) = notes.endings
    assert notes.begun_with == [(call, "", False)]
    assert (ending.call.method, ending.status, ending.route, ending.error) == ("POST", answer.status, "", None)
    assert ending.seconds >= 0
    assert notes.order == ["ended", "left"]


async def test_observers_may_change_the_call_each_in_turn():
    echo, first, second = EchoTarget(), Notes("a"), Notes("b")
    target = Observed(echo, first, second)
    await target.send(call_for(target, headers=(("x", "y"),)))
    assert echo.calls[0].headers == (("x", "y"), ("x-a", "1"), ("x-b", "1"))
    assert second.begun_with[0][0].headers == (("x", "y"), ("x-a", "1"))


async def test_observers_leave_a_call_in_the_opposite_order():
    order = []

    class Nested(Notes):
        def left(self):
            order.append(self.name)

    target = Observed(EchoTarget(), Nested("a"), Nested("b"))
    await target.send(call_for(target))
    assert order == ["b", "a"]


class Crashing(EchoTarget):
    """A target all of whose calls end in one way."""

    def __init__(self, error):
        super().__init__(inline=True)
        self.error = error

    def answer(self, call):
        raise self.error


@pytest.mark.parametrize(
    ("error", "status"),
    [(RequestError("no", status=418), 418), (ZeroDivisionError(), 500), (asyncio.CancelledError(), 0)],
)
@pytest.mark.parametrize("inline", [False, True])
async def test_what_is_raised_is_told_and_raised_on(error, status, inline):
    async def make(call):
        return target.answer(call) if inline else await target.send(call)

    notes = Notes()
    target = Observed(Crashing(error), notes)
    with pytest.raises(type(error)):
        await make(call_for(target))
    assert [(ending.status, ending.error) for ending in notes.endings] == [(status, error)]
    assert notes.order == ["ended", "left"]


def test_it_answers_inline_and_commits_exactly_where_the_target_does():
    echo, notes = EchoTarget(inline=True), Notes()
    target = Observed(echo, notes)
    assert target.answer(call_for(target)).status == 200
    target.commit()
    assert (notes.told, echo.commits) == ([("GET", "", 200)], 1)
    assert not hasattr(Observed(AsgiTarget(app_that())), "answer")
    assert not hasattr(Observed(AsgiTarget(app_that())), "commit")


async def test_it_answers_early_exactly_where_the_target_does():
    notes, order = Notes(), []

    async def work_on():
        order.extend(notes.order)

    target = Observed(AsgiTarget(app_that(after=work_on)), notes)
    await target.serve(call_for(target), lambda answer: notes.order.append(answer.status))
    assert order == ["ended", 200]
    assert notes.order == ["ended", 200, "left"]
    assert not hasattr(Observed(EchoTarget()), "serve")


async def test_what_fails_after_its_answer_has_ended_once():
    class Early(EchoTarget):
        async def serve(self, call, settle, begun=None):
            settle(Answer(200))
            raise ZeroDivisionError

    notes = Notes()
    target = Observed(Early(), notes)
    with pytest.raises(ZeroDivisionError):
        await target.serve(call_for(target), lambda _: None)
    assert (notes.told, notes.order) == ([("GET", "", 200)], ["ended", "left"])


async def test_a_target_that_never_answers_has_failed():
    class Silent(EchoTarget):
        async def serve(self, call, settle, begun=None):
            pass

    notes = Notes()
    target = Observed(Silent(), notes)
    await target.serve(call_for(target), lambda _: None)
    assert notes.told == [("GET", "", 500)]


async def test_what_is_no_answer_is_left_for_the_dispatcher_to_refuse():
    class Wrong(EchoTarget):
        async def send(self, call):
            return None

    target = Observed(Wrong(), Notes())
    (result,) = await Engine(target).run(batch_of("/a"), CALLER)
    assert result.error.status == 500


@pytest.mark.parametrize("where", [("begun",), ("ended",), ("left",), ("begun", "ended", "left")])
@pytest.mark.parametrize("inline", [False, True])
async def test_an_observer_that_raises_breaks_nothing_and_is_logged_once(where, inline, caplog):
    notes = Notes()
    engine = Engine(Observed(EchoTarget(inline=inline), Broken(*where), notes))
    for _ in range(2):
        results = await engine.run(batch_of("/a", "/b"), CALLER)
        assert [result.answer.status for result in results] == [200, 200]
    assert len(notes.endings) == 4
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert "Broken, which observes calls, failed" in caplog.text
    assert "ZeroDivisionError" in caplog.text


async def test_an_observer_may_let_a_call_pass():
    class Idle:
        def begun(self, call, route, *, remote):
            return None

    target = Observed(EchoTarget(), Idle())
    assert (await target.send(call_for(target))).status == 200


async def test_an_action_that_timed_out_is_told_as_cancelled():
    notes = Notes()
    engine = Engine(Observed(EchoTarget(), notes))
    batch = replace(batch_of("/wait/60000"), timeout=0.001)
    (result,) = await engine.run(batch, CALLER)
    await engine.drain()
    assert result.error.status == 504
    assert notes.told == [("GET", "", 0)]


async def test_what_is_refused_before_it_is_called_is_not_told():
    notes = Notes()
    await Engine(Observed(EchoTarget(), notes)).run(batch_of("/nowhere", "/a"), CALLER)
    assert notes.told == [("GET", "", 200)]


# -- routes ------------------------------------------------------------------------------------------------------------


async def test_the_route_of_the_work_api_is_known_from_the_start():
    notes = Notes()
    store = SqliteStore(":memory:")
    target = Observed(WorkApi(store), notes)
    with pytest.raises(RequestError):
        target.answer(call_for(target, "GET", "/tasks/123"))
    assert notes.begun_with[0][1:] == ("/tasks/{task_gid}", False)
    assert notes.told == [("GET", "/tasks/{task_gid}", 404)]
    store.close()


async def test_the_route_of_an_application_is_the_one_it_found():
    notes = Notes()
    target = Observed(AsgiTarget(app_that(found="/users/{id}")), notes)
    assert (await target.send(call_for(target, "GET", "/users/7"))).route == "/users/{id}"
    assert notes.begun_with[0][1:] == ("", False)
    assert notes.told == [("GET", "/users/{id}", 200)]


async def test_the_route_of_an_upstream_is_where_it_is_mounted():
    mounts = Mounts({"/shop": UpstreamTarget("https://shop.example"), "/": UpstreamTarget("https://all.example")})
    notes = Notes()
    target = Observed(mounts, notes)
    for path in ("/shop/orders/7", "/people"):
        target._begin(call_for(target, "GET", path))
    assert [told[1:] for told in notes.begun_with] == [("/shop", True), ("/", True)]


@pytest.mark.parametrize(("prefix", "route"), [("/shop", "/shop/users/{id}"), ("/", "/users/{id}")])
async def test_the_route_of_a_mounted_application_begins_with_its_mount(prefix, route):
    notes = Notes()
    target = Observed(Mounts({prefix: AsgiTarget(app_that(found="/users/{id}"))}), notes)
    await target.send(call_for(target, "GET", f"{prefix.rstrip('/')}/users/7"))
    assert notes.told == [("GET", route, 200)]


class Found:
    """What a framework leaves of a route."""

    def __init__(self, **members):
        vars(self).update(members)


FASTAPI = Found(path="/x/{a:path}", path_format="/x/{a}")
INCLUDED = Found(original_route=FASTAPI, path_format="/v1/x/{a}")


@pytest.mark.parametrize(
    ("scope", "route"),
    [
        ({}, ""),
        ({"route": Found(path="/users/{id:int}")}, "/users/{id:int}"),
        ({"route": FASTAPI}, "/x/{a}"),
        ({"route": FASTAPI, "fastapi": {"effective_route_context": INCLUDED}}, "/v1/x/{a}"),
        ({"route": Found(path="/y"), "fastapi": {"effective_route_context": INCLUDED}}, "/y"),
        ({"route": Found(path="/y"), "fastapi": object()}, "/y"),
        ({"path_template": "/l/{n}"}, "/l/{n}"),
        ({"route": Found()}, ""),
        ({"route": Found(path=b"/bytes")}, ""),
        ({"path_template": None}, ""),
    ],
)
def test_a_route_is_read_from_what_frameworks_leave(scope, route):
    assert route_found({"path": "/hostile/path", **scope}) == route


@pytest.mark.parametrize("name", ["route", "path_template", "fastapi"])
async def test_an_action_never_has_the_route_of_the_request_around_it(name):
    target = AsgiTarget(app_that())
    with target.within({"headers": [], name: "/batch"}):
        assert (await target.send(call_for(target))).route == ""


async def test_a_trace_that_is_inherited_is_continued_by_the_call():
    seen = []

    async def app(scope, receive, send):
        seen.append(dict(scope["headers"]))
        await app_that()(scope, receive, send)

    mine = (("traceparent", "mine"),)
    for target in (AsgiTarget(app), AsgiTarget(app, inherited=())):
        with target.within({"headers": [(b"traceparent", b"theirs")]}):
            await target.send(call_for(target, headers=mine))
    assert seen == [{b"traceparent": b"mine"}, {}]
