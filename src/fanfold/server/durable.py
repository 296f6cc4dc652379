"""Work that outlives its request, and the process: jobs, deliveries, whatever is to be tried again tomorrow.

What is to be done is a *performance*: an async function that does one step for a subject (a gid, say) and tells after
how many seconds it wants to be called again, or None when there is nothing left. A durable engine keeps which are under
way and since when they sleep; the work API's own database keeps how far each has come, in the same transaction as what
was done. So a step that the engine repeats after a crash finds that it was done, and goes on from there.

The engine is DBOS on a file of its own beside the database. It is imported and started with the first piece of work,
off the event loop: a server that has nothing to do in the background pays nothing for it.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from fanfold.errors import Unavailable

logger = logging.getLogger("fanfold")

Performance = Callable[[str], Awaitable[float | None]]
"""Does one step for a subject; the seconds to wait before the next, or None at the end."""

ROUNDS = 500
"""Steps that one workflow records before another takes over, so that no history grows without end."""

KEPT = 24 * 3600
"""How long the engine keeps what is finished, in seconds: until then a key is not performed again."""


LATER = 2.0
"""Seconds until that is tried again which cannot be done for now, as the database cannot be written."""


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
    except Unavailable as error:
        logger.warning("%s %s has to wait: %s", name, subject, error.message)
        return LATER
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


@cache
def _teach_old_sqlite() -> None:
    """Let SQLite before 3.42 tell fractions of a second.

    The engine takes it for granted that Python from 3.12 on comes with a newer one, which is not so everywhere.
    """
    if sqlite3.sqlite_version_info >= (3, 42):
        return
    from sqlalchemy import event  # noqa: PLC0415 - comes with the engine
    from sqlalchemy.engine import Engine  # noqa: PLC0415

    @event.listens_for(Engine, "connect")
    def teach(connection: Any, _: object) -> None:
        connection.create_function("unixepoch", -1, lambda *_: round(time.time(), 3))


def _in_a_line(record: logging.LogRecord) -> bool:
    """Have the engine tell what went wrong with it in a line, instead of where within it that was."""
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        said = str(error).partition("\n")[0]
        record.msg, record.args = f"{record.getMessage()} {type(error).__name__} {said}", None
        record.exc_info = record.exc_text = None
    return True


class DurableRunner:
    """Carries on work through DBOS; what was under way when the process died goes on when the next one starts."""

    def __init__(self, performances: Mapping[str, Performance], path: Path) -> None:
        """``path``: the engine's own SQLite file."""
        self._performances = performances
        self._path = path
        self._thread = ThreadPoolExecutor(1, "fanfold-durable")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._engine: Any = None
        self._workflow: Any = None
        self._closing = False
        self._broken = False

    @property
    def works(self) -> bool:
        """Whether the engine could be started, or nobody has tried."""
        return not self._broken

    def start(self, name: str, subject: str, key: str) -> None:
        """Have a performance carried on until it is at its end, across restarts; once for each key."""
        if self._closing:
            return
        self._loop = self._loop or asyncio.get_running_loop()
        self._thread.submit(self._start, name, subject, key)

    def resume(self) -> None:
        """Go on with what an earlier process left, if there may be anything."""
        if self._path.exists():
            self._loop = asyncio.get_running_loop()
            self._thread.submit(self._resume)

    async def close(self) -> None:
        """Stop; a step under way is waited for, the rest goes on after the next start."""
        self._closing = True
        await asyncio.get_running_loop().run_in_executor(self._thread, self._stop)
        self._thread.shutdown(wait=False)

    # -- in the engine's threads -------------------------------------------------------------------------------------

    def _start(self, name: str, subject: str, key: str) -> None:
        try:
            self._launch()
            from dbos import SetWorkflowID  # noqa: PLC0415 - imported with the first piece of work

            with SetWorkflowID(key):
                self._engine.start_workflow(self._workflow, name, subject)
        except Exception as error:  # noqa: BLE001 - it is told and tried again
            self._again(name, subject, error)

    def _again(self, name: str, subject: str, error: Exception) -> None:
        """Begin anew, some time later, what the engine could not keep: how far it has come is not kept there anyway."""
        if self._closing or self._loop is None:
            return
        said = str(error).partition("\n")[0]
        logger.warning(
            "%s %s has to wait, as the durable engine failed: %s %s", name, subject, type(error).__name__, said
        )
        key = f"{name}-{subject}-again-{secrets.token_hex(6)}"
        self._loop.call_soon_threadsafe(self._loop.call_later, LATER, self.start, name, subject, key)

    def _resume(self) -> None:
        try:
            self._launch()
        except Exception:
            logger.exception("what an earlier process left could not be gone on with")

    def _launch(self) -> None:
        try:
            self._launch_engine()
        except Exception:
            self._broken = True
            raise
        self._broken = False

    def _launch_engine(self) -> None:
        if self._engine is not None or self._closing:
            return
        _teach_old_sqlite()
        from dbos import DBOS  # noqa: PLC0415 - some 20 MB and a quarter of a second that not every server needs

        logging.getLogger("dbos").addFilter(_in_a_line)
        DBOS(
            config={
                "name": "fanfold",
                "system_database_url": f"sqlite:///{self._path}",
                "application_version": "1",  # recovery is for workflows of the same version: ours never change shape
                "executor_id": "local",
                "log_level": "ERROR",
            }
        )

        async def step(name: str, subject: str) -> float | None:
            return await self._step(name, subject)

        recorded = DBOS.step(name="step")(step)

        async def go_on(name: str, subject: str) -> None:
            for _ in range(ROUNDS):
                pause = await recorded(name, subject)
                if pause is None:
                    return
                if pause:
                    await DBOS.sleep_async(pause)
            await DBOS.start_workflow_async(self._workflow, name, subject)

        async def carry(name: str, subject: str) -> None:
            try:
                await go_on(name, subject)
            except Exception as error:  # noqa: BLE001 - the engine's own: steps do not raise
                self._again(name, subject, error)

        self._workflow = DBOS.workflow(name="carry", max_recovery_attempts=None)(carry)
        DBOS.launch()
        self._engine = DBOS
        self._forget_finished()

    def _forget_finished(self) -> None:
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - KEPT))
        done = self._engine.list_workflows(
            status=["SUCCESS", "ERROR"], completed_before=until, load_input=False, load_output=False
        )
        self._engine.delete_workflows([workflow.workflow_id for workflow in done])

    async def _step(self, name: str, subject: str) -> float | None:
        """One step on the server's event loop, the only place where the database is used."""
        if self._closing or self._loop is None:
            await asyncio.Event().wait()  # until the engine is stopped, which leaves this step to be done again
            raise AssertionError
        done = asyncio.run_coroutine_threadsafe(self._perform(name, subject), self._loop)
        return await asyncio.wrap_future(done)

    async def _perform(self, name: str, subject: str) -> float | None:
        return await _tried(self._performances[name], name, subject)

    def _stop(self) -> None:
        if self._engine is not None:
            self._engine.destroy(destroy_registry=True)
            self._engine = None
