"""One seed from its beginning to its end, and what was found."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct

from faults.simulation.dice import Dice
from faults.simulation.fleet import Fleet
from faults.simulation.journal import Journal
from faults.simulation.loop import Endless, Stuck, VirtualLoop
from faults.simulation.sameness import Sameness
from faults.simulation.world import World

UNFORESEEN = ("a batch cannot go on", "an entry of a recipe cannot go on")
"""What the engine logs only where it has met something that it did not foresee."""


class Found(Struct, frozen=True):
    """What became of a seed. ``wrong`` is empty where all was well; ``seconds`` are virtual."""

    seed: int
    events: int
    steps: int
    seconds: float
    digest: str
    wrong: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()


def run_seed(seed: int) -> Found:
    """Run one seed; the same seed is the same run, in any process."""
    dice = Dice(f"{seed}/order")
    loop = VirtualLoop(dice if dice.happens(0.5) else None)
    journal = Journal(loop.time)
    started = loop.time()
    asyncio.set_event_loop(loop)
    with _listening(journal):
        try:
            loop.run_until_complete(_live(seed, loop, journal))
        except (Stuck, Endless) as end:
            journal.wrong(f"{type(end).__name__}: {type(end).__doc__}")
        finally:
            _clear_away(loop)
    for complaint in loop.complaints:
        journal.wrong(f"the event loop complains: {complaint}")
    wrong = tuple([message for _, message in journal.found])
    tail = tuple(journal.tail()) if wrong else ()
    return Found(seed, len(journal), loop.steps, loop.time() - started, journal.digest(), wrong, tail)


async def _live(seed: int, loop: VirtualLoop, journal: Journal) -> None:
    """One worker for most seeds, several for every third, and what may be asked in two ways for every fourth."""
    scene = Fleet(seed, loop, journal) if seed % 3 == 0 else World(seed, loop, journal)
    await scene.live()
    if seed % 4 == 0:
        await Sameness(seed, loop, journal).compare()


def _clear_away(loop: VirtualLoop) -> None:
    """Whoever is destroyed with something left to say says it now; that they are is no complaint."""
    complaints = list(loop.complaints)
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.close()
    asyncio.set_event_loop(None)
    gc.collect()
    loop.complaints[:] = complaints + [one for one in loop.complaints[len(complaints) :] if "never retrieved" in one]


@contextmanager
def _listening(journal: Journal) -> Iterator[None]:
    """Keep the engine's log to ourselves, and look at it."""
    logger = logging.getLogger("fanfold")
    listener = _Listener(journal)
    propagates, logger.propagate = logger.propagate, False
    logger.addHandler(listener)
    try:
        yield
    finally:
        logger.removeHandler(listener)
        logger.propagate = propagates


class _Listener(logging.Handler):
    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Nothing of it is to be a surprise."""
        self._journal.note("log", str(record.msg))
        if str(record.msg) in UNFORESEEN:
            self._journal.wrong(f"{record.msg}: {record.exc_info[1] if record.exc_info else None!r}")
