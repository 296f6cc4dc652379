"""Everything that is asked goes through ``run``: a batch, and a single request as a batch of one.

There is no second way in, because a check that one way makes and the other forgets is how batch endpoints are broken.
"""

from __future__ import annotations

import random

from fanfold.engine.admission import Admission
from fanfold.engine.background import Background
from fanfold.engine.dispatch import dispatch
from fanfold.engine.means import MAX_FAN_OUT, Gone, Means, Watch
from fanfold.engine.plan import Plan, make_plan
from fanfold.expressions.evaluator import Evaluator
from fanfold.model import Batch, Caller, OnceOnly, Refusal, Result, Standing, Target


class Engine:
    """Plans a batch, has it admitted, sends its actions to the target, and folds the results back in order.

    ``shuffle`` is a test mode: a seed with which actions start in random order. Results stay in the order asked, so it
    shows up clients that rely on an order nobody promised. The other bounds are those of ``Means``.
    """

    def __init__(
        self,
        target: Target,
        admission: Admission | None = None,
        *,
        shuffle: int | None = None,
        max_fan_out: int = MAX_FAN_OUT,
        max_results: int | None = None,
        ledger: OnceOnly | None = None,
        evaluator: Evaluator | None = None,
    ) -> None:
        self.admission = admission or Admission()
        self.background = Background()
        self.means = Means(
            target,
            self.background,
            max_fan_out=max_fan_out,
            max_results=max_results,
            ledger=ledger,
            evaluator=evaluator,
        )
        self.shuffle(shuffle)

    @property
    def target(self) -> Target:
        """Where calls go."""
        return self.means.target

    @target.setter
    def target(self, target: Target) -> None:
        self.means.target = target

    def shuffle(self, seed: int | None) -> None:
        """From now on start actions in random order, as a seed has it; None for the order asked."""
        self.means.shuffle = None if seed is None else random.Random(seed)  # noqa: S311

    async def run(
        self, batch: Batch, caller: Caller, gone: Gone | None = None, watch: Watch | None = None
    ) -> list[Result]:
        """One result per action, in request order.

        Raises ``LimitExceeded`` where a limit refuses, and ``RequestError`` where the actions cannot be put in order;
        nothing was executed then. ``gone`` waits until nobody is interested any more; it is asked only while actions
        are waited for. Then, as when ``run`` is cancelled, actions that only read are cancelled and those that write
        are finished in the background.
        """
        plan = make_plan(batch, caller, self.target, self.means.evaluator)
        async with self.admission.admit(plan, caller) as grant:
            if watch is not None:
                watch.admitted(grant.standing())
            return await dispatch(plan, self.means, grant, gone, watch)

    async def preview(self, batch: Batch, caller: Caller) -> tuple[Plan, list[Refusal], list[Standing]]:
        """What ``run`` would do, which limits would refuse it now, and how they stand. Nothing is done or taken."""
        plan = make_plan(batch, caller, self.target, self.means.evaluator)
        return plan, *await self.admission.look(plan.costs, caller)

    async def drain(self, seconds: float | None = None) -> None:
        """Wait for the actions that outlived their batch, ``seconds`` at most. Call it before closing the target."""
        await self.background.drain(seconds)
