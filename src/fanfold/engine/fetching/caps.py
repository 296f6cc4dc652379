"""The caps of one batch: how much of each has been taken, and what is said where there is no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanfold.entries import Caps
from fanfold.errors import RequestError

_OF = {
    "max_calls": "calls",
    "max_runs": "runs",
    "max_pages": "pages of one list",
    "max_records": "records held",
    "max_size": "bytes held",
    "recursion_depth": "levels of recursion",
}


class Taken:
    """What one batch has taken of its caps. Each verb raises ``RequestError`` (422) where that is too much."""

    def __init__(self, caps: Caps) -> None:
        self._caps = caps
        self._runs = self._calls = self._records = self._size = 0

    def run(self) -> None:
        """Begin one more run."""
        self._runs += 1
        if self._runs > self._caps.runs:
            raise capped("max_runs", self._caps.runs)

    def call(self) -> None:
        """Make one more call."""
        if self._calls >= self._caps.calls:
            raise capped("max_calls", self._caps.calls)
        self._calls += 1

    def hold(self, records: int, size: int) -> None:
        """Hold so many more records, which had so many bytes."""
        self._records += records
        self._size += size
        if self._records > self._caps.records:
            raise capped("max_records", self._caps.records)
        if self._size > self._caps.size:
            raise capped("max_size", self._caps.size)


def capped(cap: str, value: int, more: Mapping[str, Any] | None = None) -> RequestError:
    """The error of what a cap has kept from being done."""
    return RequestError(
        f"The batch has come to the cap of {value} {_OF[cap]}; ask for less, or in several batches",
        status=422,
        extra={"details": {"limit": cap, "value": value, **(more or {})}},
    )


def cap_of(error: RequestError) -> str:
    """The cap that an error tells of, or nothing."""
    details = error.extra.get("details")
    cap = details.get("limit") if isinstance(details, dict) else None
    return cap if cap in _OF else ""
