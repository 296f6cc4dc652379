"""Whether a plan may run: its costs are taken from every limiter or from none, before its first action starts."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from fanfold.engine.plan import Plan
from fanfold.errors import LimitExceeded
from fanfold.model import Caller, Grant, Limiter, Refusal, Standing


class Admission:
    """The limiters a plan has to pass, asked in the order given. Without any, every plan is admitted."""

    def __init__(self, *limiters: Limiter) -> None:
        self.limiters = limiters

    def admit(self, plan: Plan, caller: Caller) -> Admitted:
        """A context in which the plan may run; entering it raises ``LimitExceeded`` if any limiter refuses."""
        return Admitted(self.limiters, plan, caller)

    async def look(self, costs: Mapping[str, int], caller: Caller) -> tuple[list[Refusal], list[Standing]]:
        """Which limits would refuse the costs now, and how those that they name stand; nothing is taken."""
        refusals: list[Refusal] = []
        standing: list[Standing] = []
        for limiter in self.limiters:
            outcome = await limiter.look(caller.counted or caller.key, costs)
            if isinstance(outcome, Refusal):
                refusals.append(outcome)
                standing += outcome.standing
            else:
                standing += outcome
        return refusals, standing


class Admitted:
    """The slots one plan holds. They are given back when the block ends, however it ends, unless they were kept.

    A class of its own rather than a generator: entering and leaving is on the path of every request.
    """

    __slots__ = ("_caller", "_grants", "_kept", "_limiters", "_plan")

    def __init__(self, limiters: tuple[Limiter, ...], plan: Plan, caller: Caller) -> None:
        self._limiters = limiters
        self._plan = plan
        self._caller = caller
        self._grants: list[Grant] = []
        self._kept = False

    async def __aenter__(self) -> Self:
        self._grants = await self._take(self._plan.costs)
        return self

    async def _take(self, costs: Mapping[str, int]) -> list[Grant]:
        """A grant of every limiter; raises ``LimitExceeded`` if one refuses, and then holds none of them."""
        grants: list[Grant] = []
        key = self._caller.counted or self._caller.key
        try:
            for limiter in self._limiters:
                outcome = await limiter.take(key, costs)
                if isinstance(outcome, Refusal):
                    raise LimitExceeded(outcome.retry_after, limit=outcome.limit, standing=outcome.standing)
                grants.append(outcome)
        except BaseException:
            for grant in grants:
                grant.release()
            raise
        return grants

    async def extend(self, costs: Mapping[str, int]) -> None:
        """Take more for what has become known, all or nothing; raises ``LimitExceeded``. Held as long as the rest."""
        if costs:
            self._grants += await self._take(costs)

    def standing(self) -> tuple[Standing, ...]:
        """How the limits stood when the plan was admitted; to be asked before anything else is waited for."""
        return tuple([standing for grant in self._grants for standing in grant.standing()])

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._kept:
            self.release()

    def keep(self) -> None:
        """Hold the slots beyond the block; from now on whoever kept them calls ``release``."""
        self._kept = True

    def release(self) -> None:
        """Give every slot back, once."""
        grants, self._grants = self._grants, []
        for grant in grants:
            grant.release()
