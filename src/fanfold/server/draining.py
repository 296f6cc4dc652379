"""Stopping without a request that fails.

The server library stops listening and closes idle connections in the moment that it is told to stop. A request that is
just on its way is lost then, and a load balancer that still sends some finds nobody. Here the server first says that it
is not ready any more and goes on for ``drain_delay`` seconds, answering everything with ``Connection: close``. Then it
stops listening, after a last look at who was waiting to be let in. Idle connections are closed only after a grace in
which nothing came.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator, Sequence
from functools import partial
from types import FrameType
from typing import Any, Protocol

import uvicorn

from fanfold.server.listening import BACKLOG
from fanfold.server.protocol import BoundedProtocol

logger = logging.getLogger("fanfold")

IDLE_GRACE = 1.0
"""Seconds for which a connection without a request stays open when the server stops: a request may be on its way."""

AT_A_TURN = 64
"""Connections that are let in at a turn of the loop."""

STEP = 0.05
"""Seconds between two looks at what is still there."""

CUT_OFF = 1.0
"""Seconds in which a request that was not done in time, and is broken off, may still say so."""

LEAVING = 5.0
"""Seconds in which a process ends that has closed everything."""

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Patience(Protocol):
    """How long others may take, in seconds; see the settings."""

    @property
    def head_timeout(self) -> float:
        """Clients, for the head of a request."""

    @property
    def body_timeout(self) -> float:
        """Clients, for a body."""

    @property
    def max_wait(self) -> float:
        """Clients, for the turn of a request."""

    @property
    def drain_delay(self) -> float:
        """Whoever looks whether we are ready, to notice that we are not any more."""

    @property
    def drain_timeout(self) -> float:
        """What is in flight when the server stops."""


class DrainingServer(uvicorn.Server):
    """One process that serves, and stops when it is told to.

    ``leaving`` is called first when it stops. With ``alone`` a first signal stops it and a second one ends it at once;
    otherwise somebody else sees to that, and it stops however often it is told. It accepts from the first of the
    listeners; what the others are for is told later. ``grace``: see ``IDLE_GRACE``.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        patience: Patience,
        *listeners: socket.socket,
        leaving: Callable[[], None],
        alone: bool = True,
        grace: float = IDLE_GRACE,
    ) -> None:
        super().__init__(config)
        self._patience = patience
        self._listeners = listeners
        self._leaving = leaving
        self._alone = alone
        self._grace = grace
        self._retired = False
        self._draining = False
        self._accepting: dict[socket.socket, asyncio.AbstractServer] = {}
        self._looks = False
        self._entering: set[asyncio.Task[Any]] = set()

    def retire(self) -> None:
        """Stop because another process has taken over: there is nobody who would have to notice first."""
        self._retired = True
        self.should_exit = True

    # -- listening ---------------------------------------------------------------------------------------------------

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Have the application begin, then listen."""
        del sockets
        await super().startup(sockets=[])
        await self.listen()

    async def listen(self) -> None:
        """Serve those who connect."""
        await self.accept_from(self._listeners[0])

    async def accept_from(self, listener: socket.socket) -> None:
        """Serve those who connect to this socket too."""
        if listener in self._accepting or self._draining:
            return
        listener.settimeout(0)
        loop = asyncio.get_running_loop()
        # What is handed over will be closed with the server that is made of it, and the socket may be wanted again.
        self._accepting[listener] = await loop.create_server(
            partial(self._come_in, listener), sock=listener.dup(), backlog=BACKLOG
        )

    def accept_no_more(self, listener: socket.socket) -> None:
        """Leave those who connect to this socket to others."""
        server = self._accepting.pop(listener, None)
        if server is not None:
            server.close()

    def _come_in(self, listener: socket.socket) -> BoundedProtocol:
        """A connection that the loop lets in. Some loops let in one a turn, so others that wait are let in with it."""
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_soon(self._let_in, listener)
        return self._connection()

    def _let_in(self, listener: socket.socket) -> None:
        """Let in who is waiting, but not more than can be looked after."""
        loop = asyncio.get_running_loop()
        self._looks = False
        with contextlib.suppress(OSError):  # BlockingIOError at the end
            for _ in range(AT_A_TURN if listener in self._accepting else 0):
                waiting, _ = listener.accept()
                waiting.settimeout(0)
                task = loop.create_task(loop.connect_accepted_socket(self._connection, waiting))
                self._entering.add(task)
                task.add_done_callback(self._entered)

    def _entered(self, task: asyncio.Task[Any]) -> None:
        self._entering.discard(task)
        if not task.cancelled() and task.exception() is not None:
            logger.info("a connection was gone before it was let in", exc_info=task.exception())

    def _connection(self) -> BoundedProtocol:
        made: BoundedProtocol = self.config.http_protocol_class(  # type: ignore[call-arg, assignment]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        made.draining = self._draining
        return made

    # -- stopping ----------------------------------------------------------------------------------------------------

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop: tell, answer what comes meanwhile, let no more in, finish what is in flight, end the application."""
        del sockets
        self._draining = True
        loop = asyncio.get_running_loop()
        if not self._retired:
            self._leaving()
        for connection in self._connections():
            connection.drain()
        for listener in self._listeners:
            if listener not in self._accepting:
                listener.close()
        delay = 0.0 if self._retired else self._patience.drain_delay
        await self._watch(loop.time() + delay, None)
        await self._close_doors()
        await self._watch(loop.time() + self._patience.drain_timeout, self._grace)
        await self._cut_off()
        await self.lifespan.shutdown()

    async def _watch(self, until: float, grace: float | None) -> None:
        """Look after the connections for so long; with a grace, let go of idle ones, and return when there are none."""
        loop = asyncio.get_running_loop()
        while (now := loop.time()) < until:
            connections = self._connections()
            for connection in connections:
                connection.let_go(now, float("inf") if grace is None else grace)
            if grace is not None and not connections and not self.server_state.tasks:
                return
            await self.on_tick(0)
            await asyncio.sleep(min(STEP, until - now))

    async def _close_doors(self) -> None:
        """Stop listening. Who was connected by the kernel already, and waited, is let in if nobody else would."""
        loop = asyncio.get_running_loop()
        for listener in list(self._accepting):
            self.accept_no_more(listener)
            with contextlib.suppress(OSError):  # BlockingIOError at the end
                while not self._retired:
                    waiting, _ = listener.accept()
                    waiting.settimeout(0)
                    await loop.connect_accepted_socket(self._connection, waiting)
            listener.close()

    async def _cut_off(self) -> None:
        """Break off what was not done in time."""
        tasks = list(self.server_state.tasks)
        if tasks:
            logger.warning("%d requests were not done within drain_timeout, and are broken off", len(tasks))
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=CUT_OFF)
        for connection in self._connections():
            connection.transport.abort()

    def _connections(self) -> Sequence[BoundedProtocol]:
        return list(self.server_state.connections)  # type: ignore[arg-type]

    # -- being told --------------------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Have signals stop the server. None is raised again at the end: whoever is told to stop, and does, is fine."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop; at the second time end at once."""
        del frame
        if self._alone and self.should_exit:
            end_by(sig)
        if self._alone or sig != signal.SIGINT:  # which a terminal sends to all processes, and one of them sees to it
            self.should_exit = True


def end_by(number: int) -> None:
    """End this process by a signal, at once."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def end_soon(code: int = 0) -> None:
    """Have this process end, with everything closed, whatever threads there are that Python would wait for.

    Those of a library may sleep for a minute before they try again what nobody needs any more.
    """
    threading.Thread(target=_end_after_all, args=(code,), name="fanfold-end", daemon=True).start()


def _end_after_all(code: int) -> None:
    time.sleep(LEAVING)
    logger.warning("some threads did not end; they are left")
    os._exit(code)
