"""Batches that the server carries out as jobs: handed over now, waited for later, by this program or another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct

from fanfold.client.errors import BadAnswer, CallTimeout, JobFailed, Unsupported, api_error
from fanfold.client.replies import Reply
from fanfold.client.request import Request, written

if TYPE_CHECKING:
    from fanfold.client.intake import Intake

WAIT = 20
"""Seconds for which the server is asked to wait for the end of a job before it answers."""

PAUSE = 1.0
"""Seconds between two questions where the server does not wait."""

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]

Ask = Callable[[str, str, Mapping[str, str]], Awaitable[Reply]]
"""Asks the server: method, path behind that of the job, headers. Raises ``TransportError`` where no answer comes."""


class Progress(Struct, frozen=True):
    """How many actions there are, how many are settled, and how many of these have failed."""

    done: int
    failed: int
    total: int


class JobState(Struct, frozen=True):
    """How a job was when the server was asked. ``results`` has None for actions that are not settled yet.

    ``error`` is why a job failed as a whole. ``webhook`` holds the ``secret`` of one that was just handed over.
    """

    id: str
    status: Status
    progress: Progress
    results: list[Reply | None] | None = None
    error: Mapping[str, Any] | None = None
    webhook: Mapping[str, Any] | None = None
    finished_at: str | None = None
    expires_at: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is at its end."""
        return self.finished_at is not None


class Job:
    """One job. ``state`` is how it was when the server was last asked, None before."""

    def __init__(self, job: str, ask: Ask, state: JobState | None = None) -> None:
        self.id = job
        self.state = state
        self._ask = ask

    async def refresh(self, wait: float = 0.0) -> JobState:
        """How it is now, with the results that are there; ``wait`` so many seconds at most for its end."""
        preferred = {"Prefer": f"wait={wait:.0f}"} if wait >= 1 else {}
        self.state = read_state(await self._ask("GET", "", preferred))
        return self.state

    async def results(self, timeout: float | None = None) -> list[Reply]:  # noqa: ASYNC109 - kept by the event loop
        """The replies to all its actions, in their order, once it is at its end, whatever their status.

        What was not carried out has a reply that says so. Raises ``JobFailed`` where there is none to each action, and
        ``CallTimeout`` after so many seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                state = await self._ended()
        except TimeoutError:
            raise CallTimeout(f"The job was not at its end within {timeout:g} seconds") from None
        found = [reply for reply in state.results or () if reply is not None]
        if len(found) != state.progress.total:
            raise JobFailed((state.error or {}).get("message") or "")
        return found

    async def _ended(self) -> JobState:
        while True:
            state = await self.refresh(WAIT)
            if state.is_over:
                return state
            await asyncio.sleep(PAUSE)

    async def cancel(self) -> JobState:
        """Have nothing more of it begun; what has begun is finished, and its results are there then."""
        self.state = read_state(await self._ask("POST", "/cancel", {}))
        return self.state

    async def remove(self) -> None:
        """Have a job that is at its end forgotten, with its results."""
        reply = await self._ask("DELETE", "", {})
        if not reply.ok:
            raise api_error(reply.status, reply.body, reply.headers)


async def hand_over(
    intake: Intake, base: str, requests: Sequence[Request], options: Mapping[str, Any], headers: Mapping[str, str]
) -> Job:
    """The job that the API at ``base`` makes of some requests."""
    offer = await intake.offer()
    if not offer.has("jobs"):
        raise Unsupported("This server carries out no batches as jobs")
    if len(requests) > offer.max_job_actions:
        raise Unsupported(f"{len(requests)} actions are more than a job may have: {offer.max_job_actions}")
    body = written(requests, options)
    preferring = {"Prefer": "respond-async", **headers}
    state = read_state(await intake.exchange("POST", f"{base}/batch", body=body, headers=preferring))
    return job_at(intake, base, state.id, state)


def job_at(intake: Intake, base: str, job: str, state: JobState | None = None) -> Job:
    """A job of the API at ``base``."""
    parts = urlsplit(base)
    url = f"{parts.scheme}://{parts.netloc}/-/jobs/{quote(job, safe='')}"

    async def ask(method: str, path: str, headers: Mapping[str, str]) -> Reply:
        return await intake.exchange(method, url + path, headers=headers)

    return Job(job, ask, state)


def read_state(reply: Reply) -> JobState:
    """The job in an answer; raises ``ApiError`` for a refusal."""
    if not reply.ok:
        raise api_error(reply.status, reply.body, reply.headers)
    try:
        return msgspec.convert(reply.data, JobState)
    except msgspec.ValidationError as error:
        raise BadAnswer(f"The answer is no job: {error}") from None


__all__ = ["Ask", "Job", "JobState", "Progress", "hand_over", "job_at", "read_state"]
