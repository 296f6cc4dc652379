"""Accounts through the API: made, listed, changed, nobody else's, and never with their secrets."""

import pytest

from tests.server.conftest import GRACE

CANARY = "canary-0123456789-secret"


async def test_a_new_server_has_an_account_at_its_own_work_api(platform):
    (account,) = (await platform.ok("GET", "/integrated-account"))["result"]
    assert (account["id"], account["integration_name"], account["status"]) == (platform.work, "work", "active")


async def test_an_account_is_imported_by_any_name_of_its_integration(platform):
    (demo,) = (await platform.ok("GET", "/integration?name=demo"))["result"]
    installed = (await platform.ok("GET", "/environment-integration"))["result"]
    (of_demo,) = [one for one in installed if one["integration_id"] == demo["id"]]
    for members in (
        {"integration": "demo"},
        {"integration_id": demo["id"]},
        {"environment_integration_id": of_demo["id"]},
    ):
        made = await platform.ok("POST", "/integrated-account", {"tenant_id": "t", **members})
        assert (made["integration_name"], made["tenant_id"]) == ("demo", "t")
        assert made["environment_integration_id"] == of_demo["id"]
    await platform.refused(400, "POST", "/integrated-account", {})
    await platform.refused(404, "POST", "/integrated-account", {"integration": "nothing"})


async def test_an_account_is_shown_without_its_secrets(platform):
    context = {"subdomain": "acme", "api_key": CANARY, "oauth": {"token": {"access_token": CANARY}}}
    account = await platform.account(context=context)
    for path in (
        f"/integrated-account/{account}",
        "/integrated-account",
        f"/integrated-account/{account}/capabilities",
    ):
        reply = await platform.ask("GET", path)
        assert CANARY not in reply.body.decode()
    shown = await platform.ok("GET", f"/integrated-account/{account}")
    assert shown["context"]["subdomain"] == "acme"
    assert shown["context"]["api_key"] == "[redacted]"


async def test_a_change_is_merged_one_level_deep(platform):
    account = await platform.account(context={"a": {"x": 1}, "b": "1", "c": "2"})
    members = {"context": {"a": {"y": 2}, "b": None}, "tenant_id": "new", "is_sandbox": True, "status": "needs_reauth"}
    changed = await platform.ok("PATCH", f"/integrated-account/{account}", members)
    assert changed["context"] == {"a": {"y": 2}, "c": "2"}
    assert (changed["tenant_id"], changed["is_sandbox"], changed["status"]) == ("new", True, "needs_reauth")


async def test_what_is_shown_may_be_sent_back_without_losing_a_secret(platform):
    account = await platform.account(context={"api_key": CANARY, "region": "eu"})
    shown = await platform.ok("GET", f"/integrated-account/{account}")
    await platform.ok("PATCH", f"/integrated-account/{account}", {"context": {**shown["context"], "region": "us"}})
    kept = await platform.kept(account)
    assert kept.context == {"api_key": CANARY, "region": "us"}


async def test_new_credentials_make_an_account_active(platform):
    account = await platform.account(status="needs_reauth")
    changed = await platform.ok("PATCH", f"/integrated-account/{account}/credentials", {"api_key": CANARY})
    assert changed["status"] == "active"
    assert (await platform.kept(account)).context == {"api_key": CANARY}


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"context": []}, "/context"),
        ({"tenant_id": 1}, "/tenant_id"),
        ({"is_sandbox": "yes"}, "/is_sandbox"),
        ({"status": "fine"}, "/status"),
        ({"status": []}, "/status"),
    ],
)
async def test_a_change_has_to_be_of_the_right_type(platform, members, path):
    refused = await platform.refused(400, "PATCH", f"/integrated-account/{platform.work}", members)
    assert refused["details"]["failures"][0]["path"] == path


async def test_somebody_elses_account_is_not_there(platform):
    for method, path, body in (
        ("GET", f"/integrated-account/{platform.work}", None),
        ("PATCH", f"/integrated-account/{platform.work}", {"tenant_id": "x"}),
        ("DELETE", f"/integrated-account/{platform.work}", None),
        ("GET", f"/integrated-account/{platform.work}/capabilities", None),
        ("PATCH", f"/integrated-account/{platform.work}/credentials", {}),
        ("POST", "/integrated-account/token", {"integrated_account_id": platform.work}),
        ("POST", "/integrated-account/refresh-credentials", {"id": platform.work}),
        ("GET", f"/integrated-account/me?integrated_account_id={platform.work}", None),
    ):
        await platform.refused(404, method, path, body, token=GRACE)
    assert (await platform.ok("GET", "/integrated-account", token=GRACE))["result"] == []


async def test_accounts_are_listed_by_page_and_filter(platform):
    made = [await platform.account(tenant_id=f"t{n % 2}", is_sandbox=n == 0) for n in range(4)]
    everything = [platform.work, *made]
    found, cursor = [], ""
    while cursor is not None:
        page = await platform.ok("GET", f"/integrated-account?limit=2&next_cursor={cursor}")
        assert page["limit"] == 2
        found += [one["id"] for one in page["result"]]
        cursor = page["next_cursor"]
    assert found == everything

    async def ids(query):
        return [one["id"] for one in (await platform.ok("GET", f"/integrated-account?{query}"))["result"]]

    assert await ids("tenant_id=t1") == [made[1], made[3]]
    assert await ids("is_sandbox=true") == [made[0]]
    assert await ids("integration=work") == [platform.work]
    assert await ids("status=needs_reauth") == []


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=x", "limit=-1", "next_cursor=%21", "next_cursor=bm90aGluZw", "limit[a]=1"]
)
async def test_a_page_that_is_none_is_refused(platform, query):
    await platform.refused(400, "GET", f"/integrated-account?{query}")


async def test_an_account_is_deleted(platform):
    account = await platform.account()
    assert await platform.ok("DELETE", f"/integrated-account/{account}") == {"id": account}
    await platform.refused(404, "GET", f"/integrated-account/{account}")


async def test_capabilities_say_what_can_be_asked(platform):
    account = await platform.account()
    told = await platform.ok("GET", f"/integrated-account/{account}/capabilities")
    contacts = next(one for one in told["proxy"] if one["resource"] == "contacts")
    assert [method["method"] for method in contacts["methods"]] == ["list", "get", "create", "update", "delete"]
    assert {"model": "crm", "resource": "contacts"}.items() <= told["unified"][0].items()
    assert told["account"] == {"id": account, "status": "active", "is_blocked": False}
    only = await platform.ok(
        "GET", f"/integrated-account/{account}/capabilities?type=proxy&methods=list&resource=users"
    )
    assert (len(only["proxy"]), only["unified"]) == (1, [])
    await platform.refused(400, "GET", f"/integrated-account/{account}/capabilities?type=x")


async def test_credentials_that_cannot_be_renewed_say_so(platform):
    account = await platform.account()
    refused = await platform.refused(400, "POST", "/integrated-account/refresh-credentials", {"id": account})
    assert "credentials" in refused["message"]
    assert (await platform.ok("POST", "/integrated-account/run-post-install-actions", {"id": account}))["id"] == account


async def test_an_integration_that_is_switched_off_is_not_called(platform):
    account = await platform.account()
    installed = (await platform.ok("GET", f"/integrated-account/{account}"))["environment_integration_id"]
    assert (await platform.ok("DELETE", f"/environment-integration/{installed}")) == {"id": installed}
    await platform.refused(503, "GET", f"/proxy/users?integrated_account_id={account}")
    await platform.refused(409, "POST", "/integrated-account", {"integration": "demo"})
    (demo,) = (await platform.ok("GET", "/integration?name=demo"))["result"]
    back = await platform.ok("POST", "/environment-integration", {"integration_id": demo["id"], "is_enabled": True})
    assert back["is_enabled"]
    await platform.ok("GET", f"/proxy/users?integrated_account_id={account}")


async def test_an_override_is_refused_rather_than_ignored(platform):
    (demo,) = (await platform.ok("GET", "/integration?name=demo"))["result"]
    refused = await platform.refused(
        400, "PATCH", f"/environment-integration/{demo['id']}", {"override": {"resources": {}}}
    )
    assert refused["details"]["failures"][0]["path"] == "/override"
