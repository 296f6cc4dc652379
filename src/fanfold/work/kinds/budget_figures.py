"""The figures that a budget shows: time that was entered, and time that is planned, in minutes or in money."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from fanfold.work import filters
from fanfold.work.custom_display import SETTINGS
from fanfold.work.kinds.allocations import ALLOCATIONS
from fanfold.work.kinds.rates import rates_of
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fanfold.work.view import View

WORKDAY = 480
"""Minutes of a working day, of which an allocation takes some percent."""

_BILLABLE = {"billable": "billable", "non_billable": "nonBillable"}


def spent(view: View, budget_type: str, project: int, billable: str) -> float:
    """What was spent on a project: all time entered for it of some billable status, or ``any``."""
    status = _BILLABLE.get(billable)
    where = filters.every(() if status is None else (filters.equals("billable_status", status),))
    return _figure(view, budget_type, project, view.store.time_spent(project, where))


def estimated(view: View, budget_type: str, project: int, source: str) -> float:
    """What is planned for a project: what its tasks are estimated at, or what is allocated to it."""
    if source == "capacity_plans":
        return _figure(view, budget_type, project, _allocated(view, project))
    field = _estimated_time(view, project)
    by_person = {} if field is None else view.store.time_estimated(project, field)
    return _figure(view, budget_type, project, by_person)


def _figure(view: View, budget_type: str, project: int, by_person: Mapping[int, float]) -> float:
    """Minutes by person as one number: in minutes, or in what they cost."""
    if budget_type == "time":
        return _whole(sum(by_person.values()))
    rates = rates_of(view, project)
    return _whole(sum(minutes / 60 * rates.get(person, 0) for person, minutes in by_person.items()))


def _whole(value: float) -> float:
    rounded = round(value, 2)
    return int(rounded) if rounded == int(rounded) else rounded


def _estimated_time(view: View, project: int) -> int | None:
    """The custom field of a project that says how long its tasks will take."""
    links = view.store.links((project,), (SETTINGS,), ()).get((project, SETTINGS), ())
    rows = view.store.records([link.note for link in links if link.note is not None])
    for row in rows.values():
        if decode(row.document).get("asana_created_field") == "estimated_time":
            return row.gid
    return None


def _allocated(view: View, project: int) -> dict[int, float]:
    found: dict[int, float] = {}
    for row in view.store.records(view.store.targets(project, ALLOCATIONS)).values():
        document = decode(row.document)
        person = int(document["assignee"])
        found[person] = found.get(person, 0) + _minutes(document)
    return found


def _minutes(allocation: dict[str, Any]) -> float:
    effort = allocation.get("effort")
    if effort is None:
        return 0
    if effort["type"] == "hours":
        return float(effort["value"]) * 60
    first, last = (date.fromisoformat(allocation[name]) for name in ("start_date", "end_date"))
    return float(_workdays(first, last) * WORKDAY * effort["value"] / 100)


def _workdays(first: date, last: date) -> int:
    """How many days from Monday to Friday there are, both ends included."""
    weeks, rest = divmod((last - first).days + 1, 7)
    return weeks * 5 + sum((first + timedelta(days=index)).weekday() < 5 for index in range(rest))
