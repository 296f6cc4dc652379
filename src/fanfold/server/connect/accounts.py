"""``/integrated-account``: a user's accounts at integrations. Others are not there for them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, get_args

import msgspec
from msgspec.structs import replace

from fanfold.errors import RequestError
from fanfold.integrations.accounts import Account, Status
from fanfold.integrations.declaration import Declaration
from fanfold.model import Answer, Caller
from fanfold.server.connect.account_tokens import AccountTokens
from fanfold.server.connect.asked import Asked, failed, text_of
from fanfold.server.connect.calls import ACCOUNT, no_such
from fanfold.server.connect.declared import Integration
from fanfold.server.connect.integrations import IntegrationDesk, installed_id, shown_integration
from fanfold.server.connect.masking import masked_context, unmasked
from fanfold.server.connect.opening import Opener
from fanfold.server.connect.pages import page_of
from fanfold.server.connect.parts import Parts
from fanfold.work import Store
from fanfold.work.api import Api

MAX_OF_USER = 10_000
"""Accounts that one user may have."""

STATUSES: tuple[str, ...] = get_args(Status)

_FILTERS = {
    name: name for name in ("tenant_id", "status", "is_sandbox", "is_blocked", "authentication_method", "integration")
} | {"integration_name": "integration"}
"""Parameters of a list, and the field that each looks at."""

_SETTABLE = ("tenant_id", "authentication_method")
_SWITCHES = ("is_sandbox", "is_blocked")

_encode = msgspec.json.Encoder().encode


class AccountDesk:
    """Answers what is asked about accounts. ``now`` gives a moment as it is shown."""

    def __init__(
        self,
        api: Api,
        parts: Parts,
        opener: Opener,
        tokens: AccountTokens,
        installed: IntegrationDesk,
        now: Callable[[], str],
    ) -> None:
        self._api = api
        self._parts = parts
        self._accounts = parts.accounts
        self._integrations = parts.integrations
        self._find = opener.find
        self._tokens = tokens
        self._installed = installed
        self._now = now

    async def answer(self, asked: Asked) -> Answer:
        """What is asked of all accounts, of one, or with one."""
        match asked.method, asked.parts[1:]:
            case "GET", ():
                return await self._read(lambda store: self._list(store, asked))
            case "POST", ():
                members, gid = await asked.members(), str(uuid.uuid4())
                return await self._write(gid, lambda store: self._make(store, gid, asked.caller, members))
            case "GET", ("me",):
                return await self._one(asked, _me(asked), [])
            case "POST", ("token" | "refresh-credentials" | "run-post-install-actions" as what,):
                members = await asked.members()
                return await self._done(
                    what, text_of(members, ACCOUNT if what == "token" else "id", required=True), asked
                )
            case _, (gid, *rest) if gid:
                return await self._one(asked, gid, rest)
            case _:
                raise no_such(asked)

    async def _one(self, asked: Asked, gid: str, rest: list[str]) -> Answer:
        find, caller = self._find, asked.caller
        match asked.method, rest:
            case "GET", []:
                return await self._read(lambda store: self._shown(store, find(store, gid, caller)))
            case "PATCH", []:
                members = await asked.members()
                return await self._write(gid, lambda store: self._change(store, find(store, gid, caller), members))
            case "DELETE", []:
                return await self._write(gid, lambda store: self._delete(store, find(store, gid, caller)))
            case "PATCH", ["credentials"]:
                members = await asked.members()
                given = members.get("context", members.get("credentials", members))
                changes = {"context": given, "status": "active"}
                return await self._write(gid, lambda store: self._change(store, find(store, gid, caller), changes))
            case "GET", ["capabilities"]:
                return await self._read(lambda store: self._capable(store, find(store, gid, caller), asked.query()))
            case _:
                await self._api.read(lambda session: find(session.store, gid, caller))
                raise no_such(asked)

    async def _done(self, what: str, gid: str, asked: Asked) -> Answer:
        """What is asked for with the id of an account in the body."""
        find, caller = self._find, asked.caller
        if what == "token":
            return _answer(
                await self._api.write(lambda session: self._issue(session.store, find(session.store, gid, caller)))
            )
        if what == "run-post-install-actions":
            return await self._read(lambda store: self._without_actions(store, find(store, gid, caller)))
        known = await self._api.read(lambda session: self._declared(session.store, find(session.store, gid, caller)))
        renewed = await self._parts.target.refresh(*known)
        return await self._read(lambda store: self._shown(store, renewed))

    # -- reading -----------------------------------------------------------------------------------------------------

    async def _read(self, work: Callable[[Store], dict[str, Any]]) -> Answer:
        return _answer(await self._api.read(lambda session: work(session.store)))

    def _list(self, store: Store, asked: Asked) -> dict[str, Any]:
        query = asked.query()
        wanted = {_FILTERS[name]: value for name, value in query.items() if name in _FILTERS}
        installed = query.get("environment_integration_id")
        found = [
            account
            for account in self._accounts.of(store, asked.caller.user)
            if all(_fits(getattr(account, name), value) for name, value in wanted.items())
            and installed in (None, installed_id(account.integration, account.owner))
        ]
        integration_of = cache(lambda name: self._integration_of(store, name, asked.caller.user))
        return page_of(
            found, query, attrgetter("id"), lambda account: _shown(account, integration_of(account.integration))
        )

    def _capable(self, store: Store, account: Account, query: Mapping[str, Any]) -> dict[str, Any]:
        return self._parts.capabilities(*self._declared(store, account), query)

    def _declared(self, store: Store, account: Account) -> tuple[Account, Declaration | None]:
        return account, self._integrations.get(store, account.integration)

    def _without_actions(self, store: Store, account: Account) -> dict[str, Any]:
        integration = self._integration_of(store, account.integration, account.owner)
        if integration is not None and integration.document.get("actions", {}).get("post_install"):
            raise RequestError("Actions after an installation are not carried out here", status=501)
        return _shown(account, integration)

    def _integration_of(self, store: Store, name: str, user: str) -> Integration | None:
        try:
            return self._integrations.find(store, name, user)
        except RequestError as error:
            if error.status != 404:
                raise
            return None

    def _shown(self, store: Store, account: Account) -> dict[str, Any]:
        return _shown(account, self._integration_of(store, account.integration, account.owner))

    # -- writing -----------------------------------------------------------------------------------------------------

    async def _write(self, gid: str, work: Callable[[Store], dict[str, Any]]) -> Answer:
        return _answer(await self._accounts.write(gid, work))

    def _issue(self, store: Store, account: Account) -> dict[str, Any]:
        return {"integrated_account_token": self._tokens.issue(store, account)}

    def _delete(self, store: Store, account: Account) -> dict[str, Any]:
        self._accounts.remove(store, account.id)
        return {"id": account.id}

    def _make(self, store: Store, gid: str, caller: Caller, members: dict[str, Any]) -> dict[str, Any]:
        integration = self._meant(store, caller, members)
        if not self._installed.is_on(store, integration.name, caller.user):
            raise RequestError(f"The integration {integration.name!r} is switched off", status=409)
        if self._accounts.count(store, caller.user) >= MAX_OF_USER:
            raise RequestError(f"There may be {MAX_OF_USER} accounts of one user", status=409)
        now = self._now()
        made = Account(id=gid, integration=integration.name, owner=caller.user, created_at=now, updated_at=now)
        return self._change(store, made, members)

    def _meant(self, store: Store, caller: Caller, members: dict[str, Any]) -> Integration:
        """The integration that a new account is at, by whichever of its names it is called."""
        installed = text_of(members, "environment_integration_id")
        if installed:
            return self._installed.installed(store, installed, caller.user)
        key = (
            text_of(members, "integration_id")
            or text_of(members, "integration")
            or text_of(members, "integration_name")
        )
        if not key:
            raise failed(
                "/environment_integration_id", "Is missing, and so are integration_id and integration (a name)"
            )
        return self._integrations.find(store, key, caller.user)

    def _change(self, store: Store, account: Account, members: dict[str, Any]) -> dict[str, Any]:
        """The account with what is to be changed of it, kept. The context is merged one level deep."""
        context = members.get("context")
        if context is not None and not isinstance(context, dict):
            raise failed("/context", "Must be an object")
        changes: dict[str, Any] = {name: text_of(members, name) for name in _SETTABLE if members.get(name) is not None}
        for name in _SWITCHES:
            value = members.get(name)
            if value is not None and not isinstance(value, bool):
                raise failed(f"/{name}", "Must be true or false")
            if value is not None:
                changes[name] = value
        status = members.get("status")
        if status is not None and status not in STATUSES:
            raise failed("/status", f"Must be one of {', '.join(STATUSES)}")
        if status is not None:
            changes["status"] = status
        if context is not None:
            both = {**account.context, **unmasked(context, account.context)}
            changes["context"] = {name: value for name, value in both.items() if value is not None}
        changed = replace(account, **changes, updated_at=self._now())
        self._accounts.keep(store, changed)
        return self._shown(store, changed)


def _shown(account: Account, integration: Integration | None) -> dict[str, Any]:
    secret = _secret_fields(integration.document) if integration is not None else set()
    return {
        "id": account.id,
        "tenant_id": account.tenant_id,
        "integration_name": account.integration,
        "integration": None if integration is None else shown_integration(integration, config=False),
        "environment_integration_id": installed_id(account.integration, account.owner),
        "status": account.status,
        "is_sandbox": account.is_sandbox,
        "is_blocked": account.is_blocked,
        "authentication_method": account.authentication_method,
        "context": masked_context(account.context, secret),
        "created_at": account.created_at or None,
        "updated_at": account.updated_at or None,
    }


def _me(asked: Asked) -> str:
    gid = asked.account or asked.query().get(ACCOUNT)
    if not isinstance(gid, str):
        raise RequestError(f"{ACCOUNT}: Missing in the query")
    return gid


def _secret_fields(document: Mapping[str, Any]) -> set[str]:
    """Names of what an integration declares to be a password."""
    fields = document.get("credentials", {}).get("config", {}).get("fields", ())
    found = [field for field in fields if isinstance(field, dict)] if isinstance(fields, list | tuple) else []
    return {str(field.get("name")) for field in found if field.get("type") == "password"}


def _fits(value: Any, wanted: Any) -> bool:
    written = ("true" if value else "false") if isinstance(value, bool) else value
    return bool(wanted == written)


def _answer(value: Any) -> Answer:
    return Answer(200, _encode(value), trusted=True)
