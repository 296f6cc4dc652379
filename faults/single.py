"""A caller that writes without batches: one task, and the next when that is answered."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Container

from faults.client import BrokenError, Reply
from faults.history import History, Operation
from faults.server import Server
from faults.wording import again_and_again, decoded, unfit
from faults.workload import NOTHING_DONE, Ground


class Single:
    """One caller with one connection. What it is told is noted as that of those who send batches."""

    def __init__(self, name: str, server: Server, ground: Ground, history: History, may: Container[int]) -> None:
        self.unfit: list[str] = []
        self.slowest = 0.0
        self.unanswered = 0
        self._name = name
        self._link = server.link()
        self._ground = ground
        self._history = history
        self._may = may
        """Statuses that are no fault here."""

        self._numbers = itertools.count()

    async def fly(self, until: asyncio.Event) -> None:
        """Write until told to stop, whether it is answered or not."""
        await again_and_again(self._once, until)
        self._link.close()

    async def _once(self) -> None:
        nonce = f"{self._name}-{next(self._numbers)}"
        ground = self._ground
        data = {"name": nonce, "projects": [ground.project], "tags": [ground.tag], "assignee": "me"}
        operation = self._history.ask(Operation("create", nonce, nonce))
        try:
            reply = await self._link.ask("POST", "/api/1.0/tasks", {"data": data})
        except BrokenError:
            self.unanswered += 1
            self._history.end(operation, "info")
            return
        self.slowest = max(self.slowest, reply.seconds)
        self._take(operation, reply)

    def _take(self, operation: Operation, reply: Reply) -> None:
        if reply.status == 201:
            if reply.data["name"] != operation.value:
                self._history.wrong.append(f"I4: {operation.value} was answered with {reply.data['name']!r}")
            self._history.end(operation, "ok", reply.status, reply.data["gid"])
            return
        if reply.status not in self._may:
            self._history.wrong.append(f"{operation.value} was answered {reply.status}: {reply.body[:200]!r}")
        elif found := unfit(reply.status, reply.headers, decoded(reply)):
            self.unfit.append(found)
        unknown = reply.status >= 500 and reply.status not in NOTHING_DONE
        self._history.end(operation, "info" if unknown else "fail", reply.status)
