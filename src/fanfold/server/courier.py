"""What keeps webhooks going: begins a delivery when there is something to tell, and looks round now and then.

Looking round finds what nobody told of: heartbeats that are due, and what a dead process had committed and not yet
begun to deliver. On the way it cuts off the log behind everybody who may still read it, and does what other chores
there are.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable

from fanfold.errors import Unavailable, Undecided
from fanfold.server.durable import Runner
from fanfold.work.deliveries import Deliveries

logger = logging.getLogger("fanfold")

ROUND = 60.0
"""Seconds between two looks round."""

Turn = Callable[[], Awaitable[bool]]

Chore = Callable[[], Awaitable[bool]]
"""Does a bounded amount of what is to be done now and then; whether there is more."""


async def _always() -> bool:
    return True


class Courier:
    """Has the deliveries of webhooks carried on; ``runner`` is to be given before anything begins."""

    runner: Runner

    def __init__(self, deliveries: Deliveries, *chores: Chore, turn: Turn | None = None) -> None:
        """``turn`` says whether it is for this process to look round, of several that could."""
        self._deliveries = deliveries
        self._turn = turn or _always
        self._chores = (deliveries.prune, *chores)
        self._under_way: set[int] = set()
        self._numbers = itertools.count(1)
        self._life = secrets.token_hex(6)
        self._rounds: asyncio.Task[None] | None = None

    def begin(self, webhooks: Iterable[int]) -> None:
        """Deliver what there is for these webhooks, unless that is under way."""
        for gid in webhooks:
            if gid not in self._under_way:
                self._start(gid)

    def _start(self, gid: int) -> None:
        self._under_way.add(gid)
        self.runner.start("delivery", str(gid), f"delivery-{gid}-{self._life}-{next(self._numbers)}")

    async def deliver(self, subject: str) -> float | None:
        """A performance: send one webhook what it is to be sent now; seconds until there is more to do."""
        gid = int(subject)
        pause = None
        try:
            inherited = gid not in self._under_way
            self._under_way.add(gid)
            pause = await self._deliveries.attempt(gid, inherited=inherited)
        finally:
            if pause is None:
                self._under_way.discard(gid)
        return pause

    # -- looking round -----------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to look round: at once, and then again and again. Also after the data or the clock were changed."""
        if self._rounds is not None:
            self._rounds.cancel()
        self._under_way.clear()
        self._rounds = asyncio.get_running_loop().create_task(self._look_round())

    async def _look_round(self) -> None:
        while True:
            more = [False]
            if await self._do(self._turn):
                await self._do(self._look_for_overdue)
                more = [await self._do(chore) for chore in self._chores]
            await asyncio.sleep(1.0 if any(more) else ROUND)

    async def _look_for_overdue(self) -> bool:
        for gid in await self._deliveries.overdue():
            self._start(gid)
        return False

    async def _do(self, chore: Chore) -> bool:
        try:
            return await chore()
        except (Unavailable, Undecided) as error:
            logger.warning("a chore has to wait: %s", error.message)
            return False
        except Exception:
            logger.exception("a chore failed; it is tried again")
        return False

    async def close(self) -> None:
        """Look round no more."""
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.gather(self._rounds, return_exceptions=True)
