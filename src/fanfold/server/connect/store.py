"""Accounts on the shelves of the work API's database, which other processes may share.

What an account holds is sealed, so that whoever finds the database, or a copy of it, finds no credentials in it. What
takes a store is called in the work of a session, and is part of its transaction; what is awaited has one of its own.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

import msgspec

from fanfold.errors import RequestError, SetupError
from fanfold.integrations.accounts import Account, Change, Claim, Status
from fanfold.work import Store, leases
from fanfold.work.api import Api
from fanfold.work.session import Session
from fanfold.work.store.shelves import Shelved

T = TypeVar("T")
F = TypeVar("F", bound="tuple[Account | None, *tuple[Any, ...]]")

ACCOUNTS = "account"

LATELY = 1.0
"""Seconds for which the calls of a batch go by the account as it was read last; each request begins by reading it."""

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


def shelve_account(store: Store, account: Account, sealed: bytes = b"") -> None:
    """Put an account on its shelf, with what it holds ``sealed``."""
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
    store.shelve(ACCOUNTS, Shelved(account.id, int(account.owner), None, _encode(row)))


class _Seen:
    """An account as it was when it was ``asked`` for; None where there was none, or it was changed then."""

    __slots__ = ("account", "asked", "look_at")

    def __init__(self, account: Account | None, asked: float) -> None:
        self.account = account
        self.asked = asked
        self.look_at = asked + LATELY


class SealedAccounts:
    """Satisfies ``integrations.accounts.Accounts``. ``sealing`` gives the seal when it is first needed.

    ``clock`` only goes forward, ``now`` gives seconds since 1970 for those who share the database.
    """

    def __init__(
        self,
        api: Api,
        sealing: Callable[[], Sealing],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._api = api
        self._sealing = sealing
        self._clock = clock
        self._now = now
        self._open: dict[str, tuple[Shelved, Account]] = {}
        self._seen: dict[str, _Seen] = {}

    # -- in the work of a session ------------------------------------------------------------------------------------

    def find(self, store: Store, gid: str) -> Account | None:
        """The account, or None. Raises ``RequestError`` 503 for one that was sealed with another key."""
        row = store.shelved(ACCOUNTS, gid)
        return None if row is None else self._opened(row)

    def keep(self, store: Store, account: Account) -> None:
        """Keep an account, new or changed, whole."""
        sealed = self._sealing().seal(account.context, account.id) if account.context else b""
        shelve_account(store, account, sealed)

    def of(self, store: Store, owner: str) -> list[Account]:
        """Those of one user, oldest first."""
        return [self._opened(row) for row in store.shelved_of(ACCOUNTS, int(owner))]

    def count(self, store: Store, owner: str) -> int:
        """How many a user has."""
        return len(store.shelved_of(ACCOUNTS, int(owner)))

    def remove(self, store: Store, gid: str) -> bool:
        """Forget an account; whether there was one."""
        self._open.pop(gid, None)
        return store.unshelve(ACCOUNTS, gid)

    def _opened(self, row: Shelved) -> Account:
        """The account of a row; what was opened before need not be opened again while the row is the same."""
        known = self._open.get(row.name)
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
        if len(self._open) >= MAX_REMEMBERED:
            self._open.clear()
        self._open[row.name] = row, account
        return account

    # -- for a request, and its calls --------------------------------------------------------------------------------

    async def look(self, find: Callable[[Store], F]) -> F:
        """The account that ``find`` finds now, and what else; the calls of this request go by that account."""
        asked = self._clock()
        found = await self._api.read(lambda session: find(session.store))
        if found[0] is not None:
            self._note(found[0].id, found[0], asked)
        return found

    async def get(self, gid: str) -> Account | None:
        """The account as it is stored now, or None."""
        asked = self._clock()
        account = await self._api.read(lambda session: self.find(session.store, gid))
        self._note(gid, account, asked)
        return account

    async def lately(self, gid: str) -> Account | None:
        """The account as it was at most a second ago, if it was read since, else as it is now."""
        seen = self._seen.get(gid)
        if seen is None or seen.account is None:
            return await self.get(gid)
        now = self._clock()
        if now < seen.look_at:
            return seen.account
        seen.look_at = now + LATELY  # while one call looks again the others need not
        return await self.get(gid)

    def _note(self, gid: str, account: Account | None, asked: float) -> None:
        """Remember an account, unless what is known of it was asked for later: answers overtake each other."""
        seen = self._seen.get(gid)
        if seen is None or asked >= seen.asked:
            if len(self._seen) >= MAX_REMEMBERED:
                self._seen.clear()
            self._seen[gid] = _Seen(account, asked)

    # -- changes -----------------------------------------------------------------------------------------------------

    async def write(self, gid: str, work: Callable[[Store], T]) -> T:
        """What ``work`` returns, which may change an account, once that is durable."""
        try:
            return await self._api.write(lambda session: work(session.store))
        finally:
            # Somebody else may have changed it since, so it is read again.
            self._note(gid, None, self._clock())

    async def change(self, gid: str, change: Change) -> Account | None:
        """Put what ``change`` makes of an account in its place; what is there then, None where there is none."""
        return await self.write(gid, lambda store: self._changed(store, gid, change))

    def _changed(self, store: Store, gid: str, change: Change) -> Account | None:
        account = self.find(store, gid)
        if account is None:
            return None
        changed = change(account)
        if changed is not account:
            self.keep(store, changed)
        return changed

    # -- renewals ----------------------------------------------------------------------------------------------------

    async def claim(self, gid: str, wanted: Callable[[Account], bool], seconds: float) -> Claim | None:
        """Be the only one of all processes who renews an account's credentials, if that is wanted of it.

        Whoever may not only reads, so that it costs little to ask again.
        """
        key = secrets.token_hex(8)

        def look(session: Session) -> Claim | None:
            account = self.find(session.store, gid)
            if account is None or not wanted(account):
                return None if account is None else Claim(account)
            # A lease for longer than anybody has one was taken before the clock was put back: ``take`` sees to it.
            busy = 0 < leases.left_of(session.store, _renewal_of(gid), key.encode(), self._now()) <= seconds
            return Claim(account, "" if busy else key, busy)

        def take(session: Session) -> Claim | None:
            claim = look(session)
            if claim is None or not claim.key:
                return claim
            left = leases.take(session.store, _renewal_of(gid), key.encode(), self._now(), seconds)
            return Claim(claim.account, "", busy=True) if left else claim

        claim = await self._api.read(look)
        return await self._api.write(take) if claim is not None and claim.key else claim

    async def settle(self, gid: str, key: str, change: Change) -> Account | None:
        """``change``, and let others renew."""

        def work(store: Store) -> Account | None:
            leases.give_up(store, _renewal_of(gid), key.encode())
            return self._changed(store, gid, change)

        return await self.write(gid, work)


def _renewal_of(gid: str) -> str:
    """What is leased by whoever renews an account's credentials."""
    return f"renewal {gid}"
