"""Tokens that open one account for a quarter of an hour, on the shelves of the work API's database."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from fanfold.integrations.accounts import Account
from fanfold.server.tokens import digest
from fanfold.work import Store
from fanfold.work.store.shelves import Shelved

TOKENS = "account token"
PREFIX = b"ffa_"

TOKEN_LIFE = 900.0
"""Seconds that the token of an account is valid."""


class AccountTokens:
    """Only digests are stored; ``now`` is since 1970. Called in the work of a session."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now

    def issue(self, store: Store, account: Account) -> str:
        """A fresh token; it is returned once and kept nowhere."""
        token = f"{PREFIX.decode()}{secrets.token_urlsafe(32)}"
        now = self._now()
        store.drop_shelved(now)
        store.shelve(TOKENS, Shelved(digest(token).hex(), int(account.owner), now + TOKEN_LIFE, account.id.encode()))
        return token

    def account(self, store: Store, token: bytes) -> str | None:
        """The id of the account that a token opens now."""
        row = store.shelved(TOKENS, digest(token).hex())
        if row is None or row.until is None or row.until <= self._now():
            return None
        return row.document.decode()
