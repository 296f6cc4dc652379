"""OAuth 2 tokens of accounts: renewed before they end or when an API refuses them, once for all who need them.

Tokens are kept in the account, at ``context.oauth.token``: ``access_token``, ``refresh_token`` and ``expires_at``, an
ISO 8601 time. Some servers void a refresh token with its first use, so that two renewals at a time would lock the
account out: whoever comes while one is under way waits for that one.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from msgspec.structs import replace

from fanfold.errors import RemoteError, RequestError, SetupError
from fanfold.expressions.addresses import fill_host, fill_path
from fanfold.expressions.placeholders import Unresolved, compile_template, fill
from fanfold.integrations.accounts import Account, Accounts, Status
from fanfold.integrations.declaration import Declaration, Method
from fanfold.integrations.redaction import Secrets, secrets_in
from fanfold.integrations.responses import Reply, Unreadable, remote_error
from fanfold.targets.exchange import Exchanges, NoAnswer, Request
from fanfold.targets.origins import check_path, read_origin
from fanfold.targets.unpacking import ACCEPTED

LEEWAY = 30.0
"""Seconds before its end from which on a token is not used any more: calls take a while, and clocks differ."""

REMEMBERED = 30.0
"""Seconds for which a refused renewal is not tried again with the same credentials."""

_MOST_REFUSED = 1000
_FORM = "application/x-www-form-urlencoded"


def token_of(account: Account) -> dict[str, Any]:
    """The token that an account has, empty where it has none."""
    return _object(_object(account.context.get("oauth")).get("token"))


class Tokens:
    """Keeps the tokens of accounts fresh. ``now`` gives seconds since 1970."""

    def __init__(self, accounts: Accounts, now: Callable[[], float]) -> None:
        self._accounts = accounts
        self._now = now
        self._under_way: dict[str, asyncio.Task[Account]] = {}
        self._refused: dict[str, tuple[dict[str, Any], float, str]] = {}

    async def fresh(self, account: Account, declaration: Declaration, exchanges: Exchanges) -> Account:
        """The account with a token that may be used; itself where there is nothing to renew."""
        kind = declaration.credentials_for(account.authentication_method).format
        if kind not in {"oauth2", "oauth2_client_credentials"}:
            return account
        token = token_of(account)
        end = _time(token.get("expires_at"))
        usable = bool(token.get("access_token")) and (end is None or end - LEEWAY > self._now())
        if usable or (kind == "oauth2" and not token.get("refresh_token")):
            return account
        return await self._renewed(account, declaration, exchanges)

    async def after_refusal(self, account: Account, declaration: Declaration, exchanges: Exchanges) -> Account | None:
        """The account with another token than the one that was just refused; None where there is none to be had."""
        kind = declaration.credentials_for(account.authentication_method).format
        current = self._accounts.get(account.id) or account
        if token_of(current).get("access_token") != token_of(account).get("access_token"):
            return current
        if kind == "oauth2_client_credentials" or (kind == "oauth2" and token_of(current).get("refresh_token")):
            return await self._renewed(current, declaration, exchanges)
        return None

    def mark(self, account: Account, status: Status) -> None:
        """Keep what became of an account."""
        current = self._accounts.get(account.id)
        if current is not None and current.status != status:
            self._accounts.save(replace(current, status=status, updated_at=self._iso(self._now())))

    async def _renewed(self, account: Account, declaration: Declaration, exchanges: Exchanges) -> Account:
        task = self._under_way.get(account.id)
        if task is None:
            task = asyncio.create_task(self._renew(account, declaration, exchanges))
            self._under_way[account.id] = task
            task.add_done_callback(lambda _: self._under_way.pop(account.id, None))
        try:
            return await asyncio.shield(task)  # others wait for it too
        except RequestError as error:
            raise _again(error) from None

    async def _renew(self, account: Account, declaration: Declaration, exchanges: Exchanges) -> Account:
        account = self._accounts.get(account.id) or account
        known = self._refused.get(account.id)
        if known is not None:
            if known[1] > self._now() and known[0] == account.context:
                raise _refusal(known[2])
            del self._refused[account.id]
        reply = await self._ask(account, declaration, exchanges)
        secrets = Secrets(secrets_in(account.context))
        try:
            answer = reply.data()
        except Unreadable:
            answer = None
        access = answer.get("access_token") if isinstance(answer, dict) else None
        if reply.status == 429 or reply.status >= 500:
            raise remote_error(reply, secrets, status=502 if reply.status != 429 else 429)
        if reply.status >= 400 or not isinstance(access, str) or not access:
            self.mark(account, "needs_reauth")
            error = remote_error(reply, secrets)
            self._refused[account.id] = account.context, self._now() + REMEMBERED, error.message
            if len(self._refused) > _MOST_REFUSED:
                del self._refused[next(iter(self._refused))]
            raise _refusal(error.message)
        return self._keep(account, answer)

    def _keep(self, account: Account, answer: Mapping[str, Any]) -> Account:
        """Save the new token. Whatever else became of the account meanwhile stays."""
        current = self._accounts.get(account.id)
        if current is None:
            return account
        token = {**token_of(current), **{name: value for name, value in answer.items() if value is not None}}
        span = _span(token.pop("expires_in", None))
        token.pop("expires_at", None)
        if span is not None:
            token["expires_at"] = self._iso(self._now() + span)
        oauth = {**_object(current.context.get("oauth")), "token": token}
        context = {**current.context, "oauth": oauth}
        status: Status = "active" if current.status == "needs_reauth" else current.status
        kept = replace(current, context=context, status=status, updated_at=self._iso(self._now()))
        self._accounts.save(kept)
        return kept

    async def _ask(self, account: Account, declaration: Declaration, exchanges: Exchanges) -> Reply:
        request = token_request(account, declaration)
        try:
            answer = await exchanges.ask(request)
        except NoAnswer as error:
            raise RequestError(f"The token could not be renewed: {error.message}", status=502) from None
        return Reply(answer.status, dict(answer.headers), answer.body, Method(path="/"))

    @staticmethod
    def _iso(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def token_request(account: Account, declaration: Declaration) -> Request:
    """What is asked of the token endpoint; raises ``RequestError`` where the declaration or account lacks something."""
    credentials = declaration.credentials_for(account.authentication_method)
    config = credentials.config
    context = {**account.context, "credentials": account.context, "context": account.context}
    refresh = credentials.format == "oauth2"
    told = config.get("refreshParams" if refresh else "tokenParams")
    fields: dict[str, Any] = {"grant_type": "refresh_token" if refresh else "client_credentials"}
    options = _object(config.get("options"))
    if refresh:
        fields["refresh_token"] = token_of(account)["refresh_token"]
    elif config.get("scope"):
        scope = config["scope"]
        fields["scope"] = scope if isinstance(scope, str) else str(options.get("scopeSeparator", " ")).join(scope)
    try:
        if isinstance(told, dict):
            fields |= fill(compile_template(told), context, strict=True)
        client, secret = _client(config, account.context, context)
        url = _endpoint(config, context, refresh=refresh)
    except Unresolved as error:
        raise RequestError(f"The token could not be renewed: {error.message}") from None
    headers = {"accept": "application/json", "accept-encoding": ACCEPTED}
    if options.get("authorizationMethod") == "body":
        fields |= {"client_id": client, "client_secret": secret}
    else:
        pair = f"{quote(client, safe='')}:{quote(secret, safe='')}"  # so encoded by RFC 6749, section 2.3.1
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    fields = {name: value for name, value in fields.items() if value is not None}
    if options.get("bodyFormat") == "json":
        return Request("POST", url, {**headers, "content-type": "application/json"}, msgspec.json.encode(fields))
    return Request("POST", url, {**headers, "content-type": _FORM}, urlencode(fields).encode())


def _client(config: Mapping[str, Any], kept: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[str, str]:
    """The app's id and secret: the account's own, or those of the declaration."""
    told = config.get("client")
    told = fill(compile_template(told), context, strict=True) if isinstance(told, dict) else {}
    client = kept.get("client_id") or told.get("id")
    secret = kept.get("client_secret") or told.get("secret") or ""
    if not isinstance(client, str) or not isinstance(secret, str):
        raise RequestError("The token could not be renewed: there is no client id; set it in credentials.config.client")
    return client, secret


def _endpoint(config: Mapping[str, Any], context: Mapping[str, Any], *, refresh: bool) -> str:
    auth = _object(config.get("auth"))
    host, path = str(auth.get("tokenHost") or ""), (refresh and auth.get("refreshPath")) or auth.get("tokenPath")
    base = fill_host(compile_template(host), context).rstrip("/")
    tail = fill_path(compile_template(str(path or "/oauth/token")), context)
    tail = tail if tail.startswith("/") else f"/{tail}"
    try:
        check_path(tail)
        parts = read_origin(base)
    except (RequestError, SetupError):
        raise RequestError("credentials.config.auth: tokenHost and tokenPath make no URL") from None
    if parts.scheme != "https" and urlsplit(base).hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise RequestError("credentials.config.auth.tokenHost: must begin with https://")
    return base + tail


def _object(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _refusal(message: str) -> RemoteError:
    return RemoteError(
        f"The account has to be connected again: {message}",
        status=401,
        extra={"truto_is_remote_error": True, "raw_response": None},
    )


def _again(error: RequestError) -> RequestError:
    """The same error for each who waited: an exception that is raised twice gathers the traces of both."""
    if isinstance(error, RemoteError):
        return RemoteError(error.message, status=error.status, extra=error.extra, headers=error.headers)
    return RequestError(error.message, status=error.status, extra=error.extra)


def _span(value: Any) -> float | None:
    try:
        return float(value) if value is not None else None
    except (TypeError, ValueError):
        return None


def _time(value: Any) -> float | None:
    """Seconds since 1970 of a time as text, in seconds or in milliseconds; None for what is no time."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value / 1000 if value > 1e11 else float(value)
    if isinstance(value, str):
        try:
            when = datetime.fromisoformat(value)
        except ValueError:
            return None
        return when.replace(tzinfo=when.tzinfo or UTC).timestamp()
    return None
