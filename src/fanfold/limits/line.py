"""One connection to a Redis, on which the commands of all requests of a process travel in the order given.

A pool would lend a connection to each request: whoever is cancelled while it waits leaves a reply unread there, for the
next who borrows it. Here nobody who asks ever touches the connection. One task writes whatever was asked since it last
wrote, another reads and hands each reply to whoever asked first, whether they still wait or not. So a hundred requests
cost few more system calls than one, and each of them still waits for one round trip.

Everything that is sent may be sent twice, because scripts know an admission by its name. What is unanswered when a
connection breaks is therefore asked again over the next one, as long as its time lasts. Who cannot be answered in time
is told so, and from then on everybody is at once, until a connection works again that is tried in the background.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import random
import secrets
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib.resources import files
from itertools import count
from typing import Any, Protocol

from fanfold.errors import LimitsUnknown, SetupError

logger = logging.getLogger("fanfold")

DEADLINE = 0.075
"""Seconds within which a decision has to be there."""

CONNECTING = 1.0
"""Seconds that one attempt to reach the server may take in the background."""

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between these attempts."""

MAX_KEPT = 10_000
"""Commands that are kept while nobody can be asked, such as releases. The oldest are dropped: leases run out."""

PASSES = 3
"""Turns of the event loop that a reply has left when its time is up: the process may have been slow, not the server."""

NAME_SIZE = 22
"""Bytes of the name of an admission."""

RUN = b"fanfold:run"
"""The key by which a server is known that has lost what it had."""

YEAR = 365 * 86_400


MOST_SAID = 200
"""Characters of what a server says that are logged."""

NOT_UNDERSTOOD = ("unknown command", "Protocol error", "wrong number of arguments")
"""How a server says that it does not understand what it is told. As it was greeted it understands all that we say: on
the way to it something has come between."""


class Connection(Protocol):
    """What is needed of a connection of redis-py."""

    @property
    def is_connected(self) -> bool:
        """Whether it is open."""

    async def connect(self) -> None:
        """Open it, and show who we are."""

    async def disconnect(self, nowait: bool = ...) -> None:  # noqa: FBT001 - as the library has it
        """Close it."""

    async def send_packed_command(self, command: bytes, check_health: bool = ...) -> None:  # noqa: FBT001
        """Write."""

    async def read_response(self, disable_decoding: bool = ...) -> Any:  # noqa: FBT001
        """The next reply; raises what the server raised."""


class Script:
    """A script beside this module, and what it is known by where it has been loaded."""

    def __init__(self, source: str) -> None:
        self.source = source.encode()
        self.digest = hashlib.sha1(self.source, usedforsecurity=False).hexdigest().encode()

    @classmethod
    def named(cls, name: str) -> Script:
        """The script of a file."""
        return cls(files("fanfold.limits").joinpath(name).read_text(encoding="utf-8"))


class Change(Protocol):
    """Who wants to know whether the server can be asked."""

    def __call__(self, *, up: bool) -> None:
        """It can or cannot from now on."""


def packed(*parts: bytes | int) -> bytes:
    """A command as it goes over the wire."""
    written = [part if isinstance(part, bytes) else b"%d" % part for part in parts]
    return b"*%d\r\n" % len(written) + b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in written])


class _Asked:
    """A command under way. Without ``reply`` nobody waits for it; ``due`` is when it is worth nothing any more."""

    __slots__ = ("command", "due", "reply")

    def __init__(self, command: bytes, reply: asyncio.Future[bytes | int] | None, due: float) -> None:
        self.command = command
        self.reply = reply
        self.due = due

    def waits(self) -> bool:
        return self.reply is not None and not self.reply.done()

    def wanted(self, now: float) -> bool:
        """Whether it should still be sent."""
        return self.waits() if self.reply is not None else now < self.due


class Line:
    """Made at once and connected with the first that is asked. ``deadline`` is in seconds.

    ``connection`` makes one that is not open yet, ``broken`` are the exceptions of its library. It belongs to the event
    loop that it is first used on.
    """

    def __init__(
        self,
        connection: Callable[[], Connection],
        broken: type[Exception],
        *,
        shown: str = "Redis",
        scripts: Iterable[Script] = (),
        deadline: float = DEADLINE,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._make = connection
        self._broken = (broken, OSError, TimeoutError)
        self._shown = shown
        self._scripts = tuple(scripts)
        self._deadline = deadline
        self._sleep = sleep
        self._changes: list[Change] = []
        self._asked: deque[_Asked] = deque()  # sent, in the order of their replies
        self._waiting: deque[_Asked] = deque()  # to be sent
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._attempt: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | asyncio.Handle | None = None
        self._up: bool | None = None
        self._reached = False  # whether the server took what it was greeted with
        self._answered = False  # and answered anything after that
        self.losses = 0
        """How often the server was found to have forgotten what it had been told."""
        self._run = b""
        self._closed = False
        self._names = count()
        self._prefix = b""

    @property
    def up(self) -> bool | None:
        """Whether the server can be asked; None where nobody has tried yet."""
        return self._up

    def tell(self, change: Change) -> None:
        """Have somebody told whenever that changes."""
        self._changes.append(change)

    def name(self) -> bytes:
        """A name that no other admission has, in any process; all are equally long."""
        if not self._prefix:
            self._prefix = secrets.token_urlsafe(9).encode()
        return b"%b%010d" % (self._prefix, next(self._names))

    # -- asking ------------------------------------------------------------------------------------------------------

    def open(self) -> None:
        """Begin to connect, before anybody asks: who has not seen the server before cannot tell that it lost counts."""
        if self._task is None and not self._closed:
            self._task = asyncio.get_running_loop().create_task(self._live())

    def ask(self, command: bytes) -> asyncio.Future[bytes | int]:
        """The reply to a command; raises ``LimitsUnknown``, now or when its time is up, where there is none."""
        if self._up is False or self._closed:
            raise LimitsUnknown
        loop = asyncio.get_running_loop()
        reply: asyncio.Future[bytes | int] = loop.create_future()
        due = loop.time() + self._deadline
        self._send(_Asked(command, reply, due))
        if self._timer is None:
            self._timer = loop.call_at(due, self._watch)
        return reply

    async def ping(self) -> None:
        """Wait until everything has been answered that was sent until now; raises ``LimitsUnknown``."""
        await self.ask(packed(b"PING"))

    def say(self, command: bytes, *, keep: float) -> None:
        """Send a command whose reply nobody waits for; it is kept for so many seconds until it can be sent."""
        if self._closed:
            return
        if len(self._waiting) >= MAX_KEPT:
            self._waiting.popleft()
        self._send(_Asked(command, None, asyncio.get_running_loop().time() + keep))

    def _send(self, asked: _Asked) -> None:
        self._waiting.append(asked)
        self._wake.set()
        self.open()

    async def close(self) -> None:
        """Send what is to be sent, if that can be done at once; then disconnect."""
        if self._up and (self._waiting or self._asked):
            with contextlib.suppress(LimitsUnknown):
                await self.ping()
        self._closed = True
        for task in (self._task, self._attempt):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])
        self._refuse_all()
        if self._timer is not None:
            self._timer.cancel()

    # -- time is up --------------------------------------------------------------------------------------------------

    def _watch(self, passes: int = PASSES) -> None:
        """Look whether whoever has waited longest has waited too long."""
        loop = asyncio.get_running_loop()
        oldest = next((asked for queue in (self._asked, self._waiting) for asked in queue if asked.waits()), None)
        if oldest is None:
            self._timer = None
        elif oldest.due > loop.time():
            self._timer = loop.call_at(oldest.due, self._watch)
        elif passes:
            self._timer = loop.call_soon(self._watch, passes - 1)
        else:
            self._timer = None
            self._give_up(f"no answer within {self._deadline * 1000:.0f} ms")
            if self._attempt is not None:
                self._attempt.cancel()

    def _give_up(self, why: str) -> None:
        self._refuse_all()
        if self._up is not False:
            self._up = False
            logger.warning("%s cannot be asked for the limits (%s)", self._shown, why)
            for change in self._changes:
                change(up=False)

    def _refuse_all(self) -> None:
        """Tell all who wait that there is no answer. What was said without waiting is kept."""
        kept = deque(maxlen=MAX_KEPT)  # type: deque[_Asked]
        for asked in (*self._asked, *self._waiting):
            if asked.reply is None:
                kept.append(asked)
            elif not asked.reply.done():
                asked.reply.set_exception(LimitsUnknown())
        self._asked.clear()
        self._waiting = kept

    # -- the connection ----------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        """Be connected, for as long as the process lives."""
        loop = asyncio.get_running_loop()
        pause, missed = 0.0, 0
        while True:
            self._attempt = loop.create_task(self._be_connected())
            await asyncio.wait([self._attempt])
            if not self._attempt.cancelled():
                error = self._attempt.exception()
                if not isinstance(error, self._broken):
                    logger.error("the connection to %s has crashed", self._shown, exc_info=error)
                # One that has worked may work again: what is under way is asked again before anybody gives up.
                missed = 0 if self._reached else missed + 1
                if missed > (self._up is True):
                    self._give_up(f"{type(error).__name__}: {_readable(error)}")
            self._ask_again()
            if self._answered:
                pause = 0.0
            await self._sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that not all come at once
            pause = min(max(2 * pause, FIRST_PAUSE), LONGEST_PAUSE)

    async def _be_connected(self) -> None:
        """Until it breaks, which is always an exception."""
        self._reached = self._answered = False
        connection = self._make()
        try:
            async with asyncio.timeout(CONNECTING):
                lost = await self._greet(connection)
            self._reached = True
            self._rise(lost=lost)
            writing = asyncio.get_running_loop().create_task(self._write(connection))
            try:
                await self._read(connection)
            finally:
                writing.cancel()
                await asyncio.wait([writing])
        finally:
            await connection.disconnect(nowait=True)

    async def _greet(self, connection: Connection) -> bool:
        """Whether the server has lost what it knew; raises if it does not do everything that is wanted of it."""
        await connection.connect()
        run = secrets.token_hex(8).encode()
        commands = [packed(b"SCRIPT", b"LOAD", script.source) for script in self._scripts]
        # Written for nothing but to see whether the server takes it: one without memory left, or a replica, does not.
        commands.append(packed(b"SET", RUN, run, b"NX", b"EX", YEAR))
        commands.append(packed(b"GET", RUN))
        await connection.send_packed_command(b"".join(commands), check_health=False)
        for _ in commands:
            found = await connection.read_response(disable_decoding=True)
        known, self._run = self._run, found
        return bool(known) and known != found

    def _rise(self, *, lost: bool) -> None:
        before, self._up = self._up, True
        self.losses += lost
        if before is False:
            # As loud as the warning before: whoever saw that one is waiting for this.
            logger.warning("%s is asked for the limits again%s", self._shown, ", and has lost its counts" * lost)
        if not before:
            for change in self._changes:
                change(up=True)

    def _ask_again(self) -> None:
        """Have everything sent over the next connection that is unanswered and still of use."""
        now = asyncio.get_running_loop().time()
        self._waiting = deque(asked for asked in (*self._asked, *self._waiting) if asked.wanted(now))
        self._asked.clear()
        self._wake.set()

    async def _write(self, connection: Connection) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            waiting, self._waiting = self._waiting, deque()
            self._asked += waiting
            if waiting and connection.is_connected:
                command = b"".join([asked.command for asked in waiting])
                with contextlib.suppress(*self._broken):  # which whoever reads will notice
                    await connection.send_packed_command(command, check_health=False)

    async def _read(self, connection: Connection) -> None:
        while True:
            try:
                reply = await connection.read_response(disable_decoding=True)
            except self._broken as error:
                if self._asked and _is_final(error):
                    logger.warning("%s refuses what it was asked (%s)", self._shown, _readable(error))
                    self._refused(passing=_is_passing(error))
                raise
            self._answered = True
            asked = self._asked.popleft()
            if asked.reply is not None and not asked.reply.done():
                asked.reply.set_result(reply)

    def _refused(self, *, passing: bool) -> None:
        """What was asked first was refused. What nobody waits for is kept until that has passed, such as a release."""
        if passing and self._asked[0].reply is None:
            return
        asked = self._asked.popleft()
        if asked.reply is not None and not asked.reply.done():
            asked.reply.set_exception(LimitsUnknown())


def _is_final(error: Exception) -> bool:
    """Whether asking the same again would end alike: the server has refused, and not because it lost a script."""
    kinds = _kinds(error)
    return "ResponseError" in kinds and "NoScriptError" not in kinds


def _is_passing(error: Exception) -> bool:
    """Whether the server takes nothing for now, which it is greeted to find out, or was told rubbish."""
    said = str(error).removeprefix("ERR ")
    return said.startswith(NOT_UNDERSTOOD) or not {"ReadOnlyError", "OutOfMemoryError"}.isdisjoint(_kinds(error))


def _readable(error: BaseException | None) -> str:
    """What a server or a library says, of which not all may be text."""
    return "".join([char if char.isprintable() else "?" for char in str(error)[:MOST_SAID]])


def _kinds(error: Exception) -> list[str]:
    return [kind.__name__ for kind in type(error).__mro__]


def line_to(url: str, scripts: Iterable[Script], *, deadline: float = DEADLINE) -> Line:
    """A line to the server at a URL; raises ``SetupError`` for one that cannot be meant."""
    try:
        import redis.asyncio  # noqa: PLC0415 - not in the core
        import redis.exceptions  # noqa: PLC0415
    except ModuleNotFoundError:
        raise SetupError("Limits in Redis need a package that is not installed: pip install 'fanfold[redis]'") from None
    try:
        pool: Any = redis.asyncio.ConnectionPool.from_url(url, protocol=2, client_name="fanfold", socket_timeout=None)
        pool.make_connection()
    except Exception:  # noqa: BLE001 - whatever the library says may hold the password
        raise SetupError(
            "The URL of the Redis is not understood: write redis://host:6379 (rediss:// for TLS), "
            "unix:///path/to/socket, or redis://user:password@host:6379/2 for what is not open to all."
        ) from None

    def connection() -> Any:
        made = pool.make_connection()
        made.socket_timeout = None  # a URL may say otherwise, but a line without traffic is no broken one
        return made

    place = _place(pool.connection_kwargs)
    return Line(connection, redis.exceptions.RedisError, shown=place, scripts=scripts, deadline=deadline)


def _place(options: Mapping[str, Any]) -> str:
    """Where a connection leads, without who may go there."""
    where = options.get("path") or f"{options.get('host', 'localhost')}:{options.get('port', 6379)}"
    return f"The Redis at {where}"
