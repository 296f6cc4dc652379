"""Integrations through the API: added with all mistakes told, changed with their version, and one's own alone."""

import asyncio
from contextlib import asynccontextmanager

import pytest
from msgspec import json

from tests.server.conftest import GRACE

CANARY = "canary-0123456789-secret"
CONFIG = {
    "base_url": "http://{{host}}",
    "authorization": {"format": "bearer", "config": {"token": "{{api_key}}"}},
    "resources": {"things": {"list": {"path": "/things", "response_path": "data"}}},
}
ACME = {"name": "acme", "category": "crm", "label": "Acme", "config": CONFIG}


@asynccontextmanager
async def api(*answers):
    """An API on loopback that gives these answers in turn, and says what it was asked."""
    asked = []

    async def serve(reader, writer):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            asked.append(head)
            body = json.encode(answers[min(len(asked), len(answers)) - 1])
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)

    async def served(reader, writer):
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", asked
    finally:
        server.close()


async def test_an_integration_that_was_added_can_be_called(make_platform):
    platform = make_platform(allow_private_upstreams=True)
    async with api({"data": [{"id": 1, "echo": CANARY}]}) as (host, asked):
        config = {**CONFIG, "base_url": f"http://{host}"}
        made = await platform.ok("POST", "/integration", {**ACME, "config": config})
        assert (made["name"], made["version"], made["is_editable"]) == ("acme", 1, True)
        account = await platform.account("acme", context={"api_key": CANARY})
        page = await platform.ok("GET", f"/proxy/things?integrated_account_id={account}")
        assert page["result"] == [{"id": 1, "echo": "[redacted]"}]
        answer = await platform.fetch(account, {"resource": "things", "method": "list", "persist": True})
        assert answer["result"]["things"][0]["id"] == 1
        await platform.app.connect().close(1)
    assert f"authorization: bearer {CANARY}" in asked[0].lower()


async def test_without_leave_nothing_on_this_machine_is_called(platform):
    async with api({"data": []}) as (host, asked):
        await platform.ok("POST", "/integration", {**ACME, "config": {**CONFIG, "base_url": f"http://{host}"}})
        account = await platform.account("acme", context={"api_key": CANARY})
        reply = await platform.ask("GET", f"/proxy/things?integrated_account_id={account}")
    assert reply.status in (403, 502)
    assert asked == []


async def test_all_mistakes_of_a_declaration_are_told_at_once(platform):
    config = {"base_url": 5, "resources": {"a": {"list": {"path": "x", "metod": "get"}}}}
    refused = await platform.refused(400, "POST", "/integration", {"name": "bad", "config": config})
    assert len(refused["details"]["failures"]) >= 2
    await platform.refused(400, "POST", "/integration", {"name": "bad", "config": []})
    await platform.refused(400, "POST", "/integration", {"config": CONFIG})


async def test_a_change_names_the_version_that_it_changes(platform):
    made = await platform.ok("POST", "/integration", ACME)
    path = f"/integration/{made['id']}"
    more = {"resources": {"others": {"get": {"path": "/others/{{id}}"}}, "things": {"list": {"description": "All"}}}}
    changed = await platform.ok("PATCH", path, {"version": 1, "label": "Acme 2", "config": more})
    assert (changed["version"], changed["label"]) == (2, "Acme 2")
    assert changed["config"]["resources"]["things"]["list"] == {
        "path": "/things",
        "response_path": "data",
        "description": "All",
    }
    less = await platform.ok("PATCH", path, {"version": 2, "config": {"resources": {"others": None}}})
    assert list(less["config"]["resources"]) == ["things"]
    await platform.refused(409, "PATCH", path, {"version": 2, "config": {}})
    await platform.refused(400, "PATCH", path, {"config": {}})
    await platform.refused(400, "PATCH", path, {"version": 3, "name": "other"})
    await platform.refused(400, "PATCH", path, {"version": 3, "config": {"resources": 5}})
    assert (await platform.ok("GET", path))["version"] == 3


async def test_secrets_of_a_declaration_are_never_shown_and_stay_when_masks_come_back(platform, seeded):
    credentials = {
        "format": "oauth2",
        "config": {"client": {"id": "abc", "secret": CANARY}, "auth": {"tokenHost": "https://a.example"}},
    }
    made = await platform.ok("POST", "/integration", {**ACME, "config": {**CONFIG, "credentials": credentials}})
    path = f"/integration/{made['id']}"
    assert CANARY not in str(made)
    shown = (await platform.ok("GET", path))["config"]
    changed = await platform.ok("PATCH", path, {"version": 1, "config": shown})
    assert CANARY not in str(changed)
    declaration = await platform.declaration("acme")
    assert declaration.credentials.config["client"]["secret"] == CANARY
    assert CANARY.encode() not in platform.app.store.shelved("integration", "acme").document


async def test_what_came_with_the_server_is_not_changed(platform):
    (demo,) = (await platform.ok("GET", "/integration?name=demo"))["result"]
    assert not demo["is_editable"]
    await platform.refused(409, "PATCH", f"/integration/{demo['id']}", {"version": 1, "config": {}})
    await platform.refused(409, "DELETE", f"/integration/{demo['id']}")
    await platform.refused(409, "POST", "/integration", {**ACME, "name": "demo"})


async def test_an_integration_is_the_users_own(platform):
    made = await platform.ok("POST", "/integration", ACME)
    names = [one["name"] for one in (await platform.ok("GET", "/integration", token=GRACE))["result"]]
    assert names == ["demo", "work"]
    for method, body in (("GET", None), ("PATCH", {"version": 1, "config": {}}), ("DELETE", None)):
        await platform.refused(404, method, f"/integration/{made['id']}", body, token=GRACE)
    await platform.refused(404, "POST", "/integrated-account", {"integration": "acme"}, token=GRACE)
    await platform.refused(409, "POST", "/integration", ACME, token=GRACE)


async def test_an_integration_with_accounts_is_not_removed(platform):
    made = await platform.ok("POST", "/integration", ACME)
    account = await platform.account("acme")
    assert account in (await platform.refused(409, "DELETE", f"/integration/{made['id']}"))["message"]
    await platform.ok("DELETE", f"/integrated-account/{account}")
    assert await platform.ok("DELETE", f"/integration/{made['id']}") == {"id": made["id"]}
    await platform.refused(404, "GET", f"/integration/{made['id']}")


async def test_a_directory_adds_integrations_for_everybody(make_platform, tmp_path):
    (tmp_path / "acme.yaml").write_bytes(json.encode({**CONFIG, "name": "acme"}))
    platform = make_platform(integrations=str(tmp_path))
    for token in ("token-of-ada", GRACE):
        assert await platform.account("acme", token=token)


async def test_a_directory_that_is_not_right_is_told(make_platform, tmp_path):
    (tmp_path / "bad.yaml").write_text("name: bad\n")
    platform = make_platform(integrations=str(tmp_path))
    reply = await platform.ask("GET", "/ping")
    assert reply.status == 501
    assert "bad.yaml" in reply.body.decode()


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_an_integration_that_is_not_there_says_which_are(platform, method):
    refused = await platform.refused(404, method, "/integration/nothing", {"version": 1})
    assert "demo, work" in refused["message"]


async def test_nulls_of_a_new_declaration_mean_what_they_say(platform):
    once = {"path": "/once", "pagination": None}
    config = {**CONFIG, "headers": {"X-Drop": None}, "resources": {"things": {"list": once}}}
    await platform.ok("POST", "/integration", {**ACME, "config": config})
    declaration = await platform.declaration("acme")
    assert declaration.resources["things"]["list"].pagination is None
    assert declaration.headers == {"X-Drop": None}


async def test_what_is_changed_is_seen_by_the_next_call(platform):
    made = await platform.ok("POST", "/integration", ACME)
    account = await platform.account("acme", context={"host": "acme.example.com"})
    entry = {"resource": "things", "method": "list"}
    plan = await platform.fetch(account, entry, dry_run=True)
    assert plan["calls"][0]["request"]["url"] == "http://acme.example.com/things"
    change = {"version": 1, "config": {"resources": {"things": {"list": {"path": "/others"}}}}}
    await platform.ok("PATCH", f"/integration/{made['id']}", change)
    plan = await platform.fetch(account, entry, dry_run=True)
    assert plan["calls"][0]["request"]["url"] == "http://acme.example.com/others"


async def test_of_many_integrations_only_some_are_kept_open(platform, monkeypatch):
    monkeypatch.setattr("fanfold.server.connect.declared.MAX_REMEMBERED", 3)
    names = [f"acme{number}" for number in range(8)]
    for name in names:
        await platform.ok("POST", "/integration", {**ACME, "name": name})
    integrations = platform.app.connect().parts.integrations
    assert [(await platform.declaration(name)).name for name in names] == names
    assert {*names} <= {one["name"] for one in (await platform.ok("GET", "/integration"))["result"]}
    assert len(integrations._known) <= 3
    assert len(integrations._seen) <= 3
