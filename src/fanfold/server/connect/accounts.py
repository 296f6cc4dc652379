"""``/integrated-account``: a user's accounts at integrations. Others are not there for them."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping
from operator import attrgetter
from typing import Any, get_args

import msgspec
from msgspec.structs import replace

from fanfold.errors import RequestError
from fanfold.integrations.accounts import Account, Status
from fanfold.model import Answer, Caller
from fanfold.server.connect.asked import Asked, failed, text_of
from fanfold.server.connect.calls import ACCOUNT, no_such
from fanfold.server.connect.declared import Integration, Integrations
from fanfold.server.connect.integrations import IntegrationDesk, installed_id, shown_integration
from fanfold.server.connect.masking import masked_context, unmasked
from fanfold.server.connect.pages import page_of
from fanfold.server.connect.store import AccountTokens, SealedAccounts

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

Capabilities = Callable[[Account, Mapping[str, Any]], dict[str, Any]]
Refresh = Callable[[Account], Awaitable[None]]


class AccountDesk:
    """Answers what is asked about accounts. ``now`` gives a moment as it is shown.

    ``capabilities`` says what an account can be asked, by a query's filters; ``refresh`` gets it fresh credentials.
    """

    def __init__(
        self,
        accounts: SealedAccounts,
        tokens: AccountTokens,
        integrations: Integrations,
        installed: IntegrationDesk,
        now: Callable[[], str],
        *,
        capabilities: Capabilities,
        refresh: Refresh,
    ) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._integrations = integrations
        self._installed = installed
        self._now = now
        self._capabilities = capabilities
        self._refresh = refresh

    def find(self, gid: str, caller: Caller) -> Account:
        """A caller's account; raises ``RequestError`` 404 for any other, whether there is one or not."""
        account = self._accounts.get(gid)
        if account is None or account.owner != caller.user:
            raise RequestError(f"There is no integrated account {gid[:100]!r}", status=404)
        return account

    def usable(self, gid: str, caller: Caller) -> Account:
        """The same for a call; raises ``RequestError`` 503 for one that is blocked."""
        account = self.find(gid, caller)
        if account.is_blocked:
            raise RequestError("The integrated account is blocked", status=503)
        if not self._installed.is_on(account.integration, caller.user):
            raise RequestError(f"The integration {account.integration!r} of this account is switched off", status=503)
        return account

    async def answer(self, asked: Asked) -> Answer:
        """What is asked of all accounts, of one, or with one."""
        match asked.method, asked.parts[1:]:
            case "GET", ():
                return _answer(self._list(asked))
            case "POST", ():
                return _answer(self._shown(self._make(asked.caller, await asked.members())))
            case "GET", ("me",):
                return await self._one(asked, self._me(asked), [])
            case "POST", ("token",):
                account = self.find(text_of(await asked.members(), ACCOUNT, required=True), asked.caller)
                return _answer({"integrated_account_token": self._tokens.issue(account)})
            case "POST", ("refresh-credentials" | "run-post-install-actions" as what,):
                account = self.find(text_of(await asked.members(), "id", required=True), asked.caller)
                if what == "refresh-credentials":
                    await self._refresh(account)
                else:
                    self._refuse_actions(account)
                return _answer(self._shown(self.find(account.id, asked.caller)))
            case _, (gid, *rest) if gid:
                return await self._one(asked, self.find(gid, asked.caller), rest)
            case _:
                raise no_such(asked)

    async def _one(self, asked: Asked, account: Account, rest: list[str]) -> Answer:
        match asked.method, rest:
            case "GET", []:
                return _answer(self._shown(account))
            case "PATCH", []:
                return _answer(self._shown(self._change(account, await asked.members())))
            case "DELETE", []:
                self._accounts.delete(account.id)
                return _answer({"id": account.id})
            case "PATCH", ["credentials"]:
                members = await asked.members()
                given = members.get("context", members.get("credentials", members))
                changed = self._change(account, {"context": given, "status": "active"})
                return _answer(self._shown(changed))
            case "GET", ["capabilities"]:
                return _answer(self._capabilities(account, asked.query()))
            case _:
                raise no_such(asked)

    def _me(self, asked: Asked) -> Account:
        gid = asked.account or asked.query().get(ACCOUNT)
        if not isinstance(gid, str):
            raise RequestError(f"{ACCOUNT}: Missing in the query")
        return self.find(gid, asked.caller)

    def _list(self, asked: Asked) -> dict[str, Any]:
        query = asked.query()
        wanted = {_FILTERS[name]: value for name, value in query.items() if name in _FILTERS}
        installed = query.get("environment_integration_id")
        found = [
            account
            for account in self._accounts.of(asked.caller.user)
            if all(_fits(getattr(account, name), value) for name, value in wanted.items())
            and installed in (None, installed_id(account.integration, account.owner))
        ]
        return page_of(found, query, attrgetter("id"), self._shown)

    def _make(self, caller: Caller, members: dict[str, Any]) -> Account:
        integration = self._meant(caller, members)
        if not self._installed.is_on(integration.name, caller.user):
            raise RequestError(f"The integration {integration.name!r} is switched off", status=409)
        if self._accounts.count(caller.user) >= MAX_OF_USER:
            raise RequestError(f"There may be {MAX_OF_USER} accounts of one user", status=409)
        now = self._now()
        made = Account(
            id=str(uuid.uuid4()), integration=integration.name, owner=caller.user, created_at=now, updated_at=now
        )
        return self._change(made, members)

    def _meant(self, caller: Caller, members: dict[str, Any]) -> Integration:
        """The integration that a new account is at, by whichever of its names it is called."""
        installed = text_of(members, "environment_integration_id")
        if installed:
            return self._installed.installed(installed, caller.user)
        key = (
            text_of(members, "integration_id")
            or text_of(members, "integration")
            or text_of(members, "integration_name")
        )
        if not key:
            raise failed(
                "/environment_integration_id", "Is missing, and so are integration_id and integration (a name)"
            )
        return self._integrations.find(key, caller.user)

    def _change(self, account: Account, members: dict[str, Any]) -> Account:
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
        self._accounts.save(changed)
        return changed

    def _refuse_actions(self, account: Account) -> None:
        integration = self._integration_of(account)
        if integration is not None and integration.document.get("actions", {}).get("post_install"):
            raise RequestError("Actions after an installation are not carried out here", status=501)

    def _integration_of(self, account: Account) -> Integration | None:
        try:
            return self._integrations.find(account.integration, account.owner)
        except RequestError as error:
            if error.status != 404:
                raise
            return None

    def _shown(self, account: Account) -> dict[str, Any]:
        integration = self._integration_of(account)
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
