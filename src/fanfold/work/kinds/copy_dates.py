"""Dates of copies: as they were, left out, or all moved by the same number of days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from fanfold.errors import RequestError
from fanfold.work.request import Request, brief
from fanfold.work.schema import Document, boolean
from fanfold.work.validate import day, value_of

if TYPE_CHECKING:
    from collections.abc import Callable

    Move = Callable[[Document], Document]
    """From a record's document to the dates of its copy."""

_SATURDAY = 5


class Schedule(Struct, frozen=True):
    """That the first start date, or the last due date, falls on ``day``."""

    day: date
    first: bool
    skip_weekends: bool


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


def leave_out(_: Document) -> Document:
    """No dates at all."""
    return {"due_on": None, "due_at": None, "start_on": None, "start_at": None}


def mover(schedule: Schedule | None, documents: Iterable[Document]) -> Move:
    """How the dates of ``documents`` move so that they keep to the schedule; not at all where there is none."""
    if schedule is None:
        return lambda _: {}
    found = list(documents)
    starts = [document["start_on"] for document in found if document.get("start_on")]
    dues = [document["due_on"] for document in found if document.get("due_on")]
    if not starts and not dues:
        return lambda _: {}
    anchor = min(starts or dues) if schedule.first else max(dues or starts)
    days = schedule.day - date.fromisoformat(anchor)
    return lambda document: {
        name: _moved(document[name], days, skip_weekends=schedule.skip_weekends)
        for name in ("due_on", "due_at", "start_on", "start_at")
        if document.get(name)
    }


def _moved(value: str, days: timedelta, *, skip_weekends: bool) -> str:
    """A day or moment that many days on; one that would fall on a weekend waits until Monday."""
    try:
        on = date.fromisoformat(value[:10]) + days
        if skip_weekends and on.weekday() >= _SATURDAY:
            on += timedelta(days=7 - on.weekday())
    except OverflowError:
        raise RequestError(f"schedule_dates: Too far away for: {value}") from None
    return on.isoformat() + value[10:]
