"""The words that every room shares: what is asked, who asks, what comes back.

All are frozen ``msgspec`` structs, not dataclasses: they mean the same and are built about five times faster, which
counts where each action of a batch makes four of them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from fanfold.errors import RequestError

Pairs = tuple[tuple[str, str], ...]
"""Headers or query parameters in the order written; a name may come twice."""


class Caller(Struct, frozen=True, gc=False):
    """Who asks. ``key`` is what limits are counted on and is never the token itself; ``user`` is a gid or empty.

    ``scopes``: what an app was allowed to do in the user's name; None where the user is asking, or an app that may do
    everything.
    """

    key: str
    user: str = ""
    scopes: frozenset[str] | None = None


class Endpoint(Protocol):
    """What planning has to know of the operation that a method and path lead to."""

    @property
    def write(self) -> bool:
        """Whether it changes something: it takes a write slot, and is finished rather than cancelled."""

    @property
    def batchable(self) -> bool:
        """Whether it may be called inside a batch."""

    @property
    def inline(self) -> bool:
        """Whether its target answers it without ever waiting (see ``targets``)."""

    @property
    def costs(self) -> tuple[str, ...]:
        """Names of the limits it counts against beyond those that every request counts against."""


class Action(Struct, frozen=True):
    """One request inside a batch, as written.

    ``method`` is upper case; ``path`` starts with ``/`` and is relative to the target's base; ``body`` is the decoded
    JSON body, raw ``bytes``, or None. ``error`` is set where the action is already refused; ``endpoint`` and ``params``
    where the route is already known.
    """

    method: str
    path: str
    query: Pairs = ()
    body: Any = None
    headers: Pairs = ()
    endpoint: Endpoint | None = None
    params: tuple[str, ...] = ()
    error: RequestError | None = None


class Batch(Struct, frozen=True):
    """What one wire request carries. ``single`` marks a plain request, a batch of one that is not on the wire as such.

    ``timeout`` bounds each action and ``deadline`` the whole, both in seconds from the start of dispatch.
    """

    actions: tuple[Action, ...]
    single: bool = False
    timeout: float | None = None
    deadline: float | None = None


class Call(Struct, frozen=True):
    """What goes to a target: an action with everything filled in and its route resolved."""

    method: str
    path: str
    query: Pairs
    body: Any
    headers: Pairs
    caller: Caller
    endpoint: Endpoint
    params: tuple[str, ...]


class Answer(Struct, frozen=True):
    """What comes back from a target.

    ``trusted`` says that ``body`` is JSON by construction (the target encoded it itself), so that it is embedded in an
    envelope without being checked again. ``headers`` are lower case.
    """

    status: int
    body: bytes = b""
    headers: Pairs = ()
    trusted: bool = False


class Result(Struct, frozen=True):
    """What became of one action: an answer or an error, never both; ``seconds`` is how long it ran."""

    action: Action
    answer: Answer | None = None
    error: RequestError | None = None
    seconds: float = 0.0


class Target(Protocol):
    """Where calls go."""

    def resolve(self, method: str, path: str) -> tuple[Endpoint, tuple[str, ...]]:
        """The endpoint and its path parameters; raises ``NoSuchRoute``. Pure and fast: planning calls it."""

    async def send(self, call: Call) -> Answer:
        """Carry out one call. A ``RequestError`` is that call's answer; any other exception is a crash of that call."""


class InlineTarget(Target, Protocol):
    """A target some of whose endpoints are answered without waiting, such as an embedded database.

    A task per call would buy no parallelism there and cost more than the call. What inline answers wrote is durable
    only after ``commit``, which the dispatcher calls once for all of them before any result is shown.
    """

    def answer(self, call: Call) -> Answer:
        """Like ``send``, but never waits. An exception leaves nothing of the call behind."""

    def commit(self) -> None:
        """Make durable whatever ``answer`` wrote since the last commit; raises if it could not."""


class EarlyTarget(Target, Protocol):
    """A target that may have things left to do when its answer is complete, such as an application with its own tasks."""

    async def serve(self, call: Call, settle: Callable[[Answer], None]) -> None:
        """Like ``send``, but hands the answer to ``settle`` as soon as it is complete, once, and then goes on."""


class Refusal(Struct, frozen=True):
    """A limiter's no. ``retry_after``: whole seconds ≥ 1 after which, with no other traffic, it would say yes."""

    limit: str
    retry_after: int | None


class Grant(Protocol):
    """A limiter's yes: holds concurrency slots until it is released."""

    def release(self) -> None:
        """Give the slots back. Releasing twice changes nothing."""


class Limiter(Protocol):
    """How much is allowed. One verb, atomic: all costs are taken or none."""

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """``costs`` maps names of limits (``requests``, ``reads``, ``writes``, ``searches`` …) to amounts > 0."""


class OnceOnly(Protocol):
    """What makes sure that a request which is sent again is not carried out again (see ``idempotency``)."""

    async def once(
        self, caller: Caller, key: str, fingerprint: bytes, run: Callable[[], Awaitable[Answer]]
    ) -> tuple[Answer, bool]:
        """What ``run`` answers, run once for each key of a caller; True where the answer had been given before."""


__all__ = [
    "Action",
    "Answer",
    "Batch",
    "Call",
    "Caller",
    "EarlyTarget",
    "Endpoint",
    "Grant",
    "InlineTarget",
    "Limiter",
    "OnceOnly",
    "Pairs",
    "Refusal",
    "Result",
    "Target",
]
