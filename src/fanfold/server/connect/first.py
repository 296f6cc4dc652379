"""The account that a new server begins with: the work API of the server itself, for the first user."""

from __future__ import annotations

import uuid

from fanfold.integrations.accounts import Account
from fanfold.server.connect.inside import WORK
from fanfold.server.connect.store import SealedAccounts, Sealing
from fanfold.work import SqliteStore
from fanfold.work.seed import first_user

_KNOWN = "first_account"


def first_account(store: SqliteStore, now: str) -> str:
    """The id of the first account, which is made where there never was one; empty where it was deleted."""
    accounts = SealedAccounts(store, _no_seal)
    known = store.setting(_KNOWN)
    if known is not None:
        return known.decode() if accounts.get(known.decode()) is not None else ""
    account = Account(
        id=str(uuid.uuid4()), integration=WORK, owner=str(first_user(store)), created_at=now, updated_at=now
    )
    accounts.save(account)
    with store.transaction():
        store.set(_KNOWN, account.id.encode())
    return account.id


def _no_seal() -> Sealing:
    raise TypeError("the first account holds nothing that is to be sealed")
