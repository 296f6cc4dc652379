"""Where threads hand in their calls and wait for the answers."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable

from fanfold.compat.background import BACKGROUND, Thread
from fanfold.compat.desk import Carrier, Desk, Options
from fanfold.compat.translation import Answered, Plain, Reach, Translator

WINDOW = 0.005
"""Seconds that a call waits for those of other threads, which cannot come within one tick."""


class Counter:
    """For calls to the API at ``base_url``; what is under way ends with ``close``, and a later call begins anew.

    It is closed with ``owner``, when nobody has that any more.
    """

    def __init__(self, owner: object, base_url: str, shared_headers: tuple[str, ...], options: Options) -> None:
        self.reach = Reach(base_url)
        self._translator = Translator(shared_headers)
        self._options: Options = {"window": WINDOW, **options}
        self._lock = threading.Lock()
        self._open: tuple[Desk, Thread] | None = None
        weakref.finalize(owner, _let_go, self).atexit = False

    def ask(self, plain: Plain, way: Hashable, carrier: Callable[[Thread], Carrier]) -> Answered | None:
        """The answer to a call, or None if it has to go by itself. Raises what the desk raises."""
        request = self._translator.request(plain)
        if request is None:
            return None
        desk, thread = self._opened()
        headers = self._translator.common(plain)
        return thread.wait_for(desk.ask(request, headers, way, lambda: carrier(thread)))

    def close(self) -> None:
        """End what is under way."""
        with self._lock:
            opened, self._open = self._open, None
        if opened is not None:
            desk, thread = opened
            if BACKGROUND.is_current(thread):
                thread.finish(desk.close)
                BACKGROUND.release(thread)

    def _opened(self) -> tuple[Desk, Thread]:
        with self._lock:
            if self._open is None or not BACKGROUND.is_current(self._open[1]):
                self._open = Desk(self.reach.base_url, self._options, streaming=False), BACKGROUND.hold()
            return self._open


def _let_go(counter: Counter) -> None:
    # Garbage is collected in whatever thread, also in one that must not wait for the loop.
    threading.Thread(target=counter.close, name="fanfold-compat-closing").start()


__all__ = ["WINDOW", "Counter"]
