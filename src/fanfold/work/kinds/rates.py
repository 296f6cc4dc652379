"""Rates: what an hour of somebody's time costs on a project."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.hanging import hangs_on, is_signed
from fanfold.work.kinds.placeholders import named_worker, worker, works_there
from fanfold.work.references import in_one_workspace
from fanfold.work.routes import PAGING, crud, linked_page, page_of_all
from fanfold.work.schema import Kind, number, one, text
from fanfold.work.shape import decode
from fanfold.work.validate import value_of

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.view import View

RATES = "project.rates"
"""Link field: the rates on a project."""

CURRENCY = "USD"
"""The currency of every rate and budget."""

MAX_RATE = 1_000_000_000


def _rate(_: Request, value: Any) -> float:
    rate = value_of(number("rate"), value)
    if not (isfinite(rate) and 0 <= rate <= MAX_RATE):
        raise RequestError(f"rate: Must be a number between 0 and {MAX_RATE}")
    return float(rate) if rate != int(rate) else int(rate)


rate = Kind(
    "rate",
    compact=("parent", "resource", "rate", "currency_code", "created_by"),
    fields=(
        one("parent", "project", access="create", required=True, nullable=False),
        worker("resource", access="create", required=True, nullable=False),
        number("rate", parse=_rate, required=True, nullable=False),
        text("currency_code", access="read", default=CURRENCY, nullable=False),
        one("created_by", "user", access="read"),
    ),
    within="parent",
)
crud(rate, "create", "read", "update", "delete")


@rate.rule("create")
def is_the_only_one(change: Change) -> None:
    """Somebody has one rate on a project."""
    if int(change.after["resource"]) in rates_of(change.view, int(change.after["parent"])):
        raise RequestError(f"resource: Has a rate on the parent already: {change.after['resource']}")


for _rule in (is_signed, hangs_on("parent", RATES), in_one_workspace, works_there("resource")):
    rate.rule("create")(_rule)


def rates_of(view: View, project: int) -> dict[int, float]:
    """What an hour costs on a project, by the gid of the user or placeholder."""
    rows = view.store.records(view.store.targets(project, RATES))
    documents = [decode(row.document) for row in rows.values()]
    return {int(document["resource"]): document["rate"] for document in documents}


@rate.verb("GET", "/rates", "getRates", query=(text("parent"), text("resource"), *PAGING), answers="list", paged=True)
def list_rates(request: Request) -> Answer:
    """List the rates on a project, of all that work there or of one."""
    parent, resource = request.named("parent", "project"), named_worker(request, "resource")
    if parent is None and resource is None:
        raise RequestError("You should specify one of parent, resource")
    where = None if resource is None else filters.equals("resource", str(resource.gid))
    return page_of_all(request, where) if parent is None else linked_page(request, parent.gid, RATES, where)
