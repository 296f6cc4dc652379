"""Accounts and what belongs to them on the shelves of the work API's database.

What an account holds is sealed, so that whoever finds the database, or a copy of it, finds no credentials in it. Each
verb is a transaction of its own, and is called on the event loop thread as the database is.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from fanfold.errors import RequestError, SetupError
from fanfold.integrations.accounts import Account, Status
from fanfold.server.tokens import digest
from fanfold.work import Store
from fanfold.work.store.shelves import Shelved

ACCOUNTS = "account"
TOKENS = "account token"

TOKEN_LIFE = 900.0
"""Seconds that the token of an account is valid."""

MAX_REMEMBERED = 10_000
"""Accounts whose content is kept open in memory."""

_encode = msgspec.json.Encoder().encode


class Sealing(Protocol):
    """What seals and opens; see ``integrations/seal.py``."""

    def seal(self, value: Mapping[str, Any], about: str = "") -> bytes:
        """A value of JSON, sealed for what it is about."""

    def open(self, sealed: bytes, about: str = "") -> dict[str, Any]:
        """What was sealed; raises ``SetupError`` where it cannot be opened."""


class Row(msgspec.Struct, frozen=True, omit_defaults=True):
    """An account as it is stored. Its id is the name, its owner the owner on the shelf."""

    integration: str
    tenant_id: str = ""
    status: Status = "active"
    is_sandbox: bool = False
    is_blocked: bool = False
    authentication_method: str = ""
    created_at: str = ""
    updated_at: str = ""
    sealed: bytes = b""


_read = msgspec.json.Decoder(Row).decode


class SealedAccounts:
    """Satisfies ``integrations.accounts.Accounts``. ``sealing`` gives the seal when it is first needed."""

    def __init__(self, store: Store, sealing: Callable[[], Sealing]) -> None:
        self._store = store
        self._sealing = sealing
        self._known: dict[str, tuple[Shelved, Account]] = {}

    def get(self, gid: str) -> Account | None:
        """The account, or None. Raises ``RequestError`` 503 for one that was sealed with another key."""
        row = self._store.shelved(ACCOUNTS, gid)
        return None if row is None else self._opened(row)

    def save(self, account: Account) -> None:
        """Keep an account, new or changed, whole."""
        sealed = self._sealing().seal(account.context, account.id) if account.context else b""
        row = Row(
            account.integration,
            account.tenant_id,
            account.status,
            account.is_sandbox,
            account.is_blocked,
            account.authentication_method,
            account.created_at,
            account.updated_at,
            sealed,
        )
        with self._store.transaction():
            self._store.shelve(ACCOUNTS, Shelved(account.id, int(account.owner), None, _encode(row)))

    def of(self, owner: str) -> list[Account]:
        """Those of one user, oldest first."""
        return [self._opened(row) for row in self._store.shelved_of(ACCOUNTS, int(owner))]

    def count(self, owner: str) -> int:
        """How many a user has."""
        return len(self._store.shelved_of(ACCOUNTS, int(owner)))

    def delete(self, gid: str) -> bool:
        """Forget an account; whether there was one."""
        self._known.pop(gid, None)
        with self._store.transaction():
            return self._store.unshelve(ACCOUNTS, gid)

    def _opened(self, row: Shelved) -> Account:
        """The account of a row; what was opened before need not be opened again while the row is the same."""
        known = self._known.get(row.name)
        if known is not None and known[0] == row:
            return known[1]
        stored = _read(row.document)
        try:
            context = self._sealing().open(stored.sealed, row.name) if stored.sealed else {}
        except SetupError as error:
            raise RequestError(f"The account {row.name} cannot be opened. {error.message}", status=503) from None
        account = Account(
            id=row.name,
            integration=stored.integration,
            owner=str(row.owner),
            tenant_id=stored.tenant_id,
            status=stored.status,
            is_sandbox=stored.is_sandbox,
            is_blocked=stored.is_blocked,
            authentication_method=stored.authentication_method,
            context=context,
            created_at=stored.created_at,
            updated_at=stored.updated_at,
        )
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        self._known[row.name] = row, account
        return account


class AccountTokens:
    """Tokens that open one account for a quarter of an hour. Only digests are stored; ``now`` is since 1970."""

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now

    def issue(self, account: Account) -> str:
        """A fresh token; it is returned once and kept nowhere."""
        token = f"ffa_{secrets.token_urlsafe(32)}"
        now = self._now()
        row = Shelved(digest(token).hex(), int(account.owner), now + TOKEN_LIFE, account.id.encode())
        with self._store.transaction():
            self._store.drop_shelved(now)
            self._store.shelve(TOKENS, row)
        return token

    def account(self, token: bytes) -> str | None:
        """The id of the account that a token opens now."""
        row = self._store.shelved(TOKENS, digest(token).hex())
        if row is None or row.until is None or row.until <= self._now():
            return None
        return row.document.decode()
