"""Jobs: who may begin, who carries them on, and what is done when one has ended.

How many of a caller are under way is decided where they are kept, so that it holds for all processes. Which process
carries one on is the durable engine's to say: it calls ``perform`` in one that lives, and again where one has died.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from time import monotonic, perf_counter
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from fanfold.errors import Crashed, RequestError, Unavailable, Undecided
from fanfold.server.jobs import records
from fanfold.server.jobs.records import OVER, Job, Kind, Settled

if TYPE_CHECKING:
    from fanfold.model import Result
    from fanfold.server.access_log import AccessLog
    from fanfold.server.durable import Runner
    from fanfold.server.jobs.telling import Teller
    from fanfold.server.jobs.work import Make, Work
    from fanfold.serving.observing import Observing
    from fanfold.work.api import Api
    from fanfold.work.session import Session
    from fanfold.work.store import Store

logger = logging.getLogger("fanfold")

AT_ONCE = 100
"""Jobs that one process carries on at once; many of them may do no more than wait for a limit."""

PERFORMANCE = "batch"
"""What the durable engine knows a job by."""

PATHS: Mapping[Kind, str] = {"batch": "/api/1.0/batch", "plan": "/batch-request"}
"""Where jobs are asked for, as the access log has it."""

LOOK = 0.5
"""Seconds between two looks at a job that another process carries on."""


class Terms(Struct, frozen=True):
    """``most`` jobs of a caller are under way at once, 0 for any number; they are ``kept`` seconds when they ended."""

    most: int
    kept: float


class Jobs:
    """The jobs of a server. ``runner`` is to be given before anything begins."""

    runner: Runner

    def __init__(
        self,
        api: Api,
        make: Mapping[Kind, Make],
        terms: Terms,
        teller: Teller,
        observing: Observing,
        log: Callable[[], AccessLog],
    ) -> None:
        self._api = api
        self._make = make
        self._terms = terms
        self._teller = teller
        self._observing = observing
        self._log = log
        self._room = asyncio.Semaphore(AT_ONCE)
        self._running: dict[str, Work] = {}
        self._left: list[Work] = []
        self._ended: dict[str, asyncio.Event] = {}

    # -- beginning ---------------------------------------------------------------------------------------------------

    def admit(self, store: Store, user: str) -> list[str]:
        """In the open action: the jobs of a user that may begin now, which count as begun from now on."""
        return records.admit(store, user, self._terms.most)

    def start(self, jobs: Iterable[str]) -> None:
        """Have jobs carried on that have been admitted."""
        for job in jobs:
            self.runner.start(PERFORMANCE, job, f"batch-{job}")

    async def resume(self) -> bool:
        """Have all jobs carried on that are not at their end; those that are under way just go on."""
        left = await self._api.read(lambda session: records.left(session.store))
        self.start([job for job, _, begun in left if begun])
        for user in dict.fromkeys([user for _, user, begun in left if not begun]):
            await self._admit_next(user)
        return False

    async def _admit_next(self, user: str) -> None:
        self.start(await self._api.write(lambda session: self.admit(session.store, user), records.lane_of(user)))

    # -- carrying on -------------------------------------------------------------------------------------------------

    async def perform(self, subject: str) -> float | None:
        """A performance: carry a job on to its end."""
        async with self._room:
            found = await self._api.read(lambda session: records.find(session.store, subject, 0.0))
            taken = None if found is None else await self._take(found[0])
            if taken is None:
                return None
            job = await self._carry(*taken)
        await self._over(job)
        return None

    async def _take(self, job: Job) -> tuple[Job, bytes, dict[str, Settled], float] | None:
        """The job as it is, which runs from now on, with what was asked and what came of it; None if it has ended."""

        def take(session: Session) -> tuple[Job, bytes, dict[str, Settled], float] | None:
            found = records.find(session.store, job.id, 0.0)
            if found is None or found[0].status in OVER:
                return None
            known, until = found
            if known.status == "queued":
                known = replace(known, status="running", started=session.now().timestamp())
                records.put(session.store, known, until)
            return known, records.request_of(session.store, known), records.results(session.store, known), until

        return await self._api.write(take, records.lane_of(job.user))

    async def _carry(self, job: Job, body: bytes, found: dict[str, Settled], until: float) -> Job:
        started = perf_counter()
        work: Work | None = None
        results: Sequence[Result] = ()
        try:
            work = self._running[job.id] = await self._make[job.kind](job, body, found, until)
            job = await work.run(self._observing, self._terms.kept)
            results = work.results
        except (Unavailable, Undecided):
            raise
        except asyncio.CancelledError:
            if work is not None:
                self._left.append(work)
            raise
        except RequestError as error:
            job = await self._break_off(job, error)
        except Exception:
            logger.exception("job %s broke off", job.id)
            job = await self._break_off(job, Crashed())
        finally:
            self._running.pop(job.id, None)
        self._observing.job(job.status)
        status = 200 if job.status == "succeeded" else 500
        self._log().note(f"job-{job.id}", "JOB", PATHS[job.kind], status, started, job.caller, results)
        return job

    async def _break_off(self, job: Job, error: RequestError) -> Job:
        now = self._api.now().timestamp()
        ended = replace(job, status="failed", why=error.message, finished=now)
        await self._api.write(
            lambda session: records.end(session.store, ended, now + self._terms.kept), records.lane_of(job.user)
        )
        return ended

    # -- ending ------------------------------------------------------------------------------------------------------

    async def cancel(self, job: Job) -> Job | None:
        """Have a job end: what has not begun does not begin. The job after that; None if it is there no more."""

        def cancel(session: Session) -> Job | None:
            found = records.find(session.store, job.id, 0.0)
            if found is None or found[0].status in OVER:
                return None if found is None else found[0]
            known, until = found
            if known.status == "queued":
                now = session.now().timestamp()
                known = replace(known, status="cancelled", finished=now)
                records.end(session.store, known, now + self._terms.kept)
            else:
                known = replace(known, leaving=True)
                records.put(session.store, known, until)
            return known

        known = await self._api.write(cancel, records.lane_of(job.user))
        work = self._running.get(job.id)
        if work is not None:
            work.cancel()
        if known is not None and known.status in OVER:
            await self._over(known)
        return known

    async def _over(self, job: Job) -> None:
        """Tell whoever waits for the end of a job, and go on with the next."""
        event = self._ended.get(job.id)
        if event is not None:
            event.set()
        self._teller.start(job)
        await self._admit_next(job.user)

    async def ended(self, job: str, seconds: float) -> None:
        """Wait until a job is at its end, but so many seconds at most."""
        event = self._ended.setdefault(job, asyncio.Event())
        until = monotonic() + seconds
        try:
            while (left := until - monotonic()) > 0:
                known = await self._api.read(lambda session: records.find(session.store, job, 0.0))
                if known is None or known[0].status in OVER:
                    return
                try:
                    async with asyncio.timeout(min(left, LOOK)):
                        await event.wait()
                except TimeoutError:
                    continue
                event.clear()
        finally:
            if self._ended.get(job) is event:
                del self._ended[job]

    async def drain(self, seconds: float) -> None:
        """Wait for writes that had begun when jobs were left to others."""
        left, self._left = self._left, []
        for work in left:
            await work.drain(seconds)
