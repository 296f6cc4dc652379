"""A TCP proxy in this process that does what networks do: delays, drips, breaks off, falls silent, loses, garbles.

What is done is a ``Rule`` for each direction and may be changed while connections are open; all chance comes from one
seed, and everything that was done is in ``events``. It needs no rights and no tool of the system, so it works wherever
Python does.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from time import monotonic
from typing import Literal, NamedTuple, Self

from msgspec import Struct

from faults.client import abort

PIECE = 16_384
"""Bytes that are passed on at once."""

MOST_NOISE = 200
"""Bytes that mean nothing."""

Direction = Literal["up", "down"]


class Rule(Struct, frozen=True, kw_only=True):
    """What becomes of what flows in one direction. Times in seconds, sizes in bytes of one connection."""

    delay: float = 0.0
    jitter: float = 0.0
    """Up to so much more delay, drawn anew for each piece."""

    rate: float = 0.0
    """Bytes a second; 0 for as fast as can be."""

    stall: bool = False
    """Hold everything back, the connection open, until the rule is another."""

    lose: bool = False
    """Take everything and pass on nothing, for good: a connection that has lost something has no holes but an end."""

    cut_after: int | None = None
    """Close politely after so many bytes, in the middle of whatever that is."""

    reset_after: int | None = None
    """Reset after so many bytes."""

    garble: float = 0.0
    """How likely a piece is to have a byte changed."""

    noise: float = 0.0
    """How likely it is that bytes that mean nothing come before a piece."""

    double: float = 0.0
    """How likely a piece is to be passed on twice."""


class Event(NamedTuple):
    """Something that was done, at a time since the proxy began."""

    at: float
    connection: int
    what: str


PLAIN = Rule()


class _Flow(NamedTuple):
    """One direction of one connection."""

    number: int
    direction: Direction
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    back: asyncio.StreamWriter
    """Where it comes from, which is reset too where it has to be."""


class _CutError(Exception):
    """This connection is over."""


class ChaosProxy:
    """Stands before ``host``:``port``, on a port of its own."""

    def __init__(self, port: int, host: str = "127.0.0.1", *, dice: random.Random | None = None) -> None:
        self.rules: dict[Direction, Rule] = {"up": PLAIN, "down": PLAIN}
        self.events: list[Event] = []
        self.port = 0
        self._target = (host, port)
        self._dice = dice or random.Random(1)
        self._server: asyncio.Server | None = None
        self._changed = asyncio.Event()
        self._open: dict[asyncio.StreamWriter, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost: set[tuple[int, Direction]] = set()
        self._connections = 0
        self._began = monotonic()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.refuse()
        self.reset_all()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- what a scenario does to it ----------------------------------------------------------------------------------

    async def listen(self) -> None:
        """Take connections, on the same port as before."""
        if self._server is None:
            self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Refuse connections from now on; those that are open stay."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._note(0, "refuses")

    def rule(self, *, up: Rule = PLAIN, down: Rule = PLAIN) -> None:
        """From now on do this: ``up`` is towards the target."""
        self.rules = {"up": up, "down": down}
        self._changed.set()
        self._changed = asyncio.Event()

    def reset_all(self) -> None:
        """Reset every connection that is open."""
        for writer, number in list(self._open.items()):
            self._note(number, "reset")
            abort(writer)

    @property
    def connections(self) -> int:
        """How many have been opened."""
        return self._connections

    def counted(self) -> dict[str, int]:
        """How often each thing was done."""
        return dict(Counter(event.what for event in self.events))

    # -- a connection ------------------------------------------------------------------------------------------------

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._open[writer] = number
        try:
            there, onwards = await asyncio.open_connection(*self._target)
        except OSError:
            self._note(number, "nobody there")
            abort(writer)
            self._open.pop(writer, None)
            return
        self._open[onwards] = number
        flows = (_Flow(number, "up", reader, onwards, writer), _Flow(number, "down", there, writer, onwards))
        try:
            await asyncio.gather(*(self._pump(flow) for flow in flows))
        except asyncio.CancelledError:
            return  # the proxy ends
        finally:
            for end in (writer, onwards):
                self._open.pop(end, None)
                end.close()

    async def _pump(self, flow: _Flow) -> None:
        passed = 0
        try:
            while piece := await flow.reader.read(PIECE):
                passed = await self._pass(flow, piece, passed)
            if flow.writer.can_write_eof():
                flow.writer.write_eof()
        except (OSError, RuntimeError, _CutError):  # uvloop says RuntimeError where the other end has been closed
            flow.writer.close()

    async def _pass(self, flow: _Flow, piece: bytes, passed: int) -> int:
        """Pass a piece on as the rule of this moment has it; how much has been passed altogether."""
        while (rule := self.rules[flow.direction]).stall:
            self._note(flow.number, f"{flow.direction} stalled")
            await self._changed.wait()
        if rule.lose or (flow.number, flow.direction) in self._lost:
            self._lost.add((flow.number, flow.direction))
            self._note(flow.number, f"{flow.direction} lost")
            return passed
        if rule.delay or rule.jitter:
            await asyncio.sleep(rule.delay + self._dice.random() * rule.jitter)
        piece = self._spoilt(flow, piece, rule)
        ends = [end for end in (rule.cut_after, rule.reset_after) if end is not None and passed + len(piece) >= end]
        if ends:
            await self._write(flow, piece[: max(0, min(ends) - passed)], rule)
            self._end(flow, reset=rule.reset_after is not None)
        await self._write(flow, piece, rule)
        return passed + len(piece)

    def _spoilt(self, flow: _Flow, piece: bytes, rule: Rule) -> bytes:
        """A piece, or what becomes of it."""
        if rule.garble and self._dice.random() < rule.garble:
            place = self._dice.randrange(len(piece))
            piece = piece[:place] + bytes([piece[place] ^ (1 + self._dice.randrange(255))]) + piece[place + 1 :]
            self._note(flow.number, f"{flow.direction} garbled")
        if rule.noise and self._dice.random() < rule.noise:
            piece = self._dice.randbytes(self._dice.randrange(1, MOST_NOISE)) + piece
            self._note(flow.number, f"{flow.direction} disturbed")
        if rule.double and self._dice.random() < rule.double:
            piece += piece
            self._note(flow.number, f"{flow.direction} doubled")
        return piece

    async def _write(self, flow: _Flow, piece: bytes, rule: Rule) -> None:
        if not rule.rate:
            flow.writer.write(piece)
            await flow.writer.drain()
            return
        step = max(1, int(rule.rate / 20))
        for first in range(0, len(piece), step):
            if self.rules[flow.direction] is not rule:
                step = len(piece)  # nothing drips any more
            flow.writer.write(piece[first : first + step])
            await flow.writer.drain()
            if step == len(piece):
                return
            await asyncio.sleep(step / rule.rate)

    def _end(self, flow: _Flow, *, reset: bool) -> None:
        if reset:
            self._note(flow.number, f"{flow.direction} reset")
            abort(flow.writer)
            abort(flow.back)
        else:
            self._note(flow.number, f"{flow.direction} cut")
            flow.back.close()
        raise _CutError

    def _note(self, connection: int, what: str) -> None:
        self.events.append(Event(monotonic() - self._began, connection, what))
