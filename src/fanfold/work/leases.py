"""What only one of several processes may do at a time: it is written down who does it, and until when.

A lease is taken in the transaction of what it is taken for, and runs out by itself if its holder dies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.store.shelves import Shelved

if TYPE_CHECKING:
    from fanfold.work.store import Store

SHELF = "leases"


def take(store: Store, name: str, holder: bytes, now: float, seconds: float) -> float:
    """Hold a lease for so many seconds from ``now`` (since 1970): 0; or how long another holds it yet.

    One that would be held for longer than that was taken by a clock that is ahead of this one, or before this one was
    put back. From now on it has so many seconds and no more.
    """
    left = left_of(store, name, holder, now)
    if left > seconds:
        found = store.shelved(SHELF, name)
        store.shelve(SHELF, Shelved(name, 0, now + seconds, b"" if found is None else found.document))
        return seconds
    if not left:
        store.shelve(SHELF, Shelved(name, 0, now + seconds, holder))
    return left


def left_of(store: Store, name: str, holder: bytes, now: float) -> float:
    """How long another holds a lease yet; 0 where it may be taken."""
    found = store.shelved(SHELF, name)
    if found is None or found.document == holder or found.until is None:
        return 0.0
    return max(0.0, found.until - now)


def give_up(store: Store, name: str, holder: bytes) -> None:
    """Hold a lease no longer, if it is still ours."""
    found = store.shelved(SHELF, name)
    if found is not None and found.document == holder:
        store.unshelve(SHELF, name)
