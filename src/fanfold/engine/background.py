"""What goes on when its batch has been answered: writes that took too long, and applications with work of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from fanfold.engine.runs import Task

GRACE = 330.0
"""Seconds; longer than a ledger lets run what has a key, so that this has ended when its task is taken for ended."""


class Holding(Protocol):
    """What dispatch needs of an admission: to take more, to hold it beyond the batch, and to give it back then."""

    async def extend(self, costs: Mapping[str, int]) -> None:
        """Take more, all or nothing; raises ``LimitExceeded``."""

    def keep(self) -> None:
        """From now on whoever called this gives the slots back."""

    def release(self) -> None:
        """Give the slots back."""


class Background:
    """Tasks that outlive their batch. They are held here, as the event loop holds its tasks only weakly.

    A task whose slots are held is cancelled when it has not ended ``grace`` seconds later: a write that was begun is to
    be finished, but nothing may go on for ever that nobody waits for.
    """

    def __init__(self, grace: float = GRACE) -> None:
        self._grace = grace
        self._tasks: dict[Task, None] = {}  # in the order adopted, in which they are cancelled too

    def __len__(self) -> int:
        return len(self._tasks)

    def adopt(self, tasks: Sequence[Task], grant: Holding | None = None) -> None:
        """Hold ``tasks`` until each is done, and their slots, if they have any, until the last one is."""
        if grant is not None:
            grant.keep()
        left = dict.fromkeys(tasks)
        timer = None if grant is None else asyncio.get_running_loop().call_later(self._grace, _cancel_all, left)

        def finished(task: Task) -> None:
            self._tasks.pop(task, None)
            left.pop(task, None)
            if not left and grant is not None:
                grant.release()
                if timer is not None:
                    timer.cancel()

        for task in tasks:
            self._tasks[task] = None
            task.add_done_callback(finished)

    def bound(self, task: Task) -> None:
        """See to it that a task which was given up ends some day, while its batch goes on."""
        timer = asyncio.get_running_loop().call_later(self._grace, task.cancel)
        task.add_done_callback(lambda _: timer.cancel())

    async def drain(self, seconds: float | None = None) -> None:
        """Wait until nothing is left, including what is adopted meanwhile; after ``seconds`` cancel what is."""
        until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        while self._tasks:
            left = None if until is None else until - asyncio.get_running_loop().time()
            if left is not None and left <= 0:
                _cancel_all(self._tasks)
                await asyncio.wait(self._tasks, timeout=1)
                return
            await asyncio.wait(self._tasks, timeout=left)


def _cancel_all(tasks: Iterable[Task]) -> None:
    for task in tasks:
        task.cancel()
