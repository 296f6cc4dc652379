"""What a test and the application it looks at share: where actions meet, and what has happened.

Every application of `apps/` has the same routes:

    GET    /me              who the token is, or the framework's own 401
    GET    /ready           what the application made as it started
    GET    /items/{name}    the name, the query and some headers, as the application sees them
    POST   /items           201 with a location, and the body
    PATCH  /items/{name}    the name and the body
    DELETE /items/{name}    204 without a body
    GET    /meet/{parties}  answered when so many requests are there at the same time
    GET    /whisper/{word}  what a context variable holds after everybody has set it
    GET    /secret          the same, with the caller's token and cookies, which it gives back as a cookie as well
    GET    /cookies/{word}  sets two cookies, shows those that it got
    GET    /broken          an error that the application has a handler for
    GET    /crash           an error that nobody has foreseen
    GET    /stream          three pieces of text
    GET    /endless         a response that never ends
    GET    /huge            a response of a gigabyte
    GET    /hang            no response, ever
    POST   /slow            answers when it is let go
    POST   /later           answers, and does something when it is let go
    WS     /echo            says everything twice
"""

import asyncio
import threading
from contextvars import ContextVar

MIB = 1024 * 1024
GIGABYTE = 1024
"""Pieces of a mebibyte that make the huge response."""

CROWD = 300
"""Actions that are under way at once when everybody is to keep his secret."""

PATIENCE = 10
"""Seconds after which a thread that waits for others gives up, so that a test that fails does so."""

whispered = ContextVar("whispered", default=None)


class Broken(Exception):
    """What the applications have a handler for."""


class Stage:
    """Made anew for each test."""

    def __init__(self, *, threaded=False):
        self.threaded = threaded
        self.log = []
        self.passed = []
        self.pieces = 0
        self.executors = []
        self.let_go = threading.Event() if threaded else asyncio.Event()
        self._happened = asyncio.Condition()
        self._loop = asyncio.get_running_loop()
        self._places = {}
        self._lock = threading.Lock()

    def note(self, what):
        """Something has happened; may be told by any thread."""
        with self._lock:
            self.log.append(what)
        self._loop.call_soon_threadsafe(lambda: self._loop.create_task(self._tell()))

    async def _tell(self):
        async with self._happened:
            self._happened.notify_all()

    async def seen(self, *what):
        """Wait until all of it has happened."""
        async with asyncio.timeout(PATIENCE), self._happened:
            await self._happened.wait_for(lambda: set(what) <= set(self.log))

    async def meet(self, parties, place=""):
        """Wait until so many are there."""
        await self._barrier(asyncio.Barrier, parties, place).wait()

    def meet_in_thread(self, parties, place=""):
        """The same for handlers in threads."""
        self._barrier(threading.Barrier, parties, place).wait(PATIENCE)

    def _barrier(self, kind, parties, place):
        with self._lock:
            return self._places.setdefault((kind, parties, place), kind(parties))

    async def whisper(self, word, parties=2):
        """What the context variable held before, and holds when all have set it."""
        before = whispered.get()
        whispered.set(word)
        await self.meet(parties, "whisper")
        return [before, whispered.get()]

    def whisper_in_thread(self, word, parties=2):
        """The same for handlers in threads."""
        before = whispered.get()
        whispered.set(word)
        self.meet_in_thread(parties, "whisper")
        return [before, whispered.get()]

    async def hang(self):
        """Never return; tell of the end."""
        self.note("hanging")
        try:
            await asyncio.Event().wait()
        finally:
            self.note("no longer hanging")

    async def wait(self, what):
        """Wait to be let go; tell of the end."""
        self.note(f"{what} begun")
        await self.let_go.wait()
        self.note(f"{what} done")

    def wait_in_thread(self, what):
        """The same for handlers in threads."""
        self.note(f"{what} begun")
        self.let_go.wait(PATIENCE)
        self.note(f"{what} done")

    async def pieces_of(self, count):
        """So many pieces of a mebibyte, counted as they are taken; endless if ``count`` is None."""
        for piece in self.pieces_in_thread(count):
            yield piece
            await asyncio.sleep(0)

    def pieces_in_thread(self, count):
        """The same for handlers in threads."""
        sent = 0
        while count is None or sent < count:
            sent += 1
            self.pieces += 1
            yield b"x" * MIB


async def three():
    """What `/stream` is made of."""
    for word in ("one ", "two ", "three"):
        yield word.encode()
        await asyncio.sleep(0)


def token_of(authorization):
    """The good token in a header, or None. Every token that begins with "good" is."""
    kind, _, token = (authorization or "").partition(" ")
    return token if kind == "Bearer" and token.startswith("good") else None
