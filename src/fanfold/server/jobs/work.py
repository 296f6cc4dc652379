"""What jobs need of whatever is carried out as one, a batch of actions or a recipe."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from fanfold.model import Caller

if TYPE_CHECKING:
    from fanfold.model import Result
    from fanfold.server.jobs.records import Job, Settled
    from fanfold.serving.observing import Observing

Still = Callable[[Caller], Awaitable[bool]]
"""Whether a caller would still be let in."""

NOT_ALLOWED = "Whoever asked for this job is not authorized any more"


class Work(Protocol):
    """One job on its way."""

    @property
    def results(self) -> Sequence[Result]:
        """What became of it, once it has run."""

    async def run(self, observing: Observing, kept: float) -> Job:
        """Carry it out; the job as it is in the end. It is kept for so many seconds from then on."""

    def cancel(self) -> None:
        """Begin nothing any more."""

    async def drain(self, seconds: float) -> None:
        """Wait for writes that have begun, after ``run`` was cancelled."""


Make = Callable[["Job", bytes, "dict[str, Settled]", float], Awaitable[Work]]
"""Makes the work of a job: from what was asked, and what came of it already, which is kept until a moment."""
