"""The server with something done to it from outside, so that the product itself has no switch for it.

``python -m faults.tampered [WHERE:NUMBER …] serve …`` is ``fanfold serve …`` that kills itself at the given moments:
the NUMBER-th time that it comes to WHERE (see ``POINTS``). On SIGUSR1 it writes what only it knows to ``$FAULTS_TOLD``:
how many tasks there are, how many objects the collector watches, how late the event loop has been at worst, and what
memory Python and SQLite have.
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

POINTS = ("statement", "commit", "committed", "answer", "answered", "post", "posted", "engine", "engine-commit")
"""Before each statement of the store, before and after each commit of it, before and after an answer is handed to the
connection, before and after a webhook is spoken to, before each statement and commit of the durable engine."""

EVERY = "every"
"""``every:0`` counts all moments, and nothing dies."""

TICK = 0.01
"""Seconds between two looks at how late the loop is."""


class Watch:
    """How late the event loop is."""

    worst = 0.0

    async def keep(self) -> None:
        """Look again and again."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            self.worst = max(self.worst, loop.time() - due)

    def tell(self, where: Path) -> None:
        """Write what there is to tell."""
        sqlite = sys.modules["apsw"].memory_used() if "apsw" in sys.modules else 0
        objects = len(gc.get_objects())
        told = (len(asyncio.all_tasks()), objects, self.worst, sys.getallocatedblocks(), sqlite)
        part = where.with_suffix(".part")
        part.write_bytes(msgspec.json.encode(told))
        part.rename(where)


class Points:
    """Counts the moments, and dies at those that were named."""

    def __init__(self, fatal: set[tuple[str, int]]) -> None:
        self._fatal = fatal
        self.passed: Counter[str] = Counter()

    def come(self, where: str) -> None:
        """The process is at a moment."""
        self.passed[where] += 1
        if (where, self.passed[where]) in self._fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def save(self, where: Path) -> None:
        """Write how many moments there were."""
        where.write_bytes(msgspec.json.encode(dict(self.passed)))


def _tell_on_signal(watch: Watch, points: Points) -> None:
    """Watch the loop of the server as soon as it has one."""
    import uvicorn  # noqa: PLC0415 - the product decides when

    serve = uvicorn.Server.serve

    async def watched(self: Any, *arguments: Any, **named: Any) -> None:
        told = Path(os.environ["FAULTS_TOLD"])
        loop = asyncio.get_running_loop()

        def tell() -> None:
            points.save(told.with_suffix(".points"))
            watch.tell(told)

        loop.add_signal_handler(signal.SIGUSR1, tell)
        looking = loop.create_task(watch.keep())
        try:
            await serve(self, *arguments, **named)
        finally:
            looking.cancel()

    uvicorn.Server.serve = watched  # type: ignore[method-assign]


def main(words: list[str]) -> None:
    """Do it, and then serve."""
    start = next(place for place, word in enumerate(words) if word in ("serve", "gateway"))
    fatal = {(where, int(number)) for where, _, number in (word.partition(":") for word in words[:start])}
    points = Points(fatal)
    if "FAULTS_TOLD" in os.environ:
        _tell_on_signal(Watch(), points)
    if fatal:
        from faults.moments import place_points  # noqa: PLC0415 - only where there are any

        place_points(points, {where for where, _ in fatal if where != EVERY})
    from fanfold.cli import main as run  # noqa: PLC0415

    run(words[start:])


if __name__ == "__main__":
    main(sys.argv[1:])
