"""Records as they come: a line for each, so that nobody has to wait for the last, and no answer holds them all.

What has not been sent yet is bounded: when that is reached nothing more is asked for until the reader has caught up.
"""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from fanfold.dialects import TrutoDialect
from fanfold.dialects.truto_results import key_of, outcome_of
from fanfold.entries import Entry
from fanfold.errors import Crashed
from fanfold.model import Batch, Result
from fanfold.serving.flows import NDJSON, Flow

MAX_WAITING = 4 * 1024 * 1024
"""Bytes of lines that wait for a reader before nothing more is asked for."""

EVERY = 0.5
"""Seconds between two lines that tell how far an entry has come."""


class RecordFlow(Flow):
    """The flow of one recipe; satisfies ``engine.means.RecordWatch``."""

    def __init__(self, dialect: TrutoDialect, batch: Batch, stall: float, entries: tuple[Entry, ...]) -> None:
        super().__init__(NDJSON, batch, stall)
        self._dialect = dialect
        self._entries = entries
        self._go_on: Callable[[], None] | None = None
        self._told = [self.begun] * len(entries)
        self._calls = [0] * len(entries)
        self._counts = [0] * len(entries)

    def records(self, place: int, records: list[Any]) -> None:
        """Records of an entry to be sent."""
        entry = self._entries[place]
        self._counts[place] += len(records)
        self._calls[place] += 1
        self.put(self._dialect.encode_records(entry, records))
        now = perf_counter()
        if now - self._told[place] >= EVERY:
            self._told[place] = now
            self.put(self._dialect.encode_progress(entry, self._calls[place], self._counts[place]))

    def settled(self, place: int, result: Result) -> None:
        """An entry is over: what went wrong, and how much it was in the end."""
        self.results[place] = result
        entry, outcome = self._entries[place], outcome_of(result)
        for mishap in outcome.mishaps:
            self.put(self._dialect.encode_error(entry, mishap))
        self.put(self._dialect.encode_progress(entry, outcome.calls, outcome.records))

    def full(self) -> bool:
        """Whether so much waits for the reader that nothing more should be asked for."""
        return self.waiting > MAX_WAITING

    def when_room(self, go_on: Callable[[], None]) -> None:
        """Take note of what to call when it is full no longer."""
        self._go_on = go_on

    def taken(self, size: int) -> None:
        """The reader has so many bytes more."""
        was_full = self.full()
        super().taken(size)
        if was_full and not self.full() and self._go_on is not None:
            self._go_on()

    def closing(self, *, broken: bool) -> bytes:
        """How much it was altogether."""
        if broken:
            return b'{"error":%b}\n' % self._dialect.error_answer(Crashed()).body
        outcomes = [outcome_of(result) for result in self.results]
        sent: dict[str, int] = {}
        for entry, count in zip(self._entries, self._counts, strict=True):
            if entry.included:
                sent[key_of(entry)] = sent.get(key_of(entry), 0) + count
        return self._dialect.encode_summary(
            records=sum(self._counts),
            errors=sum(len(outcome.mishaps) for outcome in outcomes),
            calls=sum(outcome.calls for outcome in outcomes),
            seconds=perf_counter() - self.begun,
            resources=sent,
        )

    def put(self, lines: bytes) -> None:
        """Have something sent, if there is anything."""
        if lines:
            super().put(lines)
