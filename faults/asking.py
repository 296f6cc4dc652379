"""A caller that asks for little, again and again, and notes what it was told when: for looking at limits."""

from __future__ import annotations

import asyncio
from collections import deque
from time import monotonic
from typing import Any, NamedTuple

from faults.client import BrokenError
from faults.server import Server
from faults.wording import again_and_again, decoded, unfit

READ: dict[str, Any] = {"method": "get", "relative_path": "/users/me"}


class Asked(NamedTuple):
    """An answer: when it was asked for, how long it took (s), whether it told how limits stand."""

    at: float
    seconds: float
    status: int
    told: bool


class Asker:
    """One caller with one connection: a batch of one read, and the next when that is answered."""

    def __init__(self, server: Server, action: dict[str, Any] = READ) -> None:
        self.asked: list[Asked] = []
        self.wrong: list[str] = []
        self._link = server.link()
        self._actions = [action]

    async def fly(self, until: asyncio.Event) -> None:
        """Ask until told to stop."""
        await again_and_again(self._once, until)
        self._link.close()

    async def _once(self) -> None:
        at = monotonic()
        try:
            reply = await self._link.batch(self._actions)
        except BrokenError as error:
            self.wrong.append(f"a batch was not answered: {error}")
            return
        self.asked.append(Asked(at, reply.seconds, reply.status, "ratelimit" in reply.headers))
        if reply.status >= 500 and (found := unfit(reply.status, reply.headers, decoded(reply))):
            self.wrong.append(found)
        elif reply.status == 200 and [result["status_code"] for result in reply.data] != [200]:
            self.wrong.append(f"I4: a read was answered {reply.body[:200]!r}")


def most_within(moments: list[float], seconds: float) -> int:
    """How many of these lie within so many seconds, at most."""
    within: deque[float] = deque()
    most = 0
    for moment in sorted(moments):
        within.append(moment)
        while within[0] <= moment - seconds:
            within.popleft()
        most = max(most, len(within))
    return most
