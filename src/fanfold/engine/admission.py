"""Whether a plan may run: its costs are taken from every limiter or from none, before its first action starts."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from fanfold.engine.plan import Plan
from fanfold.errors import LimitExceeded
from fanfold.model import Caller, Grant, Limiter, Refusal


class Admission:
    """The limiters a plan has to pass, asked in the order given. Without any, every plan is admitted."""

    def __init__(self, *limiters: Limiter) -> None:
        self.limiters = limiters

    def admit(self, plan: Plan, caller: Caller) -> Admitted:
        """A context in which the plan may run; entering it raises ``LimitExceeded`` if any limiter refuses."""
        return Admitted(self.limiters, plan, caller)


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
        try:
            for limiter in self._limiters:
                outcome = await limiter.take(self._caller.key, self._plan.costs)
                if isinstance(outcome, Refusal):
                    raise LimitExceeded(outcome.retry_after)
                self._grants.append(outcome)
        except BaseException:
            self.release()
            raise
        return self

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
