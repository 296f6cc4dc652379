"""Where apps and the users whom they send are served: the endpoints beside the API, and what stands behind them."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from authlib.oauth2.rfc6749 import InvalidRequestError, OAuth2Error
from msgspec import json

from fanfold.errors import NoSuchRoute, RequestError
from fanfold.model import Answer, Caller, Pairs
from fanfold.server.oauth.clients import SHOW_CODE
from fanfold.server.oauth.consent import ask_page, code_page, refusal_page
from fanfold.server.oauth.grants import AUTH_METHODS, Asked, Server
from fanfold.server.oauth.keys import published_keys
from fanfold.server.tokens import TokenBook
from fanfold.serving.bodies import read_query
from fanfold.work.api import Api
from fanfold.work.scopes import SCOPES
from fanfold.work.session import Session

Headers = list[tuple[bytes, bytes]]


class Desk:
    """The endpoints at ``/-/`` and ``/.well-known/`` for apps."""

    def __init__(self, api: Api, tokens: TokenBook, address: str) -> None:
        self._api = api
        self._tokens = tokens
        self._address = address

    async def answer(self, method: str, path: str, query: bytes, headers: Headers, body: bytes) -> Answer:
        """What an endpoint answers; raises ``NoSuchRoute`` where there is none."""
        caller = None
        if (method, path) == ("POST", "/-/oauth_authorize"):
            caller = await self._tokens.caller([(b"authorization", _given(body))])
        texts = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        return await self._api.write(
            lambda session: _Sitting(self._api, session, self._tokens, self._address, caller).answer(
                (method, path), query, texts, body
            )
        )


def _given(form: bytes) -> bytes:
    """The header for the token that a user has put into a form."""
    try:
        token = dict(read_query(form)).get("token", "")
    except RequestError:
        token = ""
    return f"Bearer {token.strip()}".encode()


class _Sitting:
    """One request to the desk, in a transaction of its own. ``caller``: whose token is in the form, if one is."""

    def __init__(self, api: Api, session: Session, tokens: TokenBook, address: str, caller: Caller | None) -> None:
        self._store = session.store
        self._tokens = tokens
        self._base = api.base
        self._address = address
        self._caller = caller
        self._server = Server(api, session.store, address)

    def answer(self, endpoint: tuple[str, str], query: bytes, headers: dict[str, str], body: bytes) -> Answer:
        """What the endpoint answers."""
        found = {
            ("GET", "/-/oauth_authorize"): self._ask,
            ("POST", "/-/oauth_authorize"): self._decide,
            ("POST", "/-/oauth_token"): self._exchange,
            ("POST", "/-/oauth_revoke"): self._revoke,
            ("GET", "/-/oauth_keys"): self._keys,
            ("GET", "/.well-known/openid-configuration"): self._describe,
            ("GET", "/.well-known/oauth-authorization-server"): self._describe,
        }.get(endpoint)
        if found is None:
            raise NoSuchRoute
        return found(query, headers, body)

    # -- the user's side ---------------------------------------------------------------------------------------------

    def _ask(self, query: bytes, _: dict[str, str], __: bytes) -> Answer:
        return self._consider(query)

    def _decide(self, query: bytes, headers: dict[str, str], body: bytes) -> Answer:
        _must_be_our_page(headers)
        given = dict(read_query(body))
        if given.get("decision") != "allow":
            return self._consider(query, denied=True)
        caller = self._caller
        if caller is None or caller.key.startswith("app:"):
            return self._consider(query, wrong=True)
        return self._consider(query, user=int(caller.user))

    def _consider(self, query: bytes, *, user: int = 0, denied: bool = False, wrong: bool = False) -> Answer:
        """Look at an app's wish, and ask the user about it or tell the app what the user said."""
        try:
            asked = Asked("GET", "/-/oauth_authorize", read_query(query))
            grant = self._server.get_consent_grant(asked)
        except OAuth2Error as error:
            if error.redirect_uri and error.redirect_uri != SHOW_CODE:
                return self._server.handle_error_response(asked, error)  # type: ignore[no-any-return]
            return refusal_page(error.description or "The request is not complete.")
        except ValueError:
            return refusal_page("The request holds characters that may not be there.")
        if not user and not denied:
            return ask_page(grant.client, asked.scope, grant.redirect_uri, query.decode("ascii"), wrong=wrong)
        answer: Answer = self._server.create_authorization_response(
            asked, grant_user=None if denied else self._server.user(user), grant=grant
        )
        return _shown(answer) if grant.redirect_uri == SHOW_CODE else answer

    # -- the app's side ----------------------------------------------------------------------------------------------

    def _exchange(self, _: bytes, headers: dict[str, str], body: bytes) -> Answer:
        asked, refused = self._form("/-/oauth_token", headers, body)
        return refused or self._guarded(asked, self._server.create_token_response, asked)

    def _revoke(self, _: bytes, headers: dict[str, str], body: bytes) -> Answer:
        asked, refused = self._form("/-/oauth_revoke", headers, body)
        answer = refused or self._guarded(asked, self._server.create_endpoint_response, "revocation", asked)
        self._tokens.forget()
        return answer

    def _form(self, path: str, headers: dict[str, str], body: bytes) -> tuple[Asked, Answer | None]:
        """A request with its parameters, and a refusal where they are no proper form."""
        pairs: Pairs = ()
        refusal = ""
        try:
            pairs = read_query(body.strip())
        except RequestError:
            refusal = "The body has to be a form: application/x-www-form-urlencoded."
        if len({name for name, _ in pairs}) < len(pairs):
            refusal = "A parameter is there twice."
        asked = Asked("POST", path, pairs, headers.get("authorization", ""))
        return asked, self._refuse(asked, refusal) if refusal else None

    def _guarded(self, asked: Asked, respond: Any, *arguments: Any) -> Answer:
        try:
            answer: Answer = respond(*arguments)
        except ValueError:
            return self._refuse(asked, "The request holds characters that may not be there.")
        if answer.status >= 400:
            # What was used twice has ended all that came of it.
            self._tokens.forget()
        return answer

    def _refuse(self, asked: Asked, why: str) -> Answer:
        return self._server.handle_error_response(asked, InvalidRequestError(why))  # type: ignore[no-any-return]

    # -- what programs want to know ----------------------------------------------------------------------------------

    def _keys(self, *_: Any) -> Answer:
        return Answer(200, json.encode(published_keys(self._store)))

    def _describe(self, *_: Any) -> Answer:
        at = self._address
        return Answer(
            200,
            json.encode(
                {
                    "issuer": at,
                    "authorization_endpoint": f"{at}/-/oauth_authorize",
                    "token_endpoint": f"{at}/-/oauth_token",
                    "revocation_endpoint": f"{at}/-/oauth_revoke",
                    "userinfo_endpoint": f"{self._base}/openid_connect/userinfo",
                    "jwks_uri": f"{at}/-/oauth_keys",
                    "scopes_supported": SCOPES,
                    "response_types_supported": ["code"],
                    "response_modes_supported": ["query"],
                    "grant_types_supported": ["authorization_code", "refresh_token"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                    "token_endpoint_auth_methods_supported": AUTH_METHODS,
                    "revocation_endpoint_auth_methods_supported": AUTH_METHODS,
                    "code_challenge_methods_supported": ["S256"],
                    "claims_supported": ["sub", "iss", "aud", "exp", "iat", "email", "email_verified", "name"],
                }
            ),
        )


def _must_be_our_page(headers: dict[str, str]) -> None:
    """Refuse a form that another site's page sent: it would let in an app in the name of that site's owner."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "same-origin")
    foreign = origin is not None and urlsplit(origin).netloc != headers.get("host", "")
    if foreign or site not in ("same-origin", "none"):
        raise RequestError("This form has to be sent from this server's own page.", status=403)


def _shown(answer: Answer) -> Answer:
    """For an app that cannot be sent back to: the code to copy, or that there is none."""
    given = parse_qs(urlsplit(dict(answer.headers)["location"]).query)
    return code_page(given["code"][0]) if "code" in given else refusal_page("You did not allow it.")
