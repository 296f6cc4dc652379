"""Credentials, and what must never get out: canaries, and links, redirects and ids that lead astray."""

import logging
from collections.abc import Mapping
from types import MappingProxyType

import pytest
from msgspec.structs import replace

from fanfold.entries import Fetch
from fanfold.errors import RemoteError, RequestError
from fanfold.integrations.pagination.opaque import opened, sealed
from fanfold.model import Answer
from fanfold.targets.vetting import Vetting
from tests.integrations.apis import Said, api_running

CANARY = "canary-credential-0123456789"
KEYED = {"credentials": {"format": "api_key"}}
LINKS = {"format": "cursor", "config": {"cursor_path": "next", "is_link": True}}


def listing(path, **more):
    return {"it": {"list": {"path": path, "response_path": "items", **more}, "get": {"path": path}}}


# -- ids and hosts -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("gid", "path"),
    [
        ("../admin", "/echo/..%2Fadmin"),
        ("a/b", "/echo/a%2Fb"),
        ("x?y=1", "/echo/x%3Fy%3D1"),
        ("a#b", "/echo/a%23b"),
        ("a b&c", "/echo/a%20b%26c"),
        ("%2e%2e", "/echo/%252e%252e"),
        ("\\..", "/echo/%5C.."),
        ("a\r\nX: y", "/echo/a%0D%0AX%3A%20y"),
    ],
)
async def test_an_id_is_one_segment_of_the_path_or_is_refused(asking, api, gid, path):
    asked = asking({"it": {"get": {"path": "/echo/{{id}}"}}})
    failed = None
    try:
        await asked.page("get", "it", id=gid)
    except RequestError as error:
        failed = error
    assert api.paths() == ([f"GET {path}"] if failed is None else [])
    assert failed is None or failed.status == 400


@pytest.mark.parametrize("gid", ["", ".", "..", "x" * 5000])
async def test_an_id_that_is_no_segment_is_refused(asking, api, gid):
    with pytest.raises(RequestError) as failed:
        await asking({"it": {"get": {"path": "/echo/{{id}}"}}}).page("get", "it", id=gid)
    assert (failed.value.status, api.seen) == (400, [])


@pytest.mark.parametrize(
    "subdomain", ["evil.com/@", "evil.com/", "a@b", "a:80", "", "..", "a b", "a\\b", "evil.com#", "x?y"]
)
async def test_a_subdomain_that_would_lead_elsewhere_is_refused(asking, subdomain):
    asked = asking(
        {"it": {"get": {"path": "/x"}}}, {"subdomain": subdomain}, base_url="https://{{subdomain}}.example.invalid/v1"
    )
    with pytest.raises(RequestError) as failed:
        await asked.page("get", "it")
    assert failed.value.status == 400


async def test_a_private_address_is_not_asked_unless_allowed(asking, api):
    with pytest.raises(RequestError, match="may not be called") as failed:
        await asking({"it": {"get": {"path": "/echo"}}}, vetting=Vetting()).page("get", "it")
    assert (failed.value.status, api.seen) == (502, [])
    for base in ("http://169.254.169.254", "http://[::ffff:169.254.169.254]", "http://2852039166", "http://0.0.0.0"):
        with pytest.raises(RequestError, match=r"may not be called|no usable answer") as failed:
            await asking({"it": {"get": {"path": "/latest"}}}, base_url=base).page("get", "it")
        assert failed.value.status == 502


# -- links and redirects -------------------------------------------------------------------------------------------

STRAY = [
    "http://169.254.169.254/latest/meta-data",
    "https://evil.example/contacts",
    "//evil.example/contacts",
    "http://127.0.0.1:1/contacts",
    "http://user@{host}/contacts",
    "ftp://{host}/contacts",
    "http://{host}/../admin",
    "http://{host}\\@evil.example/",
    "http://evil.example#{host}",
    "javascript:alert(1)",
    "http://{host}/a\nb",
]


@pytest.mark.parametrize("link", STRAY)
async def test_a_link_that_leads_elsewhere_is_not_followed(asking, api, link):
    told = link.format(host=api.host)
    api.says = {"it": [Said(body={"items": [1], "next": told})]}
    with pytest.raises(RemoteError, match="link to the next page") as failed:
        await asking(listing("/say/it", pagination=LINKS)).page("list", "it")
    assert failed.value.status == 502
    assert len(api.seen) == 1


@pytest.mark.parametrize("link", STRAY)
async def test_a_cursor_that_a_client_made_up_leads_nowhere_either(asking, api, link):
    asked = asking(listing("/say/it", pagination=LINKS), {"api_key": CANARY}, **KEYED)
    with pytest.raises(RequestError, match="next_cursor") as failed:
        await asked.page("list", "it", cursor=sealed("l", link.format(host=api.host)))
    assert (failed.value.status, api.seen) == (400, [])


@pytest.mark.parametrize("link", [link for link in STRAY if "\n" not in link])
async def test_a_link_header_that_leads_elsewhere_is_not_followed(asking, api, link):
    api.says = {"it": [Said(body={"items": [1]}, headers={"Link": f'<{link.format(host=api.host)}>; rel="next"'})]}
    with pytest.raises(RemoteError, match="link to the next page"):
        await asking(listing("/say/it", pagination={"format": "link_header"})).page("list", "it")
    assert len(api.seen) == 1


async def test_a_link_to_a_host_that_is_declared_is_followed(asking, api):
    async with api_running() as other:
        other.says = {"it": [Said(body={"items": [2]})]}
        api.says = {"it": [Said(body={"items": [1], "next": f"{other.url}/say/it?b=2"})]}
        asked = asking(listing("/say/it", pagination=LINKS), manners={"hosts": [other.host]})
        assert await asked.all("it") == [[1], [2]]
        assert other.paths() == ["GET /say/it?b=2"]


async def test_relative_links_stay_where_they_are(asking, api):
    api.says = {
        "it": [
            Said(body={"items": [1], "next": "?b=2"}),
            Said(body={"items": [2], "next": "/say/it?b=3"}),
            Said(body={"items": [3]}),
        ]
    }
    assert await asking(listing("/say/it", pagination=LINKS)).all("it", query={"a": "1"}) == [[1], [2], [3]]
    assert api.paths() == ["GET /say/it?a=1", "GET /say/it?b=2", "GET /say/it?b=3"]


@pytest.mark.parametrize(
    "location", ["http://169.254.169.254/latest", "http://10.0.0.1/", "http://127.0.0.1:22/", "file:///etc/passwd"]
)
async def test_a_redirect_to_where_it_may_not_lead_is_an_error(asking, api, location):
    api.says = {"it": [Said(302, {}, {"Location": location})]}
    with pytest.raises(RequestError) as failed:
        await asking({"it": {"get": {"path": "/say/it"}}}).page("get", "it")
    assert failed.value.status == 502


async def test_a_read_is_redirected_and_credentials_stay_behind(asking, api):
    async with api_running() as other:
        api.says = {"it": [Said(302, {}, {"Location": f"{other.url}/echo/there"})]}
        asked = asking({"it": {"get": {"path": "/say/it"}}}, {"api_key": CANARY}, **KEYED)
        assert (await asked.value("get", "it"))["path"] == "/echo/there"
        assert api.seen[0].headers["authorization"] == f"Bearer {CANARY}"
        assert "authorization" not in other.seen[0].headers


async def test_within_an_origin_credentials_go_along_unless_declared_otherwise(asking, api):
    api.says = {"it": [Said(302, {}, {"Location": "/echo/there"})]}
    for flag in (False, True):
        resources = {"it": {"get": {"path": "/say/it", "ignore_credentials_on_redirect": flag}}}
        await asking(resources, {"api_key": CANARY}, **KEYED).page("get", "it")
        assert ("authorization" in api.seen[-1].headers) is not flag


async def test_a_write_is_not_redirected(asking, api):
    api.says = {"it": [Said(307, {}, {"Location": "/echo/there"})]}
    with pytest.raises(RemoteError, match="redirects") as failed:
        await asking({"it": {"create": {"path": "/say/it", "method": "post"}}}).page("create", "it", body={})
    assert (failed.value.status, len(api.seen)) == (502, 1)


# -- canaries ------------------------------------------------------------------------------------------------------

WAYS = {
    "bearer": {},
    "basic": {
        "format": "basic",
        "config": {"username": "{{credentials.user_name}}", "password": "{{credentials.api_key}}"},
    },
    "header": {"format": "header", "config": {"header_name": "X-Key", "header_value": "{{credentials.api_key}}"}},
    "query": {"format": "query", "config": {"name": "apikey", "value": "{{credentials.api_key}}"}},
    "expression": {"format": "header", "config": {"expression": '{"X-Signed": context.api_key & "!"}'}},
}


@pytest.mark.parametrize("way", WAYS)
async def test_credentials_are_in_no_error_log_or_result_whatever_the_api_echoes(asking, api, way, caplog):
    caplog.set_level(logging.DEBUG)
    more = {"authorization": WAYS[way]} if WAYS[way] else {}
    resources = {"it": {"get": {"path": "/echo/x"}, "fail": {"path": "/echo/x", "error_expression": "$string(data)"}}}
    asked = asking(resources, {"api_key": CANARY, "user_name": "ada"}, **KEYED, **more)
    shown = repr(await asked.answer("get", "it"))
    with pytest.raises(RemoteError) as failed:
        await asked.answer("fail", "it")
    shown += repr((failed.value.message, failed.value.extra, failed.value.headers)) + caplog.text + repr(asked.account)
    sent = repr(api.seen[0])
    seen_by_api = CANARY in sent or "YWRhOmNhbmFyeS1jcmVkZW50aWFs" in sent
    assert seen_by_api
    assert CANARY not in shown
    assert "YWRhOmNhbmFyeS1jcmVkZW50aWFs" not in shown


async def test_a_cursor_holds_no_credentials_though_the_link_does(asking, api):
    resources = {"it": {"list": {"path": "/hypermedia/it", "response_path": "items", "pagination": LINKS}}}
    asked = asking(resources, {"api_key": CANARY}, **KEYED, authorization=WAYS["query"])
    page = await asked.page("list", "it")
    assert CANARY in api.seen[0].path
    assert CANARY not in opened(page.cursor, "l")
    pages = await asked.all("it")
    assert [len(one) for one in pages] == [10, 10, 5]
    assert all(one.query["apikey"] == CANARY for one in api.seen)


async def test_an_account_without_its_credentials_is_told_so_and_nothing_is_asked(asking, api):
    with pytest.raises(RequestError, match="lacks credentials; connect it again") as failed:
        await asking({"it": {"get": {"path": "/echo"}}}, {}, **KEYED).page("get", "it")
    assert (failed.value.status, api.seen) == (400, [])


async def test_accounts_that_are_asked_for_in_turn_are_not_mixed_up(asking, api):
    asked = asking({"it": {"get": {"path": "/echo"}}}, {"api_key": CANARY}, **KEYED)
    asked.accounts.save(replace(asked.account, id="other", context={"api_key": "another-key-987654"}))
    for _ in range(2):
        for gid in ("acc", "other"):
            await asked.answer("get", "it", account=gid)
    asked.accounts.save(replace(asked.account, context={"api_key": "changed-key-5555"}))
    await asked.answer("get", "it")
    told = [one.headers["authorization"] for one in api.seen]
    assert told == [f"Bearer {CANARY}", "Bearer another-key-987654"] * 2 + ["Bearer changed-key-5555"]


async def test_a_refused_key_marks_the_account_and_a_success_takes_that_back(asking, api):
    asked = asking({"it": {"get": {"path": "/private/me"}}}, {"api_key": "wrong-key-of-it"}, **KEYED)
    with pytest.raises(RemoteError) as failed:
        await asked.page("get", "it")
    assert (failed.value.status, asked.account.status) == (401, "needs_reauth")
    assert "wrong-key-of-it" not in repr(failed.value.extra) + failed.value.message
    api.token = "wrong-key-of-it"
    assert await asked.value("get", "it") == {"me": "you"}
    assert asked.account.status == "active"


async def test_what_a_mapping_made_may_say_another_path_and_headers(asking, api):
    class Routed(Fetch, frozen=True):
        path: str = ""
        headers: Mapping = MappingProxyType({})

    asked = asking({"it": {"get": {"path": "/echo/x", "headers": {"X-A": "1", "X-B": "2"}}}})
    routed = Routed(path="/echo/y", headers={"X-A": None, "X-C": "3"})
    await asked.target.send(asked.call("get", "it", routed))
    assert api.seen[0].path == "/echo/y"
    assert {name for name in api.seen[0].headers if name.startswith("x-")} == {"x-b", "x-c"}
    for bad in (Routed(path="/../x"), Routed(headers={"Host": "evil"}), Routed(headers={"X": "a\r\nb"})):
        with pytest.raises(RequestError):
            await asked.target.send(asked.call("get", "it", bad))


async def test_an_inner_api_that_says_401_marks_nothing(asking):
    class Refusing:
        async def ask(self, request, account, caller):
            return Answer(401, b"{}", (("content-type", "application/json"),))

    asked = asking({"it": {"get": {"path": "/x"}}}, base_url="fanfold://work", inside={"work": Refusing()})
    with pytest.raises(RemoteError):
        await asked.page("get", "it")
    assert asked.account.status == "active"


async def test_mappings_of_unified_resources_see_no_credentials_either(asking, api):
    class Mapper:
        def find(self, *_):
            return self

        async def outgoing(self, operation, fetch, context):
            return "it", "get", fetch

        async def incoming(self, operation, fetch, value, response, context, *, sent=None):
            return response["body"]

    asked = asking({"it": {"get": {"path": "/echo"}}}, {"api_key": CANARY}, models=Mapper(), **KEYED)
    value = await asked.value("get", "crm/it")
    assert CANARY in repr(api.seen)
    assert CANARY not in repr(value)
    assert value["headers"]["authorization"] == "[redacted]"
