"""The words that every room shares: what is asked, who asks, what comes back.

All are frozen ``msgspec`` structs, not dataclasses: they mean the same and are built about five times faster, which
counts where each action of a batch makes four of them. Those are not looked at by the garbage collector (``gc``): what
they hold was decoded or written down, and never leads back to them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from fanfold.entries import Outcome, Page, Recipe
from fanfold.errors import RequestError

Pairs = tuple[tuple[str, str], ...]
"""Headers or query parameters in the order written; a name may come twice."""


class Caller(Struct, frozen=True, gc=False):
    """Who asks. ``key`` is what limits are counted on and is never the token itself; ``user`` is a gid or empty.

    ``scopes``: what an app was allowed to do in the user's name; None where the user is asking, or an app that may do
    everything. ``counted`` is what limits are counted on instead, where whoever asks could choose another ``key``.
    """

    key: str
    user: str = ""
    scopes: frozenset[str] | None = None
    counted: str = ""


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


Resolve = Callable[[str, str], tuple[Endpoint, tuple[str, ...]]]
"""The endpoint that a method and path lead to, and its path parameters; raises ``NoSuchRoute``. Pure and fast."""


class Wiring(Struct, frozen=True):
    """What an action says of itself and of its neighbours, beyond the request that it is.

    ``depends_on`` are ids of actions that have to succeed first. ``for_each`` is a reference to an array, for each
    element of which the action is carried out. ``timeout`` is in seconds. ``key`` is an idempotency key.
    """

    id: str = ""
    depends_on: tuple[str, ...] = ()
    for_each: str = ""
    timeout: float | None = None
    key: str = ""


class Conduct(Struct, frozen=True):
    """How a batch wants to be carried out.

    ``serial``: one by one, in the order written. ``stop``: nothing is begun after a failure. ``max_parallel``: actions
    at once, 0 for all. ``coalesce``: identical reads run once. ``dry_run``: nothing runs, the plan is shown.
    """

    serial: bool = False
    stop: bool = False
    max_parallel: int = 0
    coalesce: bool = False
    dry_run: bool = False


class Action(Struct, frozen=True, gc=False):
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
    wiring: Wiring | None = None


class Batch(Struct, frozen=True):
    """What one wire request carries. ``single`` marks a plain request, a batch of one that is not on the wire as such.

    ``timeout`` bounds each action and ``deadline`` the whole, both in seconds from the start of dispatch. ``conduct``
    is None for a plain batch, whose actions are begun at once and have no wiring.
    ``read_path`` reads a path that was filled in, by the rules for those that are written out. ``inherited`` are
    headers of the request around it that each action has, unless it sets them itself. ``recipe`` is set where the
    actions are the entries of one, and then says how they hang together. ``resolve`` finds the endpoints of its actions
    where the target alone cannot, because something had to be looked up first.
    """

    actions: tuple[Action, ...]
    single: bool = False
    timeout: float | None = None
    deadline: float | None = None
    conduct: Conduct | None = None
    read_path: Callable[[str, str], tuple[str, Pairs]] | None = None
    inherited: Pairs = ()
    recipe: Recipe | None = None
    resolve: Resolve | None = None


class Call(Struct, frozen=True, gc=False):
    """What goes to a target: an action with everything filled in and its route resolved."""

    method: str
    path: str
    query: Pairs
    body: Any
    headers: Pairs
    caller: Caller
    endpoint: Endpoint
    params: tuple[str, ...]


class Answer(Struct, frozen=True, gc=False):
    """What comes back from a target.

    ``trusted`` says that ``body`` is JSON by construction (the target encoded it itself), so that it is embedded in an
    envelope without being checked again. ``headers`` are lower case. ``route`` is the template of the route that
    answered, such as ``/users/{id}``, where only that is how it became known; never the path itself. ``page`` is what
    was asked for, decoded, where the target had to decode it anyway.
    """

    status: int
    body: bytes = b""
    headers: Pairs = ()
    trusted: bool = False
    route: str = ""
    page: Page | None = None


class Result(Struct, frozen=True, gc=False):
    """What became of one action: an answer or an error, never both; ``seconds`` is how long it ran.

    ``parts`` are the results of an action that fanned out, in the order of the elements, and ``answer`` then has a
    status and no body. ``outcome`` is what became of an entry of a recipe.
    """

    action: Action
    answer: Answer | None = None
    error: RequestError | None = None
    seconds: float = 0.0
    parts: tuple[Result, ...] | None = None
    outcome: Outcome | None = None

    @property
    def status(self) -> int:
        """The HTTP status that it stands for."""
        if self.answer is not None:
            return self.answer.status
        return self.error.status if self.error is not None else 500


class Ending(Struct, frozen=True):
    """How a call ended, for those who count and trace.

    ``status``: what whoever asked is answered, 0 where the call was cancelled before there was an answer. ``route``:
    the template of its route, or empty. ``error`` is what was raised, if that is how it ended.
    """

    call: Call
    status: int
    route: str
    seconds: float
    error: BaseException | None = None


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


Leave = Callable[[], float]
"""Says that nobody waits for an answer any more; how many seconds its target has to end by itself before that."""


class EarlyTarget(Target, Protocol):
    """A target that may have things left to do when its answer is complete, as applications with own tasks have."""

    async def serve(
        self, call: Call, settle: Callable[[Answer], None], begun: Callable[[Leave], None] | None = None
    ) -> None:
        """Like ``send``, but hands the answer to ``settle`` as soon as it is complete, once, and then goes on.

        ``begun`` is told how to leave: whoever does not wait any more calls that before the task is cancelled.
        """


class Standing(Struct, frozen=True):
    """How one limit stands. ``window`` is in seconds, None for what counts requests at once.

    ``left`` of ``quota`` is what may still be taken; after ``reset`` whole seconds, with nothing else taken, all of it.
    """

    limit: str
    quota: int
    left: int
    window: float | None = None
    reset: int = 0


class Refusal(Struct, frozen=True, eq=False):
    """A limiter's no. ``retry_after``: whole seconds ≥ 1 after which, with no other traffic, it would say yes.

    ``standing`` tells how the limits stood that were asked; it is no part of what makes two refusals equal.
    """

    limit: str
    retry_after: int | None
    standing: tuple[Standing, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Refusal) and (self.limit, self.retry_after) == (other.limit, other.retry_after)

    def __hash__(self) -> int:
        return hash((self.limit, self.retry_after))


class Grant(Protocol):
    """A limiter's yes: holds concurrency slots until it is released."""

    def standing(self) -> tuple[Standing, ...]:
        """How the limits that were taken from stand after that; to be asked at once, before anybody else takes."""

    def release(self) -> None:
        """Give the slots back. Releasing twice changes nothing."""


class Limiter(Protocol):
    """How much is allowed. One verb, atomic: all costs are taken or none."""

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """``costs`` maps names of limits (``requests``, ``reads``, ``writes``, ``searches`` …) to amounts > 0."""

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What ``take`` would say now, and how the limits stand; takes nothing and charges nothing."""


class OnceOnly(Protocol):
    """What makes sure that a request which is sent again is not carried out again (see ``idempotency``)."""

    async def carry_out(self, call: Call, key: str, run: Callable[[], Awaitable[Answer]]) -> tuple[Answer, bool]:
        """What ``run`` answers to the call, run once for each key of its caller; True where that was given before."""


__all__ = [
    "Action",
    "Answer",
    "Batch",
    "Call",
    "Caller",
    "Conduct",
    "EarlyTarget",
    "Ending",
    "Endpoint",
    "Grant",
    "InlineTarget",
    "Leave",
    "Limiter",
    "OnceOnly",
    "Pairs",
    "Refusal",
    "Result",
    "Standing",
    "Target",
    "Wiring",
]
