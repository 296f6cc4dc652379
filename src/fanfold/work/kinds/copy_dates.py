"""Dates of copies: as they were, left out, or all moved by the same number of days."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.work.request import Request, brief
from fanfold.work.schema import Document, boolean
from fanfold.work.validate import day, value_of

_NAMES = ("due_on", "due_at", "start_on", "start_at")
_SATURDAY = 5


class Schedule(Struct, frozen=True):
    """That the first start date, or the last due date, falls on ``day``."""

    day: date
    first: bool
    skip_weekends: bool


class Move(Struct, frozen=True):
    """How the dates of copies follow from those of their originals; part of a job's state."""

    days: int = 0
    skip_weekends: bool = False
    leave_out: bool = False

    def moved(self, document: Document) -> Document:
        """The dates of a record's copy that are not what they were."""
        if self.leave_out:
            return dict.fromkeys(_NAMES)
        if not self.days and not self.skip_weekends:
            return {}
        return {name: self.moved_day(document[name]) for name in _NAMES if document.get(name)}

    def moved_day(self, value: str) -> str:
        """A day or moment that many days on; one that would fall on a weekend waits until Monday."""
        try:
            on = date.fromisoformat(value[:10]) + timedelta(days=self.days)
            if self.skip_weekends and on.weekday() >= _SATURDAY:
                on += timedelta(days=7 - on.weekday())
        except OverflowError:
            raise RequestError(f"Too far away for: {value}") from None
        return on.isoformat() + value[10:]


LEAVE_OUT = Move(leave_out=True)


class Dates(Struct, frozen=True):
    """The first and last of the dates of many records, as ``YYYY-MM-DD``; empty where there are none."""

    first_start: str = ""
    last_start: str = ""
    first_due: str = ""
    last_due: str = ""

    @property
    def first(self) -> str:
        """The first day of all."""
        return min(filter(None, (self.first_start, self.first_due)), default="")

    @property
    def last(self) -> str:
        """The last day of all."""
        return max(self.last_start, self.last_due)

    def with_(self, document: Document) -> Dates:
        """The same when one more record is taken in."""
        start, due = document.get("start_on") or "", document.get("due_on") or ""
        return Dates(
            min(filter(None, (self.first_start, start)), default=""),
            max(self.last_start, start),
            min(filter(None, (self.first_due, due)), default=""),
            max(self.last_due, due),
        )


def read_schedule(_: Request, value: Any) -> Schedule:
    """The body field ``schedule_dates``."""
    if not isinstance(value, dict):
        raise RequestError(f"schedule_dates: Value is not a JSON object: {brief(value)}")
    if value.get("should_skip_weekends") is None:
        raise RequestError("schedule_dates: should_skip_weekends: Missing input")
    skip = value_of(boolean("schedule_dates: should_skip_weekends"), value["should_skip_weekends"])
    given = [name for name in ("start_on", "due_on") if value.get(name) is not None]
    if len(given) != 1:
        raise RequestError("schedule_dates: Must have one of start_on or due_on")
    on = day(f"schedule_dates: {given[0]}", value[given[0]])
    return Schedule(date.fromisoformat(on), given[0] == "start_on", skip)


def scheduled(schedule: Schedule | None, dates: Dates) -> Move:
    """How dates move so that they keep to the schedule; not at all where there is none."""
    if schedule is None or not dates.first:
        return Move()
    anchor = (dates.first_start or dates.first_due) if schedule.first else (dates.last_due or dates.last_start)
    return within_the_calendar(
        Move(days_between(anchor, schedule.day.isoformat()), schedule.skip_weekends), dates, "schedule_dates"
    )


def days_between(day: str, other: str) -> int:
    """How many days ``other`` is after ``day``."""
    return (date.fromisoformat(other) - date.fromisoformat(day)).days


def within_the_calendar(move: Move, dates: Dates, label: str) -> Move:
    """The same move; refused at once if any of the dates would fall outside of the years that there are."""
    try:
        for edge in filter(None, (dates.first, dates.last)):
            move.moved_day(edge)
    except RequestError as error:
        raise RequestError(f"{label}: {error.message}") from None
    return move
