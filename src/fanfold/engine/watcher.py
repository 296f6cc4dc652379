"""Noticing that whoever asked has gone, while their batch is waited for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from fanfold.engine.means import Gone

PATIENCE = 0.02
"""Seconds that a batch runs before it is looked whether whoever asked is still there."""


class Watcher:
    """Looks whether whoever asked has gone, once that is worth a task: most batches are answered before."""

    __slots__ = ("_gone", "_loop", "_task", "_timer", "_told")

    def __init__(self, gone: Gone, told: Callable[[object], None], loop: asyncio.AbstractEventLoop) -> None:
        self._gone = gone
        self._told = told
        self._loop = loop
        self._task: asyncio.Task[Any] | None = None
        self._timer = loop.call_later(PATIENCE, self._begin)

    def _begin(self) -> None:
        self._task = self._loop.create_task(self._gone())
        self._task.add_done_callback(self._told)

    def cancel(self) -> None:
        """Look no longer."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
