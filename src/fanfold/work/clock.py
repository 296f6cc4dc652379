"""The time, as it is read and as it is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

Clock = Callable[[], datetime]
"""Tells the present moment; tests give their own."""


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


class SettableClock:
    """A clock that tells the real time until it is set; then it stands still, and moves only when it is told to."""

    def __init__(self, source: Clock = utc_now) -> None:
        self._source = source
        self._fixed: datetime | None = None

    def __call__(self) -> datetime:
        """The present moment, as everything that asks this clock sees it."""
        return self._source() if self._fixed is None else self._fixed

    @property
    def fixed(self) -> bool:
        """Whether it stands still."""
        return self._fixed is not None

    def set(self, at: datetime) -> None:
        """Stand still at a moment; one without a time zone is in UTC."""
        self._fixed = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Stand still later (or earlier) than now; raises ``OverflowError`` outside of the years 1 to 9999."""
        self._fixed = self() + by

    def resume(self) -> None:
        """Tell the real time again."""
        self._fixed = None


def stamp(at: datetime) -> str:
    """A moment as shown and stored, in UTC with milliseconds: ``2012-02-22T02:06:58.147Z``."""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
