"""Everything that is asked goes through ``run``: a batch, and a single request as a batch of one.

There is no second way in, because a check that one way makes and the other forgets is how batch endpoints are broken.
"""

from __future__ import annotations

import random

from fanfold.engine.admission import Admission
from fanfold.engine.dispatch import Background, Gone, dispatch
from fanfold.engine.plan import make_plan
from fanfold.model import Batch, Caller, Result, Target


class Engine:
    """Plans a batch, has it admitted, sends its actions to the target, and folds the results back in order.

    ``shuffle`` is a test mode: a seed with which actions start in random order. Results stay in the order asked, so it
    shows up clients that rely on an order nobody promised.
    """

    def __init__(self, target: Target, admission: Admission | None = None, *, shuffle: int | None = None) -> None:
        self.target = target
        self.admission = admission or Admission()
        self.background = Background()
        self.shuffle(shuffle)

    def shuffle(self, seed: int | None) -> None:
        """From now on start actions in random order, as a seed has it; None for the order asked."""
        self._random = None if seed is None else random.Random(seed)  # noqa: S311

    async def run(self, batch: Batch, caller: Caller, gone: Gone | None = None) -> list[Result]:
        """One result per action, in request order. Raises ``LimitExceeded``, and then nothing was executed.

        ``gone`` waits until nobody is interested any more; it is asked only while actions are waited for. Then, as when
        ``run`` is cancelled, actions that only read are cancelled and those that write are finished in the background.
        """
        plan = make_plan(batch, caller, self.target)
        async with self.admission.admit(plan, caller) as grant:
            return await dispatch(plan, self.target, grant, self.background, self._random, gone)

    async def drain(self) -> None:
        """Wait for the actions that outlived their batch. Call it before the target is closed."""
        await self.background.drain()
