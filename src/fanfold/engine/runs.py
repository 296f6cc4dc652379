"""What becomes of a step while it is carried out: the one place that dispatch and order both look at."""

from __future__ import annotations

import asyncio
from collections import deque

from msgspec import Struct

from fanfold.engine.plan import Step
from fanfold.model import Action, Leave, Result

PENDING = Result(Action("", ""))
"""Stands in a run until it is settled."""

Task = asyncio.Task[None]


class Run(Struct, eq=False):
    """One step on its way. ``place`` is that of its action in the batch, or of its element in a fan-out.

    ``given`` is a result that needs no call. ``waits``: it has to be awaited, even if its target never waits, for the
    ``extra`` costs that it takes first or for its idempotency key. ``early``: its task goes on after its answer.
    ``lingers``: it was given up, and its task has not ended yet. ``leave`` tells its target that nobody waits any more.
    ``fan`` is the fan-out that it is an element of, ``spreads`` the one that it becomes. ``counted``: it holds one of
    the places of a batch that limits how much runs at once. ``job`` is the run of an entry that it is a call of.
    """

    step: Step
    place: int
    result: Result = PENDING
    task: Task | None = None
    timer: asyncio.TimerHandle | None = None
    given: Result | None = None
    waits: bool = False
    early: bool = False
    lingers: bool = False
    leave: Leave | None = None
    counted: bool = False
    extra: dict[str, int] | None = None
    fan: FanOut | None = None
    spreads: FanOut | None = None
    job: object = None


class FanOut(Struct, eq=False):
    """An action that becomes several: ``children`` in the order of the elements, of which ``left`` are not settled.

    ``begun``: what it costs has been taken.
    """

    parent: Run
    children: list[Run]
    costs: dict[str, int]
    waiting: deque[Run]
    left: int
    running: int = 0
    begun: bool = False
