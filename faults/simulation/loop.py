"""An event loop whose time is virtual and whose choices come from a seed.

It has no sockets, no threads and no clock. Where nothing is ready it jumps to the next timer, so that minutes of
waiting take no time, and two runs of one seed do the same to the last step.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from typing import Any, NoReturn

from faults.simulation.dice import Dice

MOST_STEPS = 3_000_000
"""Callbacks after which a run is taken for one that never ends."""

MOST_SECONDS = 1e5
"""Virtual seconds after which likewise."""

START = 1000.0
"""What the clock shows at first; a monotonic clock may show anything."""


class Stuck(RuntimeError):
    """Everybody waits, and nothing is left that could wake anybody."""


class Endless(RuntimeError):
    """A run that makes no end."""


class VirtualLoop(asyncio.BaseEventLoop):
    """Runs what is ready in the order in which it became so, or in any order where ``dice`` are given.

    ``asyncio`` promises the first. The second shows what relies on it; what is cancelled or settled at the same moment
    as something else is settled in either order on a real loop too.
    """

    _ready: Any
    _scheduled: Any
    _stopping: bool
    _timer_cancelled_count: int

    def __init__(self, dice: Dice | None = None) -> None:
        super().__init__()
        self._dice = dice
        self._now = START
        self.steps = 0
        self.worked = 0.0
        self.complaints: list[str] = []
        self.set_exception_handler(self._complain)

    def time(self) -> float:
        """Seconds, virtual."""
        return self._now

    def work(self, seconds: float) -> None:
        """Let whoever runs just now have taken so long."""
        self._now += seconds
        self.worked += seconds

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> NoReturn:  # type: ignore[override]
        """Never: a thread would bring a chance of its own."""
        del executor, func, args
        raise RuntimeError("there are no threads in a simulation")

    def _complain(self, _loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        self.complaints.append(f"{context.get('message')}: {error!r}" if error else str(context.get("message")))

    def _process_events(self, event_list: Any) -> None:
        """There are none."""

    def _write_to_self(self) -> None:
        """Nobody calls from another thread."""

    def _run_once(self) -> None:
        ready, scheduled = self._ready, self._scheduled
        self._drop_cancelled()
        if not ready and not self._stopping:
            if not scheduled:
                raise Stuck
            self._now = max(self._now, scheduled[0].when())
        while scheduled and scheduled[0].when() <= self._now:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False  # noqa: SLF001 - as the loop does that this one stands for
            ready.append(timer)
        for _ in range(len(ready)):
            if self._dice is not None and len(ready) > 1:
                ready.rotate(-int(self._dice.random() * len(ready)))
            handle = ready.popleft()
            if not handle.cancelled():
                self.steps += 1
                handle._run()  # noqa: SLF001 - likewise
        if self.steps > MOST_STEPS or self._now > START + MOST_SECONDS:
            raise Endless

    def _drop_cancelled(self) -> None:
        scheduled = self._scheduled
        while scheduled and scheduled[0].cancelled():
            self._timer_cancelled_count -= 1
            heapq.heappop(scheduled)._scheduled = False  # noqa: SLF001 - likewise
