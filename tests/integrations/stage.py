"""Plays the target for tests of mappings: calls what is declared in this process, by the shortest code that does it."""

import re
from importlib import resources
from types import SimpleNamespace
from urllib.parse import parse_qsl, quote, urlencode

import jlens
import msgspec
import yaml

from fanfold.entries import Fetch, Page
from fanfold.errors import ExpressionError, RemoteError, RequestError
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.unified import UnifiedMapper
from fanfold.model import Answer, Call, Caller


class Jsonata:
    """An evaluator without bounds."""

    def compile(self, source):
        try:
            compiled = jlens.Expression(source)
        except jlens.JlensError as error:
            raise ExpressionError(str(error)) from None
        return SimpleNamespace(source=source, compiled=compiled, reads=_paths(compiled.reads().get("input")))

    async def evaluate(self, expression, context, bindings=None):
        try:
            return expression.compiled.evaluate(context, bindings)
        except jlens.JlensError as error:
            raise ExpressionError(str(error)) from None


def _paths(read, before=()):
    if read is None:  # nothing at all
        return ()
    if read is True:
        return (before,)
    return tuple(path for name, below in read.items() for path in _paths(below, (*before, name))) or (before,)


def read_declaration(name):
    """A shipped declaration."""
    text = (resources.files("fanfold.integrations") / "shipped" / f"{name}.yaml").read_bytes()
    return msgspec.convert(yaml.safe_load(text), Declaration)


class Stage:
    """One declaration and the API behind it. ``api`` takes method, path with query, and body; gives an ``Answer``."""

    def __init__(self, declaration, api, context=None):
        self.declaration = declaration
        self.mapper = UnifiedMapper(Jsonata())
        self.api = api
        self.context = context or {}
        self.asked = []

    async def proxy(self, resource, method, fetch):
        """Page and response of one of the API's own methods."""
        declared = self.declaration.resources[resource][method]
        roots = {"id": fetch.id, "query": fetch.query}
        path = re.sub(r"{{([\w.|]+)}}", lambda found: quote(_first(roots, found[1]), safe=""), declared.path)
        path = getattr(fetch, "path", "") or path
        pagination = declared.pagination or self.declaration.pagination if method == "list" else None
        query = {**declared.query, **fetch.query}
        if pagination is not None:
            if (limit := query.pop("limit", None)) is not None:
                query[pagination.config["limit_key"]] = limit
            if fetch.cursor:
                query[pagination.config["cursor_key"]] = fetch.cursor
        answer = self.api(declared.method.upper(), f"{path}?{urlencode(_texts(query))}", fetch.body)
        self.asked.append((declared.method, path, query, fetch.body))
        body = msgspec.json.decode(answer.body) if answer.body else None
        if answer.status >= 400:
            raise RemoteError("refused", status=answer.status, extra={"raw_response": body}, headers=answer.headers)
        value = _at(body, declared.response_path)
        cursor = (_at(body, pagination.config["cursor_path"]) or "") if pagination is not None else ""
        response = {"status": answer.status, "headers": answer.headers, "body": body}
        if method == "list":
            value = value if isinstance(value, list) else []
        return Page(value, cursor), response

    async def ask(self, resource, method, fetch=None):
        """A page of a unified resource."""
        fetch = fetch or Fetch()
        model, _, name = resource.partition("/")
        mapping = self.mapper.find(self.declaration, model, name, method)
        assert mapping is not None, f"no {resource} {method}"
        proxy, verb, sent = await self.mapper.outgoing(mapping, fetch, self.context)
        try:
            page, response = await self.proxy(proxy, verb, sent)
        except RemoteError as error:
            raise await self.mapper.refused(mapping, fetch, error, self.context) from None
        return await self.mapper.incoming(mapping, fetch, page, response, self.context, sent=sent)

    async def all(self, resource, **query):
        """What a unified list holds, page after page."""
        found, cursor = [], ""
        while True:
            page = await self.ask(resource, "list", Fetch(query=query, cursor=cursor))
            found += page.value
            cursor = page.cursor
            if not cursor:
                return found

    async def one(self, resource, method, *, gid="", body=None, **query):
        """One record of a unified resource."""
        return (await self.ask(resource, method, Fetch(gid, query, body))).value


def _first(roots, alternatives):
    for path in alternatives.split("|"):
        value = _at(roots, path)
        if value not in (None, ""):
            return str(value)
    raise RequestError(f"nothing for {alternatives}")


def _at(value, path):
    for name in path.split(".") if path else ():
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _texts(query):
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}


def work_stage(api, user):
    """The embedded work API, asked as one user; refusals have a body as they have over HTTP."""

    def answer(method, target, body):
        path, _, query = target.partition("?")
        try:
            endpoint, params = api.resolve(method, path)
            return api.answer(
                Call(method, path, tuple(parse_qsl(query)), body, (), Caller("t", user), endpoint, params)
            )
        except RequestError as error:
            told = {"errors": [{"message": error.message, "help": "see the documentation"}]}
            return Answer(error.status, msgspec.json.encode(told))
        finally:
            api.commit()

    return Stage(read_declaration("work"), answer)


def demo_stage(api, account="acc"):
    """The demo API, asked for one account."""

    def answer(method, target, body):
        return api.answer(
            method, f"fanfold://demo{target}", b"" if body is None else msgspec.json.encode(body), account
        )

    return Stage(read_declaration("demo"), answer)
