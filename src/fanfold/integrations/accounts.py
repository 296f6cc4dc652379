"""Accounts at declared APIs: what is known of one, and the port to wherever they are kept."""

from __future__ import annotations

from collections.abc import Iterable
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


class Accounts(Protocol):
    """Where accounts are kept. Called on the event loop thread; each verb is atomic and durable when it returns."""

    def get(self, gid: str) -> Account | None:
        """The account, or None."""

    def save(self, account: Account) -> None:
        """Keep an account, new or changed, whole."""

    def of(self, owner: str) -> Iterable[Account]:
        """Those of one user, oldest first."""

    def delete(self, gid: str) -> bool:
        """Forget an account; whether there was one."""


class MemoryAccounts:
    """Accounts in memory: the fake, and for what needs no more."""

    def __init__(self, *accounts: Account) -> None:
        self._accounts = {account.id: account for account in accounts}

    def get(self, gid: str) -> Account | None:
        """The account, or None."""
        return self._accounts.get(gid)

    def save(self, account: Account) -> None:
        """Keep it."""
        self._accounts[account.id] = account

    def of(self, owner: str) -> list[Account]:
        """Those of one user."""
        return [account for account in self._accounts.values() if account.owner == owner]

    def delete(self, gid: str) -> bool:
        """Forget it."""
        return self._accounts.pop(gid, None) is not None
