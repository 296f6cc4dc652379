"""A load of requests that are ready as bytes: at a given rate whatever becomes of those before, or as answers come.

At a given rate a request is sent when its time has come and not when an earlier one is answered, as clients do that
know nothing of each other. Those that find no connection free open one, up to a bound; beyond it they are counted as
not sent, and nothing is said of them.
"""

from __future__ import annotations

import asyncio
import math
from collections import Counter, deque
from collections.abc import Callable, Sequence
from time import perf_counter
from typing import cast

from faults.client import Address

LENGTH = b"content-length: "


class Shots:
    """What became of a load."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.times: dict[int, list[float]] = {}
        self.broken = 0
        self.late = 0
        """Given up by the client."""

        self.sent = self.unsent = 0
        self.without_hint = 0
        """Refusals without ``Retry-After``."""

        self.seconds = 0.0
        """How long it lasted."""

        self.good = 0
        """Successes in that time."""

        self.until = math.inf

    def note(self, status: int, seconds: float, now: float) -> None:
        """Note an answer."""
        self.statuses[status] += 1
        self.times.setdefault(status, []).append(seconds)
        self.good += status == 200 and now <= self.until

    @property
    def answered(self) -> int:
        """Of how many it is known what became of them."""
        return self.statuses.total() + self.broken + self.late + self.unsent

    @property
    def rate(self) -> float:
        """Successes a second."""
        return self.good / self.seconds if self.seconds else 0.0

    def percentile(self, share: float, *statuses: int) -> float:
        """Milliseconds within which so large a share of the answers with these statuses came."""
        times = sorted(time for status in statuses for time in self.times.get(status, ()))
        return times[min(len(times) - 1, math.ceil(share * len(times)) - 1)] * 1000 if times else 0.0


def together(loads: Sequence[Shots]) -> Shots:
    """What became of several loads."""
    found = Shots()
    for shots in loads:
        found.statuses.update(shots.statuses)
        for status, times in shots.times.items():
            found.times.setdefault(status, []).extend(times)
        for name in ("broken", "late", "sent", "unsent", "without_hint", "seconds", "good"):
            setattr(found, name, getattr(found, name) + getattr(shots, name))
    return found


class Gun(asyncio.Protocol):
    """One connection, with at most one request under way."""

    def __init__(self, shots: Shots, free: Callable[[Gun], None]) -> None:
        self._shots = shots
        self._free = free
        self._transport: asyncio.Transport | None = None
        self._data = b""
        self._sent = 0.0
        self._body = -1
        self._status = 0
        self._last = False
        self._timer: asyncio.TimerHandle | None = None
        self.alive = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport, self.alive = cast("asyncio.Transport", transport), True

    def fire(self, request: bytes, due: float, patience: float, shots: Shots | None = None) -> None:
        """Send a request that was due at some time and is given up after ``patience`` seconds; noted in ``shots``."""
        self._shots = shots or self._shots
        self._sent = due
        self._timer = asyncio.get_running_loop().call_later(patience, self._give_up) if patience else None
        if self._transport is not None:
            self._transport.write(request)

    def _give_up(self) -> None:
        self._shots.late += 1
        self._sent = 0.0
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.alive = False
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take a piece of an answer."""
        data = self._data + data
        if self._body < 0:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._data = data
                return
            head = data[:end].lower()
            self._status = int(head[9:12])
            place = head.find(LENGTH)
            length = int(head[place + len(LENGTH) :].split(b"\r", 1)[0]) if place >= 0 else 0
            if self._status in (429, 503) and b"\r\nretry-after:" not in head:
                self._shots.without_hint += 1
            self._body = end + 4 + length
            self._last = b"\r\nconnection: close" in head
        if len(data) < self._body:
            self._data = data
            return
        self._data, self._body = b"", -1
        if self._timer is not None:
            self._timer.cancel()
        now = perf_counter()
        self._shots.note(self._status, now - self._sent, now)
        self._sent = 0.0
        if self._last:
            self.close()
        else:
            self._free(self)

    def connection_lost(self, _: Exception | None) -> None:
        """It is closed."""
        self.alive = False
        if self._timer is not None:
            self._timer.cancel()
        if self._sent:
            self._shots.broken += 1
            self._sent = 0.0


class Range:
    """Guns at one server."""

    def __init__(self, address: Address, *, most: int = 2000) -> None:
        self._address = address
        self._most = most
        self._free: deque[Gun] = deque()
        self._count = 0
        self._shots = Shots()
        self._opening: set[asyncio.Task[None]] = set()

    async def steadily(self, requests: Sequence[bytes], rate: float, seconds: float, patience: float = 5.0) -> Shots:
        """Send so many requests a second for so long; what is under way then is to be waited for (``rest``)."""
        shots = self._shots = Shots()
        began = perf_counter()
        sent = 0
        wanted = int(rate * seconds)
        shots.until = began + seconds
        while sent < wanted:
            due = min(wanted, int((perf_counter() - began) * rate) + 1)
            while sent < due:
                self._send(requests[sent % len(requests)], began + sent / rate, patience)
                sent += 1
            await asyncio.sleep(max(0.0005, began + sent / rate - perf_counter()))
        shots.seconds = perf_counter() - began
        shots.sent = sent
        return shots

    @staticmethod
    async def rest(shots: Shots, patience: float = 5.0) -> None:
        """Wait for what was sent and is still under way."""
        until = perf_counter() + patience
        while perf_counter() < until and shots.answered < shots.sent:
            await asyncio.sleep(0.01)

    def _send(self, request: bytes, due: float, patience: float) -> None:
        while self._free:
            gun = self._free.pop()
            if gun.alive:
                gun.fire(request, due, patience, self._shots)
                return
            self._count -= 1
        if self._count >= self._most:
            self._shots.unsent += 1
            return
        self._count += 1
        task = asyncio.get_running_loop().create_task(self._open(request, due, patience))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, request: bytes, due: float, patience: float) -> None:
        shots = self._shots
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(patience):
                _, gun = await loop.create_connection(
                    lambda: Gun(shots, self._free.append), self._address.host, self._address.port
                )
        except (OSError, TimeoutError):
            shots.broken += 1
            self._count -= 1
            return
        gun.fire(request, due, patience)

    async def briskly(
        self,
        requests: Sequence[bytes],
        connections: int,
        seconds: float,
        *,
        count: int = 0,
        shots: Shots | None = None,
    ) -> Shots:
        """Send the next over each of so many connections as soon as the last is answered, for so long or so many."""
        shots = shots or Shots()
        until = perf_counter() + seconds
        began = perf_counter()
        done = asyncio.get_running_loop().create_future()
        sent = 0

        def again(gun: Gun) -> None:
            nonlocal sent
            now = perf_counter()
            if (count and sent >= count) or (not count and now >= until):
                gun.close()
                if not done.done() and not any(one.alive for one in guns):
                    done.set_result(None)
                return
            gun.fire(requests[sent % len(requests)], now, 0)
            sent += 1

        guns: list[Gun] = []
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            _, gun = await loop.create_connection(lambda: Gun(shots, again), self._address.host, self._address.port)
            guns.append(gun)
        for gun in guns:
            again(gun)
        while not done.done() and any(gun.alive for gun in guns):
            await asyncio.wait([done], timeout=0.5)
        shots.seconds = perf_counter() - began
        return shots

    def close(self) -> None:
        """Close all connections."""
        for gun in self._free:
            gun.close()
        self._free.clear()
        self._count = 0
