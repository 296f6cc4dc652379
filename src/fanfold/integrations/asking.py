"""One page of one resource: asked for in an account's name, and read.

In the order of the lines of ``Asker.ask``: a fresh token, the request, which page of it, who asks, the answer, whether
that is an error, the records in it, and where it goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from fanfold.entries import Fetch, Page
from fanfold.errors import RemoteError, RequestError
from fanfold.integrations.accounts import Account
from fanfold.integrations.authorization import Authorizer, header_of
from fanfold.integrations.compiled import CompiledMethod
from fanfold.integrations.inside import Inside, name_in
from fanfold.integrations.oauth import Tokens
from fanfold.integrations.options import Options, read_options, without_fields
from fanfold.integrations.pagination.links import without
from fanfold.integrations.pagination.strategy import Draft, Received, read_limit
from fanfold.integrations.rates import Seen, limit_headers
from fanfold.integrations.redaction import Secrets, secrets_in
from fanfold.integrations.requests import context_of
from fanfold.integrations.responses import Reply, Unreadable, remote_error, told_error
from fanfold.integrations.sending import Errand, Sender, Times
from fanfold.model import Caller, Pairs
from fanfold.targets.forwarding import spelt

_REMEMBERED = 1000
"""Accounts of which it is remembered how they sign, and what must not be shown."""


class Fetched(Struct, frozen=True):
    """A page, and the answer that it was in. ``limits`` are normalised headers."""

    page: Page
    reply: Reply
    limits: Pairs = ()


class _Signature(Struct, frozen=True):
    """What an authorizer made of an account's context: headers, parameters, and what must not be shown."""

    context: dict[str, Any]
    authorizer: Authorizer
    headers: dict[str, str]
    parameters: dict[str, Any]
    secrets: Secrets


class _Asked(Struct, frozen=True):
    """A request that was made, and its answer."""

    draft: Draft
    reply: Reply
    secrets: Secrets
    options: Options


class Asker:
    """Asks declared methods. ``inside`` are the APIs in this process by name."""

    def __init__(self, tokens: Tokens, inside: Mapping[str, Inside], times: Times) -> None:
        self._tokens = tokens
        self._inside = inside
        self._times = times
        self._signatures: dict[str, _Signature] = {}

    async def ask(
        self, method: CompiledMethod, sender: Sender, account: Account, fetch: Fetch, caller: Caller, until: float
    ) -> Fetched:
        """The page; raises ``RemoteError`` for what the API refuses. ``until`` is a time of the event loop."""
        declaration = method.integration.declaration
        signed = not method.told.no_auth
        if signed and method.integration.oauth:
            account = await self._tokens.fresh(account, declaration, sender.exchanges)
        asked = await self._asked(method, sender, account, fetch, caller, until)
        if asked.reply.status == 401 and signed and not name_in(asked.draft.url):
            renewed = await self._tokens.after_refusal(account, declaration, sender.exchanges)
            if renewed is not None:
                account = renewed
                asked = await self._asked(method, sender, account, fetch, caller, until)
            if asked.reply.status == 401:
                await self._tokens.mark(account, "needs_reauth")
        limits = limit_headers(asked.reply.headers, self._times.now)
        await self._check(method, asked, limits)
        if account.status == "needs_reauth" and signed:
            await self._tokens.mark(account, "active")
        return Fetched(await self._page(method, fetch, asked), asked.reply, limits)

    def describe(self, method: CompiledMethod, account: Account, fetch: Fetch) -> dict[str, Any]:
        """Method and URL of what would be asked, without who asks; empty where that cannot be known yet."""
        _, query = read_options(fetch.query)
        try:
            draft = _draft(method, fetch, query, context_of(account, fetch, query))
            url = method.outline.request(draft).url
        except RequestError:
            return {}
        return {"method": draft.method, "url": Secrets(secrets_in(account.context)).out_of(url)}

    # -- asking ------------------------------------------------------------------------------------------------------

    async def _asked(
        self, method: CompiledMethod, sender: Sender, account: Account, fetch: Fetch, caller: Caller, until: float
    ) -> _Asked:
        options, query = read_options(fetch.query)
        strategy, limit = method.strategy, None
        if strategy is not None and method.takes_limit and "limit" in query:
            limit = read_limit(query.pop("limit"))
        context = context_of(account, fetch, query)
        draft = _draft(method, fetch, query, context)
        if strategy is not None:
            await strategy.enter(draft, fetch.cursor, limit)
        secrets = await self._sign(method, draft, account, context)
        request = method.outline.request(draft)
        name = name_in(request.url)
        ask = None if not name else partial(self._within(name).ask, request, account, caller)
        errand = Errand(account.id, method.told, method.write, until, method.integration.rules, fetch.retry)
        reply = await sender.send(request, errand, ask)
        return _Asked(draft, reply, secrets, options)

    async def _sign(
        self, method: CompiledMethod, draft: Draft, account: Account, context: Mapping[str, Any]
    ) -> Secrets:
        """Say who asks; what that is must not be shown, nor anything else of an account that is secret.

        What is the same for each call of an account is worked out once, as are the secrets to look for.
        """
        authorizer = method.authorizer
        known = self._signatures.get(account.id)
        if known is not None and known.context is account.context and known.authorizer is authorizer:
            draft.headers.update(known.headers)
            draft.signature = known.parameters
            return known.secrets
        before = dict(draft.headers)
        shown = await authorizer.sign(draft, context)
        secrets = Secrets([*secrets_in(account.context), *shown])
        if authorizer.lasting:
            added = {name: value for name, value in draft.headers.items() if before.get(name) != value}
            self._signatures.pop(account.id, None)
            self._signatures[account.id] = _Signature(account.context, authorizer, added, draft.signature, secrets)
            if len(self._signatures) > _REMEMBERED:
                del self._signatures[next(iter(self._signatures))]
        return secrets

    def _within(self, name: str) -> Inside:
        api = self._inside.get(name)
        if api is None:
            raise RequestError(f"base_url: there is no API {name[:100]!r} in this process", status=404)
        return api

    # -- reading -----------------------------------------------------------------------------------------------------

    async def _check(self, method: CompiledMethod, asked: _Asked, limits: Pairs) -> None:
        """Raise ``RemoteError`` for an answer that is one."""
        reply, secrets = asked.reply, asked.secrets
        if method.error is None and reply.status < 300 and method.integration.rules.plain:
            return
        seen = Seen(reply.status, reply.headers, reply.shown)
        if method.error is not None:
            given = await method.integration.evaluator.evaluate(method.error, seen.scope())
            if given:
                status, message = told_error(given, reply)
                raise remote_error(reply, secrets, status=status, message=message, limits=limits)
        elif await method.integration.rules.refused(seen):
            raise remote_error(reply, secrets, status=429, limits=limits)
        elif reply.status >= 400 and not (reply.status == 416 and method.ends_with_416):
            raise remote_error(reply, secrets, limits=limits)
        if 300 <= reply.status < 400:
            raise remote_error(
                reply, secrets, status=502, message="The API redirects to where it may not lead, or what writes"
            )

    async def _page(self, method: CompiledMethod, fetch: Fetch, asked: _Asked) -> Page:
        reply, secrets = asked.reply, asked.secrets
        if method.ends_with_416 and reply.status == 416:
            return Page([])
        if method.name == "delete":
            return Page({"id": fetch.id})
        try:
            data = reply.data()
        except Unreadable as error:
            raise remote_error(reply, secrets, status=502, message=str(error)) from None
        if reply.binary and not method.lists:
            return Page()
        value = await method.records(data)
        if method.lists:
            value = value if isinstance(value, list) else [] if value is None else [value]
        told: dict[str, Any] = {"result_count": len(value)} if method.lists else {}
        cursor = "" if method.strategy is None else await self._onward(method, fetch, asked, value, told)
        if secrets.may_be_in(reply.body):
            # Where the page goes on was read before: a link may need what is taken out here.
            value = secrets.out_of(value, sure=True)
            reply.decoded = secrets.out_of(data, sure=True)
        if asked.options.exclude:
            value = without_fields(value, asked.options.exclude)
        return Page(value, cursor, told, len(reply.body))

    async def _onward(
        self, method: CompiledMethod, fetch: Fetch, asked: _Asked, value: Any, told: dict[str, Any]
    ) -> str:
        """The cursor of the next page; that of the page before is put into ``told``."""
        strategy, reply, names = method.strategy, asked.reply, method.authorizer.names
        if strategy is None:
            return ""
        received = Received(
            reply.status,
            reply.headers,
            reply.data(),
            len(value) if isinstance(value, list) else int(value is not None),
            asked.draft.url,
            method.integration.declaration.manners.hosts,
            lambda link: without(link, names, asked.secrets.values),
        )
        cursor = await strategy.beyond(asked.draft, fetch.cursor, received)
        if cursor and cursor == fetch.cursor:
            raise RemoteError(
                "The API goes on with the page that was just asked for",
                status=502,
                extra={"truto_is_remote_error": True, "raw_response": None},
            )
        previous = await strategy.before(received)
        if previous:
            told["prev_cursor"] = previous
        return cursor


def _draft(method: CompiledMethod, fetch: Fetch, query: dict[str, Any], context: Mapping[str, Any]) -> Draft:
    draft = method.outline.draft(fetch, query, context)
    if type(fetch) is Fetch:
        return draft
    # What a mapping of a unified resource has made may say another path and more headers.
    path: str = getattr(fetch, "path", "")
    if path:
        draft.url = method.outline.elsewhere(path, context)
    headers: Mapping[str, str | None] = getattr(fetch, "headers", {})
    for name, value in headers.items():
        if value is None:
            draft.headers.pop(spelt(name), None)
        else:
            key, text = header_of(name, value)
            draft.headers[key] = text
    return draft


def end_of(timeout: float) -> float:
    """The time of the event loop at which so many seconds are over."""
    return asyncio.get_running_loop().time() + timeout
