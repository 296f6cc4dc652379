"""Who is told what happens: traces where the API of OpenTelemetry is there, metrics where they are asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from time import perf_counter

from msgspec import Struct

from fanfold.errors import Crashed, LimitExceeded, RequestError
from fanfold.model import Answer, Batch, Result
from fanfold.serving.metrics import Metrics, exposition, load_metrics
from fanfold.serving.tracing import Tracing, tracer_or_none

METRICS = b"/-/metrics"
"""The path at which a server or a gateway shows its metrics, if it has any."""

Run = Callable[[], Awaitable[list[Result]]]


class Observing(Struct, frozen=True):
    """Those who look on; each may be missing."""

    tracing: Tracing | None = None
    metrics: Metrics | None = None

    @property
    def observers(self) -> list[Tracing | Metrics]:
        """Who is to be told of each call."""
        return [one for one in (self.tracing, self.metrics) if one is not None]

    async def run(self, headers: Iterable[tuple[bytes, bytes]], batch: Batch, run: Run) -> list[Result]:
        """What ``run`` makes of the batch, with those who look on told of it."""
        started = perf_counter()
        status = Crashed.status
        try:
            results = await (run() if self.tracing is None else _traced(self.tracing, headers, batch, run))
            status = 200
        except LimitExceeded as error:
            status = 429
            if self.metrics is not None:
                self.metrics.refused(error.limit)
            raise
        except RequestError as error:
            status = error.status
            raise
        finally:
            if self.metrics is not None:
                self.metrics.batch(status, len(batch.actions), perf_counter() - started)
        return results

    def unreadable(self, status: int) -> None:
        """Count a batch that could not be understood."""
        if self.metrics is not None:
            self.metrics.batch(status, 0, 0.0)

    def job(self, status: str) -> None:
        """Count a job that has ended."""
        if self.metrics is not None:
            self.metrics.job(status)

    def exposition(self) -> Answer | None:
        """The metrics as Prometheus reads them, if there are any."""
        if self.metrics is None:
            return None
        body, kind = exposition()
        return Answer(200, body, (("content-type", kind),), trusted=True)


def observing(*, metrics: bool) -> Observing:
    """Those who look on in this process; raises ``SetupError`` where what metrics need is not installed."""
    return Observing(tracer_or_none(), load_metrics() if metrics else None)


async def _traced(tracing: Tracing, headers: Iterable[tuple[bytes, bytes]], batch: Batch, run: Run) -> list[Result]:
    with tracing.batch(headers, actions=len(batch.actions)) as span:
        results = await run()
        span.finish(results)
    return results
