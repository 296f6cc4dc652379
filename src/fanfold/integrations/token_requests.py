"""What is asked of a token endpoint, and where a declaration says that it is."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from fanfold.errors import RequestError, SetupError
from fanfold.expressions.addresses import fill_host, fill_path
from fanfold.expressions.placeholders import Unresolved, compile_template, fill
from fanfold.integrations.accounts import Account
from fanfold.integrations.declaration import Declaration
from fanfold.targets.exchange import Request
from fanfold.targets.origins import check_path, read_origin
from fanfold.targets.unpacking import ACCEPTED

_FORM = "application/x-www-form-urlencoded"


def token_of(account: Account) -> dict[str, Any]:
    """The token that an account has, empty where it has none."""
    return as_object(as_object(account.context.get("oauth")).get("token"))


def token_request(account: Account, declaration: Declaration) -> Request:
    """What is asked of the token endpoint; raises ``RequestError`` where the declaration or account lacks something."""
    credentials = declaration.credentials_for(account.authentication_method)
    config = credentials.config
    context = {**account.context, "credentials": account.context, "context": account.context}
    refresh = credentials.format == "oauth2"
    told = config.get("refreshParams" if refresh else "tokenParams")
    fields: dict[str, Any] = {"grant_type": "refresh_token" if refresh else "client_credentials"}
    options = as_object(config.get("options"))
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
    auth = as_object(config.get("auth"))
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


def as_object(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
