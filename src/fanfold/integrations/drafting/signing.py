"""How to say who asks: security schemes of a description as credentials and authorization of a declaration."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fanfold.integrations.drafting.description import Description, elements, fields, text

_KEY = "{{credentials.api_key}}"
_EITHER = "{{oauth.token.access_token|credentials.api_key}}"
_FLOWS = ("authorizationCode", "accessCode", "clientCredentials", "application")
"""As the versions of OpenAPI call those that a server can go through."""


def signing(description: Description, notes: list[str]) -> dict[str, Any]:
    """``credentials`` and ``authorization`` of a declaration."""
    schemes = _schemes(description)
    if not schemes:
        notes.append("credentials: the description names none, so calls are made without.")
        return {"credentials": {"format": "none"}, "authorization": {"format": "none"}}
    known = [(name, found) for name, scheme in schemes if (found := _scheme(scheme, notes, name))]
    if not known:
        return {"credentials": {"format": "none"}, "authorization": {"format": "none"}}
    (first, (form, config, authorization)), *others = known
    choices = {form: config}
    for name, (other, its_config, its_authorization) in others:
        if authorization["format"] == its_authorization["format"] == "bearer" and other not in choices:
            choices[other] = its_config
        else:
            notes.append(f"credentials: {first} is used; the description offers {name}, too.")
    if len(choices) == 1:
        return {"credentials": {"format": form, "config": config}, "authorization": authorization}
    several = {name: {"config": each} for name, each in choices.items()}
    return {"credentials": several, "authorization": {"format": "bearer", "config": {"token": _EITHER}}}


def _schemes(description: Description) -> list[tuple[str, dict[str, Any]]]:
    """The schemes, those first that all operations need, unless told otherwise."""
    document = description.document
    written = document.get("securityDefinitions") if description.old else None
    written = written or fields(document.get("components")).get("securitySchemes")
    schemes = {name: description.follow(each) for name, each in fields(written).items()}
    wanted = [name for each in elements(document.get("security")) for name in fields(each)]
    order = [name for name in dict.fromkeys([*wanted, *schemes]) if name in schemes]
    return [(name, schemes[name]) for name in order]


def _scheme(scheme: dict[str, Any], notes: list[str], name: str) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
    """Format and config of credentials, and the authorization that goes with them."""
    kind = text(scheme.get("type")).lower()
    way = text(scheme.get("scheme")).lower()
    if kind == "oauth2":
        return _oauth(scheme, notes, name)
    if kind == "basic" or (kind == "http" and way == "basic"):
        asked = [
            {"name": "username", "label": "User name"},
            {"name": "password", "label": "Password", "type": "password"},
        ]
        config = {"username": "{{credentials.username}}", "password": "{{credentials.password}}"}
        return "api_key", {"fields": asked}, {"format": "basic", "config": config}
    one = {"fields": [{"name": "api_key", "label": text(scheme.get("name")) or "API key", "type": "password"}]}
    if kind == "apikey":
        return "api_key", one, _key(text(scheme.get("in")), text(scheme.get("name")))
    if kind == "http" and way and way != "bearer":
        notes.append(f"authorization: {name} wants {way}, which is sent as it stands in the account's api_key.")
        return "api_key", one, _key("header", "Authorization")
    if kind == "openidconnect":
        notes.append(f"authorization: {name} is OpenID Connect; an access token is expected as the account's api_key.")
    return "api_key", one, {"format": "bearer", "config": {"token": _KEY}}


def _key(place: str, name: str) -> dict[str, Any]:
    if place == "query":
        return {"format": "query", "config": {"name": name or "api_key", "value": _KEY}}
    if place == "cookie":
        return {"format": "header", "config": {"header_name": "Cookie", "header_value": f"{name}={_KEY}"}}
    return {"format": "header", "config": {"header_name": name or "Authorization", "header_value": _KEY}}


def _oauth(scheme: dict[str, Any], notes: list[str], name: str) -> tuple[str, dict[str, Any], dict[str, Any]] | None:
    flows = fields(scheme.get("flows")) or {text(scheme.get("flow")): scheme}
    flow = next((kind for kind in _FLOWS if kind in flows), None)
    token = urlsplit(text(fields(flows.get(flow)).get("tokenUrl"))) if flow else None
    if flow is None or token is None or not token.netloc:
        notes.append(f"credentials: {name} is an OAuth 2 flow that a server cannot go through, and is left out.")
        return None
    told = fields(flows[flow])
    auth = {"tokenHost": f"{token.scheme}://{token.netloc}", "tokenPath": token.path or "/"}
    authorize = urlsplit(text(told.get("authorizationUrl")))
    if authorize.netloc:
        auth |= {"authorizeHost": f"{authorize.scheme}://{authorize.netloc}", "authorizePath": authorize.path or "/"}
    refresh = urlsplit(text(told.get("refreshUrl")))
    if refresh.netloc:
        auth["refreshPath"] = refresh.path or "/"
    config = {
        "fields": [
            {"name": "client_id", "label": "Client id"},
            {"name": "client_secret", "label": "Client secret", "type": "password"},
        ],
        "client": {"id": "{{credentials.client_id}}", "secret": "{{credentials.client_secret}}"},
        "auth": auth,
        "scope": list(fields(told.get("scopes"))),
    }
    form = "oauth2" if flow in _FLOWS[:2] else "oauth2_client_credentials"
    return form, config, {"format": "bearer", "config": {"token": "{{oauth.token.access_token}}"}}
