"""Accounts at declared APIs: what is known of one, and the port to wherever they are kept."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, Literal, Protocol

from msgspec import Struct

Status = Literal["connecting", "active", "post_install_error", "validation_error", "needs_reauth"]


class Account(Struct, frozen=True, kw_only=True):
    """One account at one integration. ``context`` holds its credentials and whatever else templates may use.

    ``owner`` is the gid of the user to whom alone it is visible. ``integration`` is the declaration's name. Times are
    ISO 8601 in UTC. Its ``repr`` shows no context.
    """

    id: str
    integration: str
    owner: str
    tenant_id: str = ""
    status: Status = "active"
    is_sandbox: bool = False
    is_blocked: bool = False
    authentication_method: str = ""
    context: dict[str, Any] = {}
    created_at: str = ""
    updated_at: str = ""

    def __repr__(self) -> str:
        return f"Account({self.id}, {self.integration}, {self.status})"


Change = Callable[[Account], Account]
"""What an account becomes; itself where nothing changes. It waits for nothing and may be asked more than once."""


class Claim(Struct, frozen=True):
    """Who may renew the credentials of ``account``, which is as it is stored now.

    Whoever asked may where there is a ``key``, and has to ``settle`` with it; where ``busy``, somebody else is at it.
    With neither nothing is to be renewed any more.
    """

    account: Account
    key: str = ""
    busy: bool = False


class Accounts(Protocol):
    """Where accounts are kept, which other processes may share. Each verb is atomic, and durable when it returns."""

    async def get(self, gid: str) -> Account | None:
        """The account as it is stored now, or None."""

    async def lately(self, gid: str) -> Account | None:
        """The account as it was a moment ago, if that is known, else as it is now: for each of many calls."""

    async def change(self, gid: str, change: Change) -> Account | None:
        """Put what ``change`` makes of an account in its place; what is there then, None where there is none."""

    async def claim(self, gid: str, wanted: Callable[[Account], bool], seconds: float) -> Claim | None:
        """Be the only one who renews an account's credentials, if that is ``wanted`` of it; None where there is none.

        For so many ``seconds`` at most: who has died by then does not hold up others. Raises what ``wanted`` raises.
        """

    async def settle(self, gid: str, key: str, change: Change) -> Account | None:
        """``change``, and let others renew."""


class MemoryAccounts:
    """Accounts in memory: the fake, and for what needs no more. ``now`` gives seconds."""

    def __init__(self, *accounts: Account, now: Callable[[], float] = time.monotonic) -> None:
        self._accounts = {account.id: account for account in accounts}
        self._now = now
        self._claimed: dict[str, tuple[str, float]] = {}

    def __getitem__(self, gid: str) -> Account:
        """The account."""
        return self._accounts[gid]

    def save(self, account: Account) -> None:
        """Keep it, new or changed, whole."""
        self._accounts[account.id] = account

    async def get(self, gid: str) -> Account | None:
        """The account, or None."""
        return self._accounts.get(gid)

    async def lately(self, gid: str) -> Account | None:
        """The account, or None."""
        return self._accounts.get(gid)

    async def change(self, gid: str, change: Change) -> Account | None:
        """Put what ``change`` makes of an account in its place."""
        account = self._accounts.get(gid)
        if account is not None:
            account = self._accounts[gid] = change(account)
        return account

    async def claim(self, gid: str, wanted: Callable[[Account], bool], seconds: float) -> Claim | None:
        """Be the only one who renews an account's credentials."""
        account = self._accounts.get(gid)
        if account is None or not wanted(account):
            return None if account is None else Claim(account)
        if self._claimed.get(gid, ("", 0.0))[1] > self._now():
            return Claim(account, busy=True)
        key = secrets.token_hex(8)
        self._claimed[gid] = key, self._now() + seconds
        return Claim(account, key)

    async def settle(self, gid: str, key: str, change: Change) -> Account | None:
        """``change``, and let others renew."""
        if self._claimed.get(gid, ("", 0.0))[0] == key:
            del self._claimed[gid]
        return await self.change(gid, change)
