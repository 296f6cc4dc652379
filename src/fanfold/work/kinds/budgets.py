"""Budgets: what a project may cost, in money or in time, beside what is planned and what was spent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.hanging import hangs_on
from fanfold.work.kinds.budget_figures import estimated, spent
from fanfold.work.kinds.rates import CURRENCY
from fanfold.work.references import in_one_workspace
from fanfold.work.request import brief
from fanfold.work.routes import crud, linked_page
from fanfold.work.schema import Document, Field, Kind, boolean, choice, number, obj, one
from fanfold.work.validate import value_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet

BUDGETS = "project.budgets"
"""Link field: the budget of a project."""

MAX_TOTAL = 1e15

_FILTER = choice("billable_status_filter", "billable", "non_billable", "any", nullable=False)
_ENABLED = boolean("enabled")
_SOURCE = choice("source", "none", "tasks", "capacity_plans", nullable=False)


def _part(name: str, *parts: Field) -> Callable[[Request, Any], Document]:
    """Reads one of a budget's objects: what it gives of ``parts``."""

    def parse(_: Request, value: Any) -> Document:
        if not isinstance(value, dict):
            raise RequestError(f"{name}: Value is not a JSON object: {brief(value)}")
        found: Document = {}
        for part in parts:
            if part.name not in value:
                continue
            if value[part.name] is None:
                if not part.nullable:
                    raise RequestError(f"{name}: {part.name}: Value may not be null")
                found[part.name] = None
                continue
            try:
                found[part.name] = value_of(part, value[part.name])
            except RequestError as error:
                raise RequestError(f"{name}: {error.message}") from None
        return found

    return parse


def _units(document: Document) -> str:
    return "minutes" if document["budget_type"] == "time" else CURRENCY


def _estimate(sheet: Sheet, _: int, document: Document) -> Document:
    estimate = document["estimate"]
    if not estimate["enabled"] and estimate["source"] == "none":
        return {**estimate, "value": None, "units": None}
    value = estimated(sheet.view, document["budget_type"], int(document["parent"]), estimate["source"])
    return {**estimate, "value": value, "units": _units(document)}


def _actual(sheet: Sheet, _: int, document: Document) -> Document:
    actual = document["actual"]
    value = spent(sheet.view, document["budget_type"], int(document["parent"]), actual["billable_status_filter"])
    return {**actual, "value": value, "units": _units(document)}


def _total(_: Sheet, __: int, document: Document) -> Document:
    if not document["total"]["enabled"]:
        return {"enabled": False, "value": None, "units": None}
    return {"enabled": True, "value": document["totals"].get(document["budget_type"]), "units": _units(document)}


budget = Kind(
    "budget",
    compact=("budget_type", "estimate", "actual", "total", "parent"),
    fields=(
        choice("budget_type", "cost", "time", default="time", nullable=False),
        obj("estimate", parse=_part("estimate", _FILTER, _SOURCE, _ENABLED), compute=_estimate, nullable=False),
        obj("actual", parse=_part("actual", _FILTER), compute=_actual, nullable=False),
        obj("total", parse=_part("total", _ENABLED, number("value")), compute=_total, nullable=False),
        one("parent", "project", required=True, nullable=False),
    ),
    within="parent",
)
crud(budget, "create", "read", "update", "delete")


@budget.rule("create")
def is_the_only_one(change: Change) -> None:
    """A project has one budget."""
    if change.store.targets(int(change.after["parent"]), BUDGETS):
        raise RequestError(f"parent: Has a budget already: {change.after['parent']}")


@budget.rule("update")
def stays_where_it_is(change: Change) -> None:
    """A budget is that of one project for good; clients that send back what they read are not refused."""
    if change.moved("parent"):
        raise RequestError("parent: Cannot write this property")


budget.rule("create")(hangs_on("parent", BUDGETS))
budget.rule("create")(in_one_workspace)

_AT_FIRST: Document = {
    "estimate": {"billable_status_filter": "billable", "source": "none", "enabled": False},
    "actual": {"billable_status_filter": "billable"},
    "total": {"enabled": False},
}


@budget.rule("create", "update")
def keeps_what_is_not_given(change: Change) -> None:
    """What a client leaves out of an object stays as it is; what it gives of a new one switches that on."""
    after, before, given = change.after, change.before, change.given.values
    for name, at_first in _AT_FIRST.items():
        after[name] = {**(before.get(name) or at_first), **given.get(name, {})}
    _check_estimate(after["estimate"], given.get("estimate", {}))
    total, wanted = after["total"], given.get("total", {})
    after["totals"] = dict(before.get("totals", {}))
    if "value" in wanted:
        value = total.pop("value")
        if value is not None and not 0 <= value <= MAX_TOTAL:
            raise RequestError(f"total: value: Must be a number between 0 and {MAX_TOTAL:.0f}")
        after["totals"][after["budget_type"]] = value
        if change.moment == "create" and "enabled" not in wanted:
            total["enabled"] = value is not None


def _check_estimate(estimate: Document, given: Document) -> None:
    if "source" in given and "enabled" not in given:
        estimate["enabled"] = estimate["source"] != "none"
    elif given.get("enabled") and "source" not in given and estimate["source"] == "none":
        estimate["source"] = "tasks"
    if estimate["enabled"] and estimate["source"] == "none":
        raise RequestError("estimate: source: Must not be none while the estimate is enabled")


@budget.verb("GET", "/budgets", "getBudgets", query=(one("parent", "project", required=True),), answers="list")
def list_of_project(request: Request) -> Answer:
    """Get the budget of a project as a list, which is empty where there is none."""
    return linked_page(request, request.require("parent", "project").gid, BUDGETS)
