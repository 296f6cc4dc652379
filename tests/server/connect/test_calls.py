"""Single calls through accounts: what is asked, what comes back, and how."""

import pytest

from tests.server.conftest import GRACE


@pytest.fixture
async def demo(platform):
    account = await platform.account()

    class Demo:
        id = account

        async def ok(self, method, path, body=None, query="", **more):
            return await platform.ok(method, f"{path}?integrated_account_id={account}{query}", body, **more)

        async def refused(self, status, method, path, body=None, query="", **more):
            target = f"{path}?integrated_account_id={account}{query}"
            return await platform.refused(status, method, target, body, **more)

    return Demo()


async def test_a_list_comes_in_its_envelope_and_goes_on_with_its_cursor(demo):
    page = await demo.ok("GET", "/proxy/contacts", query="&limit=2")
    assert sorted(page) == ["next_cursor", "prev_cursor", "result", "result_count"]
    assert [one["id"] for one in page["result"]] == ["c_1", "c_2"]
    assert page["result_count"] == 2
    following = await demo.ok("GET", "/proxy/contacts", query=f"&limit=2&next_cursor={page['next_cursor']}")
    assert [one["id"] for one in following["result"]] == ["c_3", "c_4"]


async def test_an_empty_cursor_is_as_good_as_none(demo):
    page = await demo.ok("GET", "/proxy/contacts", query="&limit=1&next_cursor=")
    assert [one["id"] for one in page["result"]] == ["c_1"]


async def test_a_list_is_read_to_its_end_page_by_page(demo):
    found, cursor = [], ""
    while True:
        page = await demo.ok("GET", "/proxy/users", query=f"&limit=7&next_cursor={cursor}")
        assert page["result"]
        found += [one["id"] for one in page["result"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == sorted(set(found), key=lambda gid: int(gid[2:]))
    assert len(found) > 7


async def test_one_record_is_bare(demo):
    assert (await demo.ok("GET", "/proxy/contacts/c_1"))["id"] == "c_1"
    assert (await demo.ok("GET", "/unified/crm/contacts/c_1"))["id"] == "c_1"


async def test_records_are_made_changed_and_deleted(demo):
    made = await demo.ok("POST", "/proxy/contacts", {"first_name": "Zoe", "last_name": "Zu", "email": "z@example.com"})
    gid = made["id"]
    assert (await demo.ok("PATCH", f"/proxy/contacts/{gid}", {"title": "Boss"}))["title"] == "Boss"
    assert (await demo.ok("GET", f"/proxy/contacts/{gid}"))["title"] == "Boss"
    assert await demo.ok("DELETE", f"/proxy/contacts/{gid}") == {"id": gid}
    refused = await demo.refused(404, "GET", f"/proxy/contacts/{gid}")
    assert refused["truto_is_remote_error"] is True
    assert refused["raw_response"]["code"] == "object_not_found"


async def test_a_unified_resource_is_in_the_words_of_its_model(demo):
    page = await demo.ok("GET", "/unified/crm/contacts", query="&limit=1&truto_ignore_remote_data=true")
    assert page["result"][0]["email_addresses"][0]["type"] == "work"
    assert "remote_data" not in page["result"][0]


async def test_the_work_api_is_asked_as_the_owner_of_the_account(platform):
    me = await platform.ok("GET", f"/proxy/users/me?integrated_account_id={platform.work}")
    assert me["name"] == (await platform.ok("GET", "/api/1.0/users/me"))["data"]["name"]


async def test_a_custom_method_is_called_by_its_name(platform):
    query = f"?integrated_account_id={platform.work}"
    workspace = (await platform.ok("GET", f"/proxy/workspaces{query}"))["result"][0]
    project = (await platform.ok("GET", f"/proxy/projects{query}&workspace={workspace['gid']}"))["result"][0]
    await platform.refused(404, "POST", f"/proxy/projects/no_such{query}", {})
    reply = await platform.ask("POST", f"/proxy/users/me{query}", {})
    assert reply.status == 200, reply.body
    assert project["gid"]


async def test_what_an_account_cannot_be_asked_says_what_it_can(demo):
    assert "contacts" in (await demo.refused(404, "GET", "/proxy/nothing"))["message"]
    assert "list" in (await demo.refused(404, "DELETE", "/proxy/users/u_1"))["message"]
    assert "crm/nothing" in (await demo.refused(404, "GET", "/unified/crm/nothing"))["message"]


async def test_the_account_has_to_be_named_once_and_be_ones_own(platform, demo):
    assert "integrated_account_id" in (await platform.refused(400, "GET", "/proxy/users"))["message"]
    await platform.refused(400, "GET", f"/proxy/users?integrated_account_id={demo.id}&integrated_account_id=x")
    await platform.refused(404, "GET", "/proxy/users?integrated_account_id=nobody")
    theirs = await platform.refused(404, "GET", f"/proxy/users?integrated_account_id={demo.id}", token=GRACE)
    nobodys = await platform.refused(404, "GET", "/proxy/users?integrated_account_id=nobody", token=GRACE)
    assert theirs["message"].replace(demo.id, "nobody") == nobodys["message"]


async def test_a_blocked_account_is_a_503_and_a_sandbox_refuses_to_write(platform):
    blocked = await platform.account(is_blocked=True)
    await platform.refused(503, "GET", f"/proxy/users?integrated_account_id={blocked}")
    sandbox = await platform.account(is_sandbox=True)
    await platform.ok("GET", f"/proxy/users?integrated_account_id={sandbox}")
    await platform.refused(405, "POST", f"/proxy/contacts?integrated_account_id={sandbox}", {"first_name": "X"})


@pytest.mark.parametrize("body", [b"{", b'{"a":1,"a":2}', b"\xff"])
async def test_a_body_that_is_no_json_is_refused(demo, body):
    await demo.refused(400, "POST", "/proxy/contacts", body)


async def test_a_body_has_to_be_json_by_its_type(demo):
    await demo.refused(415, "POST", "/proxy/contacts", b"a=1", headers={"content-type": "text/plain"})


async def test_a_path_of_the_api_itself_may_be_asked(demo):
    page = await demo.ok("GET", "/custom/contacts", query="&page_size=1")
    assert (page["object"], len(page["results"])) == ("list", 1)
    made = await demo.ok("POST", "/custom/contacts", {"first_name": "A", "last_name": "B", "email": "a@example.com"})
    assert made["first_name"] == "A"
    assert (await demo.refused(404, "GET", "/custom/nothing"))["truto_is_remote_error"] is True


async def test_a_body_may_declare_how_its_path_is_to_be_asked(demo):
    body = {"methodConfig": {"response_path": "id"}, "first_name": "A", "last_name": "B", "email": "c@example.com"}
    assert (await demo.ok("POST", "/custom/contacts", body)).startswith("c_")


@pytest.mark.parametrize("config", [{"base_url": "https://evil.example"}, {"authorization": {}}, {"path": "/x"}, [], 5])
async def test_a_body_may_not_say_where_credentials_go(demo, config):
    refused = await demo.refused(400, "POST", "/custom/contacts", {"methodConfig": config})
    assert refused["details"]["failures"][0]["path"] == "/methodConfig"


@pytest.mark.parametrize("path", ["/custom/../x", "/custom//evil.example/", "/custom/%2e%2e/x", "/custom/{{api_key}}"])
async def test_a_path_leads_nowhere_else(demo, path):
    await demo.refused(400, "GET", path)


async def test_a_write_with_a_key_is_carried_out_once(demo):
    body = {"first_name": "Once", "last_name": "Only", "email": "once@example.com"}
    first = await demo.ok("POST", "/proxy/contacts", body, headers={"idempotency-key": "k1"})
    again = await demo.ok("POST", "/proxy/contacts", {**body, "title": "x"}, headers={"idempotency-key": "k1"})
    other = await demo.ok("POST", "/proxy/contacts", body, headers={"idempotency-key": "k2"})
    assert again == first
    assert other["id"] != first["id"]


async def test_limits_of_the_platform_are_counted_for_each_account(make_platform):
    platform = make_platform(connect_limits="account=2")
    one, two = await platform.account(), await platform.account()
    for _ in range(2):
        await platform.ok("GET", f"/proxy/users?integrated_account_id={one}")
    reply = await platform.ask("GET", f"/proxy/users?integrated_account_id={one}")
    assert reply.status == 429
    assert 1 <= int(reply.headers["retry-after"]) <= 10
    await platform.ok("GET", f"/proxy/users?integrated_account_id={two}")


async def test_the_work_apis_own_limits_hold_for_an_account_too(make_platform):
    platform = make_platform(limits="requests=2")
    target = f"/proxy/workspaces?integrated_account_id={platform.work}"
    await platform.ok("GET", target)
    await platform.ok("GET", target)
    refused = await platform.refused(429, "GET", target)
    assert refused["truto_is_remote_error"] is True
