"""Whole plans on good days and bad ones: a tree of blocks of any size, fan-outs, loops, and an API that misbehaves.

The API is declared through the server's own endpoints, and is on a port of loopback.
"""

import pytest

from tests.integrations.apis import Said, api_running
from tests.page_content import PAGE_CONTENT

NDJSON = {"accept": "application/x-ndjson"}

DECLARED = {
    "credentials": {"format": "api_key"},
    "authorization": {"format": "bearer", "config": {"token": "{{api_key}}"}},
    "resources": {
        "contacts": {
            "list": {
                "path": "/cursor",
                "response_path": "data.items",
                "pagination": {
                    "format": "cursor",
                    "config": {"cursor_path": "paging.next", "cursor_key": "after", "limit_key": "limit"},
                },
            },
            "get": {"path": "/contacts/{{id}}", "response_path": "data"},
        },
        "pages": {
            "list": {
                "path": "/say/pages",
                "response_path": "items",
                "pagination": {"format": "cursor", "config": {"cursor_path": "next", "cursor_key": "after"}},
            }
        },
        "notes": {"list": {"path": "/say/notes", "response_path": "items"}},
        "me": {"get": {"path": "/private"}},
    },
}


@pytest.fixture
async def acme(make_platform):
    """A declared API, an account there, and the server that knows both."""
    async with api_running() as api:
        platform = make_platform(allow_private_upstreams=True)
        declared = {"name": "acme", "category": "crm", "config": {**DECLARED, "base_url": api.url}}
        await platform.ok("POST", "/integration", declared)
        account = await platform.account("acme", context={"api_key": api.token})
        api.fetch = lambda *resources, **members: platform.fetch(account, *resources, **members)
        api.account, api.platform = account, platform
        yield api


def statuses(errors):
    return [error["statusCode"] for error in errors]


# -- a tree ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("page", "status"), [("page-0", 422), ("page-1", 422)])
async def test_the_documented_example_fails_on_small_pages_as_it_does_elsewhere(platform, page, status):
    answer = await platform.fetch(await platform.account(), *PAGE_CONTENT, args={"page_id": page})
    assert answer["result"] == {"combine-page-content": []}
    assert answer["errors"]["block-children"] == []
    assert statuses(answer["errors"]["combine-page-content"]) == [status]


async def test_the_documented_example_gives_text_for_two_blocks(platform):
    answer = await platform.fetch(await platform.account(), *PAGE_CONTENT, args={"page_id": "page-2"})
    assert isinstance(answer["result"]["combine-page-content"], str)
    assert answer["result"]["combine-page-content"].count("\n\n") == 2
    assert answer["errors"] == {"block-children": [], "combine-page-content": []}


async def test_five_thousand_blocks_are_put_together_in_order(platform):
    account = await platform.account()
    count = {"name": "count", "type": "transform", "depends_on": "all-page-content", "persist": True}
    count["config"] = {"expression": "$count(resources.`block-children`)"}
    answer = await platform.fetch(account, *PAGE_CONTENT, count, args={"page_id": "page-5000"})
    assert answer["errors"] == {"block-children": [], "combine-page-content": [], "count": []}
    assert answer["result"]["count"] == 5000
    assert len(answer["result"]["combine-page-content"].split("\n\n")) >= 5000


# -- fan-outs and loops ----------------------------------------------------------------------------------------------


async def test_the_company_of_each_contact_is_fetched_and_each_company_once(platform):
    contacts = {"resource": "crm/contacts", "method": "list", "query": {"truto_ignore_remote_data": True}}
    companies = {
        "resource": "crm/companies",
        "method": "get",
        "depends_on": ["crm/contacts"],
        "run_if": "resources.crm.contacts.company.id",
        "id": "{{resources.crm.contacts.company.id}}",
        "include_from_parent": ["id"],
    }
    answer = await platform.fetch(await platform.account(), contacts, companies)
    having = [one for one in answer["result"]["crm/contacts"] if one["company"]]
    assert [one["_contacts_id"] for one in answer["result"]["crm/companies"]] == [one["id"] for one in having]
    assert [one["id"] for one in answer["result"]["crm/companies"]] == [one["company"]["id"] for one in having]
    assert answer["errors"] == {"crm/contacts": [], "crm/companies": []}


async def test_the_published_dependency_is_an_order_and_no_more(platform):
    answer = await platform.fetch(
        await platform.account(),
        {"resource": "crm/contacts", "method": "list"},
        {"resource": "crm/companies", "method": "list", "depends_on": ["crm/contacts"]},
    )
    ids = [one["id"] for one in answer["result"]["crm/companies"]]
    assert len(ids) == len(set(ids)) > 1


async def test_users_are_fetched_by_a_list_of_ids(platform):
    users = {"resource": "users", "method": "get", "id": "{{args.user_ids}}", "loop_on": "user_ids", "persist": True}
    answer = await platform.fetch(await platform.account(), users, args={"user_ids": ["u_2", "u_1", "u_none"]})
    assert [one["id"] for one in answer["result"]["users"]] == ["u_2", "u_1"]
    (error,) = answer["errors"]["users"]
    assert (error["statusCode"], error["index"], error["loop_element"]) == (404, 2, "u_none")
    assert error["truto_is_remote_error"] is True


# -- bad days --------------------------------------------------------------------------------------------------------


async def test_what_would_have_run_for_a_failed_parent_is_skipped_and_the_rest_runs(acme):
    acme.says["notes"] = [Said(body={"items": [{"text": "a note"}]})]
    answer = await acme.fetch(
        {"resource": "contacts", "method": "get", "id": "{{args.ids}}", "loop_on": "ids", "name": "one"},
        {"resource": "notes", "method": "list", "query": {"of": "{{resources.contacts.id}}"}, "persist": True},
        args={"ids": ["c_1", "c_none", "c_2"]},
    )
    assert answer["result"] == {"notes": [{"text": "a note"}, {"text": "a note"}]}
    assert statuses(answer["errors"]["contacts"]) == [404]
    (skipped,) = answer["errors"]["notes"]
    assert (skipped["statusCode"], skipped["index"]) == (424, 1)
    assert skipped["details"] == {"skipped": True, "parent": "one", "parent_index": 1}


async def test_a_page_that_fails_in_the_middle_keeps_those_before_it_and_feeds_nobody(acme):
    acme.says["pages"] = [
        Said(body={"items": [{"id": 1}, {"id": 2}], "next": "b"}),
        Said(body={"items": [{"id": 3}], "next": "c"}),
        Said(500, {"message": "out of order"}),
    ]
    acme.says["notes"] = [Said(body={"items": [1]})]
    answer = await acme.fetch(
        {"resource": "pages", "method": "list", "persist": True},
        {"resource": "notes", "method": "list", "query": {"of": "{{resources.pages.id}}"}, "persist": True},
    )
    assert [one["id"] for one in answer["result"]["pages"]] == [1, 2, 3]
    (error,) = answer["errors"]["pages"]
    assert (error["statusCode"], error["page"]) == (500, 3)
    assert error["raw_response"] == {"message": "out of order"}
    assert (answer["result"]["notes"], statuses(answer["errors"]["notes"])) == ([], [424])
    assert acme.times["notes"] == 0


async def test_a_storm_of_429_is_waited_out(acme):
    refused = Said(429, {"message": "slow down"}, {"Retry-After": "0"})
    acme.says["notes"] = [refused] * 12 + [Said(body={"items": [{"text": "at last"}]})]
    answer = await acme.fetch(
        {
            "resource": "notes",
            "method": "list",
            "query": {"of": "{{args.ids}}"},
            "loop_on": "ids",
            "persist": True,
            "retry": {"attempts": 10, "pause": 0.01},
        },
        args={"ids": list(range(10))},
    )
    assert answer["errors"] == {"notes": []}
    assert answer["result"]["notes"] == [{"text": "at last"}] * 10
    assert acme.times["notes"] == 22


async def test_a_storm_that_does_not_end_is_an_error_and_not_a_flood(acme):
    acme.says["notes"] = [Said(429, {"message": "slow down"}, {"Retry-After": "0"})]
    answer = await acme.fetch(
        {"resource": "notes", "method": "list", "query": {"of": "{{args.ids}}"}, "loop_on": "ids"},
        args={"ids": list(range(5))},
    )
    assert statuses(answer["errors"]["notes"]) == [429] * 5
    assert acme.times["notes"] <= 5 * 3


async def test_a_token_that_is_revoked_midway_fails_what_comes_after_and_marks_the_account(acme):
    acme.says["pages"] = [Said(body={"items": [{"id": 1}], "next": "b"}), Said(401, {"message": "revoked"})]
    answer = await acme.fetch({"resource": "pages", "method": "list", "persist": True})
    assert [one["id"] for one in answer["result"]["pages"]] == [1]
    (error,) = answer["errors"]["pages"]
    assert (error["statusCode"], error["page"]) == (401, 2)
    assert acme.token not in str(answer)
    found = await acme.platform.ok("GET", f"/integrated-account/{acme.account}")
    assert found["status"] == "needs_reauth"
    assert acme.token not in str(found)
    acme.says["pages"] = [Said(body={"items": [{"id": 2}]})]
    answer = await acme.fetch({"resource": "pages", "method": "list", "persist": True})
    assert [one["id"] for one in answer["result"]["pages"]] == [2]
    found = await acme.platform.ok("GET", f"/integrated-account/{acme.account}")
    assert found["status"] == "active"


async def test_a_wrong_token_is_an_error_of_the_entry_and_is_not_shown(acme):
    await acme.platform.ok("PATCH", f"/integrated-account/{acme.account}", {"context": {"api_key": "a-wrong-canary"}})
    answer = await acme.fetch({"resource": "me", "method": "get", "persist": True})
    assert statuses(answer["errors"]["me"]) == [401]
    assert "a-wrong-canary" not in str(answer)


async def test_placeholders_lead_to_no_other_path(acme):
    answer = await acme.fetch(
        {"resource": "contacts", "method": "get", "id": "{{args.ids}}", "loop_on": "ids"},
        args={"ids": ["../private", "a/b", "x?y=1", "%2e%2e", "..", "a#b", "a\r\nb"]},
    )
    assert all(status in {400, 404} for status in statuses(answer["errors"]["contacts"]))
    assert all(one.path.startswith("/contacts/") for one in acme.seen)
    assert not any("?" in one.path or "/.." in one.path for one in acme.seen)


async def test_what_is_filled_in_is_never_read_for_placeholders(acme):
    acme.says["notes"] = [Said(body={"items": []})]
    await acme.fetch(
        {"resource": "notes", "method": "list", "query": {"of": "{{args.text}}"}},
        args={"text": "{{args.secret}}", "secret": "never"},
    )
    (seen,) = acme.seen
    assert seen.query["of"] == "{{args.secret}}"


async def test_what_is_held_of_answers_is_bounded_by_their_size(make_platform):
    platform = make_platform(connect_size=2000)
    account = await platform.account()
    answer = await platform.fetch(account, {"resource": "contacts", "method": "list", "persist": True})
    (error,) = answer["errors"]["contacts"]
    assert (error["statusCode"], error["details"]["limit"]) == (422, "max_size")
