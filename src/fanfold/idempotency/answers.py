"""Where a ledger keeps what it knows: the few verbs that a store of answers has to have, each of them atomic.

A store knows neither callers nor keys, only names, which are digests of both, so that nothing in it opens a door. What
it was told is durable when its verb returns, as far as the store is durable at all.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from fanfold.model import Answer


class Kept(Struct, frozen=True):
    """What stands under a name.

    ``fingerprint`` is of the request that was first sent with the key; ``done`` says that its end was seen; ``answer``
    is missing where it was not, and where the answer was too large to be kept.
    """

    fingerprint: bytes
    done: bool = False
    answer: Answer | None = None


class AnswerStore(Protocol):
    """Answers by name. Moments are in seconds since 1970; what has come to its ``until`` is no longer there."""

    async def begin(self, name: bytes, fingerprint: bytes, now: float, until: float) -> Kept | None:
        """Note that a request is about to be carried out, until ``until``: None. Or what stands there, unchanged.

        Forgets a few entries whose time is over. Raises ``RequestError`` 503 where there is no room for one more.
        """

    async def finish(self, name: bytes, fingerprint: bytes, answer: Answer, until: float) -> None:
        """Keep the answer of what was begun until ``until``, also where it took so long that its time was over."""

    async def forget(self, name: bytes) -> None:
        """Take back a beginning, so that the next ``begin`` is the first."""
