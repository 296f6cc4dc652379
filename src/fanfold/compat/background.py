"""An event loop in a thread of its own, which the synchronous libraries' calls meet in.

It begins with the first call and ends with the last who holds it, or at the latest with the process.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

_T = TypeVar("_T")

_CARRIERS = 32
"""Batches that may be under way at once: each blocks a thread while it is."""


class Thread:
    """A loop that runs in a thread, and threads beside it for what blocks."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._ending = threading.Lock()
        self._over = False
        self._carriers = ThreadPoolExecutor(_CARRIERS, "fanfold-compat-carrier")
        self._thread = threading.Thread(target=self._run, name="fanfold-compat", daemon=True)
        self._thread.start()

    def wait_for(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        """What a coroutine returns that runs in the loop; if the waiting is interrupted, it is cancelled."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return future.result()
        finally:
            future.cancel()

    async def beside(self, do: Callable[[], _T]) -> _T:
        """What a function returns that blocks."""
        return await self.loop.run_in_executor(self._carriers, do)

    def finish(self, last: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Wait for a last coroutine, unless the loop has ended; it does not end meanwhile."""
        with self._ending:
            if not self._over:
                self.wait_for(last())

    def end(self) -> None:
        """Cancel what runs in it, and wait for its threads."""
        with self._ending:
            self._over = True
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join()
            self._carriers.shutdown()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.get_loop().run_forever()


class Background:
    """The thread of a process, for as long as somebody holds it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: Thread | None = None
        self._holders = 0

    def hold(self) -> Thread:
        """The thread, which stays until ``release`` was called as often."""
        with self._lock:
            self._holders += 1
            if self._thread is None:
                self._thread = Thread()
            return self._thread

    def release(self, thread: Thread) -> None:
        """No longer held by one; the last one ends it."""
        with self._lock:
            if thread is not self._thread:
                return
            self._holders -= 1
            if self._holders:
                return
            self._thread = None
        thread.end()

    def is_current(self, thread: Thread) -> bool:
        """Whether it is still there: a fork leaves it behind."""
        return thread is self._thread

    def end(self) -> None:
        """End it, whoever holds it."""
        with self._lock:
            thread, self._thread, self._holders = self._thread, None, 0
        if thread is not None:
            thread.end()

    def forget(self) -> None:
        """After a fork there are no threads, and nobody may be left to release the lock."""
        self._lock = threading.Lock()
        self._thread = None
        self._holders = 0


BACKGROUND = Background()
"""The one of this process."""

atexit.register(BACKGROUND.end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=BACKGROUND.forget)

__all__ = ["BACKGROUND", "Background", "Thread"]
