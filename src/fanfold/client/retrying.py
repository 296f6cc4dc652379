"""When a call is made again: only what changes nothing, what has a key, or what was refused before it was done.

A refusal (429) was never carried out, so anything may be asked again after it. Anything else may have been: there only
reads, and writes whose key lets the server see that it has done them, are repeated. Repeats after failures come out of
a budget, so that a server in trouble is not buried under them.
"""

from __future__ import annotations

from msgspec import Struct

AGAIN = frozenset({408, 425, 500, 502, 503, 504})
"""Statuses after which the same request may well be answered."""


class Retries(Struct, frozen=True):
    """How often a call is made after failures (``attempts`` in all) and after refusals, and the pauses in seconds.

    ``base`` is doubled with each attempt, up to ``longest``. At most ``share`` of all calls are repeated after
    failures, and ``reserve`` beyond that. A server that wants to be left alone for longer than ``patience`` is not
    waited for.
    """

    attempts: int = 4
    refusals: int = 10
    base: float = 0.1
    longest: float = 10.0
    share: float = 0.2
    reserve: int = 100
    patience: float = 300.0

    def pause(self, tried: int, spread: float) -> float:
        """Seconds until the next attempt; ``spread`` from 0 to 1 makes those that failed at once come back apart."""
        return min(self.longest, self.base * 2.0 ** (tried - 1)) * (0.5 + 0.5 * spread)


class Budget:
    """Repeated calls are a share of all, and a reserve where there are few."""

    def __init__(self, retries: Retries) -> None:
        self._share = retries.share
        self._most = self._left = float(retries.reserve)

    def earn(self) -> None:
        """A call that is made for the first time pays in."""
        self._left = min(self._most, self._left + self._share)

    def spend(self, calls: int = 1) -> bool:
        """Whether so many more may be repeated."""
        if self._left < calls:
            return False
        self._left -= calls
        return True


__all__ = ["AGAIN", "Budget", "Retries"]
