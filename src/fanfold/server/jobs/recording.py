"""Keeping what becomes known of a job while it is carried out: a little later, and many results together.

Whoever keeps it finds out on the way whether the job is wanted any longer: its owner may have asked any process.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from msgspec.structs import replace

from fanfold.errors import Unavailable, Undecided
from fanfold.server.jobs import records
from fanfold.server.jobs.records import Job, Settled

if TYPE_CHECKING:
    from fanfold.work.api import Api
    from fanfold.work.session import Session

logger = logging.getLogger("fanfold")

SOON = 0.1
"""Seconds between two writes at least."""

APART = 1.0
"""Seconds between two times that all of it is kept, where there is only all of it."""

LOOK = 1.0
"""Seconds between two looks whether the job is wanted, where there is nothing to write."""

AGAIN = 1.0
"""Seconds after which it is tried again where the database could not be reached."""


class Recorder:
    """Keeps the results of one job, until the moment ``until``; ``left`` is called when it is not wanted any more.

    ``gather`` is asked for more to be kept, if what it gave last is so many seconds old.
    """

    def __init__(
        self,
        api: Api,
        job: Job,
        until: float,
        left: Callable[[], None],
        gather: Callable[[float], Sequence[Settled]] = lambda _: (),
    ) -> None:
        self._gather = gather
        self._api = api
        self._job = job
        self._until = until
        self._left = left
        self._found: list[Settled] = []
        self._done, self._failed = job.done, job.failed
        self._told = job.done
        self._news = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._keep_up())

    def settled(self, found: Settled | None, *, failed: bool) -> None:
        """One more action is settled; ``found`` is to be kept, unless it is kept already."""
        self._done += 1
        self._failed += failed
        if found is not None:
            self._found.append(found)
        self._news.set()

    async def close(self) -> None:
        """Keep nothing more by itself."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def finish(self, job: Job, until: float) -> None:
        """Keep what is left, and the job as it is in the end."""
        await self.close()
        found, self._found = [*self._found, *self._gather(0.0)], []

        def finish(session: Session) -> None:
            known = records.find(session.store, job.id, 0.0)
            if known is None or known[0].status in records.OVER:
                return
            if found:
                records.add(session.store, job, found, self._until)
            records.end(session.store, replace(job, done=self._done, failed=self._failed), until)

        while True:
            try:
                await self._api.write(finish, records.lane_of(job.user))
            except (Unavailable, Undecided):
                await asyncio.sleep(AGAIN)
            else:
                return

    async def _keep_up(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news.wait()
            self._news.clear()
            found, self._found = [*self._found, *self._gather(APART)], []
            wanted = True
            try:
                wanted = await self._keep(found)
            except BaseException as error:
                # What may have been kept is kept once more, which is the same.
                self._found[:0] = found
                self._news.set()
                if isinstance(error, asyncio.CancelledError):
                    raise
                if not isinstance(error, Unavailable | Undecided):
                    logger.exception("what became of a job could not be kept; it is tried again")
                await asyncio.sleep(AGAIN)
            if not wanted:
                self._left()
            await asyncio.sleep(SOON)

    async def _keep(self, found: list[Settled]) -> bool:
        """Keep something; whether the job is still wanted."""
        done, failed = self._done, self._failed

        def keep(session: Session) -> bool:
            known = records.find(session.store, self._job.id, 0.0)
            if known is None:
                return False
            if found:
                records.add(session.store, known[0], found, self._until)
            if known[0].status == "running":
                records.put(session.store, replace(known[0], done=done, failed=failed), known[1])
            return not known[0].leaving

        if not found and done == self._told:
            known = await self._api.read(lambda session: records.find(session.store, self._job.id, 0.0))
            return known is not None and not known[0].leaving
        self._told = done
        return await self._api.write(keep, records.lane_of(self._job.user))
