"""The account that a new server begins with: the work API of the server itself, for the first user."""

from __future__ import annotations

import uuid

from fanfold.integrations.accounts import Account
from fanfold.server.connect.inside import WORK
from fanfold.server.connect.store import ACCOUNTS, shelve_account
from fanfold.work import Store
from fanfold.work.seed import first_user

_KNOWN = "first_account"


def first_account(store: Store, now: str) -> str:
    """``begun_with`` in a transaction of its own, for whoever has no session."""
    with store.transaction():
        return begun_with(store, now)


def begun_with(store: Store, now: str) -> str:
    """The id of the first account, which is made where there never was one; empty where it was deleted."""
    owner = first_user(store)
    there = [row.name for row in store.shelved_of(ACCOUNTS, owner)]
    known = store.setting(_KNOWN)
    if known is not None:
        return known.decode() if known.decode() in there else ""
    # Where there are some, they were there before the data around them.
    gid = there[0] if there else str(uuid.uuid4())
    if not there:
        shelve_account(store, Account(id=gid, integration=WORK, owner=str(owner), created_at=now, updated_at=now))
    store.set(_KNOWN, gid.encode())
    return gid
