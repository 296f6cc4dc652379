"""A method of a declaration and what is asked of it, made into a request.

What does not depend on the call is worked out once; what comes from a caller is put in by place: a segment of a path, a
value of a query, a member of a body. It is never looked at again for placeholders, nor for anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from fanfold.entries import Fetch
from fanfold.errors import RequestError, SetupError
from fanfold.expressions.addresses import fill_host, fill_path
from fanfold.expressions.placeholders import Template, compile_template, fill
from fanfold.integrations.accounts import Account
from fanfold.integrations.authorization import header_of
from fanfold.integrations.bodies import encode_body
from fanfold.integrations.declaration import Declaration, Method
from fanfold.integrations.inside import SCHEME
from fanfold.integrations.pagination.strategy import Draft
from fanfold.integrations.queries import written
from fanfold.targets.exchange import Request
from fanfold.targets.forwarding import spelt
from fanfold.targets.origins import check_path, read_origin
from fanfold.targets.unpacking import ACCEPTED
from fanfold.version import __version__

MAX_URL = 16 * 1024
"""Characters; what is longer no server takes."""

_ALWAYS = {"user-agent": f"fanfold/{__version__}", "accept-encoding": ACCEPTED}
_PLAIN = re.compile(r"[A-Za-z0-9_-]{1,200}", re.ASCII)
_BODILESS = frozenset({"GET", "HEAD"})


class Outline:
    """The request of one method, as far as it is known beforehand. Raises ``RequestError`` for what cannot be sent."""

    def __init__(self, declaration: Declaration, method: Method) -> None:
        self.verb = method.method.upper()
        self._method = method
        self._arrays = method.query_array_format or declaration.query_array_format
        self._base = compile_template(method.base_url or declaration.base_url)
        self._path = compile_template(method.path)
        self._fixed = "" if self._base.paths else _checked(self._base.source)
        self._url = "" if self._base.paths or self._path.paths else _joined(self._fixed, self._path.source)
        # Most paths hold an id and nothing else, and most ids nothing that has to be looked at twice.
        pieces = self._path.source.split("{{id}}")
        alone = bool(self._fixed) and len(pieces) == 2 and self._path.paths == (("id",),)
        self._around = None
        if alone:
            _joined(self._fixed, "0".join(pieces))
            self._around = self._fixed + pieces[0], pieces[1]
        self._taken = frozenset([path[1] for path in self._path.paths if len(path) == 2 and path[0] == "query"])
        headers = {spelt(name): value for told in (declaration.headers, method.headers) for name, value in told.items()}
        self._headers, self._filled_headers = _split(headers)
        query = {name: one for name, one in {**declaration.query, **method.query}.items() if one is not None}
        self._query = compile_template(query)
        self._body = None if method.body is None else compile_template(method.body)

    def draft(self, fetch: Fetch, query: dict[str, Any], context: Mapping[str, Any]) -> Draft:
        """The request before it is told which page, and in whose name. ``query`` is the caller's."""
        if self._around is not None and _PLAIN.fullmatch(fetch.id):
            url = f"{self._around[0]}{fetch.id}{self._around[1]}"
        else:
            url = self._url or _joined(self._based(context), fill_path(self._path, context))
        headers = dict(self._headers)
        for name, template in self._filled_headers:
            value = fill(template, context)
            if value is not None:
                headers[name] = header_of(name, value)[1]
        if self._taken:
            query = {name: value for name, value in query.items() if name not in self._taken}
        told = fill(self._query, context) if self._query.paths else self._query.source
        if told:
            query = merged(told, query) if query else dict(told)
        return Draft(self.verb, url, query, headers, self._body_of(fetch, context))

    def elsewhere(self, path: str, context: Mapping[str, Any]) -> str:
        """The URL of another path than the declared one."""
        return _joined(self._based(context), path)

    def request(self, draft: Draft) -> Request:
        """What is sent."""
        url, query = draft.url, draft.query
        body = draft.body
        if self._method.add_query_to_body:
            body = merged(body if isinstance(body, dict) else {}, query)
            query = {}
        if draft.signature:
            query = {**query, **draft.signature}
        if query:
            text = written(query, self._arrays)
            if text:
                url = f"{url}{'&' if '?' in url else '?'}{text}"
        if len(url) > MAX_URL:
            raise RequestError("query: is too long for a URL")
        payload = None
        if body is not None and not self._method.set_body_to_null:
            payload, kind = encode_body(body, self._method.body_format, self._method.body_format_config)
            if self._method.body_format == "multipart":
                draft.headers["content-type"] = kind
            else:
                draft.headers.setdefault("content-type", kind)
        return Request(self.verb, url, draft.headers, payload, bare=self._method.ignore_credentials_on_redirect)

    def _based(self, context: Mapping[str, Any]) -> str:
        """The base URL, filled in."""
        return self._fixed or _checked(fill_host(self._base, context))

    def _body_of(self, fetch: Fetch, context: Mapping[str, Any]) -> Any:
        method = self._method
        if method.set_body_to_null or (fetch.cursor and method.ignore_body_in_pagination):
            return None
        told = None
        if self._body is not None:
            told = fill(self._body, context) if self._body.paths else self._body.source
        given = fetch.body
        if given is None or method.ignore_body or (told is None and self.verb in _BODILESS):
            return told
        return merged(told, given) if isinstance(told, dict) and isinstance(given, dict) else given


def context_of(account: Account, fetch: Fetch, query: Mapping[str, Any]) -> dict[str, Any]:
    """What placeholders of a declaration see: ``id``, ``body``, ``query``, ``credentials``, ``context``.

    Whatever is in the account's context stands at the top too, below these names.
    """
    known = account.context
    context = {**known, "body": fetch.body, "query": query, "credentials": known, "context": known}
    context.pop("id", None)
    if fetch.id:
        context["id"] = fetch.id
    return context


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Both, the second over the first, objects within objects too."""
    found = dict(under)
    for name, value in over.items():
        below = found.get(name)
        found[name] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return found


def _split(headers: Mapping[str, str | None]) -> tuple[dict[str, str], list[tuple[str, Template]]]:
    """Those that are always the same, and those that are filled in."""
    always, later = dict(_ALWAYS), []
    for name, value in headers.items():
        template = compile_template(value)
        if value is None:
            always.pop(name, None)
        elif template.paths:
            header_of(name, "")
            later.append((name, template))
        else:
            key, text = header_of(name, value)
            always[key] = text
    return always, later


def _joined(base: str, path: str) -> str:
    if not path.startswith("/"):
        path = f"/{path}" if path else ""
    if path:
        check_path(path)
    return base + path


@lru_cache(maxsize=1000)
def _checked(base: str) -> str:
    """A base URL without slashes at its end."""
    if not base.startswith(SCHEME):
        try:
            read_origin(base)
        except SetupError:
            raise RequestError("base_url: is not like https://api.example.com/v1 when it is filled in") from None
    return base.rstrip("/")
