"""HTTP/1.1 with the bounds that the server library lacks.

They are on the size of a request's head, on how long a client may take, and on what it may send after its answer.
Nothing here runs for a request that arrives whole and is answered, but three short callbacks. What it answers leaves in
one piece.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

MAX_HEAD = 65_536
"""Bytes that the head of a request may grow to before it is complete."""

MAX_DISCARDED = 16 * 1024 * 1024
"""Bytes of a body that are still taken, and dropped, after the answer: many clients do not listen while they send."""


class JoinedWrites:
    """A transport that sends the head of an answer together with what follows it, in one system call instead of two.

    A head that nothing follows at once is sent at the next turn of the loop.
    """

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Hold the head of an answer back; send everything else behind what is held."""
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._held = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def close(self) -> None:
        """Send what is held, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = self._held, b""
            self._transport.write(held)


class BoundedProtocol(HttpToolsProtocol):
    """One connection, looked at every ``patience`` seconds.

    It is closed where two looks find the same head unfinished, or the same answered request with its body not yet sent.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        patience: float = 30.0,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._patience = patience
        self._messages = 0
        self._head = 1
        self._discarded = 0
        self._seen = -1
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch the clock."""
        super().connection_made(cast("asyncio.Transport", JoinedWrites(transport, self.loop)))
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching it."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and count what belongs to a head that is still not complete."""
        super().data_received(data)
        if self._head:
            self._head += len(data)
            if self._head > MAX_HEAD and not self.transport.is_closing():
                self.send_400_response("The head of the request is too large.")

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._messages += 1
        self._head = 1

    def on_headers_complete(self) -> None:
        """The head is complete. Fields that follow the body go to a list that nobody reads: checks are made by now."""
        super().on_headers_complete()
        self._head = self._discarded = 0
        self.headers = []

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body on, or drop it if nobody wants it any more."""
        super().on_body(body)
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > MAX_DISCARDED:
                self.transport.close()

    def _look(self) -> None:
        """Close the connection if it waits for the same half of a request as at the last look."""
        waits = bool(self._head) or (self.cycle.more_body and self.cycle.response_complete)
        if waits and self._seen == self._messages:
            self.transport.close()
            return
        self._seen = self._messages if waits else -1
        self._timer = self.loop.call_later(self._patience, self._look)
