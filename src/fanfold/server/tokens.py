"""Who a request comes from: bearer tokens, of which only SHA-256 digests are stored or remembered."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from fanfold.model import Caller
from fanfold.work.clock import stamp
from fanfold.work.scopes import EVERYTHING
from fanfold.work.store.apps import Voucher

if TYPE_CHECKING:
    from datetime import datetime

    from fanfold.work import Store
    from fanfold.work.api import Api

MAX_REMEMBERED = 10_000


def make_token() -> str:
    """A fresh token: 256 bits that nobody can guess, with a prefix that secret scanners can recognise."""
    return f"fft_{secrets.token_urlsafe(32)}"


def digest(token: str | bytes) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode() if isinstance(token, str) else token).digest()


def issue(store: Store, user: int, name: str, at: datetime, token: str = "") -> str:
    """Make a token for a user and store its digest; the token itself is returned once and kept nowhere."""
    token = token or make_token()
    with store.transaction():
        keep_token(store, user, name, at, token)
    return token


def keep_token(store: Store, user: int, name: str, at: datetime, token: str) -> None:
    """Store the digest of a token, in the open action, unless it is there."""
    if store.token_user(digest(token)) is None:
        store.add_token(digest(token), user, name, stamp(at))


class TokenBook:
    """Finds the caller for an ``Authorization`` header.

    Valid tokens are remembered by digest, for at most a second after another process changed the database. Those of
    apps expire by the clock of the API.
    """

    def __init__(self, api: Api, clock: Callable[[], float] = time.monotonic) -> None:
        self._api = api
        self._clock = clock
        self._now = api.now
        self._known: dict[bytes, Caller] = {}
        self._expiring: dict[bytes, tuple[int, Caller]] = {}
        self._look_at = 0.0
        self._seen = api.changes_elsewhere()

    async def caller(self, headers: Iterable[tuple[bytes, bytes]]) -> Caller | None:
        """Who sent these headers, or None where there is no token or not a valid one."""
        authorization = b""
        for name, value in headers:
            if name == b"authorization":
                if authorization:
                    return None
                authorization = value
        scheme, _, token = authorization.partition(b" ")
        if scheme.lower() != b"bearer" or not token:
            return None
        if self._clock() >= self._look_at:
            self._look_again()
        key = hashlib.sha256(token.strip()).digest()
        known = self._known.get(key)
        return known if known is not None else await self._find(key)

    async def is_still_let_in(self, caller: Caller) -> bool:
        """Whether one who was let in before still would be: what opened the door has not been taken back since.

        An app is let in for as long as its user allows it something, also when its token has expired.
        """
        kind, _, number = caller.key.partition(":")
        if kind == "token":
            return await self._api.read(lambda session: session.store.is_token_valid(int(number)))
        return kind == "app" and await self._api.read(lambda session: session.store.is_consent_given(int(number)))

    def _look_again(self) -> None:
        self._look_at = self._clock() + self._api.look_again
        seen = self._api.changes_elsewhere()
        if seen != self._seen:
            self._seen = seen
            self.forget()

    def forget(self) -> None:
        """Look each token up again: some may have been taken back by this process."""
        self._known.clear()
        self._expiring.clear()

    async def _find(self, key: bytes) -> Caller | None:
        expiring = self._expiring.get(key)
        if expiring is not None and self._now().timestamp() < expiring[0]:
            return expiring[1]
        if len(self._known) + len(self._expiring) >= MAX_REMEMBERED:
            self.forget()
        found = await self._api.read(lambda session: session.store.token_user(key) or session.store.voucher(key))
        if isinstance(found, Voucher):
            return self._of_app(key, found)
        if found is None:
            return None
        token, user = found
        caller = self._known[key] = Caller(f"token:{token}", str(user))
        return caller

    def _of_app(self, key: bytes, found: Voucher) -> Caller | None:
        """An app in a user's name. Limits count on what the user allowed, however often its tokens are renewed."""
        if found.what != "access" or found.spent or found.expires_at is None:
            return None
        if self._now().timestamp() >= found.expires_at:
            return None
        scopes = frozenset(found.scope.split())
        caller = Caller(f"app:{found.consent}", str(found.user), None if EVERYTHING in scopes else scopes)
        self._expiring[key] = found.expires_at, caller
        return caller
