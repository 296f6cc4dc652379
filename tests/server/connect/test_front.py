"""Who may come in where, and how refusals look."""

import asyncio
import threading
from datetime import timedelta

import pytest

from fanfold.server.connect import ROOMS, front, is_ours
from fanfold.server.tokens import digest
from tests.server.conftest import ADA, GRACE, NOON


async def test_a_ping_is_answered_to_whoever_has_a_token(platform):
    assert await platform.ok("GET", "/ping") == {"status": "ok"}
    refused = await platform.refused(401, "GET", "/ping", token=None)
    assert refused == {"statusCode": 401, "error": "Unauthorized", "message": "Not Authorized"}


async def test_the_platform_is_put_together_once_and_not_on_the_loop(platform, monkeypatch):
    threads = []

    def put_together(*given):
        threads.append(threading.current_thread())
        return plain(*given)

    plain = front.put_together
    monkeypatch.setattr(front, "put_together", put_together)
    await asyncio.gather(*(platform.ok("GET", "/ping") for _ in range(5)))
    assert len(threads) == 1
    assert threads[0] is not threading.current_thread()


@pytest.mark.parametrize("room", sorted(ROOMS))
async def test_nobody_comes_in_anywhere_without_a_token(platform, room):
    for method in ("GET", "POST", "DELETE"):
        await platform.refused(401, method, f"/{room}/x", {}, token=None)
        await platform.refused(401, method, f"/{room}", {}, token="nobody's")


@pytest.mark.parametrize(
    ("path", "ours"),
    [
        (b"/proxy/contacts", True),
        (b"/batch-request", True),
        (b"/ping", True),
        (b"/pings", False),
        (b"/", False),
        (b"/docs", False),
        (b"//proxy", False),
        (b"/api/1.0/proxy", False),
        (b"/Proxy/contacts", False),
    ],
)
def test_the_first_segment_says_whether_a_path_is_answered_here(path, ours):
    assert is_ours(path) is ours


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/batch-request"),
        ("GET", "/batch-request"),
        ("POST", "/batch-request/x"),
        ("POST", "/ping"),
        ("GET", "/proxy"),
        ("GET", "/proxy/"),
        ("GET", "/proxy/a/b/c"),
        ("GET", "/proxy//b"),
        ("GET", "/proxy/crm%2Fcontacts"),
        ("GET", "/unified"),
        ("GET", "/unified/crm"),
        ("GET", "/unified/crm%2Fx/contacts"),
        ("GET", "/unified/crm/contacts/1/2"),
        ("PATCH", "/proxy/contacts"),
        ("DELETE", "/proxy/contacts"),
        ("OPTIONS", "/proxy/contacts"),
        ("GET", "/custom"),
        ("GET", "/integration/a/b"),
        ("PUT", "/integration"),
        ("POST", "/api-token/1"),
        ("PATCH", "/integrated-account"),
    ],
)
async def test_what_is_not_there_is_a_404(platform, method, path):
    refused = await platform.refused(404, method, f"{path}?integrated_account_id={platform.work}", {})
    assert refused["error"] == "Not Found"


async def test_a_path_has_to_be_utf_8(platform):
    await platform.refused(404, "GET", "/proxy/%ff")


async def test_an_app_that_may_do_only_some_things_has_no_access(platform):
    me = (await platform.ok("GET", "/api/1.0/users/me"))["data"]["gid"]
    store = platform.app.store
    with store.transaction():
        store.add_app("client", None, "App", "https://app.example.com", "2026-01-01")
        consent = store.add_consent("client", int(me), "2026-01-01")
        store.add_voucher(digest("some"), consent, "access", "tasks:read", 2_000_000_000)
        store.add_voucher(digest("all"), consent, "access", "default", 2_000_000_000)
    await platform.refused(403, "GET", "/integrated-account", token="some")
    assert (await platform.ok("GET", "/integrated-account", token="all"))["result"]


async def test_the_token_of_an_account_opens_that_account_only(platform):
    account, other = await platform.account(), await platform.account()
    made = await platform.ok("POST", "/integrated-account/token", {"integrated_account_id": account})
    token = made["integrated_account_token"]
    assert (await platform.ok("GET", "/proxy/users?limit=1", token=token))["result_count"] == 1
    assert (await platform.ok("GET", f"/unified/crm/contacts?integrated_account_id={account}", token=token))["result"]
    assert (await platform.ok("GET", "/custom/users", token=token))["object"] == "list"
    assert (await platform.ok("GET", "/integrated-account/me", token=token))["id"] == account
    await platform.refused(403, "GET", f"/proxy/users?integrated_account_id={other}", token=token)
    body = {"integrated_account_id": account, "resources": [{"resource": "users", "method": "list"}]}
    await platform.refused(403, "POST", "/batch-request", body, token=token)
    for path in ("/integrated-account", f"/integrated-account/{account}", "/integration", "/api-token", "/ping"):
        await platform.refused(403, "GET", path, token=token)
    await platform.refused(403, "DELETE", "/integrated-account/me/x", token=token)


async def test_the_token_of_an_account_ends_with_its_time_and_with_the_account(platform):
    account = await platform.account()
    made = await platform.ok("POST", "/integrated-account/token", {"integrated_account_id": account})
    token = made["integrated_account_token"]
    assert (await platform.ask("GET", "/api/1.0/users/me", token=token)).status == 401
    platform.app.clock.set(NOON + timedelta(seconds=899))
    await platform.ok("GET", "/integrated-account/me", token=token)
    platform.app.clock.set(NOON + timedelta(seconds=900))
    await platform.refused(401, "GET", "/integrated-account/me", token=token)
    made = await platform.ok("POST", "/integrated-account/token", {"integrated_account_id": account})
    await platform.ok("DELETE", f"/integrated-account/{account}")
    await platform.refused(401, "GET", "/integrated-account/me", token=made["integrated_account_token"])


async def test_the_token_of_an_account_may_only_change_nothing_of_it(platform):
    account = await platform.account()
    made = await platform.ok("POST", "/integrated-account/token", {"integrated_account_id": account})
    await platform.refused(404, "PATCH", "/integrated-account/me", {}, token=made["integrated_account_token"])
    await platform.refused(404, "DELETE", "/integrated-account/me", token=made["integrated_account_token"])


async def test_a_crash_is_a_500_in_the_envelope_and_says_nothing(platform, monkeypatch, caplog):
    connect = platform.app.connect()

    async def crash(asked):
        raise KeyError("canary")

    monkeypatch.setitem(connect._answering, "ping", crash)
    refused = await platform.refused(500, "GET", "/ping")
    assert refused == {"statusCode": 500, "error": "Internal Server Error", "message": "Server Error"}
    assert "canary" in caplog.text


async def test_tokens_are_made_listed_and_revoked_for_oneself(platform):
    made = await platform.ok("POST", "/api-token", {"name": "ci"})
    assert made["token"].startswith("fft_")
    assert await platform.ok("GET", "/ping", token=made["token"])
    listed = (await platform.ok("GET", "/api-token"))["result"]
    assert [one["name"] for one in listed] == ["test", "ci"]
    assert all("token" not in one for one in listed)
    await platform.refused(404, "GET", f"/api-token/{made['id']}", token=GRACE)
    await platform.refused(404, "DELETE", f"/api-token/{made['id']}", token=GRACE)
    await platform.ok("DELETE", f"/api-token/{made['id']}")
    await platform.refused(401, "GET", "/ping", token=made["token"])
    await platform.refused(404, "DELETE", f"/api-token/{made['id']}")
    assert ADA not in str(listed)
