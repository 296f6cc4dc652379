"""Tokens that end, are revoked, or cannot be renewed: against a token endpoint that counts."""

import asyncio
import base64
from urllib.parse import parse_qs

import pytest
from msgspec.structs import replace

from fanfold.errors import RemoteError, RequestError
from fanfold.integrations import oauth as oauth_tokens
from fanfold.integrations.token_requests import token_of
from tests.integrations.apis import Said, come_to

IT = {"it": {"get": {"path": "/private/me"}, "create": {"path": "/private/me", "method": "post"}}}
CLIENT = {"id": "the-app", "secret": "app-secret-of-canary"}


def oauth(api, form="oauth2", **config):
    auth = {"tokenHost": api.url, "tokenPath": "/oauth/token"}
    return {"format": form, "config": {"client": CLIENT, "auth": auth, **config}}


def token(api, **more):
    return {"oauth": {"token": {"access_token": api.token, "refresh_token": api.refresh_token, **more}}}


@pytest.fixture
def make(asking, api):
    def made(context, form="oauth2", **config):
        return asking(IT, context, credentials=oauth(api, form, **config))

    return made


async def test_a_token_that_holds_is_used_as_it_is(make, api):
    assert await make(token(api, expires_at="2099-01-01T00:00:00Z")).value("get", "it") == {"me": "you"}
    assert api.refreshes == 0


@pytest.mark.parametrize("end", ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00.000+02:00", 1_500_000_000, 1.5e12])
async def test_an_expired_token_is_renewed_before_the_call(make, api, end):
    asked = make(token(api, expires_at=end))
    assert await asked.value("get", "it") == {"me": "you"}
    assert api.paths() == ["POST /oauth/token", "GET /private/me"]
    kept = token_of(asked.account)
    assert kept["access_token"] == api.token
    assert kept["refresh_token"] == "refresh-of-the-canary-1"
    assert kept["expires_at"].startswith("2027-01-15T")


async def test_a_refresh_token_that_is_replaced_is_kept(make, api):
    api.rotates = True
    asked = make(token(api, expires_at="2020-01-01T00:00:00Z"))
    await asked.value("get", "it")
    assert token_of(asked.account)["refresh_token"] == "refresh-of-the-canary-2"


async def test_the_token_endpoint_is_asked_as_the_standard_says(make, api):
    await make(token(api, expires_at=1), refreshParams={"audience": "x"}).value("get", "it")
    sent = api.seen[0]
    pair = base64.b64encode(b"the-app:app-secret-of-canary").decode()
    assert sent.headers["authorization"] == f"Basic {pair}"
    assert parse_qs(sent.body.decode()) == {
        "grant_type": ["refresh_token"],
        "refresh_token": ["refresh-of-the-canary-1"],
        "audience": ["x"],
    }


async def test_an_app_may_name_itself_in_the_body_in_json_and_by_what_the_account_holds(make, api):
    context = {**token(api, expires_at=1), "app": "of-the-account"}
    options = {"authorizationMethod": "body", "bodyFormat": "json"}
    await make(context, options=options, client={"id": "{{app}}", "secret": "x"}).value("get", "it")
    assert "authorization" not in api.seen[0].headers
    assert b'"client_id":"of-the-account"' in api.seen[0].body


async def test_fifty_calls_at_once_renew_once(make, api):
    asked = make(token(api, expires_at=1))
    values = await asyncio.gather(*[asked.value("get", "it") for _ in range(50)])
    assert values == [{"me": "you"}] * 50
    assert api.refreshes == 1


async def test_fifty_calls_whose_token_was_revoked_renew_once(make, api):
    asked = make({"oauth": {"token": {"access_token": "revoked", "refresh_token": "refresh-of-canary"}}})
    values = await asyncio.gather(*[asked.value("get", "it") for _ in range(50)])
    assert values == [{"me": "you"}] * 50
    assert api.refreshes == 1


async def test_a_write_is_sent_again_after_a_401_once(make, api):
    asked = make({"oauth": {"token": {"access_token": "revoked", "refresh_token": "refresh-of-canary"}}})
    assert await asked.value("create", "it", body={}) == {"me": "you"}
    assert api.paths() == ["POST /private/me", "POST /oauth/token", "POST /private/me"]


async def test_an_account_whose_new_token_is_refused_too_needs_to_be_connected_again(make, api):
    asked = make({"oauth": {"token": {"access_token": "revoked", "refresh_token": "refresh-of-canary"}}})
    original = api.do_oauth

    async def useless(request, body):
        answer = await original(request, body)
        api.token = "quite another"
        return answer

    api.do_oauth = useless
    with pytest.raises(RemoteError) as failed:
        await asked.value("get", "it")
    assert (failed.value.status, api.refreshes, len(api.seen)) == (401, 1, 3)
    assert asked.account.status == "needs_reauth"


async def test_a_renewal_that_is_refused_needs_a_new_connection_and_is_not_tried_at_every_call(make, api):
    api.refuses_refresh = Said(400, {"error": "invalid_grant", "error_description": "revoked: refresh-of-the-canary-1"})
    asked = make(token(api, expires_at=1))
    for _ in range(3):
        with pytest.raises(RemoteError, match="connected again: revoked") as failed:
            await asked.value("get", "it")
        assert failed.value.status == 401
        assert "canary" not in failed.value.message
    assert (api.refreshes, asked.account.status) == (1, "needs_reauth")
    api.refuses_refresh = None
    asked.accounts.save(replace(asked.account, context=token(api, expires_at=1, refresh_token="new")))
    assert await asked.value("get", "it") == {"me": "you"}
    assert asked.account.status == "active"


async def test_fifty_calls_whose_renewal_is_refused_ask_once(make, api):
    api.refuses_refresh = Said(400, {"error": "invalid_grant"})
    asked = make(token(api, expires_at=1))
    failed = await asyncio.gather(*[asked.value("get", "it") for _ in range(50)], return_exceptions=True)
    assert {type(one) for one in failed} == {RemoteError}
    assert len({id(one) for one in failed}) == 50
    assert api.refreshes == 1


async def test_a_token_endpoint_in_trouble_is_no_fault_of_the_account(make, api):
    api.refuses_refresh = Said(503, {})
    asked = make(token(api, expires_at=1))
    with pytest.raises(RemoteError) as failed:
        await asked.value("get", "it")
    assert (failed.value.status, asked.account.status) == (502, "active")


async def test_a_token_endpoint_that_does_not_answer_is_not_waited_for_by_all_who_come_later(make, api, monkeypatch):
    monkeypatch.setattr(oauth_tokens, "LONGEST", 0.05)
    api.held = asyncio.Event()
    asked = make(token(api, expires_at=1))
    with pytest.raises(RequestError, match=r"longer than 0\.05 seconds") as failed:
        await asked.value("get", "it")
    assert failed.value.status == 504
    api.held.set()
    assert await asked.value("get", "it") == {"me": "you"}


async def test_client_credentials_get_their_first_token_by_themselves(make, api):
    asked = make({}, "oauth2_client_credentials", scope=["read", "write"], options={"scopeSeparator": ","})
    assert await asked.value("get", "it") == {"me": "you"}
    assert parse_qs(api.seen[0].body.decode()) == {"grant_type": ["client_credentials"], "scope": ["read,write"]}
    assert await asked.value("get", "it") == {"me": "you"}
    assert api.refreshes == 1


async def test_an_account_that_chose_oauth_among_several_is_renewed(asking, api):
    choices = {"api_key": {"format": "api_key"}, "oauth2": oauth(api)}
    either = {"config": {"token": "{{oauth.token.access_token|credentials.api_key}}"}}
    declared = {"credentials": choices["api_key"], "credentials_choices": choices, "authorization": either}
    renewed = asking(IT, token(api, expires_at=1), account={"authentication_method": "oauth2"}, **declared)
    assert await renewed.value("get", "it") == {"me": "you"}
    assert api.refreshes == 1
    keyed = asking(IT, {"api_key": api.token}, account={"authentication_method": "api_key"}, **declared)
    assert await keyed.value("get", "it") == {"me": "you"}
    assert api.refreshes == 1


async def test_whatever_else_became_of_the_account_meanwhile_stays(make, api):
    api.held = asyncio.Event()
    asked = make(token(api, expires_at=1))
    call = asyncio.create_task(asked.value("get", "it"))
    await come_to(lambda: api.under_way)
    asked.accounts.save(replace(asked.account, context={**asked.account.context, "region": "eu"}))
    api.held.set()
    await call
    assert asked.account.context["region"] == "eu"
    assert token_of(asked.account)["access_token"] == api.token


async def test_a_caller_who_gives_up_does_not_take_the_renewal_with_it(make, api):
    api.held = asyncio.Event()
    asked = make(token(api, expires_at=1))
    first = asyncio.create_task(asked.value("get", "it"))
    await come_to(lambda: api.under_way)
    second = asyncio.create_task(asked.value("get", "it"))
    await asyncio.sleep(0)
    first.cancel()
    api.held.set()
    assert await second == {"me": "you"}
    assert api.refreshes == 1


async def test_an_account_without_a_refresh_token_is_refused_and_marked(make, api):
    asked = make({"oauth": {"token": {"access_token": "revoked"}}})
    with pytest.raises(RemoteError) as failed:
        await asked.value("get", "it")
    assert (failed.value.status, api.refreshes, asked.account.status) == (401, 0, "needs_reauth")


@pytest.mark.parametrize(
    "auth",
    [
        {"tokenHost": "http://example.com", "tokenPath": "/t"},
        {"tokenHost": "", "tokenPath": "/t"},
        {"tokenHost": "https://user@example.com", "tokenPath": "/t"},
        {"tokenHost": "https://example.com", "tokenPath": "/a/../b"},
    ],
)
async def test_a_token_endpoint_that_is_none_is_refused(make, api, auth):
    with pytest.raises(RequestError, match=r"credentials\.config\.auth"):
        await make(token(api, expires_at=1), auth=auth).value("get", "it")


async def test_a_token_endpoint_at_a_forbidden_address_is_not_asked(asking, api):
    told = {"format": "oauth2", "config": {"client": CLIENT, "auth": {"tokenHost": "https://169.254.169.254"}}}
    with pytest.raises(RequestError, match="could not be renewed") as failed:
        await asking(IT, token(api, expires_at=1), credentials=told).value("get", "it")
    assert failed.value.status == 502
