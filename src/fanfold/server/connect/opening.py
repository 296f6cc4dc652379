"""Accounts opened for a request: one reading tells whether it may use one, and what its integration declares."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from fanfold.errors import RequestError
from fanfold.integrations.accounts import Account
from fanfold.integrations.declaration import Declaration
from fanfold.model import Caller
from fanfold.server.connect.account_tokens import AccountTokens
from fanfold.server.connect.declared import Integrations
from fanfold.server.connect.store import SealedAccounts
from fanfold.work import Store
from fanfold.work.api import Api


class Opened(NamedTuple):
    """An account that may be used, and what its integration declares; None where that is declared no more."""

    account: Account
    declaration: Declaration | None


class Opener:
    """Opens accounts for their owners. ``is_on``: whether a user has not switched an integration off."""

    def __init__(
        self,
        api: Api,
        accounts: SealedAccounts,
        integrations: Integrations,
        tokens: AccountTokens,
        is_on: Callable[[Store, str, str], bool],
    ) -> None:
        self._api = api
        self._accounts = accounts
        self._integrations = integrations
        self._tokens = tokens
        self._is_on = is_on

    def find(self, store: Store, gid: str, caller: Caller) -> Account:
        """A caller's account; raises ``RequestError`` 404 for any other, whether there is one or not."""
        account = self._accounts.find(store, gid)
        if account is None or account.owner != caller.user:
            raise RequestError(f"There is no integrated account {gid[:100]!r}", status=404)
        return account

    async def usable(self, gid: str, caller: Caller, opened: Account | None) -> Opened:
        """An account for a call; raises ``RequestError`` 404 as ``find`` does, 503 for one that is blocked.

        ``opened`` is the account that the caller's token opens, if it is one of an account.
        """
        if opened is not None and opened.id == gid:
            return await self._api.read(lambda session: self._for_call(session.store, opened))
        return await self._accounts.look(lambda store: self._for_call(store, self.find(store, gid, caller)))

    def _for_call(self, store: Store, account: Account) -> Opened:
        if account.is_blocked:
            raise RequestError("The integrated account is blocked", status=503)
        if not self._is_on(store, account.integration, account.owner):
            raise RequestError(f"The integration {account.integration!r} of this account is switched off", status=503)
        return Opened(account, self._integrations.get(store, account.integration))

    async def by_token(self, token: bytes) -> Account | None:
        """The account that a token of its own opens now."""

        def find(store: Store) -> tuple[Account | None]:
            gid = self._tokens.account(store, token)
            return (None if gid is None else self._accounts.find(store, gid),)

        (account,) = await self._accounts.look(find)
        return account
