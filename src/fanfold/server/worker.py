"""One of several workers: ``python -m fanfold.server.worker FD`` is what a supervisor starts.

On the descriptor it is told what to serve, and answers when it does. When nobody is at the other end any more it stops.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from importlib import import_module

import msgspec

from fanfold.errors import SetupError
from fanfold.server.draining import DrainingServer, end_soon
from fanfold.server.run import Served, configuration, settle
from fanfold.server.workers import Line, Order, Said, Told
from fanfold.serving.metrics import MULTIPROCESS, count_as

READY_WITHIN = 30.0
"""Seconds in which all parts of a new worker have to work."""

LOOK_AGAIN = 0.25
"""Seconds until one that was not ready is looked at again."""


def main() -> None:
    """Serve until told to stop, or until there is nobody who could."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    line = Line(socket.socket(fileno=int(sys.argv[1])))
    told = _told(line)
    try:
        served = _made(told)
    except SetupError as error:
        line.say(Said(refused=error.message))
        sys.exit(2)
    settle()
    server = WorkerServer(served, told, line)
    server.run()
    code = 2 if server.refused else 0
    end_soon(code)
    sys.exit(code)


def _told(line: Line) -> Told:
    while line.open:
        for first in line.hear():
            return msgspec.json.decode(first, type=Told)
    sys.exit(0)


def _made(told: Told) -> Served:
    if MULTIPROCESS in os.environ:
        count_as(told.desk)
    module, _, name = told.part.partition(":")
    served: Served = getattr(import_module(module), name)(told)
    return served


class WorkerServer(DrainingServer):
    """The server of one worker, which listens to its supervisor too."""

    def __init__(self, served: Served, told: Told, line: Line) -> None:
        listeners = [socket.socket(fileno=number) for number in dict.fromkeys(told.listeners)]
        self._by_slot = [listeners[min(slot, len(listeners) - 1)] for slot in range(len(told.listeners))]
        self._own = self._by_slot[told.slot]
        self._served = served
        self._line = line
        self._tasks: set[asyncio.Task[None]] = set()
        self.refused = False
        super().__init__(
            configuration(served.app, served.patience),
            served.patience,
            self._own,
            *(listener for listener in listeners if listener is not self._own),
            leaving=served.app.readiness.leave,
            alone=False,
        )

    async def listen(self) -> None:
        """Listen, and say so, once all parts work; heed the supervisor from now on."""
        self._line.end.settimeout(0)
        asyncio.get_running_loop().add_reader(self._line.end.fileno(), self._heed)
        missing = await self._missing()
        if missing:
            self._line.say(Said(refused=f"Not ready within {READY_WITHIN:g} s: {', '.join(missing)}."))
            self.refused = self.should_exit = True
        elif not self.should_exit:
            await super().listen()
            self._served.greet()
            self._line.say(Said(ready=True))

    async def _missing(self) -> list[str]:
        """The parts that still do not work when there was time enough."""
        until = asyncio.get_running_loop().time() + READY_WITHIN
        while not (report := await self._served.app.readiness.look()).ready and not self.should_exit:
            if asyncio.get_running_loop().time() >= until:
                return [name for name, word in report.parts.items() if word not in ("ok", "degraded")]
            await asyncio.sleep(LOOK_AGAIN)
        return []

    def _heed(self) -> None:
        for line in self._line.hear():
            order = msgspec.json.decode(line, type=Order)
            if order.do == "retire":
                self.retire()
            elif (listener := self._by_slot[order.slot]) is self._own:
                continue  # where all have one socket
            elif order.do == "serve":
                task = asyncio.get_running_loop().create_task(self.accept_from(listener))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                self.accept_no_more(listener)
        if not self._line.open:
            asyncio.get_running_loop().remove_reader(self._line.end.fileno())
            self.should_exit = True


if __name__ == "__main__":
    main()
