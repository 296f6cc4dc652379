"""What keeps searches quick: the search index is brought up to date in quiet moments, before somebody searches.

A database that was never searched has no index and gets none here, so that nobody pays for what is not used.
"""

from __future__ import annotations

import asyncio
import logging

from fanfold.errors import Unavailable, Undecided
from fanfold.work.api import Api
from fanfold.work.search import keep_up

logger = logging.getLogger("fanfold")

QUIET = 1.0
"""Seconds in which nothing was written, after which it is quiet; also the time between two looks round."""

BACKLOG = 10_000
"""Events that the index may lack while it is never quiet. The log is not cut off before the index has read it."""

AT_ONCE = 50
"""Steps that are made in one round if it is not quiet: some 50 ms in all, between which others have their turn."""


class Indexer:
    """Has the search index brought up to date."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._newest = -1
        self._rounds: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to look round, unless that has begun."""
        if self._rounds is None:
            self._rounds = asyncio.get_running_loop().create_task(self._look_round_for_ever())

    async def _look_round_for_ever(self) -> None:
        while True:
            await asyncio.sleep(QUIET)
            try:
                await self.look_round()
            except (Unavailable, Undecided) as error:
                logger.warning("keeping the search index has to wait: %s", error.message)
            except Exception:
                logger.exception("keeping the search index failed; it is tried again")

    async def look_round(self) -> None:
        """Bring the index up to date if nothing was written since the last look round, or a part of the way."""
        newest = await self._newest_event()
        quiet = newest == self._newest
        self._newest = newest
        steps = 0
        while quiet or (steps < AT_ONCE and await self._backlog() > BACKLOG):
            if not await keep_up(self._api):
                break
            steps += 1
            await asyncio.sleep(0)
            quiet = quiet and await self._newest_event() == newest

    async def _newest_event(self) -> int:
        return await self._api.read(lambda session: session.store.last_event())

    async def _backlog(self) -> int:
        return await self._api.read(lambda session: session.store.index_backlog())

    async def close(self) -> None:
        """Look round no more."""
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.gather(self._rounds, return_exceptions=True)
