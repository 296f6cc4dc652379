"""Who a request comes from: bearer tokens, of which only SHA-256 digests are stored or remembered."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from fanfold.model import Caller
from fanfold.work.clock import Clock, stamp, utc_now
from fanfold.work.scopes import EVERYTHING

if TYPE_CHECKING:
    from datetime import datetime

    from fanfold.work import Store

LOOK_AGAIN = 1.0
"""Seconds after which a token revoked by another process is no longer accepted."""

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
    if store.token_user(digest(token)) is None:
        store.begin_action()
        store.add_token(digest(token), user, name, stamp(at))
        store.end_action()
        store.commit()
    return token


class TokenBook:
    """Finds the caller for an ``Authorization`` header.

    Valid tokens are remembered by digest, for at most a second after another process changed the database. Those of
    apps expire by the clock ``now``.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic, now: Clock = utc_now) -> None:
        self._store = store
        self._clock = clock
        self._now = now
        self._known: dict[bytes, Caller] = {}
        self._expiring: dict[bytes, tuple[int, Caller]] = {}
        self._look_at = 0.0
        self._seen = store.changes_elsewhere()

    def caller(self, headers: Iterable[tuple[bytes, bytes]]) -> Caller | None:
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
        return known if known is not None else self._find(key)

    def _look_again(self) -> None:
        self._look_at = self._clock() + LOOK_AGAIN
        seen = self._store.changes_elsewhere()
        if seen != self._seen:
            self._seen = seen
            self.forget()

    def forget(self) -> None:
        """Look each token up again: some may have been taken back by this process."""
        self._known.clear()
        self._expiring.clear()

    def _find(self, key: bytes) -> Caller | None:
        expiring = self._expiring.get(key)
        if expiring is not None and self._now().timestamp() < expiring[0]:
            return expiring[1]
        if len(self._known) + len(self._expiring) >= MAX_REMEMBERED:
            self.forget()
        found = self._store.token_user(key)
        if found is None:
            return self._of_app(key)
        token, user = found
        caller = self._known[key] = Caller(f"token:{token}", str(user))
        return caller

    def _of_app(self, key: bytes) -> Caller | None:
        """An app in a user's name. Limits count on what the user allowed, however often its tokens are renewed."""
        found = self._store.voucher(key)
        if found is None or found.what != "access" or found.spent or found.expires_at is None:
            return None
        if self._now().timestamp() >= found.expires_at:
            return None
        scopes = frozenset(found.scope.split())
        caller = Caller(f"app:{found.consent}", str(found.user), None if EVERYTHING in scopes else scopes)
        self._expiring[key] = found.expires_at, caller
        return caller
