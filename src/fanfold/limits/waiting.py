"""A limiter that has askers wait where a little patience is enough."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from fanfold.model import Grant, Limiter, Refusal, Standing


class Waiting:
    """Asks another limiter again until it says yes, for ``seconds`` at most; what no wait can help is refused at once.

    ``key``: whose account all costs are taken from; each caller's own where it is empty.
    """

    def __init__(
        self,
        limiter: Limiter,
        seconds: float = 0.0,
        *,
        key: str = "",
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._limiter = limiter
        self._seconds = seconds
        self._key = key
        self._sleep = sleep

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """Take all costs or none, now or a little later."""
        left = self._seconds
        while True:
            outcome = await self._limiter.take(self._key or key, costs)
            if not isinstance(outcome, Refusal) or outcome.retry_after is None or outcome.retry_after > left:
                return outcome
            left -= outcome.retry_after
            await self._sleep(outcome.retry_after)

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What would be said now, whatever a little patience may change."""
        return await self._limiter.look(self._key or key, costs)
