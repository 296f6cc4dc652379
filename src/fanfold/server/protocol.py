"""HTTP/1.1 with the bounds that the server library lacks.

They are on the size of a request's head, on how long a client may take to send and to be sent to, and on what it may
send after its answer. Nothing here runs for a request that arrives whole and is answered, but five short callbacks, and
a timer only while something is owed. What it answers leaves in one piece.

When the server stops, no connection is closed under a request: see ``server/draining.py``.
"""

from __future__ import annotations

import asyncio
import select
import socket
import struct
from contextlib import suppress
from functools import partial
from typing import Any, cast

from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from fanfold.server.anteroom import Anteroom

MAX_HEAD = 65_536
"""Bytes that the head of a request may grow to before it is complete."""

MAX_DISCARDED = 16 * 1024 * 1024
"""Bytes of a body that are still taken, and dropped, after the answer: many clients do not listen while they send."""

PROBES = frozenset({"/healthz", "/readyz", "/-/healthz", "/-/readyz"})
"""Paths of those who look whether we live: never refused, as whoever has much to do would be ended for it."""

MIN_TAKEN = 16_384
"""Bytes of an answer that a client which is behind has to take in the time that it has for a body."""

_TOO_MUCH = (
    b'{"errors":[{"message":"The server has too much to do at the moment. Please retry after the given time."}]}'
)
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\ncontent-type: application/json; charset=UTF-8\r\n"
    b"content-length: %d\r\n" % len(_TOO_MUCH)
)
REFUSAL = _REFUSAL + b"\r\n" + _TOO_MUCH
LAST_REFUSAL = _REFUSAL + b"connection: close\r\n\r\n" + _TOO_MUCH


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
        """Hold the head of an answer back; send everything else behind what is held. Nothing, if nobody is there."""
        if self._transport.is_closing():
            self._held = b""
        elif self._held:
            held, self._held = self._held, b""
            self._transport.write(held + data)
        elif data.startswith(b"HTTP/1.1 ") and not data.startswith(b"HTTP/1.1 100"):
            self._held = data
            self._loop.call_soon(self._flush)
        else:
            self._transport.write(data)

    def write_whole(self, data: bytes) -> None:
        """Send an answer that is whole."""
        self._flush()
        if not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Send what is held, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)


class BoundedProtocol(HttpToolsProtocol):
    """One connection, and the clock that is watched while its client owes something.

    ``head_timeout``: seconds for a head, from its first byte on, or from connecting for the first. ``patience``:
    seconds for the rest of a body whose request was answered already, and in which some of an answer has to be taken.

    ``draining`` is true once the server is told to stop. What is asked from then on is answered with ``Connection:
    close``.
    """

    draining = False

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, object],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        anteroom: Anteroom | None = None,
        head_timeout: float = 10.0,
        patience: float = 30.0,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._anteroom = anteroom
        self._running: RequestResponseCycle | None = None
        self._head_timeout = head_timeout
        self._patience = patience
        self._head = 1
        self._messages = 0
        self._body_missing = self._parsing = False
        self._discarded = 0
        self._waiting: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._idle: tuple[int, float] | None = None

    # -- what the client sends ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to watch the clock."""
        super().connection_made(cast("asyncio.Transport", JoinedWrites(transport, self.loop)))
        self._wait(self._head_timeout)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop watching it."""
        self._wait(None)
        self._watch_writing(None)
        if self._running is not None and not self._running.response_complete:
            # The library tells only the last of several that were asked without waiting.
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and count what belongs to a head that is still not complete."""
        self._parsing = True
        super().data_received(data)
        self._parsing = False
        if self._body_missing and self._waiting is None:
            self._wait_for_rest()
        if self._head:
            self._head += len(data)
            if self.transport.is_closing():
                return
            if self._head > MAX_HEAD:
                self.send_400_response("The head of the request is too large.")
            elif self._waiting is None:
                self._wait(self._head_timeout)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request. Nothing is said before those are answered that came before it, or instead."""
        last = self.cycle
        if self._answered() or (last is self._running and last.more_body):
            super().send_400_response(msg)
            return
        if last.more_body:  # what is wrong is in the body of one that is still waiting
            self.pipeline.popleft()
            last = self.pipeline[0][0] if self.pipeline else cast("RequestResponseCycle", self._running)
        last.keep_alive = False

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._messages += 1
        self._head = 1

    def on_headers_complete(self) -> None:
        """The head is complete. Fields that follow the body go to a list that nobody reads: checks are made by now."""
        last = self.draining and self._answered()
        self._body_missing = True
        super().on_headers_complete()
        self._head = self._discarded = 0
        self.headers = []
        if self._waiting is not None:
            self._wait(None)
        if last:
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Have a request carried out when its turn has come, or refuse it."""
        self._running = cycle
        if self._anteroom is None or cycle.scope["path"] in PROBES:
            super()._start_asgi_task(cycle, app)
        else:
            self._anteroom.enter(partial(self._begin, cycle, app), partial(self._refuse, cycle), self.loop)

    def _begin(self, cycle: RequestResponseCycle, app: ASGI3Application) -> bool:
        """Carry out a request unless its client has gone."""
        if cycle.disconnected:
            return False
        super()._start_asgi_task(cycle, app)
        return True

    def _refuse(self, cycle: RequestResponseCycle) -> None:
        """Answer without having anything done."""
        if cycle.disconnected:
            return
        cycle.response_started = cycle.response_complete = True
        transport = cast("JoinedWrites", self.transport)
        if cycle.keep_alive and cycle.scope["method"] != "HEAD":
            transport.write_whole(REFUSAL)
        else:
            transport.write_whole(LAST_REFUSAL)
            transport.close()
        self.on_response_complete()

    def on_body(self, body: bytes) -> None:
        """Hand a piece of the body on, or drop it if nobody wants it any more."""
        super().on_body(body)
        if self.cycle.response_complete:
            self._discarded += len(body)
            if self._discarded > MAX_DISCARDED:
                self.transport.close()

    def on_message_complete(self) -> None:
        """The request is there as a whole."""
        self._body_missing = False
        super().on_message_complete()
        if self._waiting is not None:
            self._wait(None)

    def on_response_complete(self) -> None:
        """The answer is written. What is still missing of its request is waited for, and dropped."""
        super().on_response_complete()
        if self._body_missing and not self._parsing:  # the rest may be here already
            self._wait_for_rest()

    def _wait_for_rest(self) -> None:
        if self.cycle.response_complete and not self.transport.is_closing():
            self._wait(self._patience)

    def _wait(self, seconds: float | None) -> None:
        """Close the connection after so many seconds; None: not any more."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        if seconds is not None:
            self._waiting = self.loop.call_later(seconds, self.transport.close)

    # -- what the client takes ---------------------------------------------------------------------------------------

    def pause_writing(self) -> None:
        """The client takes less than it is sent: watch whether it takes anything."""
        super().pause_writing()
        self._watch_writing(self._unsent())

    def resume_writing(self) -> None:
        """It has taken most of it."""
        self._watch_writing(None)
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Nothing more was asked. Whoever has not even taken the last answer by now is not waited for."""
        if self._unsent():
            self._break_off()
        super().timeout_keep_alive_handler()

    def _watch_writing(self, unsent: int | None) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        if unsent is not None:
            self._stalled = self.loop.call_later(self._patience, self._look_at_writing, unsent)

    def _look_at_writing(self, before: int) -> None:
        unsent = self._unsent()
        if before - unsent < MIN_TAKEN:
            self._break_off()
        else:
            self._watch_writing(unsent)

    def _break_off(self) -> None:
        """End the connection with a reset, so that the system keeps nothing for a client that takes nothing."""
        held = self.transport.get_extra_info("socket")
        if held is not None:
            with suppress(OSError):
                held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _unsent(self) -> int:
        size: int = self.transport.get_write_buffer_size()
        return size

    # -- when the server stops ---------------------------------------------------------------------------------------

    def drain(self) -> None:
        """From now on, answer with ``Connection: close``, also what is being answered if nothing is sent yet."""
        self.draining = True
        if not self._answered() and not self.pipeline and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def let_go(self, now: float, grace: float) -> None:
        """Close the connection if it was idle for ``grace`` seconds, and nothing has come that only was not read yet.

        To be called again and again; when it was idle first is known from the first call that found it so.
        """
        if self.transport.is_closing():
            return
        if not self._answered() or self._head > 1 or self._body_missing or self._unsent():
            self._idle = None
        elif self._idle is None or self._idle[0] != self._messages:
            self._idle = self._messages, now
        if self._idle is not None and now - self._idle[1] >= grace and not self._readable():
            self.transport.close()

    def _answered(self) -> bool:
        return bool(getattr(self.cycle, "response_complete", True))  # there is none before the first request

    def _readable(self) -> bool:
        watched = select.poll()
        watched.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(watched.poll(0))
