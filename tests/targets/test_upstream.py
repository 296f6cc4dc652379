"""An HTTP origin as a target, against a real one that misbehaves."""

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from fanfold.errors import ForbiddenTarget, NoSuchRoute, RequestError, TimedOut
from fanfold.targets.exchange import SAFE
from fanfold.targets.terms import Terms
from fanfold.targets.upstream import UpstreamTarget
from fanfold.targets.vetting import Vetting
from tests.targets.asking import ask, refusal
from tests.upstreams import upstream_running

HERE = Vetting(loopback=True)


class Pauses:
    """Notes how long somebody wanted to sleep, and does not."""

    def __init__(self):
        self.asked = []

    async def __call__(self, seconds):
        self.asked.append(seconds)
        await asyncio.sleep(0)


@pytest.fixture
async def make(upstream):
    made = []

    def target(url=upstream.url, vetting=HERE, clock=lambda: 0.0, **terms):
        pauses = Pauses()
        made.append(UpstreamTarget(url, Terms(**terms), vetting=vetting, sleep=pauses, clock=clock))
        made[-1].pauses = pauses
        return made[-1]

    yield target
    for one in made:
        await one.close()


# -- what is sent, and what comes back -----------------------------------------------------------------------------


async def test_a_call_arrives_below_the_base_with_its_query_as_written(make, upstream):
    answer = await ask(make(f"{upstream.url}/echo/v1"), "GET", "/a%2Fb/c", query=(("q", "x y"), ("q", "&=é")))
    assert (answer.status, json.loads(answer.body)["path"]) == (200, "/echo/v1/a%2Fb/c?q=x%20y&q=%26%3D%C3%A9")


async def test_a_decoded_body_is_sent_as_json_and_may_be_wrapped(make):
    for wrapped, expected in (("", [1, None]), ("data", {"data": [1, None]})):
        told = json.loads((await ask(make(wrapped=wrapped), "POST", "/echo", [1, None])).body)
        assert (json.loads(told["body"]), told["headers"]["content-type"]) == (expected, "application/json")


async def test_a_raw_body_is_sent_as_it_is_with_its_own_content_type(make):
    told = json.loads((await ask(make(wrapped="data"), "PUT", "/echo", b"a=1", content_type="text/plain")).body)
    assert (told["body"], told["headers"]["content-type"]) == ("a=1", "text/plain")


async def test_headers_go_on_by_name_and_never_those_of_connections_and_proxies(make):
    refused = {
        "Host": "evil",
        "Connection": "close, authorization",
        "Content_Length": "0",
        "Transfer-Encoding": "x",
        "X-Forwarded-For": "1.1.1.1",
        "x_forwarded_host": "evil",
        "Forwarded": "for=x",
        "Via": "1.1 x",
        "X-REAL-IP": "1",
        "Proxy-Authorization": "x",
        "X-HTTP-Method-Override": "DELETE",
        "X-Other": "1",
    }
    passed = {"authorization", "x-mine", *(name.lower() for name in refused)} - {"x-other"}
    told = await ask(make(passed=frozenset(passed)), "GET", "/echo", Authorization="mine", X_Mine="1", **refused)
    sent = json.loads(told.body)["headers"]
    assert sent.keys() <= {"host", "accept", "accept-encoding", "user-agent", "authorization", "x-mine"}
    assert sent["host"].startswith("127.0.0.1:")
    assert (sent["authorization"], sent["x-mine"]) == ("mine", "1")


async def test_the_terms_headers_win_over_the_callers(make):
    target = make(headers=(("Authorization", "Bearer lent"), ("x-version", "2")))
    sent = json.loads((await ask(target, "GET", "/echo", authorization="Bearer mine", X_Version="9")).body)["headers"]
    assert (sent["authorization"], sent["x-version"]) == ("Bearer lent", "2")


@pytest.mark.parametrize("headers", [{"authorization": "a\r\nx: y"}, {"authorization": "a", "AUTHORIZATION": "b"}])
async def test_a_header_that_is_two_is_refused(make, upstream, headers):
    assert await refusal(make(), "GET", "/echo", **headers) == 400
    assert upstream.seen == []


async def test_an_answer_comes_back_without_cookies_and_what_belongs_to_the_connection(make):
    answer = await ask(make(), "GET", "/echo")
    assert dict(answer.headers) == {"content-type": "application/json", "etag": "x"}


async def test_cookies_of_one_call_are_not_sent_with_another(make, upstream):
    target = make()
    for _ in range(2):
        await ask(target, "GET", "/echo")
    assert [one.headers.get("cookie") for one in upstream.seen] == [None, None]


@pytest.mark.parametrize("how", ["gzip", "zlib", "raw"])
async def test_a_compressed_answer_is_unfolded(make, how):
    answer = await ask(make(), "GET", f"/packed/{how}")
    assert answer.body == b'{"packed": true}'
    assert "content-encoding" not in dict(answer.headers)


async def test_answers_without_a_body_are_taken(make):
    assert (await ask(make(), "GET", "/nothing")).status == 204
    assert (await ask(make(), "HEAD", "/nothing")).body == b""


async def test_connections_are_kept_and_used_again(make, upstream):
    target = make()
    for _ in range(5):
        await ask(target, "POST", "/echo", {})
    assert upstream.connections == 1


# -- what may be asked ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    [
        *(
            "//evil.test/x",
            "/\\evil",
            "@evil.test/",
            "http://evil.test/",
            "",
            "/a/../b",
            "/a/%2e%2e/b",
            "/%252e%252e/a",
        ),
        *("/a?b", "/a#b", "/a b", "/a\r\nX: y", "/%0d%0a", "/%00", "/é", "/%zz", "/a%5cb", "/./a"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path):
    with pytest.raises(RequestError) as refused:
        UpstreamTarget("https://api.example.com").resolve("GET", path)
    assert refused.value.status == 400


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "get", "G\r\n", ""])
def test_a_method_that_is_none_is_refused(method):
    with pytest.raises(NoSuchRoute):
        UpstreamTarget("https://api.example.com").resolve(method, "/")


def test_reads_and_writes_cost_what_they_are_counted_as():
    target = UpstreamTarget("https://api.example.com", Terms(counts="/a:"))
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"):
        endpoint, _ = target.resolve(method, "/x")
        kind = "reads" if method in SAFE else "writes"
        assert (endpoint.write, endpoint.costs) == (kind == "writes", ("/a:requests", f"/a:{kind}"))


@pytest.mark.parametrize("path", ["/batch", "/batch/", "/%62atch", "/BATCH/x"])
def test_a_batch_of_the_upstream_may_not_stand_in_a_batch(path):
    assert not UpstreamTarget("https://api.example.com").resolve("POST", path)[0].batchable


# -- addresses ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_address_that_is_not_allowed_is_not_connected_to(make, upstream, host):
    target = make(f"http://{host}:{upstream.port}", vetting=Vetting(private=True), attempts=1)
    assert await refusal(target, "GET", "/echo") == 502
    assert upstream.connections == 0


async def test_what_was_vetted_is_what_is_connected_to(make, upstream, monkeypatch):
    looked_up = []

    async def resolve(_self, host, port):
        looked_up.append((host, port))
        return ["127.0.0.1"]

    monkeypatch.setattr(Vetting, "resolve", resolve)
    answer = await ask(make(f"http://api.test:{upstream.port}"), "GET", "/echo")
    assert json.loads(answer.body)["headers"]["host"] == f"api.test:{upstream.port}"
    assert looked_up == [("api.test", upstream.port)]


async def test_an_address_that_slips_through_the_look_up_is_refused_at_the_socket(make, upstream, monkeypatch):
    async def resolve(_self, _host, _port):
        return ["127.0.0.1"]

    monkeypatch.setattr(Vetting, "resolve", resolve)
    target = make(f"http://api.test:{upstream.port}", vetting=Vetting(), attempts=1)
    assert await refusal(target, "GET", "/echo") == 502
    assert upstream.connections == 0


async def test_a_name_that_nobody_has_is_an_error_of_that_call(make):
    assert await refusal(make("http://no.such.host.invalid", attempts=1), "GET", "/") == 502


# -- redirects ------------------------------------------------------------------------------------------------------


async def test_a_redirect_is_an_answer_unless_it_is_to_be_followed(make, upstream):
    answer = await ask(make(), "GET", "/redirect", query=(("to", "/echo"),))
    assert (answer.status, dict(answer.headers)["location"]) == (302, "/echo")
    assert len(upstream.seen) == 1


async def test_a_followed_redirect_keeps_credentials_within_the_origin(make):
    target = make(redirects=1, headers=(("x-api-key", "secret"),))
    answer = await ask(target, "GET", "/redirect", query=(("to", "/echo"),), authorization="mine")
    sent = json.loads(answer.body)["headers"]
    assert (sent["x-api-key"], sent["authorization"]) == ("secret", "mine")


async def test_a_followed_redirect_carries_no_credentials_to_another_origin(make):
    with upstream_running() as other:
        target = make(redirects=2, headers=(("x-api-key", "secret"),), passed=frozenset({"authorization", "cookie"}))
        to = (("to", f"{other.url}/redirect?to=/echo"),)
        answer = await ask(target, "GET", "/redirect", query=to, authorization="mine", cookie="a=b")
        assert answer.status == 200
        for one in other.seen:
            assert not {"x-api-key", "authorization", "cookie"} & one.headers.keys()
        assert len(other.seen) == 2


@pytest.mark.parametrize(
    "to",
    ["http://localhost:{port}/echo", "http://169.254.169.254/x", "http://user:x@127.0.0.1:{port}/echo", "ftp://x/"],
)
async def test_a_redirect_to_where_nothing_may_be_called_is_not_followed(make, upstream, to):
    class OnlyThis(Vetting):
        def allows(self, text):
            return text == "127.0.0.1"

        async def resolve(self, host, port):
            raise ForbiddenTarget(f"{host}:{port}")

    target = make(vetting=OnlyThis(), redirects=3, attempts=1)
    query = (("to", to.format(port=upstream.port)),)
    assert await refusal(target, "GET", "/redirect", query=query) == 502
    assert len(upstream.seen) == 1


async def test_a_redirect_in_a_circle_ends(make, upstream):
    assert (await ask(make(redirects=3), "GET", "/loop")).status == 302
    assert len(upstream.seen) == 4


async def test_a_write_is_never_redirected(make, upstream):
    assert (await ask(make(redirects=3), "POST", "/redirect", {}, query=(("to", "/echo"),))).status == 302
    assert len(upstream.seen) == 1


# -- an upstream that misbehaves ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/reset", "/garbage", "/short", "/chunk", "/fields", "/field", "/interim"])
async def test_what_is_no_answer_is_an_error_of_that_call_alone(make, path):
    target = make(attempts=1)
    assert await refusal(target, "GET", path) == 502
    assert (await ask(target, "GET", "/echo")).status == 200


@pytest.mark.parametrize("path", ["/endless", "/bomb", "/packed/cut", "/packed/two", "/packed/none", "/packed/br"])
async def test_a_body_that_cannot_be_taken_is_given_up(make, upstream, path):
    target = make(max_response=1_000_000)
    assert await refusal(target, "GET", path) == 502
    assert (await ask(target, "GET", "/echo")).status == 200
    assert len({one.connection for one in upstream.seen}) in (1, 2)


@pytest.mark.parametrize("path", ["/hang", "/drip"])
async def test_what_does_not_end_is_given_up_in_time(make, path):
    target = make(timeout=0.3)
    with pytest.raises(TimedOut):
        await ask(target, "GET", path)
    assert (await ask(target, "GET", "/echo")).status == 200


async def test_an_answer_left_unread_is_never_read_by_the_next(make):
    target = make(connections=1)
    for _ in range(5):
        waiting = asyncio.create_task(ask(target, "GET", "/drip"))
        await asyncio.sleep(0.02)
        waiting.cancel()
        told = json.loads((await ask(target, "GET", "/echo/mine")).body)
        assert told["path"] == "/echo/mine"


# -- asking again ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_only_what_changes_nothing_is_sent_again_after_a_break(make, upstream, method):
    target = make()
    if method == "GET":
        assert (await ask(target, method, "/resetonce")).status == 200
    else:
        assert await refusal(target, method, "/resetonce") == 502
    assert len(upstream.seen) == (2 if method == "GET" else 1)


@pytest.mark.parametrize(("method", "sent"), [("GET", 3), ("POST", 1)])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_upstream_is_asked_again_when_it_said(make, upstream, method, sent, status):
    target = make()
    answer = await ask(target, method, f"/busy/{status}/2/2")
    assert (answer.status, len(upstream.seen)) == (200 if sent == 3 else status, sent)
    assert all(2 <= pause <= 2.2 for pause in target.pauses.asked)


@pytest.mark.parametrize(("ahead", "sent"), [(3, 3), (-60, 3), (3600, 1)])
async def test_when_to_ask_again_may_be_said_as_a_date(make, upstream, ahead, sent):
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=ahead), usegmt=True).encode()
    upstream.says["busy"] = (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After: %b\r\n\r\n" % when,)
    target = make()
    assert (await ask(target, "GET", "/say/busy")).status == 503
    assert len(upstream.seen) == sent
    assert all(0 <= pause <= max(ahead, 0) + 0.2 for pause in target.pauses.asked)


async def test_a_budget_that_is_spent_leaves_each_request_its_first_attempt(make, upstream):
    target = make(failures=1000)
    for _ in range(20):
        await ask(target, "GET", "/busy/503/999/0")
    before = len(upstream.seen)
    for _ in range(5):
        assert (await ask(target, "GET", "/busy/503/999/0")).status == 503
    assert len(upstream.seen) - before in (5, 6)
    assert (await ask(target, "GET", "/echo")).status == 200


async def test_a_pause_that_is_too_long_is_the_callers_business(make, upstream):
    answer = await ask(make(), "GET", "/busy/503/9/3600")
    assert (answer.status, dict(answer.headers)["retry-after"], len(upstream.seen)) == (503, "3600", 1)


async def test_repeated_requests_are_a_share_of_all(make, upstream):
    target = make(failures=1000)
    for _ in range(30):
        await ask(target, "GET", "/busy/429/999/0")
    assert 30 + 10 <= len(upstream.seen) <= 30 + 13


@pytest.mark.parametrize(("method", "survives"), [("GET", True), ("POST", False)])
async def test_a_read_survives_a_connection_that_was_closed_meanwhile(make, upstream, method, survives):
    target = make(attempts=1)
    assert (await ask(target, "GET", "/stale")).status == 200
    if survives:
        assert (await ask(target, method, "/stale")).status == 200
        assert upstream.connections == 2
    else:
        assert await refusal(target, method, "/stale") == 502
    assert target.pauses.asked == []


async def test_an_upstream_that_always_closes_is_not_asked_twice_for_each_connection_that_was_kept(make, upstream):
    target = make(attempts=3)
    await asyncio.gather(*(ask(target, "GET", "/slices/40/x") for _ in range(6)))
    assert await refusal(target, "GET", "/reset") == 502
    assert upstream.paths().count("GET /reset") == 4  # three attempts, and once more for a connection that was kept


async def test_an_upstream_that_fails_again_and_again_is_left_alone_for_a_while(make, upstream):
    now = [0.0]
    target = make(attempts=1, failures=3, rest=5.0, clock=lambda: now[0])
    assert [await refusal(target, "GET", "/reset") for _ in range(5)] == [502, 502, 502, 503, 503]
    assert len(upstream.seen) == 3
    now[0] = 5.0
    assert (await ask(target, "GET", "/echo")).status == 200
    assert await refusal(target, "GET", "/reset") == 502


@pytest.mark.parametrize(("path", "afterwards"), [("/slices/40/x", 200), ("/reset", 503)])
async def test_of_many_that_come_after_the_rest_a_single_one_is_tried(make, upstream, path, afterwards):
    now = [0.0]
    target = make(failures=1, rest=5.0, clock=lambda: now[0])
    assert await refusal(target, "GET", "/reset") == 502
    before = len(upstream.seen)
    now[0] = 5.0
    outcomes = await asyncio.gather(*(ask(target, "GET", path) for _ in range(20)), return_exceptions=True)
    statuses = Counter(outcome.status for outcome in outcomes)
    assert len(upstream.seen) == before + 1
    assert statuses == {503: 19, 200 if afterwards == 200 else 502: 1}
    if afterwards == 200:
        assert (await ask(target, "GET", "/echo")).status == 200
    else:
        assert await refusal(target, "GET", "/echo") == 503


async def test_a_call_that_is_cancelled_leaves_room_for_the_next_trial(make):
    now = [0.0]
    target = make(attempts=1, failures=1, rest=5.0, clock=lambda: now[0])
    assert await refusal(target, "GET", "/reset") == 502
    now[0] = 5.0
    waiting = asyncio.create_task(ask(target, "GET", "/hang"))
    await asyncio.sleep(0.02)
    assert await refusal(target, "GET", "/echo") == 503
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await ask(target, "GET", "/echo")).status == 200


@asynccontextmanager
async def closing(target):
    try:
        yield target
    finally:
        await target.close()


async def test_a_target_that_was_closed_opens_again():
    with upstream_running() as running:
        async with closing(UpstreamTarget(running.url, vetting=HERE)) as target:
            for _ in range(2):
                assert (await ask(target, "GET", "/echo")).status == 200
                await target.close()
