"""Who a request comes from: bearer tokens, of which only SHA-256 digests are stored or remembered."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from fanfold.model import Caller
from fanfold.work.clock import stamp

if TYPE_CHECKING:
    from datetime import datetime

    from fanfold.work import SqliteStore

LOOK_AGAIN = 1.0
"""Seconds after which a token revoked by another process is no longer accepted."""

MAX_REMEMBERED = 10_000


def make_token() -> str:
    """A fresh token: 256 bits that nobody can guess, with a prefix that secret scanners can recognise."""
    return f"fft_{secrets.token_urlsafe(32)}"


def digest(token: str | bytes) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode() if isinstance(token, str) else token).digest()


def issue(store: SqliteStore, user: int, name: str, at: datetime, token: str = "") -> str:
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

    Valid tokens are remembered by digest, for at most a second after another process changed the database.
    """

    def __init__(self, store: SqliteStore, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock = clock
        self._known: dict[bytes, Caller] = {}
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
            self._known.clear()

    def _find(self, key: bytes) -> Caller | None:
        found = self._store.token_user(key)
        if found is None:
            return None
        if len(self._known) >= MAX_REMEMBERED:
            self._known.clear()
        token, user = found
        caller = self._known[key] = Caller(f"token:{token}", str(user))
        return caller
