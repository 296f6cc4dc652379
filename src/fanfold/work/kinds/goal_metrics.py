"""Goal metrics: the number by which a goal is measured. A metric is a part of its goal, with a gid of its own."""

from __future__ import annotations

import re
from math import isfinite
from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work.change import touching
from fanfold.work.custom_display import display
from fanfold.work.kinds.goal_progress import SUPPORTED_BY, is_worked_out, progress
from fanfold.work.request import brief
from fanfold.work.schema import Document, Field, boolean, choice, integer, number, obj, text
from fanfold.work.validate import read, value_of

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet

HIGHEST = 1e15
"""Numbers up to this one are shown to the last digit."""


def _value(name: str) -> Field:
    def parse(_: Request, value: Any) -> float | int:
        given: float | int = value_of(number(name), value)
        if not isfinite(given) or abs(given) > HIGHEST:
            raise RequestError(f"{name}: Must be a number between -10^15 and 10^15, not: {brief(value)}")
        return given

    return number(name, nullable=False, parse=parse)


_CURRENT = _value("current_number_value")

METRIC = (
    integer("precision", low=0, high=6, nullable=False),
    choice("unit", "none", "currency", "percentage", nullable=False),
    text("currency_code"),
    _value("initial_number_value"),
    _value("target_number_value"),
    _CURRENT,
    choice("progress_source", "manual", *SUPPORTED_BY, "external", nullable=False),
    boolean("is_custom_weight"),
)
"""What clients say of a metric."""

VALUE = (_CURRENT,)


def set_metric(request: Request) -> Answer:
    """Measure a goal by a number, in place of what it was measured by before."""
    view = request.view
    change = touching(view, request.row)
    given = read(request, METRIC).values
    change.after["metric"] = {"gid": str(view.store.new_gid()), **_whole(given), "created_by": str(view.user)}
    change.write()
    return request.reread(change.gid)


def _whole(given: Document) -> Document:
    """A metric with what the client left out filled in."""
    source = given.get("progress_source", "manual")
    unit = given.get("unit", "percentage" if source in SUPPORTED_BY else "none")
    metric = {
        "precision": given.get("precision", 0),
        "unit": unit,
        "currency_code": _currency(given) if unit == "currency" else None,
        "initial_number_value": given.get("initial_number_value", 0),
        "target_number_value": given.get("target_number_value", 1 if unit == "percentage" else 100),
        "progress_source": source,
        "is_custom_weight": given.get("is_custom_weight", False),
    }
    for name in ("initial_number_value", "target_number_value"):
        metric[name] = _rounded(metric, metric[name])
    if metric["initial_number_value"] == metric["target_number_value"]:
        raise RequestError("target_number_value: Must not equal initial_number_value")
    current = metric["initial_number_value"] if source in SUPPORTED_BY else given.get("current_number_value")
    metric["current_number_value"] = _rounded(metric, metric["initial_number_value"] if current is None else current)
    return metric


def _currency(given: Document) -> str:
    code = given.get("currency_code")
    if not re.fullmatch("[A-Z]{3}", code or ""):
        raise RequestError(f"currency_code: Not a three-letter currency code: {brief(code)}")
    return str(code)


def _rounded(metric: Document, value: float) -> float | int:
    """A value to as many places as the metric has; a percentage is shown with two fewer than it has."""
    places = metric["precision"] + (2 if metric["unit"] == "percentage" else 0)
    rounded: float | int = round(value, places)
    return rounded


def set_current_value(request: Request) -> Answer:
    """Say where the number stands by which a goal is measured."""
    change = touching(request.view, request.row)
    metric = change.before.get("metric")
    if metric is None:
        raise RequestError("The goal has no metric")
    if is_worked_out(change.before):
        raise RequestError("current_number_value: Is worked out from what supports the goal")
    if metric["progress_source"] == "external" and metric["created_by"] != str(request.view.user):
        raise RequestError("Only whoever created an external metric may update its value.", status=403)
    given = read(request, VALUE).values
    if _CURRENT.name not in given:
        raise RequestError(f"{_CURRENT.name}: Missing input")
    change.after["metric"] = {**metric, _CURRENT.name: _rounded(metric, given[_CURRENT.name])}
    change.write()
    return request.reread(change.gid)


def metric_field() -> Field:
    """The field of a goal that shows its metric."""
    return obj("metric", access="read", compute=_show)


def _show(sheet: Sheet, gid: int, document: Document) -> Document | None:
    metric = document.get("metric")
    if metric is None:
        return None
    shown = {"resource_type": "goal_metric", "resource_subtype": "number", **metric}
    creator = shown.pop("created_by")
    if is_worked_out(document):
        done = sheet.once("progress", lambda sheet: progress(sheet.view.store, sheet.gids))
        start, end = metric["initial_number_value"], metric["target_number_value"]
        shown["current_number_value"] = _rounded(metric, start + done[gid] * (end - start))
        manageable = False
    else:
        manageable = metric["progress_source"] == "manual" or creator == str(sheet.view.user)
    field = {"type": "number", "precision": metric["precision"], "format": metric["unit"]}
    field["currency_code"] = metric["currency_code"]
    shown["current_display_value"] = display(field, shown["current_number_value"], [])
    return {**shown, "can_manage": manageable}
