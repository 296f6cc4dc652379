"""Apps: a user lets them in on a page, they get a code, and for that tokens which can do what the user allowed."""

import base64
import hashlib
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from fanfold.errors import SetupError
from fanfold.server.oauth.clients import SHOW_CODE, register
from fanfold.server.tokens import digest
from fanfold.work import SqliteStore
from tests.server.conftest import ADA, NOON, ask

BACK = "https://app.example.com/done"
VERIFIER = "a-verifier-that-is-long-enough-for-everybody-0123456789"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
PKCE = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}


class Party:
    """A server with two apps, and what one does with them."""

    def __init__(self, app):
        self.app = app
        self.client, self.secret = register(app.store, "Planner <b>", [BACK])
        self.public, _ = register(app.store, "Phone", [BACK, SHOW_CODE], public=True)

    def later(self, **span):
        self.app.api.clock = lambda: NOON + timedelta(**span)

    def wish(self, **more):
        asked = {"response_type": "code", "client_id": self.client, "redirect_uri": BACK, "state": "xyz"}
        return urlencode({name: value for name, value in (asked | more).items() if value is not None})

    async def page(self, **more):
        return await ask(self.app, "GET", f"/-/oauth_authorize?{self.wish(**more)}", token=None)

    async def decide(self, *, token=ADA, decision="allow", headers=None, **more):
        body = urlencode({"token": token, "decision": decision}).encode()
        return await ask(self.app, "POST", f"/-/oauth_authorize?{self.wish(**more)}", body, token=None, headers=headers)

    async def code(self, **more):
        reply = await self.decide(**more)
        assert reply.status == 302, reply.body
        place, _, query = reply.headers["location"].partition("?")
        assert place == BACK
        assert ("state", "xyz") in parse_qsl(query)
        return dict(parse_qsl(query))["code"]

    async def post(self, path, *, headers=None, **form):
        form = {"client_id": self.client, "client_secret": self.secret} | form
        body = urlencode({name: value for name, value in form.items() if value is not None}).encode()
        return await ask(self.app, "POST", path, body, token=None, headers=headers)

    async def exchange(self, code, **more):
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        return await self.post("/-/oauth_token", **(form | more))

    async def refresh(self, token, **more):
        return await self.post("/-/oauth_token", grant_type="refresh_token", refresh_token=token, **more)

    async def tokens(self, **more):
        reply = await self.exchange(await self.code(**more))
        assert reply.status == 200, reply.body
        return reply.json

    async def phone(self, **more):
        """Tokens of the public app."""
        code = await self.code(client_id=self.public, **PKCE, **more)
        reply = await self.exchange(code, client_id=self.public, client_secret=None, code_verifier=VERIFIER)
        assert reply.status == 200, reply.body
        return reply.json

    async def status(self, token, path="/users/me"):
        return (await ask(self.app, "GET", f"/api/1.0{path}", token=token)).status


@pytest.fixture
def party(make_app):
    return Party(make_app())


# -- as it is meant --------------------------------------------------------------------------------------------------


async def test_a_code_becomes_tokens_and_tells_who_the_user_is(party):
    reply = await party.exchange(await party.code())
    given = reply.json
    assert reply.status == 200
    assert reply.headers["cache-control"] == "no-store"
    assert (given["token_type"], given["expires_in"], given["scope"]) == ("Bearer", 3600, "default")
    me = (await ask(party.app, "GET", "/api/1.0/users/me", token=given["access_token"])).json["data"]
    assert given["data"] == {"id": int(me["gid"]), "gid": me["gid"], "name": "Ada Lovelace", "email": me["email"]}
    assert given["refresh_token"]


async def test_the_secret_may_come_in_a_header(party):
    basic = base64.b64encode(f"{party.client}:{party.secret}".encode()).decode()
    reply = await party.exchange(
        await party.code(), client_id=None, client_secret=None, headers={"authorization": f"Basic {basic}"}
    )
    assert reply.status == 200


async def test_the_page_says_what_is_asked_for_and_runs_nothing(party):
    reply = await party.page(scope="tasks:read workspaces.typeahead:read email")
    page = reply.body.decode()
    assert reply.status == 200
    for words in ("See tasks", "See workspaces typeahead", "See your e-mail address", "app.example.com"):
        assert words in page
    assert "Planner &lt;b&gt;" in page
    assert "<script" not in page
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'self' https://app.example.com;" in policy


async def test_the_form_of_the_page_leads_to_the_same_wish(party):
    page = (await party.page(scope="tasks:read", state='"><i>')).body.decode()
    action = unescape(re.search(r'action="([^"]+)"', page)[1])
    assert "<i>" not in page
    assert parse_qs(urlsplit(action).query)["state"] == ['"><i>']


async def test_an_access_token_expires_and_is_renewed(party):
    given = await party.tokens()
    assert await party.status(given["access_token"]) == 200
    party.later(seconds=3599)
    assert await party.status(given["access_token"]) == 200
    party.later(seconds=3600)
    assert await party.status(given["access_token"]) == 401
    renewed = (await party.refresh(given["refresh_token"])).json
    assert renewed["data"]["name"] == "Ada Lovelace"
    assert "refresh_token" not in renewed
    assert await party.status(renewed["access_token"]) == 200


async def test_an_app_that_cannot_be_sent_back_to_has_its_code_shown(party):
    reply = await party.decide(client_id=party.public, redirect_uri=SHOW_CODE, **PKCE)
    code = re.search(r"<code>(ffc_[\w-]+)</code>", reply.body.decode())[1]
    form = {"client_id": party.public, "client_secret": None, "redirect_uri": SHOW_CODE, "code_verifier": VERIFIER}
    assert (await party.exchange(code, **form)).status == 200


async def test_nothing_that_is_given_out_is_kept(party, tmp_path):
    given = await party.tokens()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for secret in (given["access_token"], given["refresh_token"], party.secret):
        assert digest(secret) in kept
        assert secret.encode() not in kept


# -- scopes ----------------------------------------------------------------------------------------------------------


async def test_a_missing_scope_fails_that_action_alone(party):
    token = (await party.tokens(scope="users:read"))["access_token"]
    actions = [{"method": "get", "relative_path": path} for path in ("/users/me", "/projects", "/users/me")]
    reply = await ask(party.app, "POST", "/api/1.0/batch", {"data": {"actions": actions}}, token=token)
    results = reply.json["data"]
    assert [result["status_code"] for result in results] == [200, 403, 200]
    assert results[1]["body"]["errors"][0]["message"].endswith("projects:read")


async def test_an_unknown_scope_is_told_to_the_app(party):
    reply = await party.page(scope="tasks:read everything")
    assert reply.status == 302
    assert dict(parse_qsl(urlsplit(reply.headers["location"]).query))["error"] == "invalid_scope"


async def test_a_renewed_token_can_have_fewer_scopes_and_never_more(party):
    given = await party.tokens(scope="users:read tasks:read")
    fewer = (await party.refresh(given["refresh_token"], scope="tasks:read")).json
    assert await party.status(fewer["access_token"]) == 403
    more = await party.refresh(given["refresh_token"], scope="users:read projects:read")
    assert (more.status, more.json["error"]) == (400, "invalid_scope")


# -- who the user is -------------------------------------------------------------------------------------------------


async def test_user_info_tells_what_the_scopes_allow(party):
    async def told(token):
        return await ask(party.app, "GET", "/api/1.0/openid_connect/userinfo", token=token)

    little = (await party.tokens(scope="openid email"))["access_token"]
    assert set((await told(little)).json) == {"sub", "email", "email_verified"}
    none = (await party.tokens(scope="users:read"))["access_token"]
    assert (await told(none)).status == 403
    assert (await told(ADA)).json["name"] == "Ada Lovelace"
    assert (await told(None)).status == 401


async def test_the_id_token_is_signed_with_the_published_key(party):
    from joserfc import jwt  # noqa: PLC0415
    from joserfc.jwk import KeySet  # noqa: PLC0415

    given = await party.tokens(scope="openid profile", nonce="n-1")
    published = (await ask(party.app, "GET", "/-/oauth_keys", token=None)).json
    assert all("d" not in key for key in published["keys"])
    found = jwt.decode(given["id_token"], KeySet.import_key_set(published))
    claims = found.claims
    assert (claims["iss"], claims["aud"], claims["nonce"]) == ("http://test", [party.client], "n-1")
    assert (claims["sub"], claims["name"]) == (given["data"]["gid"], "Ada Lovelace")
    assert claims["exp"] == int(NOON.timestamp()) + 3600
    assert "email" not in claims


async def test_the_server_describes_itself(party):
    found = (await ask(party.app, "GET", "/.well-known/openid-configuration", token=None)).json
    assert found["token_endpoint"] == "http://test/-/oauth_token"
    assert found["userinfo_endpoint"] == "http://test/api/1.0/openid_connect/userinfo"
    assert "tasks:read" in found["scopes_supported"]


# -- apps without a secret -------------------------------------------------------------------------------------------


async def test_a_public_app_needs_a_challenge(party):
    reply = await party.page(client_id=party.public)
    assert reply.status == 302
    assert dict(parse_qsl(urlsplit(reply.headers["location"]).query))["error"] == "invalid_request"
    plain = await party.page(client_id=party.public, code_challenge=VERIFIER, code_challenge_method="plain")
    assert "error=invalid_request" in plain.headers["location"]
    silent = await party.page(client_id=party.public, code_challenge=CHALLENGE)
    assert "error=invalid_request" in silent.headers["location"]


@pytest.mark.parametrize("verifier", [None, VERIFIER[:-1] + "x", "short", CHALLENGE])
async def test_a_wrong_verifier_gets_nothing(party, verifier):
    code = await party.code(client_id=party.public, **PKCE)
    reply = await party.exchange(code, client_id=party.public, client_secret=None, code_verifier=verifier)
    assert reply.status == 400
    assert reply.json["error"] in ("invalid_grant", "invalid_request")


async def test_a_public_apps_refresh_token_is_replaced_and_an_old_one_ends_everything(party):
    first = await party.phone()
    as_phone = {"client_id": party.public, "client_secret": None}
    second = (await party.refresh(first["refresh_token"], **as_phone)).json
    assert second["refresh_token"] != first["refresh_token"]
    assert await party.status(second["access_token"]) == 200
    stolen = await party.refresh(first["refresh_token"], **as_phone)
    assert (stolen.status, stolen.json["error"]) == (400, "invalid_grant")
    assert await party.status(second["access_token"]) == 401
    assert (await party.refresh(second["refresh_token"], **as_phone)).status == 400


# -- what is refused -------------------------------------------------------------------------------------------------


async def test_a_code_works_once_and_its_second_use_ends_what_came_of_it(party):
    code = await party.code()
    given = (await party.exchange(code)).json
    assert await party.status(given["access_token"]) == 200
    again = await party.exchange(code)
    assert (again.status, again.json["error"]) == (400, "invalid_grant")
    assert await party.status(given["access_token"]) == 401
    assert (await party.refresh(given["refresh_token"])).status == 400


async def test_a_code_is_good_for_five_minutes(party):
    code = await party.code()
    party.later(seconds=300)
    assert (await party.exchange(code)).json["error"] == "invalid_grant"


async def test_a_code_is_good_for_its_app_and_address_only(party):
    other, secret = register(party.app.store, "Other", [BACK])
    code = await party.code()
    assert (await party.exchange(code, client_id=other, client_secret=secret)).json["error"] == "invalid_grant"
    assert (await party.exchange(code, redirect_uri=BACK + "/")).json["error"] == "invalid_grant"
    assert (await party.exchange(code, redirect_uri=None)).json["error"] == "invalid_grant"
    assert (await party.exchange(code)).status == 200


@pytest.mark.parametrize(
    "redirect",
    [
        "https://evil.example.com/done",
        BACK + "/",
        BACK + "?x=1",
        "https://app.example.com:444/done",
        "HTTPS://app.example.com/done",
        "https://app.example.com/done/../evil",
        "https://app.example.com@evil.example.com/done",
        "//app.example.com/done",
        "javascript:alert(1)",
        "https://äpp.example.com/",
        'https://app.example.com/done"',
    ],
)
@pytest.mark.parametrize("decision", ["allow", "deny", None])
async def test_nobody_is_sent_to_an_address_that_is_not_registered(party, redirect, decision):
    if decision is None:
        reply = await party.page(redirect_uri=redirect)
    else:
        reply = await party.decide(redirect_uri=redirect, decision=decision)
    assert reply.status == 400
    assert "location" not in reply.headers
    assert reply.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("client", ["1", "", None, "ä", "<script>"])
async def test_an_unknown_app_gets_no_page_to_be_let_in_on(party, client):
    reply = await party.page(client_id=client)
    assert (reply.status, "location" in reply.headers) == (400, False)
    assert b"<script" not in reply.body


@pytest.mark.parametrize("twice", ["redirect_uri", "client_id", "scope", "state"])
async def test_a_parameter_that_comes_twice_is_refused(party, twice):
    wish = party.wish(scope="tasks:read")
    reply = await ask(party.app, "GET", f"/-/oauth_authorize?{wish}&{twice}=https%3A%2F%2Fevil", token=None)
    assert reply.status == 400


@pytest.mark.parametrize("kind", ["token", "", "code token", "ä", '"'])
async def test_only_codes_are_given_out(party, kind):
    reply = await party.page(response_type=kind)
    assert reply.status in (302, 400)
    assert b"form" not in reply.body
    assert "access_token" not in reply.headers.get("location", "")


async def test_who_denies_sends_the_app_away(party):
    reply = await party.decide(decision="deny", token="")
    found = dict(parse_qsl(urlsplit(reply.headers["location"]).query))
    assert (found["error"], found["state"]) == ("access_denied", "xyz")


@pytest.mark.parametrize("token", ["", "nobody-has-this", "ä", "a b"])
async def test_who_cannot_show_who_they_are_is_asked_again(party, token):
    reply = await party.decide(token=token)
    assert reply.status == 200
    assert b"This token is not valid" in reply.body
    assert not token or token.encode() not in reply.body


async def test_an_app_cannot_let_in_another_app(party):
    token = (await party.tokens())["access_token"]
    assert b"This token is not valid" in (await party.decide(token=token)).body


@pytest.mark.parametrize(
    "headers", [{"origin": "https://evil.example.com"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]
)
async def test_a_form_on_another_site_lets_nobody_in(party, headers):
    assert (await party.decide(headers={"host": "test", **headers})).status == 403
    assert (await party.decide(headers={"host": "test", "origin": "http://test"})).status == 302


@pytest.mark.parametrize("secret", ["", None, "wrong", "ä"])
async def test_a_wrong_secret_gets_nothing(party, secret):
    reply = await party.exchange(await party.code(), client_secret=secret)
    assert (reply.status, reply.json["error"]) == (401, "invalid_client")


async def test_a_challenge_may_not_be_dropped_on_the_way(party):
    code = await party.code(**PKCE)
    assert (await party.exchange(code)).status == 400
    assert (await party.exchange(await party.code(), code_verifier=VERIFIER)).status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff",
        b"grant_type=password",
        b"grant_type=%C3%A4",
        b"grant_type=refresh_token&grant_type=x",
        b"a=1&" * 300,
    ],
)
async def test_what_is_no_request_is_refused_in_the_protocols_words(party, body):
    reply = await ask(party.app, "POST", "/-/oauth_token", body, token=None)
    assert reply.status in (400, 401)
    assert set(reply.json) >= {"error", "error_uri"}


async def test_a_form_that_is_too_large_is_refused(party):
    assert (await ask(party.app, "POST", "/-/oauth_token", b"a" * 20_000, token=None)).status == 413


@pytest.mark.parametrize("path", ["/-/oauth_nothing", "/.well-known/nothing", "/-/oauth_token/"])
async def test_what_is_not_there_is_not_found(party, path):
    assert (await ask(party.app, "POST", path, b"", token=None)).status == 404
    assert (await ask(party.app, "GET", path, token=None)).status == 404


# -- the end ---------------------------------------------------------------------------------------------------------


async def test_giving_back_the_refresh_token_ends_everything(party):
    given = await party.tokens()
    assert await party.status(given["access_token"]) == 200
    reply = await party.post("/-/oauth_revoke", token=given["refresh_token"])
    assert (reply.status, reply.json) == (200, {})
    assert await party.status(given["access_token"]) == 401
    assert (await party.refresh(given["refresh_token"])).json["error"] == "invalid_grant"


async def test_giving_back_an_access_token_ends_that_one(party):
    given = await party.tokens()
    assert await party.status(given["access_token"]) == 200
    assert (await party.post("/-/oauth_revoke", token=given["access_token"])).status == 200
    assert await party.status(given["access_token"]) == 401
    assert (await party.refresh(given["refresh_token"])).status == 200


async def test_an_app_cannot_end_what_another_holds(party):
    other, secret = register(party.app.store, "Other", [BACK])
    given = await party.tokens()
    await party.post("/-/oauth_revoke", token=given["refresh_token"], client_id=other, client_secret=secret)
    assert await party.status(given["access_token"]) == 200
    assert (await party.post("/-/oauth_revoke", token="never-was")).status == 200
    assert (await party.post("/-/oauth_revoke", token=given["refresh_token"], client_secret="no")).status == 401


async def test_a_refresh_token_is_no_access_token(party):
    given = await party.tokens()
    assert await party.status(given["refresh_token"]) == 401
    assert (await party.refresh(given["access_token"])).status == 400


async def test_the_tokens_of_a_deleted_app_are_good_for_nothing(party):
    given = await party.tokens()
    other = SqliteStore(party.app.store.path)
    other.begin_action()
    assert other.delete_app(party.client)
    other.end_action()
    other.close()
    party.app.tokens.forget()
    assert await party.status(given["access_token"]) == 401
    assert (await party.refresh(given["refresh_token"])).json["error"] == "invalid_client"


async def test_two_apps_of_a_user_do_not_share_their_limits(party):
    one, other = await party.tokens(), await party.tokens()
    book = party.app.tokens

    async def key(token):
        return (await book.caller([(b"authorization", f"Bearer {token}".encode())])).key

    renewed = (await party.refresh(one["refresh_token"])).json
    assert await key(one["access_token"]) == await key(renewed["access_token"])
    assert await key(one["access_token"]) != await key(other["access_token"])


# -- registering -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "redirect",
    [
        "http://app.example.com/",
        "javascript:alert(1)",
        "https://",
        "https://a.example/#x",
        "https://a@b.example/",
        "ftp://a",
        "data:text/html,x",
        "https://a.example/ x",
        "",
        "http://[::1",
        "https://a.example;x'",
    ],
)
def test_an_address_that_is_not_safe_cannot_be_registered(party, redirect):
    with pytest.raises(SetupError):
        register(party.app.store, "App", [redirect])


@pytest.mark.parametrize(
    "redirect",
    ["http://localhost:3000/done", "http://127.0.0.1/x", "http://[::1]:9/", "com.example.app:/done", SHOW_CODE],
)
def test_addresses_of_apps_on_the_users_machine_can_be_registered(party, redirect):
    client, secret = register(party.app.store, "App", [redirect])
    assert client.isdigit()
    assert secret.startswith("ffs_")


@pytest.mark.parametrize("name", ["", " ", "x" * 101, "a\nb"])
def test_an_app_needs_a_name(party, name):
    with pytest.raises(SetupError):
        register(party.app.store, name, [BACK])
