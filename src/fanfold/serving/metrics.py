"""Metrics for Prometheus: how many batches, how large, how long, and how long each action took by its route.

They are kept in the registry that ``prometheus_client`` has for the process, so that an application which shows its
own metrics shows these with them. No label grows with what clients send: a route is a template that a target knows,
never a path, and what is not known, or is one too many, is ``other``.
"""

from __future__ import annotations

import importlib
import os
from threading import Lock
from typing import Any

from fanfold.errors import SetupError
from fanfold.model import Call, Ending

MAX_ROUTES = 1000
"""Routes that are counted apart, whatever an application takes for a route."""

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that tells the library where several processes count together."""

OTHER = "other"
CANCELLED = "cancelled"

_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_ACTIONS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

_made: dict[Any, Metrics] = {}
_making = Lock()


def load_metrics(registry: Any = None) -> Metrics:
    """The metrics of this process, the same each time; ``registry`` is for those who want others.

    Raises ``SetupError`` where ``prometheus-client`` is not installed.
    """
    library = _library()
    registry = registry or library.REGISTRY
    with _making:
        if registry not in _made:
            _made[registry] = Metrics(library, registry)
        return _made[registry]


def count_as(desk: int) -> None:
    """Count as one of several processes, which has this number among them; before anything is counted.

    Who comes after it with the same number goes on from its counts, so that no file is left for each that ever was.
    """
    values: Any = importlib.import_module("prometheus_client.values")
    values.ValueClass = values.MultiProcessValue(lambda: desk)


def exposition(registry: Any = None) -> tuple[bytes, str]:
    """All metrics as Prometheus reads them, and the content type of that.

    They are those of the process, or of all processes where they count together (``PROMETHEUS_MULTIPROC_DIR``).
    """
    library = _library()
    if registry is None and MULTIPROCESS in os.environ:
        registry = library.CollectorRegistry()
        importlib.import_module("prometheus_client.multiprocess").MultiProcessCollector(registry)
    return library.generate_latest(registry or library.REGISTRY), library.CONTENT_TYPE_LATEST


class Metrics:
    """What is counted. It is an observer of calls, to be given to ``Observed``."""

    def __init__(self, library: Any, registry: Any) -> None:
        counter, histogram = library.Counter, library.Histogram
        self._batches = counter(
            "fanfold_batches", "Batches, by the status of the whole.", ("status",), registry=registry
        )
        self._sizes = histogram("fanfold_batch_actions", "Actions in a batch.", buckets=_ACTIONS, registry=registry)
        self._seconds = histogram(
            "fanfold_batch_seconds", "Seconds that a batch took.", buckets=_SECONDS, registry=registry
        )
        self._calls = histogram(
            "fanfold_action_seconds",
            "Seconds that an action took, single requests included.",
            ("method", "route", "status"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._refused = counter(
            "fanfold_refused", "Batches and single requests that a limit refused.", ("limit",), registry=registry
        )
        self._jobs = counter("fanfold_jobs", "Jobs that have ended, by how.", ("status",), registry=registry)
        self._alone = counter(
            "fanfold_limits_alone",
            "Decisions about limits without the Redis that keeps them for all workers.",
            ("policy",),
            registry=registry,
        )
        self._gauge = library.Gauge
        self._registry = registry
        self._shared: Any = None
        self._routes: set[str] = set()
        self._known: dict[tuple[str, str, int], Any] = {}

    def batch(self, status: int, actions: int, seconds: float) -> None:
        """Count a batch that was answered; ``actions`` is 0 where it could not be read."""
        self._batches.labels(_status(status)).inc()
        if actions:
            self._sizes.observe(actions)
        self._seconds.observe(seconds)

    def refused(self, limit: str) -> None:
        """Count a refusal by a limit of the settings, such as ``requests``."""
        self._refused.labels(limit).inc()

    def job(self, status: str) -> None:
        """Count a job that has ended: ``succeeded``, ``failed`` or ``cancelled``."""
        self._jobs.labels(status).inc()

    def shared(self, *, up: bool) -> None:
        """Say whether limits are counted for all workers together; where they never are, nothing is said."""
        if self._shared is None:
            told = "1 while limits are counted for all workers together, 0 while each has to see for itself."
            # Of several processes the one that is worst off tells.
            self._shared = self._gauge(
                "fanfold_limits_shared", told, registry=self._registry, multiprocess_mode="livemin"
            )
        self._shared.set(up)

    def alone(self, policy: str) -> None:
        """Count a decision that was made without Redis."""
        self._alone.labels(policy).inc()

    # -- as an observer of calls -------------------------------------------------------------------------------------

    def begun(self, call: Call, route: str, *, remote: bool) -> tuple[Call, Metrics]:
        """Leave the call as it is."""
        del route, remote
        return call, self

    def ended(self, ending: Ending) -> None:
        """Count the call."""
        key = ending.call.method, ending.route, ending.status
        series = self._known.get(key)
        if series is None:
            series = self._series(*key)
        series.observe(ending.seconds)

    def left(self) -> None:
        """All has been counted."""

    def _series(self, method: str, route: str, status: int) -> Any:
        """Where a call is counted; remembered if it is of those that there are only so many of."""
        known = method in _METHODS and self._is_counted(route) and _status(status) != OTHER
        method = method if method in _METHODS else OTHER
        shown = route if route and self._is_counted(route) else OTHER
        series = self._calls.labels(method, shown, _status(status))
        if known:
            self._known[method, route, status] = series
        return series

    def _is_counted(self, route: str) -> bool:
        """Whether a route is counted apart, or is none; the first ones are."""
        if route and len(self._routes) < MAX_ROUTES:
            self._routes.add(route)
        return not route or route in self._routes


def _status(status: int) -> str:
    if status == 0:
        return CANCELLED
    return str(status) if 100 <= status <= 599 else OTHER


def _library() -> Any:
    try:
        return importlib.import_module("prometheus_client")
    except ModuleNotFoundError:
        raise SetupError("Metrics need a package that is not installed: pip install 'fanfold[metrics]'") from None
