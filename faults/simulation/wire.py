"""Connections to a shard: what is sent arrives in order, late, or not at all, and what arrived may stay unanswered."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from faults.simulation.dice import CALM, Dice, Weather
from faults.simulation.loop import VirtualLoop
from faults.simulation.shard import RedisError, Reply, Shard
from faults.simulation.target import Ground


class Wire:
    """The way from one worker to its shard; every connection goes over it."""

    def __init__(self, shard: Shard, dice: Dice, weather: Weather, loop: VirtualLoop, ground: Ground) -> None:
        self.shard = shard
        self.cut = False
        self.loop = loop
        self.ground = ground
        self._dice = dice
        self._weather = weather
        self._open: list[Connection] = []

    def calm(self) -> None:
        """From now on every message arrives soon."""
        self._weather = CALM
        self.cut = False

    def connection(self) -> Connection:
        """One that is not open yet."""
        made = Connection(self)
        self._open = [*(one for one in self._open if one.is_connected), made]
        return made

    def is_dead(self) -> bool:
        """Whether the worker is, so that nothing leaves it any more."""
        return self.ground.died is not None and self.ground.died.done()

    def breaks(self) -> bool:
        """Whether the connection breaks at this message."""
        return self._dice.happens(self._weather.message_lost / 4)

    def refuses(self) -> bool:
        """Whether nobody answers the door."""
        return self.shard.away or self._dice.happens(self._weather.message_lost / 2)

    def lost(self) -> bool:
        """Whether a message disappears, and with it, as they go in order, all others after it."""
        return self.cut or self.is_dead() or self._dice.happens(self._weather.message_lost / 8)

    def delay(self) -> float:
        """How long a message is under way."""
        late = self._dice.happens(self._weather.message_late)
        return self._dice.random() * (0.3 if late else 0.001)

    def break_all(self) -> None:
        """Break every connection, as a server does that ends."""
        for connection in self._open:
            connection.fail()


class Stream:
    """One direction: what arrives is what was sent first, even where several things arrive at one moment."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._sent: deque[Callable[[], None]] = deque()
        self._last = 0.0

    def send(self, arrives: Callable[[], None]) -> None:
        """Have something arrive, after all that was sent before."""
        self._sent.append(arrives)
        self._last = max(self._last, self._wire.loop.time() + self._wire.delay())
        self._wire.loop.call_at(self._last, self._arrive)

    def _arrive(self) -> None:
        self._sent.popleft()()


class Connection:
    """As those of the library. Each way is a stream: what is sent first arrives first."""

    def __init__(self, wire: Wire) -> None:
        self.is_connected = False
        self._wire = wire
        self._replies: asyncio.Queue[Reply] = asyncio.Queue()
        self._there = Stream(wire)
        self._back = Stream(wire)
        self._stalled = False

    async def connect(self) -> None:
        """Open it."""
        wire = self._wire
        await asyncio.sleep(wire.delay())
        if wire.cut:
            await wire.loop.create_future()
        if wire.refuses():
            raise ConnectionRefusedError
        self.is_connected = True

    async def disconnect(self, nowait: bool = False) -> None:  # noqa: FBT001, FBT002 - as the library has it
        """Close it."""
        del nowait
        self.is_connected = False

    async def send_packed_command(self, command: bytes, check_health: bool = True) -> None:  # noqa: FBT001, FBT002
        """Send commands."""
        del check_health
        for parts in _commands(command):
            if self._wire.breaks():
                self.fail()
            if not self.is_connected:
                raise ConnectionResetError
            self._stalled = self._stalled or self._wire.lost()
            if not self._stalled:
                self._there.send(partial(self._arrive, parts))

    async def read_response(self, disable_decoding: bool = False) -> Any:  # noqa: FBT001, FBT002
        """The next reply."""
        del disable_decoding
        reply = await self._replies.get()
        if isinstance(reply, Exception):
            raise reply
        return reply

    def fail(self) -> None:
        """Break. What is under way to the server may arrive all the same."""
        if self.is_connected:
            self.is_connected = False
            self._replies.put_nowait(RedisError("the connection was reset"))

    def _arrive(self, parts: list[bytes]) -> None:
        if self._wire.shard.away:
            self.fail()
            return
        reply = self._wire.shard.carry_out(parts)
        self._stalled = self._stalled or self._wire.lost()
        if not self._stalled:
            self._back.send(partial(self._hand_over, reply))

    def _hand_over(self, reply: Reply) -> None:
        if self.is_connected and not self._wire.is_dead():
            self._replies.put_nowait(reply)


def _commands(packed: bytes) -> list[list[bytes]]:
    """The commands that a message holds."""
    commands: list[list[bytes]] = []
    at = 0
    while at < len(packed):
        count, at = _number(packed, at)
        parts = []
        for _ in range(count):
            size, at = _number(packed, at)
            parts.append(packed[at : at + size])
            at += size + 2
        commands.append(parts)
    return commands


def _number(packed: bytes, at: int) -> tuple[int, int]:
    """The number that stands there after a letter, and where its line ends."""
    end = packed.index(b"\r\n", at)
    return int(packed[at + 1 : end]), end + 2
