"""The gateway in this process, before a real upstream."""

import asyncio
import base64
import json

import pytest

from fanfold.errors import SetupError
from fanfold.server.gateway import HOPS, Gateway
from fanfold.server.gateway_settings import GatewaySettings, Upstream
from fanfold.settings import read_as
from tests.server.conftest import ask
from tests.upstreams import upstream_running


@pytest.fixture
async def make():
    made = []

    def gateway(environment=None, **settings):
        told = {"allow_private": True, "access_log": "off", **settings}
        made.append(Gateway(GatewaySettings(**told), environment or {}))
        return made[-1]

    yield gateway
    for one in made:
        await one.close()


def act(method, path, **more):
    return {"method": method, "relative_path": path, **more}


async def batch(gateway, *actions, **more):
    reply = await ask(gateway, "POST", "/batch", {"data": {"actions": list(actions)}}, **more)
    assert reply.status == 200, reply
    return reply.json["data"]


async def test_a_batch_is_sent_at_once_and_answered_in_order(make, upstream):
    results = await batch(make(upstream=upstream.url), *(act("get", f"/echo/{n}") for n in range(10)))
    assert [one["body"]["path"] for one in results] == [f"/echo/{n}" for n in range(10)]
    assert results[0]["headers"] == {"etag": "x"}
    assert upstream.connections > 1


async def test_data_is_the_query_of_a_read_and_the_body_of_a_write(make, upstream):
    results = await batch(
        make(upstream=upstream.url),
        act("get", "/echo?a=1", data={"b": "2"}),
        act("post", "/echo", data=[1, {"x": None}]),
        act("put", "/echo"),
    )
    assert results[0]["body"]["path"] == "/echo?a=1&b=2"
    assert json.loads(results[1]["body"]["body"]) == [1, {"x": None}]
    assert results[2]["body"]["body"] == ""


async def test_data_may_be_wrapped_for_an_upstream(make, upstream):
    gateway = make(upstreams={"a": Upstream(url=upstream.url, wrap="data")})
    (result,) = await batch(gateway, act("post", "/a/echo", data={"name": "x"}))
    assert json.loads(result["body"]["body"]) == {"data": {"name": "x"}}


async def test_bodies_that_are_not_json_are_embedded_as_text_or_base64(make, upstream):
    text, binary, nothing = await batch(
        make(upstream=upstream.url), act("get", "/text"), act("get", "/binary"), act("delete", "/nothing")
    )
    assert (text["status_code"], text["body"]) == (404, "<p>é</p>")
    assert binary["body"]["content_type"] == "image/png"
    assert base64.b64decode(binary["body"]["base64"]) == b"\x89PNG\x00\xff"
    assert (nothing["status_code"], nothing["body"]) == (204, None)


async def test_one_bad_action_spoils_only_itself(make, upstream):
    gateway = make(upstreams={"u": Upstream(url=upstream.url, prefix="/", attempts=1, timeout=0.5, max_response=10**6)})
    bad = ["/hang", "/reset", "/garbage", "/bomb", "/drip", "/short", "/endless", "/fields"]
    results = await batch(gateway, *(act("get", path) for path in bad), act("get", "/echo"), act("post", "/echo"))
    assert [one["status_code"] for one in results] == [504, 502, 502, 502, 504, 502, 502, 502, 200, 200]


async def test_a_single_request_goes_the_same_way_and_its_body_as_it_is(make, upstream):
    gateway = make(upstream=upstream.url)
    reply = await ask(gateway, "POST", "/echo?x=1", b"<a/>", headers={"content-type": "text/xml", "if-match": "y"})
    assert reply.status == 200
    assert (reply.json["path"], reply.json["body"]) == ("/echo?x=1", "<a/>")
    assert (reply.json["headers"]["content-type"], reply.json["headers"]["if-match"]) == ("text/xml", "y")
    binary = await ask(gateway, "GET", "/binary")
    assert (binary.headers["content-type"], binary.body) == ("image/png", b"\x89PNG\x00\xff")
    nothing = await ask(gateway, "GET", "/nothing")
    assert nothing.status == 204
    assert not {"content-length", "content-type"} & nothing.headers.keys()


@pytest.mark.parametrize("path", ["//evil.test/x", "/a/../b", "/%2e%2e/b", "/a%5cb", "/%62atch", "/batch", "/%00"])
async def test_a_path_that_a_batch_refuses_is_refused_alone_too(make, upstream, path):
    gateway = make(upstream=upstream.url)
    (result,) = await batch(gateway, act("get", path))
    assert (await ask(gateway, "GET", path)).status == result["status_code"] == 400
    assert upstream.seen == []


@pytest.mark.parametrize("path", ["/u/batch", "/u/BATCH", "/u/%62atch", "/u/batch/"])
async def test_a_batch_of_an_upstream_may_not_stand_in_a_batch(make, upstream, path):
    (result,) = await batch(make(upstreams={"u": Upstream(url=upstream.url)}), act("post", path))
    assert result["status_code"] == 400
    assert upstream.seen == []


# -- whose credentials ----------------------------------------------------------------------------------------------


async def test_the_callers_authorization_goes_on_to_a_single_upstream(make, upstream):
    gateway = make(upstream=upstream.url)
    both = await asyncio.gather(*(batch(gateway, act("get", "/echo"), token=f"t{n}") for n in range(50)))
    assert [one["body"]["headers"]["authorization"] for (one,) in both] == [f"Bearer t{n}" for n in range(50)]


async def test_with_several_upstreams_authorization_goes_where_it_is_meant_to(make, upstream):
    with upstream_running() as other:
        gateway = make(
            upstreams={"a": Upstream(url=upstream.url), "b": Upstream(url=other.url, pass_authorization=True)}
        )
        one, two = await batch(gateway, act("get", "/a/echo"), act("get", "/b/echo"))
    assert "authorization" not in one["body"]["headers"]
    assert two["body"]["headers"]["authorization"].startswith("Bearer ")


def lending(url):
    return {"a": Upstream(url=url, headers={"authorization": "Bearer ${API_TOKEN}"})}


async def test_lent_credentials_replace_the_callers_and_have_to_be_deserved(make, upstream):
    gateway = make({"API_TOKEN": "lent"}, upstreams=lending(upstream.url), gateway_token="ours")
    for token in (None, "other", "", "lent"):
        for method, path in (("POST", "/batch"), ("GET", "/a/echo"), ("DELETE", "/a/echo")):
            assert (await ask(gateway, method, path, {"data": {"actions": []}}, token=token)).status == 401
    assert upstream.seen == []
    (result,) = await batch(gateway, act("get", "/a/echo"), token="ours")
    assert result["body"]["headers"]["authorization"] == "Bearer lent"


def test_a_gateway_that_lends_has_a_token_even_if_none_was_told(make):
    assert len(make({"API_TOKEN": "x"}, upstreams=lending("http://x.test")).token) > 30


def test_what_looks_like_a_credential_is_one_wherever_it_was_written(make):
    for name in ("Authorization", "X_API_Key", "cookie", "x-auth-token"):
        assert make(upstreams={"a": Upstream(url="http://x.test", headers={name: "literal"})}).token
    assert not make(upstreams={"a": Upstream(url="http://x.test", headers={"x-version": "2"})}).token


async def test_a_token_of_the_gateways_own_does_not_go_on(make, upstream):
    (result,) = await batch(make(upstream=upstream.url, gateway_token="ours"), act("get", "/echo"), token="ours")
    assert "authorization" not in result["body"]["headers"]


async def test_headers_of_a_single_request_alone_are_not_inherited_by_actions(make, upstream):
    headers = {"idempotency-key": "k", "if-match": "x", "x-mine": "1", "x-forwarded-for": "1.2.3.4", "traceparent": "t"}
    gateway = make(upstreams={"u": Upstream(url=upstream.url, prefix="/", pass_headers=("X-Mine",))})
    (result,) = await batch(gateway, act("post", "/echo", data={}), headers=headers)
    sent = result["body"]["headers"]
    assert (sent["x-mine"], sent["traceparent"]) == ("1", "t")
    assert not {"idempotency-key", "if-match", "x-forwarded-for"} & sent.keys()
    alone = (await ask(gateway, "POST", "/echo", b"{}", headers=headers)).json["headers"]
    assert (alone["idempotency-key"], alone["if-match"]) == ("k", "x")


async def test_a_gateway_before_itself_comes_to_an_end(make, upstream):
    gateway = make(upstream=upstream.url)
    assert (await ask(gateway, "GET", "/echo", headers={HOPS: "2"})).json["headers"][HOPS] == "3"
    for hops in ("3", "999", "x", "-1"):
        assert (await ask(gateway, "GET", "/echo", headers={HOPS: hops})).status == 508


# -- limits ---------------------------------------------------------------------------------------------------------


async def test_a_batch_over_the_upstreams_limits_is_refused_before_anything_is_sent(make, upstream):
    gateway = make(upstreams={"u": Upstream(url=upstream.url, limits="requests=3")})
    actions = [act("get", "/u/echo")] * 2
    await batch(gateway, *actions)
    await batch(gateway, *actions, token="somebody else")
    reply = await ask(gateway, "POST", "/batch", {"data": {"actions": actions}})
    assert reply.status == 429
    assert 1 <= int(reply.headers["retry-after"]) <= 60
    assert len(upstream.seen) == 4


async def test_lent_credentials_have_one_account_for_all(make, upstream):
    with upstream_running() as other:
        ups = {"a": Upstream(url=upstream.url, limits="requests=1"), "b": Upstream(url=other.url)}
        gateway = make(upstreams=ups)
        assert (await ask(gateway, "GET", "/a/echo", token="one")).status == 200
        assert (await ask(gateway, "GET", "/a/echo", token="two")).status == 429
        assert (await ask(gateway, "GET", "/b/echo", token="two")).status == 200


async def test_a_batch_waits_for_room_where_it_is_told_to(make, upstream):
    ups = {"u": Upstream(url=upstream.url, limits="requests=1", limits_window=0.2)}
    gateway = make(upstreams=ups, limits_wait=5)
    for _ in range(2):
        assert (await ask(gateway, "GET", "/u/echo")).status == 200


async def test_callers_can_have_limits_of_their_own(make, upstream):
    gateway = make(upstream=upstream.url, limits="requests=1")
    statuses = [(await ask(gateway, "GET", "/echo", token=token)).status for token in ("a", "a", "b")]
    assert statuses == [200, 429, 200]


# -- settings -------------------------------------------------------------------------------------------------------


async def test_a_private_upstream_has_to_be_allowed():
    gateway = Gateway(GatewaySettings(upstream="http://127.0.0.1:1", access_log="off"), {})
    with pytest.raises(SetupError, match="--allow-private"):
        await gateway.vet()
    await gateway.close()


@pytest.mark.parametrize(
    "upstream",
    [
        *({"url": "api.example.com"}, {"url": "ftp://x.test"}, {"url": "https://u:p@x.test"}, {"url": "https://"}),
        *(
            {"url": "https://x.test?a"},
            {"url": "https://x.test#a"},
            {"url": "https://x.test:99999"},
            {"url": "http://é"},
        ),
        {"url": "https://x.test/a b"},
        *(
            {"url": "https://x.test", "prefix": prefix}
            for prefix in ("a", "/a/", "//a", "/../a", "/batch", "/-/x", "/ä")
        ),
        {"url": "https://x.test", "headers": {"Host": "y"}},
        {"url": "https://x.test", "pass_headers": ("X_Forwarded-For",)},
        {"url": "https://x.test", "headers": {"authorization": "${MISSING}"}},
        {"url": "https://x.test", "headers": {"x": "a\r\nb"}},
        {"url": "https://x.test", "limits": "many"},
        {"url": "https://x.test", "headers": {"x-key": "${SET}"}, "pass_authorization": True},
    ],
)
def test_what_cannot_be_meant_is_said_before_the_first_request(upstream):
    with pytest.raises(SetupError) as refused:
        Gateway(GatewaySettings(upstreams={"a": Upstream(**upstream)}, access_log="off"), {"SET": "secret"})
    assert refused.value.message.endswith(".")
    assert "secret" not in refused.value.message


def test_a_gateway_without_an_upstream_says_so():
    with pytest.raises(SetupError, match="--upstream"):
        Gateway(GatewaySettings(), {})


def test_settings_come_from_a_file_and_the_environment(tmp_path):
    file = tmp_path / "fanfold.toml"
    file.write_text('port = 1\n[upstreams.a]\nurl = "https://x.test"\nlimits = "requests=5"\n')
    settings = read_as(GatewaySettings, {"host": None}, file=file, environment={"FANFOLD_PORT": "2"})
    assert settings == GatewaySettings(port=2, upstreams={"a": Upstream(url="https://x.test", limits="requests=5")})
