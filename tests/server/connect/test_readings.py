"""How often the database is asked for a request: where it is elsewhere, each time is a way there and back."""

import pytest

USERS = {
    "resource": "users",
    "method": "get",
    "id": "{{args.ids}}",
    "loop_on": "ids",
    "persist": True,
}


@pytest.fixture
def count(monkeypatch):
    """Counts what is read and written while something is asked."""

    async def counted(platform, *asked, **more):
        api, times = platform.app.api, {"read": 0, "write": 0}
        for name in times:
            verb = getattr(api, name)

            def noted(*told, name=name, verb=verb, **rest):
                times[name] += 1
                return verb(*told, **rest)

            monkeypatch.setattr(api, name, noted)
        await platform.ok(*asked, **more)
        monkeypatch.undo()
        return times["read"], times["write"]

    return counted


async def test_a_batch_request_of_many_calls_reads_once(platform, count):
    account = await platform.account()
    body = {
        "integrated_account_id": account,
        "resources": [USERS],
        "args": {"ids": [f"u_{number}" for number in range(1, 30)]},
    }
    assert await count(platform, "POST", "/batch-request", body) == (1, 0)


async def test_a_single_call_reads_once_and_with_the_token_of_an_account_once_more(platform, count):
    account = await platform.account()
    path = f"/proxy/users?integrated_account_id={account}"
    assert await count(platform, "GET", path) == (1, 0)
    made = await platform.ok("POST", "/integrated-account/token", {"integrated_account_id": account})
    assert await count(platform, "GET", "/proxy/users", token=made["integrated_account_token"]) == (2, 0)


async def test_what_changes_an_account_is_one_write(platform, count):
    account = await platform.account()
    assert await count(platform, "PATCH", f"/integrated-account/{account}", {"tenant_id": "t"}) == (0, 1)
    assert await count(platform, "POST", "/integrated-account", {"integration": "demo"}) == (0, 1)
    assert await count(platform, "GET", "/integrated-account") == (1, 0)
    assert await count(platform, "DELETE", f"/integrated-account/{account}") == (0, 1)
