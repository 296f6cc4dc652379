"""The durable engine: what is under way, how far each has come, and since when it sleeps, kept by DBOS.

It knows nothing of what is done, only that it is done step by step, each with a name and a subject.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from functools import cache, partial
from pathlib import Path
from typing import Any

ROUNDS = 500
"""Steps that one workflow records before another takes over, so that no history grows without end."""

KEPT = 24 * 3600
"""How long the engine keeps what is finished, in seconds: until then a key is not performed again."""

TIDIED = 600.0
"""Seconds between two looks for what need not be kept any longer."""

AT_ONCE = 1000
"""Workflows that are forgotten at once at most."""

LAST = 10.0
"""Seconds that the engine may take to end. Where its database is away it would wait for that, and nothing is lost."""

SCHEMA = "fanfold_work"
"""Where the engine keeps its tables in a PostgreSQL database that others use too."""

CONNECTIONS = 4
"""Connections to PostgreSQL that the engine keeps, beside those of the work API."""

THREADS = 16
"""Threads in which the engine waits for its database."""

logger = logging.getLogger("fanfold")

Work = Callable[[], Awaitable[None]]

Step = Callable[[str, str, int], Awaitable[float | None]]
"""Does one step: name, subject, and the life in which its workflow was begun or taken up in this process."""


Broken = Callable[[str, str, Exception], None]
"""Told of a name and a subject with which the engine could not go on."""


class Workflows:
    """One engine, on a SQLite file or in a PostgreSQL database; started when it is first needed.

    ``executor`` is the name of this process, and ``life`` says which life it has; ``broken`` is told where the engine
    itself fails. Nothing here waits: it goes on in a
    thread with an event loop, where all workflows sleep without costing a thread each.
    """

    def __init__(self, where: Path | str, step: Step, executor: str, life: Callable[[], int], broken: Broken) -> None:
        self._where = where
        self._broken = broken
        self._step = step
        self._executor = executor
        self._life = life
        self._engine: Any = None
        self._workflow: Any = None
        self._tidied = float("-inf")
        self._stopped = False
        self._one_by_one = asyncio.Lock()
        self._starting = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fanfold-durable", daemon=True)
        self.works = True
        """Whether it could be started, or nobody has tried."""

    def start(self, name: str, subject: str, key: str) -> Future[None]:
        """Have steps done until the end; once for each key, whoever starts it."""
        return self._go(partial(self._start, name, subject, key))

    def resume(self, executor: str | None = None) -> Future[None]:
        """Go on with what is up for anybody, and with what an executor left, which nobody else may take meanwhile."""
        return self._go(partial(self._resume, executor))

    def stop(self) -> None:
        """Stop, and return when that is so, or after a time; whatever is not at its end stays as it is."""
        self._stopped = True
        if self._thread.ident is None:
            return
        ending = threading.Thread(target=self._end, name="fanfold-durable-end", daemon=True)
        ending.start()
        ending.join(LAST)
        if ending.is_alive():
            logger.warning("the durable engine does not end, and is left; what was under way goes on later")

    def _end(self) -> None:
        asyncio.run_coroutine_threadsafe(self._leave(), self._loop).result()
        if self._engine is not None:
            self._engine.destroy(destroy_registry=True)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # -- in the thread -----------------------------------------------------------------------------------------------

    def _go(self, work: Work) -> Future[None]:
        with self._starting:  # the server's thread and that of the presence may both be the first
            if self._thread.ident is None:
                self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._go_on(work), self._loop)

    async def _go_on(self, work: Work) -> None:
        async with self._one_by_one:
            if self._stopped:
                return
            if self._engine is None:
                self._launch()
            await work()
            await self._tidy()

    async def _start(self, name: str, subject: str, key: str) -> None:
        from dbos import SetWorkflowID  # noqa: PLC0415 - likewise

        with SetWorkflowID(key):
            await self._engine.start_workflow_async(self._workflow, name, subject)

    async def _resume(self, executor: str | None) -> None:
        if executor is None:
            return
        left = await self._engine.list_workflows_async(
            status="PENDING", executor_id=executor, load_input=False, load_output=False
        )
        if left:
            await self._engine.resume_workflows_async([workflow.workflow_id for workflow in left])

    async def _tidy(self) -> None:
        """Forget what is finished and kept long enough, now and then."""
        if time.monotonic() < self._tidied + TIDIED:
            return
        self._tidied = time.monotonic()
        until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - KEPT))
        done = await self._engine.list_workflows_async(
            status=["SUCCESS", "ERROR"], completed_before=until, load_input=False, load_output=False, limit=AT_ONCE
        )
        await self._engine.delete_workflows_async([workflow.workflow_id for workflow in done])
        if len(done) == AT_ONCE:
            self._tidied = float("-inf")

    async def _leave(self) -> None:
        """End all that sleeps or is done here; nothing is recorded of it."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _launch(self) -> None:
        from dbos import DBOS  # noqa: PLC0415 - some 20 MB and a quarter of a second that not every server needs

        logging.getLogger("dbos").addFilter(_in_a_line)
        try:
            DBOS(config=self._config())
            self._workflow = self._registered(DBOS)
            DBOS.launch()
        except BaseException:
            self.works = False
            DBOS.destroy(destroy_registry=True)
            raise
        self.works = True
        self._engine = DBOS

    def _config(self) -> Any:
        shared = isinstance(self._where, str)
        if not shared:
            _teach_old_sqlite()
        return {
            "name": "fanfold",
            "system_database_url": self._where if shared else f"sqlite:///{self._where}",
            "dbos_system_schema": SCHEMA,
            "use_listen_notify": False,  # nobody waits for what it would tell
            "application_version": "1",  # recovery is for workflows of the same version: ours never change shape
            "executor_id": self._executor,
            "max_executor_threads": THREADS,
            "log_level": "ERROR",
            **(_POOL if shared else {}),
        }

    def _registered(self, engine: Any) -> Any:
        step, life = self._step, self._life

        async def run(name: str, subject: str, begun: int) -> float | None:
            return await step(name, subject, begun)

        recorded = engine.step(name="step")(run)

        async def carry(name: str, subject: str) -> None:
            try:
                await go_on(name, subject)
            except Exception as error:  # noqa: BLE001 - the engine's own: steps do not raise
                self._broken(name, subject, error)

        async def go_on(name: str, subject: str) -> None:
            begun = life()
            for _ in range(ROUNDS):
                pause = await recorded(name, subject, begun)
                if pause is None:
                    return
                if pause:
                    await engine.sleep_async(pause)
            await engine.start_workflow_async(self._workflow, name, subject)

        return engine.workflow(name="carry", max_recovery_attempts=None)(carry)


def _in_a_line(record: logging.LogRecord) -> bool:
    """Have the engine tell what went wrong with it in a line, instead of where within it that was."""
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        said = str(error).partition("\n")[0]
        record.msg, record.args = f"{record.getMessage()} {type(error).__name__} {said}", None
        record.exc_info = record.exc_text = None
    return True


_POOL: dict[str, Any] = {
    "sys_db_pool_size": CONNECTIONS,
    "db_engine_kwargs": {
        "pool_pre_ping": True,
        "pool_timeout": 30,
        "max_overflow": 0,
        "connect_args": {
            "application_name": "fanfold work",
            "connect_timeout": 5,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
    },
}


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
        if isinstance(connection, sqlite3.Connection):
            connection.create_function("unixepoch", -1, lambda *_: round(time.time(), 3))
