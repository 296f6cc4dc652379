"""A batch of actions that is carried out as a job: begun, or gone on with where another process has left it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from fanfold.engine import Engine, has_failed
from fanfold.errors import FailedDependency, TimedOut
from fanfold.model import Action, Batch, Conduct, Result, Standing, Wiring
from fanfold.server.jobs import records
from fanfold.server.jobs.actions import Actions, Means, Room
from fanfold.server.jobs.recording import Recorder
from fanfold.server.jobs.work import NOT_ALLOWED

if TYPE_CHECKING:
    from fanfold.dialects import AsanaDialect
    from fanfold.server.jobs.records import Job, Settled, Status
    from fanfold.serving.observing import Observing

AT_ONCE = 10
"""Actions of one job that are under way at once at most."""

_CANCELLED = "Not carried out: the job was cancelled"
_TOO_LATE = "Not carried out: the time for this job was over"


class BatchWork:
    """One batch, of which some results may be there already (``found``); kept until the moment ``until``."""

    def __init__(
        self, means: Means, dialect: AsanaDialect, job: Job, body: bytes, found: dict[str, Settled], until: float
    ) -> None:
        self._dialect = dialect
        self._job = job
        batch = dialect.decode(body)
        self._batch = _with_places(batch)
        wirings = [action.wiring or Wiring() for action in batch.actions]
        self._known = {place for place in found if "/" not in place}
        self._room = Room(means.most - sum(len(one.body) for one in found.values()))
        answers = {place: one.answer for place, one in found.items()}
        self._actions = Actions(means, job, answers, wirings, self._room, until)
        failed = sum(found[place].status >= 400 for place in self._known)
        started = replace(job, done=len(self._known), failed=failed)
        self._recorder = Recorder(means.api, started, until, self.cancel)
        self._engine = Engine(self._actions, max_fan_out=means.fan_out, ledger=self._actions)
        self._now = means.api.now
        self._until = min(job.deadline, job.created + (batch.deadline or job.deadline))
        self._status: Status = "succeeded"
        self._why = ""
        self.results: Sequence[Result] = ()

    def cancel(self) -> None:
        """Begin nothing any more."""
        self._end("cancelled", "")
        self._actions.stop(FailedDependency(_CANCELLED))

    def _be_late(self) -> None:
        self._end("failed", TimedOut().message)
        self._actions.stop(TimedOut(_TOO_LATE))

    def _end(self, status: Status, why: str) -> None:
        if self._status == "succeeded":
            self._status, self._why = status, why

    async def run(self, observing: Observing, kept: float) -> Job:
        """Carry it out; the job as it is in the end. It is kept for so many seconds from then on."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(max(self._until - self._now().timestamp(), 0.0), self._be_late)
        if self._job.leaving:
            self.cancel()
        try:
            self.results = await observing.run(
                (), self._batch, lambda: self._engine.run(self._batch, self._job.caller, None, self)
            )
            if not self._actions.let_in:
                self._end("failed", NOT_ALLOWED)
            now = self._now().timestamp()
            job = replace(self._job, status=self._status, why=self._why, finished=now)
            await self._recorder.finish(job, now + kept)
        except asyncio.CancelledError:
            self._actions.stop(FailedDependency(_CANCELLED))  # nobody will see it: another process goes on with this
            raise
        finally:
            timer.cancel()
            await self._recorder.close()
        return job

    async def drain(self, seconds: float) -> None:
        """Wait for writes that have begun, after ``run`` was cancelled."""
        await self._engine.drain(seconds)

    # -- as the engine's watch ---------------------------------------------------------------------------------------

    def admitted(self, standing: tuple[Standing, ...]) -> None:
        """Each action is admitted for itself."""

    def settled(self, place: int, result: Result) -> None:
        """Keep what became of an action, if it is not kept yet."""
        name = str(place)
        if name in self._known:
            return
        found = None
        if name not in self._actions.kept:
            answer = self._dialect.settled_answer(result)
            found = records.settled(name, self._room.bounded(answer))
        self._recorder.settled(found, failed=has_failed(result))


def _with_places(batch: Batch) -> Batch:
    """The batch with its places as the keys of its actions, which wait for each other as they did."""
    actions = tuple([_with_place(action, place) for place, action in enumerate(batch.actions)])
    conduct = batch.conduct or Conduct(max_parallel=AT_ONCE)
    return replace(batch, actions=actions, conduct=conduct, timeout=None, deadline=None)


def _with_place(action: Action, place: int) -> Action:
    wiring = action.wiring or Wiring()
    return replace(action, wiring=replace(wiring, key=str(place), timeout=None))
