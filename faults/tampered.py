"""The server with something done to it from outside, so that the product itself has no switch for it.

``python -m faults.tampered [WHERE:NUMBER …] serve …`` is ``fanfold serve …`` that kills itself at the given moments:
the NUMBER-th time that it comes to WHERE (see ``POINTS``). On SIGUSR1 it writes what only it knows to ``$FAULTS_TOLD``:
how many tasks there are, how many objects the collector watches, what memory Python and SQLite have, and how late the
event loop has been at worst since the start or SIGUSR2; with ``$FAULTS_WHERE`` set also where in the program it was
then; and since it told last, how long the slowest decision about limits took, and how late the loop was. Host names
stand for what the file ``$FAULTS_NAMES`` says (``faults.names``).
"""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from time import monotonic
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
    """How late the event loop is, and how long it is thought about limits. In seconds."""

    worst = late = decision = 0.0
    busy = 0.0
    """Seconds of processor time that the loop took at most between two looks: what is late without that was kept from
    the processor by somebody else."""

    where = ""
    """Where in the program the loop was while it was busiest, if that is looked for."""

    _due = float("inf")
    _seen = ""

    async def keep(self) -> None:
        """Look again and again."""
        loop = asyncio.get_running_loop()
        while True:
            self._seen = ""
            self._due = loop.time() + TICK
            used = time.thread_time()
            await asyncio.sleep(TICK)
            self.late = max(self.late, loop.time() - self._due)
            self.worst = max(self.worst, self.late)
            used = time.thread_time() - used
            if used > self.busy:
                self.busy, self.where = used, self._seen

    def forget(self) -> None:
        """Begin anew."""
        self.worst, self.busy, self.where = 0.0, 0.0, ""

    def look_where(self) -> None:
        """In a thread of its own: while the loop is late, note where it is."""
        loop_thread = threading.main_thread().ident or 0
        while True:
            time.sleep(TICK)
            if time.monotonic() > self._due + 2 * TICK:
                frames = traceback.extract_stack(sys._current_frames()[loop_thread])  # noqa: SLF001 - meant for this
                own = [frame for frame in frames if "fanfold" in frame.filename] or frames
                self._seen = " < ".join(f"{Path(one.filename).name}:{one.name}" for one in reversed(own[-3:]))

    def tell(self, where: Path) -> None:
        """Write what there is to tell."""
        told = {
            "tasks": len(asyncio.all_tasks()),
            "objects": len(gc.get_objects()),
            "lag": self.worst,
            "busy": self.busy,
            "where": self.where,
            "blocks": sys.getallocatedblocks(),
            "sqlite": sys.modules["apsw"].memory_used() if "apsw" in sys.modules else 0,
            "decision": self.decision,
            "late": self.late,
        }
        self.decision = self.late = 0.0
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
        loop.add_signal_handler(signal.SIGUSR2, watch.forget)
        if "FAULTS_WHERE" in os.environ:
            threading.Thread(target=watch.look_where, daemon=True).start()
        looking = loop.create_task(watch.keep())
        try:
            await serve(self, *arguments, **named)
        finally:
            looking.cancel()

    uvicorn.Server.serve = watched  # type: ignore[method-assign]


def _time_decisions(watch: Watch) -> None:
    """See how long each decision about limits in a Redis takes, whoever makes it in the end."""
    from fanfold.limits.fallback import FallbackLimiter  # noqa: PLC0415

    take = FallbackLimiter.take

    async def timed(self: Any, *arguments: Any) -> Any:
        began = monotonic()
        try:
            return await take(self, *arguments)
        finally:
            watch.decision = max(watch.decision, monotonic() - began)

    FallbackLimiter.take = timed  # type: ignore[method-assign]


def main(words: list[str]) -> None:
    """Do it, and then serve."""
    start = next(place for place, word in enumerate(words) if word in ("serve", "gateway"))
    fatal = {(where, int(number)) for where, _, number in (word.partition(":") for word in words[:start])}
    points = Points(fatal)
    if "FAULTS_TOLD" in os.environ:
        watch = Watch()
        _tell_on_signal(watch, points)
        if "--redis" in words:
            _time_decisions(watch)
    if fatal:
        from faults.moments import place_points  # noqa: PLC0415 - only where there are any

        place_points(points, {where for where, _ in fatal if where != EVERY})
    if "FAULTS_NAMES" in os.environ:
        from faults.names import place_names  # noqa: PLC0415 - only where there are any

        place_names(Path(os.environ["FAULTS_NAMES"]))
    from fanfold.cli import main as run  # noqa: PLC0415

    run(words[start:])


if __name__ == "__main__":
    main(sys.argv[1:])
