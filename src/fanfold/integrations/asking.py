"""One page of one resource: asked for in an account's name, and read.

In the order of the lines of ``Asker.ask``: a fresh token, the request, which page of it, who asks, the answer, whether
that is an error, the records in it, and where it goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from fanfold.entries import Fetch, Page
from fanfold.errors import RemoteError, RequestError
from fanfold.integrations.accounts import Account
from fanfold.integrations.authorization import header_of
from fanfold.integrations.compiled import CompiledMethod
from fanfold.integrations.inside import Inside, name_in
from fanfold.integrations.oauth import Tokens
from fanfold.integrations.options import read_options, without_fields
from fanfold.integrations.pagination.links import without
from fanfold.integrations.pagination.strategy import Draft, Received, read_limit
from fanfold.integrations.rates import Seen, limit_headers
from fanfold.integrations.redaction import Secrets, secrets_in
from fanfold.integrations.requests import context_of
from fanfold.integrations.responses import Reply, Unreadable, remote_error, told_error
from fanfold.integrations.sending import Errand, Sender, Times
from fanfold.model import Caller, Pairs
from fanfold.targets.exchange import Request
from fanfold.targets.forwarding import spelt
from fanfold.targets.origins import check_path

_REMEMBERED = 1000
"""Accounts of which it is remembered what must not be shown."""


class Fetched(Struct, frozen=True):
    """A page, and the answer that it was in. ``limits`` are normalised headers."""

    page: Page
    reply: Reply
    limits: Pairs = ()


class Asker:
    """Asks declared methods. ``inside`` are the APIs in this process by name."""

    def __init__(self, tokens: Tokens, inside: Mapping[str, Inside], times: Times) -> None:
        self._tokens = tokens
        self._inside = inside
        self._times = times
        self._secrets: dict[str, tuple[dict[str, Any], tuple[str, ...], Secrets]] = {}

    async def ask(
        self, method: CompiledMethod, sender: Sender, account: Account, fetch: Fetch, caller: Caller, until: float
    ) -> Fetched:
        """The page; raises ``RemoteError`` for what the API refuses. ``until`` is a time of the event loop."""
        declaration = method.integration.declaration
        signed = not method.told.no_auth
        if signed:
            account = await self._tokens.fresh(account, declaration, sender.exchanges)
        draft, reply, secrets = await self._asked(method, sender, account, fetch, caller, until)
        if reply.status == 401 and signed and not name_in(draft.url):
            renewed = await self._tokens.after_refusal(account, declaration, sender.exchanges)
            if renewed is not None:
                draft, reply, secrets = await self._asked(method, sender, renewed, fetch, caller, until)
            if reply.status == 401:
                self._tokens.mark(account, "needs_reauth")
        limits = limit_headers(reply.headers, self._times.now)
        await self._check(method, reply, secrets, limits)
        if account.status == "needs_reauth" and signed:
            self._tokens.mark(account, "active")
        return Fetched(await self._page(method, draft, fetch, reply, secrets), reply, limits)

    def describe(self, method: CompiledMethod, account: Account, fetch: Fetch) -> dict[str, Any]:
        """Method and URL of what would be asked, without who asks; empty where that cannot be known yet."""
        _, query = read_options(fetch.query)
        try:
            draft = self._draft(method, account, fetch, query)
            url = method.outline.request(draft).url
        except RequestError:
            return {}
        return {"method": draft.method, "url": self._secrets_of(account, ()).out_of(url)}

    # -- asking ------------------------------------------------------------------------------------------------------

    async def _asked(
        self, method: CompiledMethod, sender: Sender, account: Account, fetch: Fetch, caller: Caller, until: float
    ) -> tuple[Draft, Reply, Secrets]:
        _, query = read_options(fetch.query)
        limit = None
        if method.strategy is not None and (method.lists or "limit" in query):
            asked = query.pop("limit", None) if method.limit_name or method.ends_with_416 else None
            limit = None if asked is None else read_limit(asked)
        draft = self._draft(method, account, fetch, query)
        if method.strategy is not None:
            await method.strategy.enter(draft, fetch.cursor, limit)
        shown = await method.authorizer.sign(draft, context_of(account, fetch, query))
        request = method.outline.request(draft)
        secrets = self._secrets_of(account, shown)
        name = name_in(request.url)
        if name:
            return draft, await self._asked_inside(name, request, account, caller, method), secrets
        errand = Errand(account.id, method.told, method.write, until, method.integration.rules, fetch.retry)
        return draft, await sender.send(request, errand), secrets

    def _draft(self, method: CompiledMethod, account: Account, fetch: Fetch, query: dict[str, Any]) -> Draft:
        draft = method.outline.draft(fetch, query, context_of(account, fetch, query))
        # What a mapping of a unified resource has made may say another path and more headers.
        path: str = getattr(fetch, "path", "")
        if path:
            check_path(path)
            draft.url = method.outline.base(context_of(account, fetch, query)) + path
        headers: Mapping[str, str | None] = getattr(fetch, "headers", {})
        for name, value in headers.items():
            if value is None:
                draft.headers.pop(spelt(name), None)
            else:
                key, text = header_of(name, value)
                draft.headers[key] = text
        return draft

    async def _asked_inside(
        self, name: str, request: Request, account: Account, caller: Caller, method: CompiledMethod
    ) -> Reply:
        api = self._inside.get(name)
        if api is None:
            raise RequestError(f"base_url: there is no API {name[:100]!r} in this process", status=404)
        answer = await api.ask(request, account, caller)
        return Reply(answer.status, dict(answer.headers), answer.body, method.told)

    def _secrets_of(self, account: Account, shown: tuple[str, ...]) -> Secrets:
        """What must not be shown of an account. ``shown`` is what its calls say of who asks."""
        known = self._secrets.get(account.id)
        if known is not None and known[0] is account.context and known[1] == shown:
            return known[2]
        secrets = Secrets([*secrets_in(account.context), *shown])
        self._secrets.pop(account.id, None)
        self._secrets[account.id] = account.context, shown, secrets
        if len(self._secrets) > _REMEMBERED:
            del self._secrets[next(iter(self._secrets))]
        return secrets

    # -- reading -----------------------------------------------------------------------------------------------------

    async def _check(self, method: CompiledMethod, reply: Reply, secrets: Secrets, limits: Pairs) -> None:
        """Raise ``RemoteError`` for an answer that is one."""
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

    async def _page(self, method: CompiledMethod, draft: Draft, fetch: Fetch, reply: Reply, secrets: Secrets) -> Page:
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
        if secrets.may_be_in(reply.body):
            value = secrets.out_of(value, sure=True)
        if method.lists:
            value = value if isinstance(value, list) else [] if value is None else [value]
        cursor, told = await self._onward(method, draft, fetch, reply, secrets, value)
        options, _ = read_options(fetch.query)
        if options.exclude:
            value = without_fields(value, options.exclude)
        return Page(value, cursor, told)

    async def _onward(
        self, method: CompiledMethod, draft: Draft, fetch: Fetch, reply: Reply, secrets: Secrets, value: Any
    ) -> tuple[str, dict[str, Any]]:
        """The cursor of the next page, and what else is told of this one."""
        told: dict[str, Any] = {"result_count": len(value)} if method.lists else {}
        if method.strategy is None:
            return "", told
        names = method.authorizer.names
        received = Received(
            reply.status,
            reply.headers,
            reply.data(),
            len(value) if isinstance(value, list) else int(value is not None),
            draft.url,
            method.integration.declaration.manners.hosts,
            lambda link: without(link, names, secrets.values),
        )
        cursor = await method.strategy.beyond(draft, fetch.cursor, received)
        if cursor and cursor == fetch.cursor:
            raise RemoteError(
                "The API goes on with the page that was just asked for",
                status=502,
                extra={"truto_is_remote_error": True, "raw_response": None},
            )
        previous = await method.strategy.before(received)
        if previous:
            told["prev_cursor"] = previous
        return cursor, told


def end_of(timeout: float) -> float:
    """The time of the event loop at which so many seconds are over."""
    return asyncio.get_running_loop().time() + timeout
