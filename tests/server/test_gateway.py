"""The gateway in this process, before a real upstream."""

import asyncio
import base64
import json

import pytest

from fanfold.errors import SetupError
from fanfold.server.gateway import HOPS, Gateway
from fanfold.server.gateway_settings import GatewaySettings, Upstream
from fanfold.settings import read_as
from tests.certificates import Authority
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


async def test_a_redirect_takes_no_credential_to_another_origin_by_whatever_name(make, upstream):
    with upstream_running() as other:
        told = Upstream(
            url=upstream.url,
            prefix="/",
            redirects=1,
            headers={"x-version": "2"},
            pass_headers=("X-Api-Key",),
            pass_authorization=True,
        )
        headers = {"x-api-key": "mine", "accept-language": "de"}
        reply = await ask(make(upstreams={"u": told}), "GET", f"/redirect?to={other.url}/echo", headers=headers)
    assert {"x-api-key", "authorization", "x-version"} <= upstream.seen[0].headers.keys()
    assert not {"x-api-key", "authorization", "x-version"} & reply.json["headers"].keys()
    assert (reply.json["headers"]["accept-language"], reply.json["headers"][HOPS]) == ("de", "1")


async def test_a_headers_bytes_go_on_as_they_are(make, upstream):
    gateway = make(upstreams={"u": Upstream(url=upstream.url, prefix="/", pass_headers=("x-name",))})
    utf8 = "Zoë".encode().decode("latin-1")
    assert (await ask(gateway, "GET", "/echo", headers={"x-name": utf8})).json["headers"]["x-name"] == utf8


# -- what comes back ------------------------------------------------------------------------------------------------


async def test_a_header_that_comes_several_times_is_shown_whole(make, upstream):
    links = b"Link: </a>; rel=next\r\nVary: Accept\r\nLink: </b>; rel=last\r\nVary: Origin\r\n"
    upstream.says["links"] = (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n" + links + b"\r\n{}",)
    gateway = make(upstream=upstream.url)
    (result,) = await batch(gateway, act("get", "/say/links"))
    assert result["headers"] == {"link": "</a>; rel=next, </b>; rel=last"}
    assert (await ask(gateway, "GET", "/say/links")).headers["vary"] == "Accept, Origin"


@pytest.mark.parametrize("status", [b"000", b"101", b"600", b"999"])
async def test_a_status_that_nobody_could_be_shown_is_that_actions_error(make, upstream, status):
    upstream.says["odd"] = (b"HTTP/1.1 %b Odd\r\nContent-Length: 0\r\n\r\n" % status,)
    gateway = make(upstream=upstream.url)
    odd, good = await batch(gateway, act("get", "/say/odd"), act("get", "/echo"))
    assert (odd["status_code"], good["status_code"]) == (502, 200)
    assert (await ask(gateway, "GET", "/say/odd")).status == 502


async def test_of_clients_that_leave_nobody_gets_anothers_answer(make, upstream):
    gateway = make(upstreams={"u": Upstream(url=upstream.url, prefix="/", connections=2, attempts=1)})
    kept = []
    for number in range(12):
        asked = asyncio.create_task(ask(gateway, "GET", f"/slices/{number % 4 * 4}/{number}"))
        if number % 3:
            await asyncio.sleep(number % 4 * 0.001)
            asked.cancel()
        kept.append(asked)
    for number, answer in enumerate(await asyncio.gather(*kept, return_exceptions=True)):
        if not isinstance(answer, asyncio.CancelledError):
            assert answer.body == f"/slices/{number % 4 * 4}/{number}".encode()
    assert sum(not task.cancelled() for task in kept) >= 4


async def test_more_batches_than_connections_are_all_answered(make, upstream):
    gateway = make(upstreams={"u": Upstream(url=upstream.url, prefix="/", connections=1)})
    several = [batch(gateway, *(act("get", f"/echo/{one}-{two}") for two in range(5))) for one in range(10)]
    for one, results in enumerate(await asyncio.gather(*several)):
        assert [result["body"]["path"] for result in results] == [f"/echo/{one}-{two}" for two in range(5)]
    assert upstream.connections == 1


# -- whom it calls --------------------------------------------------------------------------------------------------


@pytest.fixture
def names(monkeypatch):
    """What each name stands for, look-up by look-up; the last stays."""
    known = {}

    async def getaddrinfo(_self, host, port, **_more):
        found = known[host]
        addresses = found.pop(0) if len(found) > 1 else found[0]
        return [(2, 1, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return known


async def test_a_name_that_leads_home_after_it_was_vetted_is_not_followed_there(upstream, names):
    names["api.test"] = [["8.8.8.8"], ["127.0.0.1"]]
    gateway = Gateway(GatewaySettings(upstream=f"http://api.test:{upstream.port}", access_log="off"), {})
    await gateway.vet()
    (result,) = await batch(gateway, act("get", "/echo"))
    assert result["status_code"] == 502
    assert "may not be called" in result["body"]["errors"][0]["message"]
    assert upstream.connections == 0
    await gateway.close()


async def test_a_name_is_looked_up_once_for_a_connection(make, upstream, names):
    names["api.test"] = [["127.0.0.1"], ["192.0.2.1"]]
    gateway = make(upstream=f"http://api.test:{upstream.port}")
    for _ in range(3):
        assert (await batch(gateway, act("get", "/echo")))[0]["status_code"] == 200
    assert (upstream.connections, names["api.test"]) == (1, [["192.0.2.1"]])


async def test_one_of_a_names_addresses_is_enough_to_call_none(upstream, names):
    names["api.test"] = [["8.8.8.8", "127.0.0.1"]]
    gateway = Gateway(GatewaySettings(upstream=f"http://api.test:{upstream.port}", access_log="off"), {})
    with pytest.raises(SetupError, match="--allow-private"):
        await gateway.vet()
    assert (await batch(gateway, act("get", "/echo")))[0]["status_code"] == 502
    assert upstream.connections == 0
    await gateway.close()


async def test_a_gateway_is_not_its_own_upstream(make, upstream):
    gateway = make(upstream=upstream.url)
    gateway.vetting.at_home("127.0.0.1", upstream.port)
    with pytest.raises(SetupError, match="is this gateway itself"):
        await gateway.vet()
    (result,) = await batch(gateway, act("get", "/echo"))
    assert result["status_code"] == 502
    assert "may not be called" in result["body"]["errors"][0]["message"]
    assert upstream.connections == 0


async def test_an_upstream_may_have_an_authority_of_its_own(make, tmp_path):
    authority = Authority(tmp_path)
    with authority.upstream("127.0.0.1") as (good, _), authority.upstream("other.test") as (bad, _):
        ups = {name: Upstream(url=one.url, ca_file=str(authority.file)) for name, one in (("a", good), ("b", bad))}
        one, two = await batch(make(upstreams=ups), act("get", "/a/echo"), act("post", "/b/echo", data={}))
        assert (one["status_code"], two["status_code"]) == (200, 502)
        assert two["body"]["errors"][0]["message"] == "The upstream's certificate is for another address"
        assert bad.seen == []


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


async def test_answers_are_kept_for_whoever_asked_and_nobody_else(make, upstream):
    gateway = make(upstream=upstream.url)
    scopes = [{"headers": [], "client": (host, 1)} for host in ("192.0.2.1", "192.0.2.2")]
    one, two = (gateway._caller(scope) for scope in scopes)
    assert (one.key, two.key) == ("anonymous", "anonymous")
    assert one.user != two.user


async def test_what_is_left_of_the_upstreams_limits_can_be_asked(make, upstream):
    gateway = make(upstreams={"u": Upstream(url=upstream.url, limits="requests=3")}, limits="reads=9")
    await batch(gateway, act("get", "/u/echo"))
    told = (await ask(gateway, "OPTIONS", "/batch")).json["data"]["limits"]
    assert [(one["limit"], one["left"]) for one in told] == [("reads", 9), ("/u:requests", 2)]


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
        {"url": "https://x.test", "ca_file": "/no/such/file.pem"},
        {"url": "https://x.test", "ca_file": __file__},
        {"url": "http://x.test", "ca_file": "authority.pem"},
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
