"""Whether this process should be sent requests: every part of it is asked whether it works.

That is another question than whether it is alive, which is answered without asking anybody: a server whose database is
away must not be started anew for that.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from msgspec import Struct, json

from fanfold.model import Answer

logger = logging.getLogger("fanfold")

Word = Literal["ok", "degraded", "failed", "late"]
"""How a part is. One that is degraded does its work in another way than it was told to."""

Status = Literal["ready", "degraded", "unready", "draining"]

HELD = 1.0
"""Seconds for which an answer holds, so that nobody can keep the parts busy by asking."""

NOT_CACHED = (("cache-control", "no-store"),)


class Part(Struct, frozen=True):
    """What has to work. ``check`` returns ``ok`` or ``degraded``, or raises; it has ``deadline`` seconds for that."""

    name: str
    check: Callable[[], Awaitable[Word]]
    deadline: float = 1.0


class Report(Struct, frozen=True):
    """What was found; there is nothing in it that not everybody may know."""

    status: Status
    parts: dict[str, Word]

    @property
    def ready(self) -> bool:
        """Whether requests should be sent here."""
        return self.status in ("ready", "degraded")

    def answer(self) -> Answer:
        """The answer to whoever looks: 200, or 503 with the names of what does not work."""
        return Answer(200 if self.ready else 503, json.encode(self), NOT_CACHED)


class Readiness:
    """Asks the parts, all at once, when somebody wants to know."""

    def __init__(self, *parts: Part, clock: Callable[[], float] = time.monotonic) -> None:
        self._parts = parts
        self._clock = clock
        self._leaving = False
        self._held: tuple[float, Report] | None = None
        self._looking: asyncio.Task[Report] | None = None

    def leave(self) -> None:
        """Be ready no more: the server stops."""
        self._leaving = True

    async def look(self) -> Report:
        """How the parts are, or were a moment ago. Whoever asks while they are being asked is given the same."""
        report = await self._found()
        return Report("draining", {}) if self._leaving else report

    async def _found(self) -> Report:
        if self._held is not None and self._clock() - self._held[0] < HELD:
            return self._held[1]
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
            self._looking.add_done_callback(self._looked)
        return await asyncio.shield(self._looking)

    def _looked(self, task: asyncio.Task[Report]) -> None:
        self._looking = None
        if not task.cancelled() and task.exception() is None:
            self._held = self._clock(), task.result()

    async def _look(self) -> Report:
        words = await asyncio.gather(*(_ask(part) for part in self._parts))
        found = dict(zip([part.name for part in self._parts], words, strict=True))
        status: Status = "ready"
        if any(word == "degraded" for word in words):
            status = "degraded"
        if any(word in ("failed", "late") for word in words):
            status = "unready"
        self._tell(found)
        return Report(status, found)

    def _tell(self, found: dict[str, Word]) -> None:
        """Note what has changed."""
        before = self._held[1].parts if self._held is not None else {}
        for name, word in found.items():
            if word != before.get(name, "ok"):
                logger.warning("readiness: the part %s is %s", name, word)


async def _ask(part: Part) -> Word:
    try:
        async with asyncio.timeout(part.deadline):
            return await part.check()
    except TimeoutError:
        return "late"
    except Exception as error:  # noqa: BLE001 - whatever it is, the part does not work
        logger.debug("readiness: %s: %r", part.name, error)
        return "failed"
