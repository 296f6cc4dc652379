"""Traces: a span for each batch and one for each of its calls, through the API of OpenTelemetry.

Only that API is used; what becomes of spans is the business of whoever sets up an SDK. While nobody has, nothing is
made and the caller's ``traceparent`` goes on as it came. Spans hold methods, paths and statuses: never a query, a
header or a body.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Iterable, Sequence
from time import monotonic
from types import TracebackType
from typing import Any, Self

from msgspec.structs import replace

from fanfold.engine import has_failed
from fanfold.errors import LimitExceeded, RequestError
from fanfold.model import Call, Ending, Pairs, Result
from fanfold.version import __version__

LOOK_EVERY = 1.0
"""Seconds after which a single call looks again whether somebody makes spans by now; a batch always does."""

MAX_PATH = 512
"""Characters of a path that a span keeps."""


def tracer_or_none() -> Tracing | None:
    """Traces, where ``opentelemetry-api`` is installed."""
    try:
        trace, context, propagate = [
            importlib.import_module(f"opentelemetry.{name}") for name in ("trace", "context", "propagate")
        ]
    except ModuleNotFoundError:
        return None
    return Tracing(trace, context, propagate)


class Tracing:
    """Makes the spans. It is an observer of calls, to be given to ``Observed``.

    It is given the modules of the API, which is not there everywhere. ``clock`` counts seconds.
    """

    def __init__(self, trace: Any, context: Any, propagate: Any, clock: Callable[[], float] = monotonic) -> None:
        self.trace = trace
        self.context = context
        self.propagate = propagate
        self.tracer: Any = trace.get_tracer("fanfold", __version__)
        self._clock = clock
        self._live = False
        self._looked = 0.0

    def look(self) -> bool:
        """Whether somebody has set up what makes spans. That may be later than now, but is never taken back."""
        if not self._live:
            self._looked = self._clock()
            self._live = not isinstance(self.trace.get_tracer_provider(), self.trace.ProxyTracerProvider)
        return self._live

    def batch(self, headers: Iterable[tuple[bytes, bytes]], *, actions: int) -> BatchSpan:
        """A context that is one batch of so many actions; ``headers`` are those of its request, as ASGI has them."""
        return BatchSpan(self, headers, actions)

    def begun(self, call: Call, route: str, *, remote: bool) -> tuple[Call, _CallSpan] | None:
        """The call in a span of its own, which goes on to whoever answers it."""
        if not self._live and (self._clock() - self._looked < LOOK_EVERY or not self.look()):
            return None
        kinds = self.trace.SpanKind
        span = self.tracer.start_span(
            f"{call.method} {route}" if route else call.method,
            context=self.parent(call.headers),
            kind=kinds.CLIENT if remote else kinds.INTERNAL,
            attributes={"http.request.method": call.method, "url.path": _bare(call.path)},
        )
        inside = self.trace.set_span_in_context(span)
        told: dict[str, str] = {}
        self.propagate.inject(told, inside)
        if told:
            kept = [pair for pair in call.headers if pair[0].lower() not in told]
            call = replace(call, headers=(*kept, *told.items()))
        # What a client did wrong is no failure of whoever served it, but one of whoever made the call.
        return call, _CallSpan(self, span, route, self.context.attach(inside), 400 if remote else 500)

    def parent(self, headers: Pairs) -> Any:
        """Where a span goes that is in no other one here: into the trace of its request. None for the current one."""
        if self.trace.get_current_span().get_span_context().is_valid:
            return None
        carrier: dict[str, list[str]] = {}
        for name, value in headers:
            carrier.setdefault(name.lower(), []).append(value)
        return self.propagate.extract(carrier)

    def failed(self, span: Any, reason: str) -> None:
        """Mark a span as failed; the reason is of a few, never what an exception said."""
        span.set_attribute("error.type", reason)
        span.set_status(self.trace.StatusCode.ERROR)


class _CallSpan:
    """One call as its span tells it."""

    __slots__ = ("_failing", "_route", "_span", "_token", "_tracing")

    def __init__(self, tracing: Tracing, span: Any, route: str, token: Any, failing: int) -> None:
        self._tracing = tracing
        self._failing = failing
        self._span = span
        self._route = route
        self._token = token

    def ended(self, ending: Ending) -> None:
        """End the span, by the name that is known now."""
        span = self._span
        if span.is_recording():
            if ending.route != self._route:
                span.update_name(f"{ending.call.method} {ending.route}")
            if ending.status:
                span.set_attribute("http.response.status_code", ending.status)
            if ending.error is not None and not isinstance(ending.error, RequestError):
                self._tracing.failed(span, type(ending.error).__qualname__)
            elif ending.status >= self._failing:
                self._tracing.failed(span, str(ending.status))
        span.end()

    def left(self) -> None:
        """From now on whoever began the call is in their own span again."""
        self._tracing.context.detach(self._token)


class BatchSpan:
    """The span of a batch, which is the current one within. It does nothing where nobody makes spans."""

    __slots__ = ("_actions", "_headers", "_span", "_token", "_tracing")

    def __init__(self, tracing: Tracing, headers: Iterable[tuple[bytes, bytes]], actions: int) -> None:
        self._tracing = tracing
        self._headers = headers
        self._actions = actions
        self._span: Any = None
        self._token: Any = None

    def __enter__(self) -> Self:
        tracing = self._tracing
        if not tracing.look():
            return self
        trace = tracing.trace
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers]
        parent = tracing.parent(tuple(headers))
        kind = trace.SpanKind.INTERNAL if parent is None else trace.SpanKind.SERVER
        self._span = tracing.tracer.start_span(
            "batch", context=parent, kind=kind, attributes={"fanfold.actions": self._actions}
        )
        self._token = tracing.context.attach(trace.set_span_in_context(self._span, parent))
        return self

    def finish(self, results: Sequence[Result], *, status: int = 200) -> None:
        """Note what became of the batch: the status it is answered with, and how many of its actions failed."""
        if self._span is None or not self._span.is_recording():
            return
        self._span.set_attribute("http.response.status_code", status)
        self._span.set_attribute("fanfold.failed", sum(map(has_failed, results)))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._span is None:
            return
        if isinstance(error, LimitExceeded | RequestError):
            status = 429 if isinstance(error, LimitExceeded) else error.status
            self._span.set_attribute("http.response.status_code", status)
            if status >= 500:
                self._tracing.failed(self._span, str(status))
        elif error is not None and not isinstance(error, asyncio.CancelledError):
            self._tracing.failed(self._span, type(error).__qualname__)
        self._span.end()
        self._tracing.context.detach(self._token)


def _bare(path: str) -> str:
    """A path without a query, should there be one in it, and of bounded length."""
    return path[: MAX_PATH + 1].partition("?")[0].partition("#")[0][:MAX_PATH]
