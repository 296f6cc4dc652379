"""Two servers with one database renew an account's credentials one at a time, or the second would end the grant."""

import asyncio
import os
import shutil
from contextlib import closing

import pytest

from fanfold.integrations import oauth
from fanfold.integrations.token_requests import token_of
from fanfold.server.app import App
from fanfold.server.databases import Elsewhere
from fanfold.server.opening import open_store
from fanfold.server.tokens import issue
from fanfold.settings import Settings
from fanfold.work import SqliteStore
from fanfold.work.seed import first_user, seed
from tests.databases import drop, make, need_postgres
from tests.integrations.apis import Said, api_running, come_to
from tests.server.conftest import ADA, NOON
from tests.server.connect.conftest import Platform

ENTRY = {"resource": "me", "method": "get", "persist": True}


@pytest.fixture
async def api():
    async with api_running() as running:
        running.rotates = True
        yield running


@pytest.fixture
def over_sqlite(seeded, tmp_path):
    path = tmp_path / "shared.db"
    shutil.copy(seeded, path)
    return str(path), lambda: SqliteStore(path)


@pytest.fixture
def over_postgres():
    need_postgres()
    name = f"fanfold_test_renewals_{os.getpid()}"
    url = make(name)
    with closing(open_store(url)) as store:
        seed(store, "demo")
        issue(store, first_user(store), "test", NOON, ADA)
        where = Elsewhere(url, store.signing_key, 2)
    yield url, lambda: where
    drop(name)


@pytest.fixture(params=["over_sqlite", pytest.param("over_postgres", marks=pytest.mark.services)])
async def platforms(request, tmp_path):
    """Two servers over one database."""
    db, database = request.getfixturevalue(request.param)
    told = Settings(
        db=db,
        key_file=str(tmp_path / "key"),
        access_log="off",
        limits="off",
        allow_private_upstreams=True,
    )
    apps = [App(told, database(), address="http://test") for _ in range(2)]
    for app in apps:
        app.clock.set(NOON)
        await app.api.open()
    yield [Platform(app) for app in apps]
    for app in apps:
        if app._connect is not None:
            await app._connect.close(1)
        app.log.close()
        await app.api.close()


@pytest.fixture
async def account(platforms, api):
    """The id of an account whose token has ended."""
    client = {"id": "the-app", "secret": "app-secret-of-canary"}
    config = {
        "base_url": api.url,
        "credentials": {"format": "oauth2", "config": {"client": client, "auth": {"tokenHost": api.url}}},
        "resources": {"me": {"get": {"path": "/private/me"}}},
    }
    await platforms[0].ok("POST", "/integration", {"name": "acme", "config": config})
    token = {"access_token": api.token, "refresh_token": api.refresh_token, "expires_at": 1}
    return await platforms[0].account("acme", context={"oauth": {"token": token}})


async def calls(platform, account, count=1):
    """What many calls of one server are answered."""
    return await asyncio.gather(
        *[platform.ask("GET", f"/proxy/me/1?integrated_account_id={account}") for _ in range(count)]
    )


def answers(replies):
    return {(reply.status, reply.body) for reply in replies}


async def test_calls_of_two_servers_at_once_renew_once(platforms, account, api):
    first, second = await asyncio.gather(*[calls(platform, account, 20) for platform in platforms])
    assert answers([*first, *second]) == {(200, b'{"me":"you"}')}
    assert api.refreshes == 1
    assert token_of(await platforms[1].kept(account))["refresh_token"] == api.refresh_token


async def test_a_token_that_was_revoked_is_renewed_once_for_both(platforms, account, api):
    await asyncio.gather(*[calls(platform, account) for platform in platforms])
    api.token = "quite another"
    both = await asyncio.gather(*[calls(platform, account, 20) for platform in platforms])
    assert answers([*both[0], *both[1]]) == {(200, b'{"me":"you"}')}
    assert api.refreshes == 2


async def test_what_one_server_renewed_the_other_uses_without_asking(platforms, account, api):
    await calls(platforms[0], account)
    assert answers(await calls(platforms[1], account)) == {(200, b'{"me":"you"}')}
    assert api.refreshes == 1


async def test_a_batch_of_one_server_waits_for_the_renewal_of_the_other(platforms, account, api):
    api.held = asyncio.Event()
    first = asyncio.create_task(calls(platforms[0], account))
    await come_to(lambda: api.under_way)
    second = asyncio.create_task(platforms[1].fetch(account, ENTRY | {"id": "1"}))
    await come_to(lambda: platforms[1].app.connect().parts.target._tokens._under_way)
    assert len(api.seen) == 1
    api.held.set()
    assert answers(await first) == {(200, b'{"me":"you"}')}
    assert (await second)["result"]["me"] == [{"me": "you"}]
    assert api.refreshes == 1


async def test_where_the_renewal_failed_the_other_server_tries_itself(platforms, account, api):
    api.refuses_refresh = Said(503, {})
    (failed,) = await calls(platforms[0], account)
    assert failed.status == 502
    api.refuses_refresh = None
    assert answers(await calls(platforms[1], account)) == {(200, b'{"me":"you"}')}


async def test_who_was_connected_anew_meanwhile_keeps_the_new_credentials(platforms, account, api):
    api.held = asyncio.Event()
    first = asyncio.create_task(calls(platforms[0], account))
    await come_to(lambda: api.under_way)
    token = {"access_token": "of a new connection", "refresh_token": "likewise"}
    await platforms[1].ok(
        "PATCH", f"/integrated-account/{account}/credentials", {"context": {"oauth": {"token": token}}}
    )
    api.refuses_refresh = Said(400, {"error": "invalid_grant"})
    api.held.set()
    await first
    kept = await platforms[0].kept(account)
    assert (token_of(kept), kept.status) == (token, "active")


async def test_a_server_that_ends_sees_its_renewal_through(platforms, account, api):
    api.held = asyncio.Event()
    call = asyncio.create_task(calls(platforms[0], account))
    await come_to(lambda: api.under_way)
    call.cancel()
    closing = asyncio.create_task(platforms[0].app.connect().close(9))
    await asyncio.sleep(0)
    assert not closing.done()
    api.held.set()
    await closing
    assert token_of(await platforms[1].kept(account))["refresh_token"] == api.refresh_token
    assert answers(await calls(platforms[1], account)) == {(200, b'{"me":"you"}')}
    assert api.refreshes == 1


async def test_who_waits_too_long_for_the_other_is_told(platforms, account, api, monkeypatch):
    monkeypatch.setattr(oauth, "PATIENCE", 0.0)
    api.held = asyncio.Event()
    first = asyncio.create_task(calls(platforms[0], account))
    await come_to(lambda: api.under_way)
    (refused,) = await calls(platforms[1], account)
    assert (refused.status, "being renewed" in refused.json["message"]) == (503, True)
    api.held.set()
    assert answers(await first) == {(200, b'{"me":"you"}')}
