"""Requests that come with an idempotency key: carried out once for each account, path and key, whatever they hold."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from msgspec.structs import replace

from fanfold.idempotency import Ledger
from fanfold.model import Answer, Caller, Result
from fanfold.server.connect.asked import Asked

_SAME = b"whatever the body"
"""Stands for what is compared of two requests of one key: nothing."""


class Once:
    """Puts what is asked into the server's ledger."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    async def of(
        self, asked: Asked, account: str, key: str, run: Callable[[], Awaitable[tuple[Answer, Sequence[Result]]]]
    ) -> tuple[Answer, Sequence[Result]]:
        """What ``run`` answers, or what it answered before."""
        found: list[tuple[Answer, Sequence[Result]]] = []

        async def carry_out() -> Answer:
            found.append(await run())
            return found[0][0]

        whom = Caller(f"{asked.method} {asked.path} {account}", asked.caller.user)
        answer, replayed = await self._ledger.once(whom, key, _SAME, carry_out)
        if replayed or not found:
            return replace(answer, headers=(*answer.headers, ("idempotency-replayed", "true"))), ()
        return found[0]
