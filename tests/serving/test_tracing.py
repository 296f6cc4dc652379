"""Spans as an SDK exports them; and what happens, which is nothing, where nobody has set up an SDK."""

import asyncio
import json
import subprocess
import sys
import textwrap

import pytest
from opentelemetry import context, propagate, trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from fanfold.engine import Engine
from fanfold.errors import LimitExceeded, RequestError
from fanfold.model import Action, Answer, Batch, Call, Caller, Result
from fanfold.serving.tracing import MAX_PATH, Tracing, tracer_or_none
from fanfold.targets import AsgiTarget, EchoTarget, Mounts
from fanfold.targets.observed import Observed

CALLER = Caller("key")
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
HEADERS = [(b"traceparent", TRACEPARENT.encode()), (b"tracestate", b"vendor=1"), (b"authorization", b"Bearer hush")]


class Provided:
    """The trace API with a provider of its own, as the one of a process can be set but once."""

    def __init__(self, provider):
        self.provider = provider

    def __getattr__(self, name):
        return getattr(trace, name)

    def get_tracer_provider(self):
        return self.provider

    def get_tracer(self, *about):
        return self.provider.get_tracer(*about)


@pytest.fixture
def exporter():
    return InMemorySpanExporter()


def tracing_with(exporter, **options):
    provider = TracerProvider(shutdown_on_exit=False, **options)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Tracing(Provided(provider), context, propagate)


@pytest.fixture
def tracing(exporter):
    return tracing_with(exporter)


@pytest.fixture
def idle():
    """Traces as they are in a process without an SDK."""
    return Tracing(Provided(trace.ProxyTracerProvider()), context, propagate)


@pytest.fixture(autouse=True)
def _every_context_is_left_as_it_was():
    before = context.get_current()
    yield
    assert context.get_current() == before


def echo_app(seen):
    async def app(scope, receive, send):
        seen.append({name.decode(): value.decode() for name, value in scope["headers"]})
        scope["route"] = type("Route", (), {"path": "/users/{id}"})()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    return app


async def run_batch(tracing, target, *actions, headers=HEADERS):
    engine = Engine(Observed(target, tracing))
    batch = Batch(tuple(Action(method, path, (("token", "hush"),), {"secret": "hush"}) for method, path in actions))
    with tracing.batch(headers, actions=len(actions)) as span:
        results = await engine.run(batch, CALLER)
        span.finish(results)
    return results


def by_name(exporter):
    return {span.name: span for span in exporter.get_finished_spans()}


async def test_a_batch_is_a_span_and_each_action_a_child_of_it(tracing, exporter):
    await run_batch(tracing, EchoTarget(), ("GET", "/a"), ("POST", "/b"), ("GET", "/fail/418"))
    *children, batch = exporter.get_finished_spans()
    assert (batch.name, batch.kind) == ("batch", SpanKind.SERVER)
    assert batch.attributes == {"fanfold.actions": 3, "fanfold.failed": 1, "http.response.status_code": 200}
    assert [child.parent.span_id for child in children] == [batch.context.span_id] * 3
    assert {child.kind for child in children} == {SpanKind.INTERNAL}
    assert [(child.name, dict(child.attributes)) for child in children] == [
        ("GET", {"http.request.method": "GET", "url.path": "/a", "http.response.status_code": 200}),
        ("POST", {"http.request.method": "POST", "url.path": "/b", "http.response.status_code": 201}),
        ("GET", {"http.request.method": "GET", "url.path": "/fail/418", "http.response.status_code": 418}),
    ]


async def test_a_batch_continues_the_trace_of_its_request(tracing, exporter):
    await run_batch(tracing, EchoTarget(), ("GET", "/a"))
    batch = by_name(exporter)["batch"]
    assert f"{batch.context.trace_id:032x}" == TRACE
    assert f"{batch.parent.span_id:016x}" == PARENT
    assert batch.parent.is_remote
    assert batch.context.trace_state["vendor"] == "1"


async def test_a_batch_without_a_trace_begins_one(tracing, exporter):
    await run_batch(tracing, EchoTarget(), ("GET", "/a"), headers=[])
    assert by_name(exporter)["batch"].parent is None


async def test_a_batch_within_a_span_is_a_child_of_that(tracing, exporter):
    with tracing.tracer.start_as_current_span("POST /batch") as outer:
        await run_batch(tracing, EchoTarget(), ("GET", "/a"))
    batch = by_name(exporter)["batch"]
    assert batch.kind is SpanKind.INTERNAL
    assert batch.parent.span_id == outer.get_span_context().span_id


@pytest.mark.parametrize("inline", [False, True])
async def test_the_trace_goes_on_in_the_headers_of_each_call(tracing, exporter, inline):
    echo = EchoTarget(inline=inline)
    await run_batch(tracing, echo, ("GET", "/a"), ("GET", "/b"))
    told = [dict(call.headers) for call in echo.calls]
    spans = {span.attributes["url.path"]: span for span in exporter.get_finished_spans() if span.name == "GET"}
    assert [headers["traceparent"] for headers in told] == [
        f"00-{TRACE}-{spans[path].context.span_id:016x}-01" for path in ("/a", "/b")
    ]
    assert [headers["tracestate"] for headers in told] == ["vendor=1", "vendor=1"]


async def test_an_application_continues_the_trace_by_either_road(tracing, exporter):
    seen, current = [], []
    inner = echo_app(seen)

    async def app(scope, receive, send):
        current.append(trace.get_current_span().get_span_context().span_id)
        await inner(scope, receive, send)

    target = AsgiTarget(app)
    with target.within({"headers": HEADERS}):
        await run_batch(tracing, target, ("GET", "/users/7"))
    span = by_name(exporter)["GET /users/{id}"]
    assert seen == [
        {
            "authorization": "Bearer hush",
            "traceparent": f"00-{TRACE}-{span.context.span_id:016x}-01",
            "tracestate": "vendor=1",
            "content-type": "application/json",
            "content-length": "17",
        }
    ]
    assert current == [span.context.span_id]


async def test_what_is_in_the_headers_already_is_replaced_in_any_spelling(tracing):
    echo = EchoTarget()
    action = Action("GET", "/a", headers=(("TraceParent", "old"), ("x", "y"), ("tracestate", "old")))
    with tracing.batch(HEADERS, actions=1):
        await Engine(Observed(echo, tracing)).run(Batch((action,)), CALLER)
    names = [name for name, _ in echo.calls[0].headers]
    assert names == ["x", "traceparent", "tracestate"]


class Remote(EchoTarget):
    """What leaves the process, as far as anybody can tell."""

    def resolve(self, method, path):
        endpoint, params = super().resolve(method, path)
        return type(
            "Far", (), {"remote": True, **{n: getattr(endpoint, n) for n in endpoint.__struct_fields__}}
        )(), params


async def test_a_call_to_an_upstream_is_a_clients(tracing, exporter):
    await run_batch(tracing, Mounts({"/shop": Remote()}), ("GET", "/shop/orders/7"), ("GET", "/shop/fail/404"))
    first, second, _ = exporter.get_finished_spans()
    assert (first.name, first.kind, first.attributes["url.path"]) == ("GET /shop", SpanKind.CLIENT, "/shop/orders/7")
    assert second.attributes["error.type"] == "404"
    assert second.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [("/fail/404", 404, None), ("/fail/503", 503, "503"), ("/crash", None, "RuntimeError")],
)
async def test_what_failed_says_so_and_never_with_what_an_exception_said(tracing, exporter, path, status, reason):
    await run_batch(tracing, EchoTarget(), ("GET", path))
    span = by_name(exporter)["GET"]
    assert span.attributes.get("error.type") == reason
    assert span.attributes.get("http.response.status_code") in {status, 500}
    assert (span.status.status_code is StatusCode.ERROR) == (reason is not None)
    assert (span.events, span.status.description) == ((), None)


async def test_what_timed_out_was_cancelled(tracing, exporter):
    engine = Engine(Observed(EchoTarget(), tracing))
    with tracing.batch((), actions=1):
        await engine.run(Batch((Action("GET", "/wait/60000"),), timeout=0.001), CALLER)
    await engine.drain()
    assert by_name(exporter)["GET"].attributes["error.type"] == "CancelledError"
    assert "http.response.status_code" not in by_name(exporter)["GET"].attributes


async def test_no_span_holds_a_query_a_header_or_a_body(tracing, exporter):
    target = AsgiTarget(echo_app([]))
    with target.within({"headers": HEADERS}):
        await run_batch(
            tracing, target, ("POST", "/users?key=hush"), ("POST", "/users#hush"), ("POST", "/" + "x" * 9999)
        )
    spans = exporter.get_finished_spans()
    assert "hush" not in json.dumps([json.loads(span.to_json()) for span in spans])
    assert max(len(span.attributes.get("url.path", "")) for span in spans) == MAX_PATH


@pytest.mark.parametrize(
    ("error", "attributes", "failed"),
    [
        (LimitExceeded(7), {"http.response.status_code": 429}, False),
        (RequestError("no", status=413), {"http.response.status_code": 413}, False),
        (RequestError("no", status=503), {"http.response.status_code": 503, "error.type": "503"}, True),
        (ZeroDivisionError("hush"), {"error.type": "ZeroDivisionError"}, True),
        (asyncio.CancelledError(), {}, False),
    ],
)
def test_a_batch_that_is_refused_or_breaks_ends_its_span(tracing, exporter, error, attributes, failed):
    with pytest.raises(type(error)), tracing.batch((), actions=2):
        raise error
    (span,) = exporter.get_finished_spans()
    assert span.attributes == {"fanfold.actions": 2, **attributes}
    assert (span.status.status_code is StatusCode.ERROR) == failed
    assert span.events == ()


def test_the_status_of_a_batch_may_be_another_one(tracing, exporter):
    results = [
        Result(Action("GET", "/"), Answer(500)),
        Result(Action("GET", "/"), error=RequestError()),
        Result(Action("GET", "/"), Answer(204)),
    ]
    with tracing.batch((), actions=3) as span:
        span.finish(results, status=207)
    assert exporter.get_finished_spans()[0].attributes == {
        "fanfold.actions": 3,
        "fanfold.failed": 2,
        "http.response.status_code": 207,
    }


async def test_parallel_calls_do_not_mix_up_their_spans(tracing, exporter):
    paths = [f"/wait/{1 + index % 3}" for index in range(30)]
    await run_batch(tracing, EchoTarget(), *[("GET", path) for path in paths])
    *children, batch = exporter.get_finished_spans()
    assert len({child.context.span_id for child in children}) == 30
    assert {child.parent.span_id for child in children} == {batch.context.span_id}


async def test_what_an_application_does_after_its_answer_is_still_in_the_span_of_the_call(tracing, exporter):
    spans = []

    async def app(scope, receive, send):
        await echo_app([])(scope, receive, send)
        spans.extend([trace.get_current_span().get_span_context().span_id, len(exporter.get_finished_spans())])

    target = Observed(AsgiTarget(app), tracing)
    endpoint, params = target.resolve("GET", "/a")
    action = Action("GET", "/a", endpoint=endpoint, params=params)
    await Engine(target).run(Batch((action,)), CALLER)
    (span,) = exporter.get_finished_spans()
    assert spans[0] == span.context.span_id


async def test_what_is_not_sampled_is_passed_on_as_not_sampled(exporter):
    tracing, echo = tracing_with(exporter, sampler=ALWAYS_OFF), EchoTarget()
    await run_batch(tracing, echo, ("GET", "/a"))
    assert exporter.get_finished_spans() == ()
    assert dict(echo.calls[0].headers)["traceparent"].startswith(f"00-{TRACE}-")
    assert dict(echo.calls[0].headers)["traceparent"].endswith("-00")


async def test_without_an_sdk_a_call_goes_on_as_it_came(idle):
    seen = []
    target = AsgiTarget(echo_app(seen))
    with target.within({"headers": HEADERS}):
        await run_batch(idle, target, ("GET", "/users/7"))
    assert (seen[0]["traceparent"], seen[0]["tracestate"]) == (TRACEPARENT, "vendor=1")
    assert idle.begun(object(), "/a", remote=False) is None


def call_for(target, headers=()):
    endpoint, params = target.resolve("GET", "/a")
    return Call("GET", "/a", (), None, headers, CALLER, endpoint, params)


async def test_a_single_call_continues_the_trace_in_its_headers(tracing, exporter):
    echo = EchoTarget()
    target = Observed(echo, tracing)
    await target.send(call_for(target, (("TraceParent", TRACEPARENT),)))
    await target.send(call_for(target))
    first, second = exporter.get_finished_spans()
    assert f"{first.parent.span_id:016x}" == PARENT
    assert second.parent is None


async def test_an_sdk_may_be_set_up_later(exporter):
    now = [100.0]
    tracing = Tracing(Provided(trace.ProxyTracerProvider()), context, propagate, lambda: now[0])
    target = Observed(EchoTarget(), tracing)
    for later, spans in ((0.0, 0), (0.5, 0), (0.6, 1)):
        now[0] += later
        await target.send(call_for(target))
        assert len(exporter.get_finished_spans()) == spans
        if not later:
            provider = TracerProvider(shutdown_on_exit=False)
            provider.add_span_processor(SimpleSpanProcessor(exporter))
            tracing.trace.provider, tracing.tracer = provider, provider.get_tracer("late")


def test_a_batch_sees_at_once_that_an_sdk_has_been_set_up(idle):
    assert not idle.look()
    idle.trace.provider = TracerProvider(shutdown_on_exit=False)
    assert idle.look()


def test_there_are_no_traces_where_the_api_is_not_installed(monkeypatch):
    assert isinstance(tracer_or_none(), Tracing)
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    assert tracer_or_none() is None


IN_A_PROCESS_OF_ITS_OWN = """
    import json
    from opentelemetry import trace
    from fanfold.serving.tracing import tracer_or_none

    tracing = tracer_or_none()
    with tracing.batch([], actions=1):
        idle = trace.get_current_span().get_span_context().is_valid

    from opentelemetry.sdk.trace import TracerProvider

    trace.set_tracer_provider(TracerProvider(shutdown_on_exit=False))
    with tracing.batch([], actions=1):
        live = trace.get_current_span().get_span_context().is_valid
    print(json.dumps([idle, live]))
"""


def test_the_provider_of_the_process_is_the_one_that_is_used():
    command = [sys.executable, "-c", textwrap.dedent(IN_A_PROCESS_OF_ITS_OWN)]
    printed = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert json.loads(printed) == [False, True]
