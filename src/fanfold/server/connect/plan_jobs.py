"""A recipe that is carried out as a job: as a whole, and again as a whole where a process has died over it.

What only reads is asked again then. What writes goes through the ledger, with a key that it has from the job, what it
says and how often that was said before: what was done is answered, and what nobody saw the end of is not done again.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fanfold.engine import Engine
from fanfold.entries import Page
from fanfold.errors import RequestError, TimedOut, Unauthenticated
from fanfold.idempotency import fingerprint_of
from fanfold.model import Answer, Batch, Call, Caller, Result, Standing, Target
from fanfold.server.jobs import records
from fanfold.server.jobs.recording import Recorder
from fanfold.server.jobs.work import NOT_ALLOWED, Still

if TYPE_CHECKING:
    from fanfold.dialects import TrutoDialect
    from fanfold.entries import Recipe
    from fanfold.expressions.evaluator import Evaluator
    from fanfold.idempotency import Ledger
    from fanfold.server.jobs.records import Job, Settled, Status
    from fanfold.serving.observing import Observing
    from fanfold.work.api import Api

RIGHTS = 1.0
"""Seconds for which it holds that a caller may still ask."""

_TOO_LARGE = "The results of this job are too large to be kept"

_encode = msgspec.json.Encoder().encode
_read_page = msgspec.json.Decoder(Page).decode


class OnceTarget:
    """A target whose writes are carried out once for a job, however often that begins anew."""

    def __init__(self, target: Target, ledger: Ledger, job: Job, still: Still) -> None:
        self._target = target
        self._ledger = ledger
        self._whom = Caller(f"job {job.id}", job.user)
        self._caller = job.caller
        self._still = still
        self._said: Counter[bytes] = Counter()
        self._sure_until = 0.0
        self.let_in = True
        self.resolve = target.resolve

    async def send(self, call: Call) -> Answer:
        """Carry out one call, for as long as its caller is let in."""
        if time.monotonic() >= self._sure_until:
            self.let_in = self.let_in and await self._still(self._caller)
            if not self.let_in:
                raise Unauthenticated(NOT_ALLOWED)
            self._sure_until = time.monotonic() + RIGHTS
        if not call.endpoint.write:
            return await self._target.send(call)
        fingerprint = fingerprint_of(call.method, call.path, call.query, _plain(call.body))
        key = f"{fingerprint.hex()}/{self._said[fingerprint]}"
        self._said[fingerprint] += 1
        found: list[Answer] = []

        async def send() -> Answer:
            found.append(await self._target.send(call))
            return _packed(found[0])

        kept, _ = await self._ledger.once(self._whom, key, fingerprint, send)
        return found[0] if found else replace(kept, body=b"", page=_read_page(kept.body))


def _plain(body: Any) -> Any:
    return msgspec.to_builtins(body)


def _packed(answer: Answer) -> Answer:
    """An answer that can be kept: what was decoded of it is its body."""
    return Answer(answer.status, _encode(answer.page or Page()), answer.headers, trusted=True)


class Keeping(Struct, frozen=True):
    """Where what comes of a job is kept: until a moment, in so many bytes at most."""

    api: Api
    until: float
    most: int


class PlanWork:
    """One recipe as a job."""

    def __init__(
        self, keeping: Keeping, dialect: TrutoDialect, job: Job, batch: Batch, target: OnceTarget, evaluator: Evaluator
    ) -> None:
        self._dialect = dialect
        self._job = job
        self._now = keeping.api.now
        self._most = keeping.most
        self._target = target
        left = max(job.deadline - self._now().timestamp(), 0.1)
        recipe = _recipe_of(batch)
        self._recipe = replace(recipe, caps=replace(recipe.caps, deadline=left))
        self._batch = replace(batch, recipe=self._recipe, deadline=left)
        self._engine = Engine(target, evaluator=evaluator)
        self._cancelled = asyncio.Event()
        self._settled = [Result(action) for action in batch.actions]
        self._news = False
        self._gathered = 0.0
        self._too_large = False
        self._recorder = Recorder(keeping.api, replace(job, done=0, failed=0), keeping.until, self.cancel, self._gather)
        self.results: Sequence[Result] = ()

    def cancel(self) -> None:
        """Begin nothing any more, give up what only reads."""
        self._cancelled.set()

    async def run(self, observing: Observing, kept: float) -> Job:
        """Carry it out; the job as it is in the end."""
        if self._job.leaving:
            self.cancel()
        try:
            self.results = self._settled = await observing.run(
                (),
                self._batch,
                lambda: self._engine.run(self._batch, self._job.caller, self._cancelled.wait, self),
            )
            self._news = True
            self._gather(0.0)
            now = self._now().timestamp()
            status, why = self._ending(now)
            job = replace(self._job, status=status, why=why, finished=now)
            self._news = not self._too_large
            await self._recorder.finish(job, now + kept)
        finally:
            await self._recorder.close()
        return job

    def _ending(self, now: float) -> tuple[Status, str]:
        if self._cancelled.is_set():
            return "cancelled", ""
        if not self._target.let_in:
            return "failed", NOT_ALLOWED
        if self._too_large:
            return "failed", _TOO_LARGE
        if now >= self._job.deadline:
            return "failed", TimedOut().message
        return "succeeded", ""

    async def drain(self, seconds: float) -> None:
        """Wait for writes that have begun."""
        await self._engine.drain(seconds)

    # -- as the engine's watch ---------------------------------------------------------------------------------------

    def admitted(self, standing: tuple[Standing, ...]) -> None:
        """It was admitted when it was asked for."""

    def settled(self, place: int, result: Result) -> None:
        """An entry is over."""
        self._settled[place] = result
        self._news = True
        outcome = result.outcome
        failed = result.error is not None or (outcome is not None and bool(outcome.mishaps))
        self._recorder.settled(None, failed=failed)

    def _gather(self, apart: float) -> Sequence[Settled]:
        """What is there by now, as a whole answer, unless there is nothing new since so many seconds ago."""
        if not self._news or monotonic() < self._gathered + apart:
            return ()
        self._news, self._gathered = False, monotonic()
        body = self._dialect.encode(self._settled, self._recipe)
        self._too_large = len(body) > self._most
        return () if self._too_large else (records.settled(records.ALL, Answer(200, body)),)


def _recipe_of(batch: Batch) -> Recipe:
    if batch.recipe is None:
        raise RequestError("the dialect of recipes gave none", status=500)
    return batch.recipe
