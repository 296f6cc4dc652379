"""Batch requests over accounts of this server: read, run, answered, and streamed."""

import pytest
from msgspec import json

from tests.page_content import PAGE_CONTENT
from tests.server.conftest import ADA, GRACE

NDJSON = {"accept": "application/x-ndjson"}
CONTACTS = {"resource": "crm/contacts", "method": "list", "query": {"truto_ignore_remote_data": True}}
COMPANIES = {"resource": "companies", "method": "list", "persist": True}

NOTION = [
    *PAGE_CONTENT[:2],
    {
        "name": "count",
        "type": "transform",
        "depends_on": "all-page-content",
        "persist": True,
        "config": {"expression": "$count(resources.`block-children`)"},
    },
]


def lines(reply):
    return [json.decode(line) for line in reply.body.splitlines()]


async def test_lists_are_fetched_to_their_ends(platform):
    account = await platform.account()
    answer = await platform.fetch(account, CONTACTS, COMPANIES)
    assert list(answer) == ["result", "errors"]
    assert list(answer["result"]) == ["crm/contacts", "companies"]
    assert len(answer["result"]["crm/contacts"]) > 100
    assert answer["errors"] == {"crm/contacts": [], "companies": []}


async def test_the_documented_example_runs(platform):
    answer = await platform.fetch(await platform.account(), *NOTION, args={"page_id": "page-2"})
    assert answer == {"result": {"count": 2}, "errors": {"block-children": [], "count": []}}


async def test_children_are_fetched_for_each_record_of_the_server_s_own_work_api(platform):
    answer = await platform.fetch(
        platform.work,
        {"resource": "ticketing/workspaces", "method": "list"},
        {
            "resource": "ticketing/collections",
            "method": "list",
            "depends_on": "ticketing/workspaces",
            "query": {"workspace_id": "{{resources.ticketing.workspaces.id}}"},
        },
        {
            "resource": "ticketing/tickets",
            "method": "list",
            "depends_on": "ticketing/collections",
            "query": {"collection_id": "{{resources.ticketing.collections.id}}"},
        },
    )
    assert {name: errors for name, errors in answer["errors"].items() if errors} == {}
    assert len(answer["result"]["ticketing/collections"]) > 1
    assert len(answer["result"]["ticketing/tickets"]) > 10


async def test_what_fails_stands_beside_what_does_not(platform):
    account = await platform.account()
    answer = await platform.fetch(
        account,
        {"resource": "users", "method": "get", "id": "{{args.ids}}", "loop_on": "ids", "persist": True},
        {"resource": "nothing", "method": "list"},
        args={"ids": ["u_1", "u_none", "u_2"]},
    )
    assert [one["id"] for one in answer["result"]["users"]] == ["u_1", "u_2"]
    (error,) = answer["errors"]["users"]
    assert (error["statusCode"], error["index"], error["loop_element"]) == (404, 1, "u_none")
    assert error["truto_is_remote_error"] is True
    assert answer["errors"]["nothing"][0]["statusCode"] == 404


async def test_all_mistakes_are_told_at_once_before_anything_is_called(platform):
    refused = await platform.refused(
        400,
        "POST",
        "/batch-request",
        {
            "integrated_account_id": "nobody's",
            "args": [],
            "resources": [{"method": "list"}, {"resource": "a", "method": "list", "depends_on": "b"}],
        },
    )
    paths = [failure["path"] for failure in refused["details"]["failures"]]
    assert paths == ["/args", "/resources/0/resource", "/resources/1/depends_on"]


async def test_the_published_example_is_a_mistake_because_it_asks_for_nothing(platform):
    body = {"integrated_account_id": platform.work, "args": {"my_placeholder": 123}, "resources": []}
    refused = await platform.refused(400, "POST", "/batch-request", body)
    assert [failure["path"] for failure in refused["details"]["failures"]] == ["/resources"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'"x"'])
async def test_what_is_no_object_is_refused(platform, body):
    await platform.refused(400, "POST", "/batch-request", body)


async def test_somebody_elses_account_is_not_there(platform):
    body = {"integrated_account_id": await platform.account(), "resources": [COMPANIES]}
    await platform.refused(404, "POST", "/batch-request", body, token=GRACE)
    await platform.refused(404, "POST", "/batch-request", {**body, "integrated_account_id": "nobody's"})


async def test_a_blocked_account_is_a_503(platform):
    body = {"integrated_account_id": await platform.account(is_blocked=True), "resources": [COMPANIES]}
    await platform.refused(503, "POST", "/batch-request", body)


async def test_what_is_not_secret_of_an_account_may_be_filled_in(platform):
    account = await platform.account(context={"user": "u_1", "api_key": "canary-0123456789"})
    answer = await platform.fetch(
        account,
        {"resource": "users", "method": "get", "id": "{{user}}", "persist": True},
        {"resource": "companies", "method": "get", "id": "{{api_key}}"},
    )
    assert answer["result"]["users"][0]["id"] == "u_1"
    assert answer["errors"]["companies"][0]["statusCode"] == 400
    assert "canary" not in str(answer)


async def test_records_come_as_lines(platform):
    account = await platform.account()
    body = {"integrated_account_id": account, "resources": [COMPANIES, *NOTION], "args": {"page_id": "page-2"}}
    reply = await platform.ask("POST", "/batch-request", body, headers=NDJSON)
    assert reply.headers["content-type"] == "application/x-ndjson"
    told = lines(reply)
    records = [line["record"] for line in told if "record" in line]
    assert {line["resource"] for line in told if "record" in line} == {"companies"}
    assert [line["value"] for line in told if "value" in line] == [2]
    assert {line["progress"]["name"] for line in told if "progress" in line} >= {"companies", "count"}
    summary = told[-1]["summary"]
    assert summary["records"] == len(records) + 1
    assert (summary["errors"], summary["resources"]) == (0, {"companies": len(records), "count": 1})
    assert summary["calls"] == 2
    assert summary["ms"] > 0


async def test_errors_come_as_lines_too(platform):
    body = {"integrated_account_id": await platform.account(), "resources": [{"resource": "nothing", "method": "list"}]}
    told = lines(await platform.ask("POST", "/batch-request", body, headers=NDJSON))
    (error,) = [line for line in told if "error" in line]
    assert (error["resource"], error["name"], error["error"]["statusCode"]) == ("nothing", "nothing", 404)
    assert told[-1]["summary"]["errors"] == 1


async def test_mistakes_are_no_stream(platform):
    body = {"integrated_account_id": platform.work, "resources": []}
    await platform.refused(400, "POST", "/batch-request", body, headers=NDJSON)


async def test_a_dry_run_tells_the_plan_and_calls_nothing(platform, monkeypatch):
    account = await platform.account()
    connect = platform.app.connect()

    async def send(call):
        raise AssertionError(call)

    monkeypatch.setattr(connect.parts.target, "send", send)
    plan = await platform.fetch(account, *NOTION, args={"page_id": "page-2"}, dry_run=True)
    assert plan["waves"] == 3
    assert plan["calls"][0]["request"] == {"method": "GET", "url": "fanfold://demo/blocks/page-2/children"}
    assert plan["refused_by"] == []


async def test_a_batch_with_a_key_is_run_once_whatever_it_holds(platform):
    account = await platform.account()
    create = {
        "resource": "contacts",
        "method": "create",
        "body": {"first_name": "A", "last_name": "B", "email": "k@example.com"},
        "persist": True,
    }
    first = await platform.fetch(account, create, headers={"idempotency-key": "once"})
    again = await platform.fetch(account, COMPANIES, headers={"idempotency-key": "once"})
    other = await platform.fetch(account, create, headers={"idempotency-key": "twice"})
    assert again == first
    assert other["result"]["contacts"][0]["id"] != first["result"]["contacts"][0]["id"]
    elsewhere = await platform.fetch(await platform.account(), COMPANIES, headers={"idempotency-key": "once"})
    assert elsewhere["result"]["companies"]


async def test_a_batch_costs_its_token_one_request(make_platform):
    platform = make_platform(connect_limits="token=2")
    account = await platform.account()
    await platform.fetch(account, COMPANIES, CONTACTS)
    await platform.fetch(account, COMPANIES)
    body = {"integrated_account_id": account, "resources": [COMPANIES]}
    reply = await platform.ask("POST", "/batch-request", body)
    assert (reply.status, reply.json["statusCode"]) == (429, 429)
    assert 1 <= int(reply.headers["retry-after"]) <= 10


async def test_caps_of_the_settings_hold(make_platform):
    platform = make_platform(connect_calls=1, connect_entries=2)
    account = await platform.account()
    answer = await platform.fetch(account, CONTACTS)
    assert answer["errors"]["crm/contacts"][0]["details"]["limit"] == "max_calls"
    body = {"integrated_account_id": account, "resources": [COMPANIES] * 3}
    await platform.refused(400, "POST", "/batch-request", body)


async def test_a_batch_is_in_the_access_log(make_platform, tmp_path):
    platform = make_platform(access_log=str(tmp_path / "log"))
    await platform.fetch(await platform.account(), COMPANIES)
    platform.app.log.close()
    assert "/batch-request" in (tmp_path / "log").read_text()
    assert ADA not in (tmp_path / "log").read_text()
