"""What Authlib asks of a server: to find apps, to keep codes and tokens, to say who the user is.

Everything here runs inside one action of the store, so that a code is exchanged once however many try.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from typing import Any, ClassVar

from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    InvalidGrantError,
    InvalidRequestError,
    OAuth2Payload,
    OAuth2Request,
)
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7009 import RevocationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core.grants import OpenIDCode
from msgspec import json

from fanfold.model import Answer, Pairs
from fanfold.server.oauth.clients import Client, find_client
from fanfold.server.oauth.keys import signing_key
from fanfold.server.tokens import digest
from fanfold.work import Store
from fanfold.work.api import Api
from fanfold.work.clock import stamp
from fanfold.work.identity import claims_of
from fanfold.work.store.apps import Voucher

ACCESS_SECONDS = 3600
CODE_SECONDS = 300
KEEP_SECONDS = 86_400
"""How long an expired code is remembered, so that its use by somebody else is noticed."""

AUTH_METHODS = ["client_secret_basic", "client_secret_post", "none"]


class Payload(OAuth2Payload):  # type: ignore[misc]
    """The parameters of a request."""

    def __init__(self, pairs: Pairs) -> None:
        self._data = dict(pairs)
        self._lists: defaultdict[str, list[str]] = defaultdict(list)
        for name, value in pairs:
            self._lists[name].append(value)

    @property
    def data(self) -> dict[str, str]:
        """The last value of each."""
        return self._data

    @property
    def datalist(self) -> defaultdict[str, list[str]]:
        """All values of each."""
        return self._lists


class Asked(OAuth2Request):  # type: ignore[misc]
    """A request to one of the endpoints. Whether it came by TLS is the business of who stands before this server."""

    def __init__(self, method: str, path: str, pairs: Pairs, authorization: str = "") -> None:
        super().__init__(method, f"https://fanfold{path}", headers={"Authorization": authorization})
        self.payload = Payload(pairs)

    @property
    def args(self) -> dict[str, str]:
        """The parameters."""
        return self.payload.data

    @property
    def form(self) -> dict[str, str]:
        """The parameters."""
        return self.payload.data


class Held:
    """A voucher as Authlib meets it."""

    def __init__(self, voucher: Voucher) -> None:
        self.voucher = voucher
        self.about: dict[str, Any] = json.decode(voucher.about)
        self.code_challenge = self.about.get("challenge")
        self.code_challenge_method = "S256"

    def check_client(self, client: Client) -> bool:
        """Whether it was given to this app."""
        return self.voucher.client == client.client_id

    def get_scope(self) -> str:
        """What it is good for."""
        return self.voucher.scope

    def get_redirect_uri(self) -> str | None:
        """The address that was named when the code was asked for."""
        return self.about.get("redirect_uri")

    def get_nonce(self) -> str | None:
        """What the app wants to find in the signed answer."""
        return self.about.get("nonce")

    def get_auth_time(self) -> int | None:
        """When the user was there."""
        return self.about.get("auth_time")

    def get_acr(self) -> None:
        """Nothing is said about how."""

    def get_amr(self) -> None:
        """Nothing is said about how."""


class Server(AuthorizationServer):  # type: ignore[misc]
    """The protocol over a store, for one request; ``issuer`` is the server's address."""

    def __init__(self, api: Api, store: Store, issuer: str) -> None:
        super().__init__()
        self.api = api
        self.store = store
        self.issuer = issuer
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                lambda **_: f"ffa_{secrets.token_urlsafe(32)}",
                lambda **_: f"ffr_{secrets.token_urlsafe(32)}",
                lambda *_: ACCESS_SECONDS,
            ),
        )
        self.register_grant(Code, [Challenge(required=True), Identity()])
        self.register_grant(Refresh)
        self.register_endpoint(Revocation)

    @property
    def seconds(self) -> int:
        """Now, in seconds since 1970."""
        return int(self.api.now().timestamp())

    def query_client(self, client_id: str) -> Client | None:
        """The app with a client id."""
        return find_client(self.store, client_id)

    def save_token(self, token: dict[str, Any], request: Asked) -> None:
        """Keep what an app is about to be given, and add who the user is, as the service does."""
        held: Held = request.refresh_token or request.authorization_code
        consent, scope = held.voucher.consent, held.voucher.scope
        store = self.store
        store.drop_vouchers(self.seconds - KEEP_SECONDS)
        expires = self.seconds + ACCESS_SECONDS
        store.add_voucher(digest(token["access_token"]), consent, "access", token["scope"], expires)
        if "refresh_token" in token:
            store.add_voucher(digest(token["refresh_token"]), consent, "refresh", scope, None)
        gid, document = request.user
        token["data"] = {"id": gid, "gid": str(gid), "name": document["name"], "email": document["email"]}

    def user(self, gid: int) -> tuple[int, dict[str, Any]] | None:
        """A user with what is known of them."""
        row = self.store.record(gid)
        return None if row is None else (gid, json.decode(row.document))

    def send_signal(self, name: str, *_: Any, **__: Any) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: Asked) -> Asked:
        """Requests are made in the form that is wanted."""
        return request

    def get_error_uri(self, _: Asked, __: Any) -> str:
        """Where to read more."""
        return f"{self.issuer}/docs"

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Answer:
        """What the endpoints give becomes an answer of this server."""
        kept = tuple((name.lower(), value) for name, value in headers if name.lower() != "content-type")
        if isinstance(body, (dict, list)):
            body = json.encode(dict(body))
        return Answer(status, body if isinstance(body, bytes) else body.encode(), kept)


class Code(AuthorizationCodeGrant):  # type: ignore[misc]
    """A code for tokens, once."""

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    server: Server

    def generate_authorization_code(self) -> str:
        """256 bits."""
        return f"ffc_{secrets.token_urlsafe(32)}"

    def save_authorization_code(self, code: str, request: Asked) -> None:
        """Note that the user let the app in."""
        store, now = self.server.store, self.server.seconds
        consent = store.add_consent(request.client.client_id, request.user[0], stamp(self.server.api.now()))
        data = request.payload.data
        about: dict[str, Any] = {"redirect_uri": data.get("redirect_uri"), "challenge": data.get("code_challenge")}
        about |= {"nonce": data.get("nonce"), "auth_time": now}
        store.add_voucher(digest(code), consent, "code", request.scope, now + CODE_SECONDS, json.encode(about))

    def query_authorization_code(self, code: str, client: Client) -> Held:
        """The code, if it is this app's and fresh. One that comes twice was stolen: all that came of it ends."""
        voucher = self.server.store.voucher(digest(code))
        if voucher is None or voucher.what != "code" or voucher.client != client.client_id:
            raise InvalidGrantError("The `code` provided was invalid.")
        if voucher.spent:
            self.server.store.revoke_consent(voucher.consent)
            raise InvalidGrantError("The `code` provided was used before.")
        if (voucher.expires_at or 0) <= self.server.seconds:
            raise InvalidGrantError("The `code` provided has expired.")
        return Held(voucher)

    def delete_authorization_code(self, authorization_code: Held) -> None:
        """It is remembered as used."""
        self.server.store.spend_voucher(authorization_code.voucher.digest)

    def authenticate_user(self, authorization_code: Held) -> Any:
        """Who let the app in."""
        return self.server.user(authorization_code.voucher.user)


class Challenge(CodeChallenge):  # type: ignore[misc]
    """Proof that who brings the code is who asked for it: always for apps without a secret, and by S256 only."""

    SUPPORTED_CODE_CHALLENGE_METHOD: ClassVar = ["S256"]

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Look at what comes with the wish for a code."""
        data = grant.request.payload.data
        super().validate_code_challenge(grant, redirect_uri)
        if data.get("code_challenge") and data.get("code_challenge_method") != "S256":
            raise InvalidRequestError("The code_challenge_method has to be S256.")
        if grant.request.client.secret is None and not data.get("code_challenge"):
            raise InvalidRequestError("Missing 'code_challenge': this app has no secret.")


class Identity(OpenIDCode):  # type: ignore[misc]
    """A signed word about who the user is, for apps that ask for ``openid``."""

    def __call__(self, grant: Any) -> None:
        """Take part in a grant."""
        self.server: Server = grant.server
        super().__call__(grant)

    def exists_nonce(self, _nonce: str, _request: Asked) -> bool:
        """Whether a nonce is fresh is what the app finds out with it."""
        return False

    def resolve_client_private_key(self, _: Client) -> Any:
        """The key to sign with."""
        return signing_key(self.server.store)

    def get_encode_header(self, _: Client) -> dict[str, str]:
        """Which key that is."""
        return {"alg": "RS256", "kid": signing_key(self.server.store).kid or ""}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        """Who says it, to whom, and until when."""
        now = self.server.seconds
        return {"iss": self.server.issuer, "aud": [client.client_id], "iat": now, "exp": now + ACCESS_SECONDS}

    def generate_user_info(self, user: Any, scope: str) -> dict[str, Any]:
        """What the scopes allow to be told of the user."""
        gid, document = user
        return claims_of(gid, document, frozenset(scope.split()))


class Refresh(RefreshTokenGrant):  # type: ignore[misc]
    """A refresh token for another access token.

    That of an app with a secret stays the same, as at the service. One without has only the token to show: it gets a
    new one each time, and an old one that comes back was stolen.
    """

    TOKEN_ENDPOINT_AUTH_METHODS = AUTH_METHODS
    server: Server

    def authenticate_refresh_token(self, refresh_token: str) -> Held:
        """The token, if it is good for anything."""
        voucher = self.server.store.voucher(digest(refresh_token))
        wrong = InvalidGrantError("The `refresh_token` provided was invalid.")
        if voucher is None or voucher.what != "refresh" or voucher.client != self.request.client.client_id:
            raise wrong
        if voucher.spent:
            self.server.store.revoke_consent(voucher.consent)
            raise wrong
        return Held(voucher)

    def authenticate_user(self, refresh_token: Held) -> Any:
        """Who let the app in."""
        return self.server.user(refresh_token.voucher.user)

    def issue_token(self, user: Any, refresh_token: Held) -> Any:
        """What the app is given."""
        scope = self.request.payload.scope or refresh_token.get_scope()
        return self.generate_token(user=user, scope=scope, include_refresh_token=self.request.client.secret is None)

    def revoke_old_credential(self, refresh_token: Held) -> None:
        """A token that was replaced is good no more."""
        if self.request.client.secret is None:
            self.server.store.spend_voucher(refresh_token.voucher.digest)


class Revocation(RevocationEndpoint):  # type: ignore[misc]
    """An app gives back what it holds."""

    CLIENT_AUTH_METHODS = AUTH_METHODS
    server: Server

    def query_token(self, token_string: str, _: str | None) -> Held | None:
        """The token, whichever of both it is."""
        voucher = self.server.store.voucher(digest(token_string))
        return None if voucher is None or voucher.what == "code" else Held(voucher)

    def revoke_token(self, token: Held, _: Asked) -> None:
        """With the refresh token everything ends, with an access token only that."""
        if token.voucher.what == "refresh":
            self.server.store.revoke_consent(token.voucher.consent)
        else:
            self.server.store.spend_voucher(token.voucher.digest)
