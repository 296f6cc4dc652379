"""The time, as it is read and as it is written."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells the present moment; tests give their own."""


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def stamp(at: datetime) -> str:
    """A moment as shown and stored, in UTC with milliseconds: ``2012-02-22T02:06:58.147Z``."""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return f"{at.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"
