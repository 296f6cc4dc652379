"""What says which runs may begin when: all in which batches of actions that hang together differ from recipes.

Dispatch is told by it what to carry out, and tells it of each run that is settled. A plain batch has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, cast

from fanfold.engine.fetching.course import Course
from fanfold.engine.means import Means, RecordWatch, Watch
from fanfold.engine.order import Order
from fanfold.engine.plan import Plan
from fanfold.engine.runs import FanOut, Run
from fanfold.model import Result


class Ordering(Protocol):
    """Hands out the runs of one plan as they may begin."""

    def first(self) -> list[Run]:
        """The runs that may begin at once."""

    def settled(self, run: Run) -> list[Run]:
        """Take note of what became of a run; the runs that may begin because of it."""

    def ended(self, run: Run) -> list[Run]:
        """Take note that a run has ended which was settled while its task went on; the runs that may begin now."""

    def about_to_begin(self, runs: list[Run]) -> Iterator[Run]:
        """The runs, which may grow more meanwhile, with a last look at each."""

    def elements(self, fan: FanOut) -> list[Run]:
        """Line up the elements of a fan-out that was admitted; those that may begin."""

    def go_on(self) -> list[Run]:
        """What may begin that was held back; asked when there is room again."""

    def unfinished(self, run: Run, seconds: float) -> Result:
        """What becomes of an action or entry for which there is no time any more, after so many seconds."""


def ordering_of(
    plan: Plan, runs: list[Run], means: Means, watch: Watch | None, go_on: Callable[[], None]
) -> Ordering | None:
    """What a plan needs, None for a plain one; ``go_on`` is what to call when there is room again."""
    if plan.fetch is not None:
        taking = cast("RecordWatch", watch) if hasattr(watch, "records") else None
        if taking is not None:
            taking.when_room(go_on)
        return Course(plan.fetch, runs, taking)
    return None if plan.conduct is None else Order(plan, runs, means.max_fan_out, means.shuffle)
