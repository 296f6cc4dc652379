"""A server in a thread of a process that has other things to do, such as running tests."""

from __future__ import annotations

import socket
import threading

from fanfold.errors import SetupError
from fanfold.server.app import App
from fanfold.server.draining import DrainingServer
from fanfold.server.listening import address_of, listen
from fanfold.server.run import application, configuration, open_store
from fanfold.settings import Settings

START_WITHIN = 20.0
"""Seconds in which the server has to be up."""


class _Announcing(DrainingServer):
    """Tells when it serves. Nobody sends it anything while it is stopped, so it does not wait for that."""

    def __init__(self, app: App, settings: Settings, listener: socket.socket) -> None:
        super().__init__(configuration(app, settings), settings, listener, leaving=app.readiness.leave, grace=0.0)
        self.up = threading.Event()

    async def listen(self) -> None:
        """Begin to serve, and tell."""
        await super().listen()
        self.up.set()


class Background:
    """One server, started and stopped."""

    def __init__(self, settings: Settings) -> None:
        """Take the port and prepare the data; raises ``SetupError``."""
        store = open_store(settings)
        self._listener = listen(settings)
        self.address = address_of(self._listener)
        app = application(settings, store, self.address)
        self._server = _Announcing(app, settings, self._listener)
        self._thread = threading.Thread(target=self._run, name="fanfold", daemon=True)

    def _run(self) -> None:
        try:
            self._server.run()
        finally:
            self._listener.close()

    def start(self) -> None:
        """Begin to serve, and return when that is so."""
        self._thread.start()
        if not self._server.up.wait(START_WITHIN) or not self._server.started:
            raise SetupError("The server did not start.")

    def stop(self) -> None:
        """Finish what is under way, and return when nothing is left."""
        self._server.should_exit = True
        self._thread.join(START_WITHIN)
