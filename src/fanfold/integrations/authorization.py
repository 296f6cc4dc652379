"""How a call says who it is from, as declared or as accounts of that sort usually do."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any, Protocol

from fanfold.errors import RequestError
from fanfold.expressions.evaluator import Evaluator
from fanfold.expressions.placeholders import Template, Unresolved, compile_template, fill
from fanfold.integrations.declaration import Authorization, Credentials
from fanfold.integrations.pagination.strategy import Draft
from fanfold.integrations.queries import pairs
from fanfold.targets.forwarding import may_be_passed, spelt

_BREAKS = re.compile(r"[\r\n\0]")

OAUTH_TOKEN = "{{oauth.token.access_token}}"  # noqa: S105 - where the token stands
API_KEY = "{{credentials.api_key}}"


class Authorizer(Protocol):
    """Puts credentials into a request."""

    names: frozenset[str]
    """Query parameters that it sets: they are taken out of links."""
    lasting: bool
    """Whether it says the same for every call of an account, as long as its context is the same."""

    async def sign(self, draft: Draft, context: Mapping[str, Any]) -> tuple[str, ...]:
        """Add them, and give back what must not be shown; raises ``RequestError`` where the account has none."""


def authorizer_of(told: Authorization | None, credentials: Credentials, evaluator: Evaluator) -> Authorizer:
    """The declared way, or the usual one: an OAuth token or an API key as bearer."""
    oauth = credentials.format.startswith("oauth2")
    if told is None:
        told = Authorization(format="none" if credentials.format == "none" else "bearer")
    config = told.config
    match told.format:
        case "none":
            return Nobody()
        case "bearer":
            token = config.get("token") or (OAUTH_TOKEN if oauth else API_KEY)
            return Headers({"authorization": f"Bearer {token}"})
        case "basic":
            return Basic(config.get("username", ""), config.get("password", ""))
        case "query":
            return Query(str(config.get("name", "")), config.get("value") or API_KEY)
        case "header" if config.get("expression"):
            return Expressed(str(config["expression"]), evaluator)
        case "header":
            return Headers({str(config.get("header_name", "authorization")): str(config.get("header_value", API_KEY))})


def header_of(name: str, value: Any) -> tuple[str, str]:
    """A header that a declaration sets; raises ``RequestError`` for one that would be more, or frames the message."""
    spelling = spelt(name)
    if not may_be_passed(spelling) and spelling not in {"range", "origin", "referer"}:
        raise RequestError(f"headers: {spelling[:100]} cannot be set")
    text = value if isinstance(value, str) else str(value)
    if _BREAKS.search(text) or not text.isascii():
        raise RequestError(f"headers: {spelling} must be printable ASCII on one line")
    return spelling, text


class Nobody:
    """Says nothing."""

    names: frozenset[str] = frozenset()
    lasting = True

    async def sign(self, draft: Draft, context: Mapping[str, Any]) -> tuple[str, ...]:
        """Nothing is added."""
        del draft, context
        return ()


class Headers:
    """Headers with placeholders in their values, such as ``Authorization: Bearer {{credentials.api_key}}``."""

    names: frozenset[str] = frozenset()

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = [(name, compile_template(value)) for name, value in headers.items()]
        self.lasting = all(_is_lasting(template) for _, template in self._headers)

    async def sign(self, draft: Draft, context: Mapping[str, Any]) -> tuple[str, ...]:
        """Fill them in."""
        shown = []
        for name, template in self._headers:
            key, value = header_of(name, _filled(template, context))
            draft.headers[key] = value
            shown.append(value)
            shown.append(value.rpartition(" ")[2])
        return tuple(shown)


class Basic:
    """HTTP Basic (RFC 7617)."""

    names: frozenset[str] = frozenset()

    def __init__(self, username: Any, password: Any) -> None:
        self._pair = compile_template([str(username), str(password)])
        self.lasting = _is_lasting(self._pair)

    async def sign(self, draft: Draft, context: Mapping[str, Any]) -> tuple[str, ...]:
        """User and password as one header."""
        username, password = _filled(self._pair, context)
        if ":" in str(username):
            raise RequestError("The account's user name cannot hold a colon")
        pair = f"{'' if username is None else username}:{'' if password is None else password}"
        encoded = base64.b64encode(pair.encode()).decode()
        draft.headers["authorization"] = f"Basic {encoded}"
        return (encoded, str(password))


class Query:
    """A parameter of the query."""

    def __init__(self, name: str, value: Any) -> None:
        if not name:
            raise RequestError("authorization.config.name: is missing")
        self._name = name
        self.names = frozenset({name})
        self._value = compile_template(value)
        self.lasting = _is_lasting(self._value)

    async def sign(self, draft: Draft, context: Mapping[str, Any]) -> tuple[str, ...]:
        """Set the parameter, whatever else says it, and wherever the rest of the query goes."""
        value = _filled(self._value, context)
        draft.signature = {self._name: value}
        return (str(value),)


class Expressed:
    """Headers that an expression gives, over ``url``, ``requestOptions`` and ``context``: signatures, mostly."""

    names: frozenset[str] = frozenset()
    lasting = False

    def __init__(self, source: str, evaluator: Evaluator) -> None:
        self._evaluator = evaluator
        self._expression = evaluator.compile(source)

    async def sign(self, draft: Draft, context: Mapping[str, Any]) -> tuple[str, ...]:
        """Whatever headers the expression gives."""
        options = {
            "method": draft.method.lower(),
            "headers": draft.headers,
            "query": draft.query,
            "body": draft.body,
            "queryPairs": pairs(draft.query, "brackets"),
        }
        scope = {"url": draft.url, "requestOptions": options, "context": context.get("context")}
        given = await self._evaluator.evaluate(self._expression, scope)
        if not isinstance(given, dict):
            raise RequestError("authorization.config.expression: must give an object of headers")
        found = [header_of(name, value) for name, value in given.items() if value is not None]
        draft.headers.update(found)
        return tuple([value for _, value in found])


def _is_lasting(template: Template) -> bool:
    """Whether nothing that is looked up belongs to one call."""
    return not any(path[0] in {"id", "body", "query"} for path in template.paths)


def _filled(template: Template, context: Mapping[str, Any]) -> Any:
    try:
        return fill(template, context, strict=True)
    except Unresolved as error:
        raise RequestError(f"The account lacks credentials; connect it again. {error.message}") from None
