"""Makes batches of calls that are awaited together: what is asked within one tick travels together.

Nothing here knows of HTTP or of a clock: units go in, and a list of them comes out when it may be sent. What goes
together is decided at the last moment, when the limits have room, so that what was asked while there was none still
travels together, and what is urgent goes first.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, Protocol

from fanfold.client.pacing import Costs, Pacer, Permit


class Handle(Protocol):
    """Something scheduled that can be taken back."""

    def cancel(self) -> None:
        """Do not do it."""


Later = Callable[[float, Callable[[], None]], Handle]
"""Do something in so many seconds; 0 is after what is ready to run now."""


class Unit:
    """What is never split: one call, or the actions of one dependency group. ``count`` actions of ``size`` bytes.

    ``apart``: it shares no batch with others. ``lane`` tells apart what the limits tell apart. ``stale`` says that
    nobody waits for it any more.
    """

    __slots__ = ("apart", "calls", "costs", "count", "lane", "options", "order", "size")

    def __init__(
        self,
        calls: list[Any],
        costs: Costs,
        order: tuple[float, int],
        size: int,
        *,
        apart: bool = False,
        options: bytes = b"",
    ) -> None:
        self.calls = calls
        self.costs = costs
        self.order = order
        self.size = size
        self.count = len(calls)
        self.apart = apart
        self.options = options
        self.lane = (apart, *costs)

    def __lt__(self, other: Unit) -> bool:
        return self.order < other.order

    @property
    def stale(self) -> bool:
        """Whether everybody who waited for it has gone."""
        if self.count == 1:
            return bool(self.calls[0].future.done())
        return all(call.future.done() for call in self.calls)


Send = Callable[[list[Unit], Permit], None]


class Batcher:
    """Queues units and sends them as soon as tick, limits and the number of batches under way let it.

    ``window``: seconds that a first call waits for others, 0 for one tick of the loop. ``max_items`` actions and
    ``max_bytes`` make a batch full, which does not wait. ``max_batches`` are under way at once. While it is ``held``
    nothing is sent.
    """

    def __init__(
        self,
        send: Send,
        pacer: Pacer,
        later: Later,
        *,
        window: float = 0.0,
        max_items: int = 10,
        max_bytes: int = 512 * 1024,
        max_batches: int = 10,
    ) -> None:
        self._send = send
        self._pacer = pacer
        self._later = later
        self._window = window
        self.max_items = max_items
        self.max_bytes = max_bytes
        self._max_batches = self._enough = max_batches
        self._allowed = float(max_batches)
        self._wary = 0
        self._lanes: dict[Any, list[Unit]] = {}
        self._waiting = 0
        self._under_way = 0
        self._tick: Handle | None = None
        self._alarm: Handle | None = None
        self._hurried = False
        self.held = False

    def add(self, unit: Unit) -> None:
        """Have something sent."""
        lane = self._lanes.get(unit.lane)
        if lane is None:
            lane = self._lanes[unit.lane] = []
        heapq.heappush(lane, unit)
        self._waiting += unit.count
        if self._tick is None:
            self._tick = self._later(self._window, self._ticked)
        elif self._window and not self._hurried and self._waiting >= self.max_items:
            self._hurried = True
            self._tick.cancel()
            self._tick = self._later(0, self._ticked)

    def ended(self) -> None:
        """A batch that was sent is over."""
        self._under_way -= 1
        if self._wary:
            self._wary -= 1
        else:
            grown = self._allowed * 2 if self._allowed < self._enough else self._allowed + 1 / self._allowed
            self._allowed = min(self._max_batches, grown)
        if self._waiting and self._tick is None:
            self._tick = self._later(0, self._ticked)

    def slow_down(self) -> None:
        """A batch that is about to end was refused.

        One is tried first then, and soon half as many as were under way, which do not fit; beyond that it grows by one
        a round. What was sent with the refused one, and may be refused too, is no news.
        """
        if not self._wary:
            self._wary = self._under_way
            self._enough = max(1, self._under_way // 2)
            self._allowed = 1.0

    def release(self) -> None:
        """What was held may go."""
        self.held = False
        self.pump()

    def close(self) -> list[Unit]:
        """Send nothing more; what was not sent."""
        for handle in (self._tick, self._alarm):
            if handle is not None:
                handle.cancel()
        left = sorted([unit for lane in self._lanes.values() for unit in lane])
        self._lanes.clear()
        self._waiting = 0
        self.held = True
        return left

    def pump(self) -> None:
        """Send whatever may be sent now, and see to it that this is asked again when time has made room."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self.held:
            return
        open_ = self._pacer.refresh()
        while self._waiting and open_ and self._under_way < int(self._allowed):
            permit = Permit()
            units = self._gather(permit)
            if not units:
                break
            self._under_way += 1
            self._send(units, permit)
        if self._waiting:
            seconds = self._pacer.wake_in()
            if seconds is not None:
                self._alarm = self._later(seconds, self.pump)

    def _ticked(self) -> None:
        self._tick = None
        self._hurried = False
        self.pump()

    def _gather(self, permit: Permit) -> list[Unit]:
        """The units of the next batch, for which the permit is taken; none where there is no room worth using."""
        units: list[Unit] = []
        count = size = 0
        full: set[str] = set()
        kept: set[str] = set()
        passed: set[Any] = set()
        while count < self.max_items:
            unit = self._first(passed)
            if unit is None:
                break
            if units and unit.apart:
                passed.add(unit.lane)  # it is the first of the next, and this one is sent at once
                continue
            if units and (count + unit.count > self.max_items or size + unit.size > self.max_bytes):
                break
            lacking = next((name for name, _ in unit.costs if name in full or name in kept), "") if full else ""
            lacking = lacking or self._pacer.take(permit, unit.costs)
            if lacking:
                full.add(lacking)
                passed.add(unit.lane)
                if unit.count > 1:  # or it would wait for ever, while single calls take slot after slot
                    kept.update([name for name, _ in unit.costs])
                continue
            heapq.heappop(self._lanes[unit.lane])
            units.append(unit)
            count += unit.count
            size += unit.size
            if unit.apart:
                break
        if units and self._is_scrap(units, count, full):
            self._put_back(units, permit)
            return []
        self._waiting -= count
        return units

    def _first(self, passed: set[Any]) -> Unit | None:
        """The unit that comes first of all that may still go; those that nobody waits for any more are dropped."""
        best: Unit | None = None
        for name, lane in self._lanes.items():
            if name in passed:
                continue
            while lane and lane[0].stale:
                self._waiting -= heapq.heappop(lane).count
            if lane and (best is None or lane[0] < best):
                best = lane[0]
        return best

    def _is_scrap(self, units: list[Unit], count: int, full: set[str]) -> bool:
        """Whether a batch is small only because others hold the slots that it needs, and will soon give them back."""
        if not self._under_way or count * 2 >= self.max_items or units[0].apart:
            return False
        slots = {name for name in full if self._pacer.is_slots(name)}
        return bool(slots) and any(name in slots for unit in units for name, _ in unit.costs)

    def _put_back(self, units: list[Unit], permit: Permit) -> None:
        self._pacer.give_back(permit)
        for unit in units:
            heapq.heappush(self._lanes[unit.lane], unit)


__all__ = ["Batcher", "Handle", "Later", "Send", "Unit"]
