"""Work that outlives its request, and the process: jobs, deliveries, whatever is to be tried again tomorrow.

What is to be done is a *performance*: an async function that does one step for a subject (a gid, say) and tells after
how many seconds it wants to be called again, or None when there is nothing left. A durable engine keeps which are under
way and since when they sleep; the work API's own database keeps how far each has come, in the same transaction as what
was done. So a step that the engine repeats after a crash finds that it was done, and goes on from there.

The engine is DBOS, on a file of its own beside the database or in a schema of its own within it. It is imported and
started with the first piece of work, off the event loop: a server that has nothing to do in the background pays nothing
for it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from fanfold.errors import Unavailable, Undecided
from fanfold.server.workflows import Workflows

if TYPE_CHECKING:
    from fanfold.server.presence import Presence


logger = logging.getLogger("fanfold")

Performance = Callable[[str], Awaitable[float | None]]
"""Does one step for a subject; the seconds to wait before the next, or None at the end."""

AGAIN = 5.0
"""Seconds after which a step is tried again for which the database was not there."""

ABSENT = 0.2
"""Seconds between two looks whether a step may begin, while nobody is sure of it."""


class Runner(Protocol):
    """What carries on work in the background."""

    def start(self, name: str, subject: str, key: str) -> None:
        """Have a performance carried on until it is at its end; once for each key. Returns at once."""

    def resume(self) -> None:
        """Go on with what an earlier process left, if there may be anything."""

    @property
    def works(self) -> bool:
        """Whether it carries on what it is given, as far as is known."""

    async def close(self) -> None:
        """Stop; whatever is not at its end goes on after the next start."""


async def _tried(performance: Performance, name: str, subject: str) -> float | None:
    """One step; what cannot be done for now is tried again."""
    try:
        return await performance(subject)
    except (Unavailable, Undecided) as error:
        logger.warning("%s %s has to wait: %s", name, subject, error.message)
        return AGAIN
    except Exception:
        logger.exception("%s %s broke off", name, subject)
        return None


class TaskRunner:
    """Carries on work in tasks of this process: for databases in memory, which do not outlive it either."""

    def __init__(self, performances: Mapping[str, Performance]) -> None:
        self._performances = performances
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self, name: str, subject: str, key: str) -> None:
        """Have a performance carried on, unless that is under way."""
        if key not in self._tasks:
            task = self._tasks[key] = asyncio.get_running_loop().create_task(self._carry(name, subject))
            task.add_done_callback(lambda _: self._tasks.pop(key, None))

    async def _carry(self, name: str, subject: str) -> None:
        pause = await _tried(self._performances[name], name, subject)
        while pause is not None:
            await asyncio.sleep(pause)
            pause = await _tried(self._performances[name], name, subject)

    def resume(self) -> None:
        """Nothing is left by anybody."""

    works = True

    async def close(self) -> None:
        """Stop."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class DurableRunner:
    """Carries on work through DBOS; what was under way when the process died goes on when the next one starts.

    Where several processes have one database, it goes on in another of them a few seconds later (see ``presence.py``).
    """

    def __init__(self, performances: Mapping[str, Performance], where: Path | str) -> None:
        """``where`` the engine keeps what is under way: a SQLite file of its own, or a PostgreSQL database."""
        self._performances = performances
        self._where = where
        self._presence = self._among_others(where) if isinstance(where, str) else None
        name = "local" if self._presence is None else self._presence.name
        self._engine = Workflows(where, self._step, name, self._life, self._broken)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False

    @property
    def works(self) -> bool:
        """Whether the engine could be started, or nobody has tried."""
        return self._engine.works

    def start(self, name: str, subject: str, key: str) -> None:
        """Have a performance carried on until it is at its end, across restarts; once for each key."""
        if self._closing:
            return
        self._loop = self._loop or asyncio.get_running_loop()
        if self._presence is not None:
            self._presence.open()
        self._engine.start(name, subject, key).add_done_callback(partial(self._started, name, subject, key))

    def resume(self) -> None:
        """Go on with what an earlier process left, if there may be anything, and later with what others leave."""
        self._loop = asyncio.get_running_loop()
        if self._presence is not None:
            self._presence.open()
        elif isinstance(self._where, Path) and self._where.exists():
            self._taken_over(None)

    async def close(self) -> None:
        """Stop; a step under way is waited for, the rest goes on after the next start, or in another process."""
        self._closing = True
        await asyncio.get_running_loop().run_in_executor(None, self._stop)

    def _among_others(self, url: str) -> Presence:
        from fanfold.server.presence import Presence  # noqa: PLC0415 - most servers have a file

        return Presence(url, self._taken_over)

    # -- in other threads --------------------------------------------------------------------------------------------

    def _taken_over(self, executor: str | None) -> Future[None]:
        """Have what a process left carried on by those who live."""
        taking = self._engine.resume(executor)
        taking.add_done_callback(lambda taken: _tell(taken, "what an earlier process left could not be gone on with"))
        return taking

    def _started(self, name: str, subject: str, key: str, done: Future[None]) -> None:
        error = None if done.cancelled() else done.exception()
        if error is not None:
            self._again(name, subject, key, error)

    def _broken(self, name: str, subject: str, error: Exception) -> None:
        """The engine could not keep on with it. How far it has come is kept elsewhere: it is begun anew."""
        self._again(name, subject, f"{name}-{subject}-again-{secrets.token_hex(6)}", error)

    def _again(self, name: str, subject: str, key: str, error: BaseException) -> None:
        """Try later what the engine could not keep."""
        if self._closing or self._loop is None:
            return
        said = str(error).partition("\n")[0]
        logger.warning("%s %s has to wait for the durable engine: %s %s", name, subject, type(error).__name__, said)
        self._loop.call_soon_threadsafe(self._loop.call_later, AGAIN, self.start, name, subject, key)

    def _life(self) -> int:
        return 0 if self._presence is None else self._presence.life

    async def _step(self, name: str, subject: str, life: int) -> float | None:
        """One step on the server's event loop, the only place where the database is used."""
        presence = self._presence
        while presence is not None and not presence.here and not self._closing:  # noqa: ASYNC110 - time ends it too
            await asyncio.sleep(ABSENT)
        if self._closing or self._loop is None:
            await asyncio.Event().wait()  # until the engine is stopped, which leaves this step to be done again
            raise AssertionError
        if life != self._life():
            raise asyncio.CancelledError  # another may have taken it over: this one ends here, and nothing is recorded
        done = asyncio.run_coroutine_threadsafe(self._perform(name, subject), self._loop)
        return await asyncio.wrap_future(done)

    async def _perform(self, name: str, subject: str) -> float | None:
        return await _tried(self._performances[name], name, subject)

    def _stop(self) -> None:
        self._engine.stop()
        if self._presence is not None:
            self._presence.close()


def _tell(done: Future[None], complaint: str) -> None:
    error = None if done.cancelled() else done.exception()
    if error is not None:
        logger.error("%s", complaint, exc_info=error)
