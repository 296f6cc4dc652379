"""Answers in the memory of this process: bounded in number and size, and gone when the process ends."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from fanfold.errors import RequestError
from fanfold.idempotency.answers import Kept
from fanfold.model import Answer

MIB = 1024 * 1024

ENTRY = 512
"""What an entry takes beside its answer, in bytes, roughly."""

STEP = 100
"""How many entries whose time is over each ``begin`` forgets at most: more than it adds, so that they shrink away."""


class _Entry(NamedTuple):
    kept: Kept
    until: float
    size: int = ENTRY


class MemoryAnswers:
    """At most ``max_entries`` entries and ``max_bytes`` of answers; of those that are done the oldest give way.

    What is only begun never gives way; where there is nothing else left, nothing more is begun. An answer that alone
    is larger than ``max_bytes`` is not kept, but that it was given is.
    """

    def __init__(self, max_entries: int = 10_000, max_bytes: int = 64 * MIB) -> None:
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._begun: OrderedDict[bytes, _Entry] = OrderedDict()
        self._done: OrderedDict[bytes, _Entry] = OrderedDict()
        self._bytes = 0

    def __len__(self) -> int:
        """How many entries there are, begun or done."""
        return len(self._begun) + len(self._done)

    @property
    def size(self) -> int:
        """How much the entries that are done take, in bytes."""
        return self._bytes

    async def begin(self, name: bytes, fingerprint: bytes, now: float, until: float) -> Kept | None:
        """Note a beginning, or tell what stands there."""
        self._forget_old(self._begun, now)
        self._forget_old(self._done, now)
        found = self._begun.get(name) or self._done.get(name)
        if found is not None:
            if now < found.until:
                return found.kept
            self._drop(name)
        if len(self._begun) >= self._max_entries:
            raise RequestError("Too many requests with an idempotency key are under way; send it again", status=503)
        self._begun[name] = _Entry(Kept(fingerprint), until)
        self._make_room()
        return None

    async def finish(self, name: bytes, fingerprint: bytes, answer: Answer, until: float) -> None:
        """Keep an answer."""
        self._drop(name)
        size = ENTRY + len(answer.body) + sum(len(header) + len(value) for header, value in answer.headers)
        kept = Kept(fingerprint, done=True, answer=answer)
        if size > self._max_bytes:
            kept, size = Kept(fingerprint, done=True), ENTRY
        self._done[name] = _Entry(kept, until, size)
        self._bytes += size
        self._make_room()

    async def forget(self, name: bytes) -> None:
        """Take back a beginning."""
        self._begun.pop(name, None)

    def _make_room(self) -> None:
        while self._done and (len(self) > self._max_entries or self._bytes > self._max_bytes):
            self._bytes -= self._done.popitem(last=False)[1].size

    def _forget_old(self, entries: OrderedDict[bytes, _Entry], now: float) -> None:
        """They stand in the order in which their time is over, unless the clock was set back; then they wait for it."""
        for _ in range(min(STEP, len(entries))):
            name = next(iter(entries))
            if now < entries[name].until:
                return
            self._drop(name)

    def _drop(self, name: bytes) -> None:
        self._begun.pop(name, None)
        entry = self._done.pop(name, None)
        if entry is not None:
            self._bytes -= entry.size
