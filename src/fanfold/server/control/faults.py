"""Making things go wrong on purpose: a target around the work API that strikes where a rule says so.

The engine is given this target while there are rules and the work API itself while there are none, so that faults
cost nothing when nobody wants them. A single request and an action in a batch meet the same rules.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from fnmatch import fnmatchcase
from math import ceil
from random import Random
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, structs

from fanfold.errors import Crashed, LimitExceeded, RequestError
from fanfold.model import Answer, Call, Result
from fanfold.serving.bodies import Receive, Send, gone
from fanfold.work.api import Api, WorkApi
from fanfold.work.schema import Route

BATCH = "createBatchRequest"


class Dropped(RequestError):
    """The connection was dropped."""


def must_not_be_dropped(results: Iterable[Result]) -> None:
    """Raise ``Dropped`` if that is what became of any action: no part of its batch is answered then."""
    if any(result.error.__class__ is Dropped for result in results):
        raise Dropped


async def drop(receive: Receive, send: Send) -> None:
    """Close the connection without a word, where it is one that can be closed."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is not None:
        transport.abort()
        await gone(receive)


class Fault(Struct, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong, where and how often.

    Where: ``operation`` (its name), or ``method`` and ``path`` (below ``/api/1.0``; ``*`` stands for anything; a
    template as in the description will do); without any of them, everywhere but on a batch as a whole. How often: with
    ``probability``, told by a dice with ``seed``; at most ``count`` times; for ``seconds`` from now. ``after`` has the
    request carried out before what became of it is lost.
    """

    kind: Literal["rate_limit", "error", "latency", "drop"]
    operation: str = ""
    method: str = ""
    path: str = ""
    probability: Annotated[float, Meta(ge=0, le=1)] = 1.0
    seed: int = 0
    count: Annotated[int, Meta(ge=1)] | None = None
    seconds: Annotated[float, Meta(gt=0)] | None = None
    status: Annotated[int, Meta(ge=400, le=599)] = 500
    message: str = ""
    retry_after: Annotated[int, Meta(ge=1)] = 30
    ms: Annotated[float, Meta(ge=0, le=600_000)] = 100.0
    after: bool = False


class Rule:
    """A fault in force: its number, its dice, and how often it has struck."""

    def __init__(self, number: int, fault: Fault, clock: Callable[[], float]) -> None:
        self.number = number
        self.fault = fault
        self.struck = 0
        self._clock = clock
        self._dice = Random(fault.seed)  # noqa: S311 - to be repeated, not to be hard to guess
        self._until = None if fault.seconds is None else clock() + fault.seconds

    def concerns(self, method: str, path: str, route: Route) -> bool:
        """Whether it is about this operation."""
        fault = self.fault
        return (
            (not fault.operation or fault.operation == route.operation)
            and (not fault.method or fault.method.upper() == method)
            and not self.concerns_batches()
            and (not fault.path or fault.path == route.template or fnmatchcase(path, fault.path))
        )

    def concerns_batches(self) -> bool:
        """Whether it is about a batch as a whole."""
        return self.fault.operation == BATCH or (not self.fault.operation and self.fault.path == "/batch")

    def strikes(self) -> bool:
        """Throw the dice, once for each request that it concerns."""
        fault = self.fault
        if (fault.count is not None and self.struck >= fault.count) or not self._left():
            return False
        if self._dice.random() >= fault.probability:
            return False
        self.struck += 1
        return True

    def _left(self) -> float:
        return 1.0 if self._until is None else max(self._until - self._clock(), 0.0)

    def retry_after(self) -> int:
        """The seconds to wait: until the stretch is over, if it is one of so many seconds."""
        return self.fault.retry_after if self._until is None else max(ceil(self._left()), 1)

    def shown(self) -> dict[str, Any]:
        """As it is listed."""
        return {"id": self.number, "struck": self.struck, **structs.asdict(self.fault)}


class Struck(Struct, frozen=True):
    """A route that rules concern. It is never inline, as what is struck may have to wait."""

    route: Route
    rules: tuple[Rule, ...]
    inline: bool = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.route, name)


class Faults:
    """The rules, and the target that obeys them."""

    def __init__(
        self, api: Api, limit_answer: Callable[[LimitExceeded], Answer], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._api = api
        self._limit_answer = limit_answer
        self._clock = clock
        self._number = 0
        self.rules: list[Rule] = []
        if isinstance(api, WorkApi):
            self.answer = api.answer
            self.commit = api.commit

    def add(self, fault: Fault) -> Rule:
        """Put a rule in force."""
        self._number += 1
        self.rules.append(Rule(self._number, fault, self._clock))
        return self.rules[-1]

    # -- the target's verbs ------------------------------------------------------------------------------------------

    def resolve(self, method: str, path: str) -> tuple[Any, tuple[str, ...]]:
        """The route, marked if rules concern it."""
        route, params = self._api.resolve(method, path)
        rules = tuple(rule for rule in self.rules if rule.concerns(method, path, route))
        return (Struck(route, rules) if rules else route), params

    async def send(self, call: Call) -> Answer:
        """Carry out one call as the rules will have it."""
        endpoint: Any = call.endpoint
        if endpoint.__class__ is not Struck:
            return await self._api.send(call)
        fatal = await self._strike(endpoint.rules)
        if fatal is not None and not fatal.fault.after:
            return self._fail(fatal)
        answer = await self._api.send(structs.replace(call, endpoint=endpoint.route))
        if fatal is None:
            return answer
        try:
            return self._fail(fatal)
        except RequestError as error:
            error.lost = answer
            raise

    async def strike_batch(self) -> None:
        """What becomes of a batch as a whole before it is carried out; raises where it fails."""
        fatal = await self._strike(tuple(rule for rule in self.rules if rule.concerns_batches()))
        if fatal is not None:
            if fatal.fault.kind == "rate_limit":
                raise LimitExceeded(fatal.retry_after(), fatal.fault.message)
            self._fail(fatal)

    async def _strike(self, rules: tuple[Rule, ...]) -> Rule | None:
        """Wait as long as the rules say; the first that makes the call fail."""
        for rule in rules:
            if rule.strikes():
                if rule.fault.kind != "latency":
                    return rule
                await asyncio.sleep(rule.fault.ms / 1000)
        return None

    def _fail(self, rule: Rule) -> Answer:
        fault = rule.fault
        if fault.kind == "rate_limit":
            return self._limit_answer(LimitExceeded(rule.retry_after(), fault.message))
        if fault.kind == "drop":
            raise Dropped
        if fault.status == 500:
            raise Crashed(fault.message)
        raise RequestError(fault.message or "This failure was asked for.", status=fault.status)
