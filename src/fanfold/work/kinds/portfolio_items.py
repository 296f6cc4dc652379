"""What a portfolio holds: projects and other portfolios, in an order of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.change import Relation, deletion, touching
from fanfold.work.kinds.project_portfolio_settings import connect
from fanfold.work.places import position
from fanfold.work.request import EMPTY
from fanfold.work.schema import one
from fanfold.work.validate import read

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.store import Row
    from fanfold.work.view import View

ITEMS = "portfolio.items"
"""Link field: the items of a portfolio, in order; the note is the setting between it and a project."""

ITEM = one("item", "", required=True, nullable=False)
ANCHORS = (one("insert_before", ""), one("insert_after", ""))


def add_item(request: Request) -> Answer:
    """Put a project or portfolio into a portfolio.

    One that is in it already is moved if the request says where to.
    """
    view, portfolio = request.view, request.row
    given = read(request, (ITEM, *ANCHORS))
    item = _fitting(view, portfolio, given.row("item"))
    where = position(view.store, portfolio.gid, ITEMS, given)
    if not view.store.linked(portfolio.gid, ITEMS, item.gid):
        put(view, portfolio, item, where)
        change = touching(view, portfolio)
        change.relations.append(Relation("added", "items", item.gid))
        change.write()
    elif len(given.values) > 1:
        note = _note(view, portfolio.gid, item.gid)
        view.store.unlink(portfolio.gid, ITEMS, item.gid)
        view.store.link(portfolio.gid, ITEMS, item.gid, where, note)
    return EMPTY


def remove_item(request: Request) -> Answer:
    """Take a project or portfolio out of a portfolio."""
    view, portfolio = request.view, request.row
    item = int(read(request, (ITEM,)).values["item"])
    setting = _note(view, portfolio.gid, item)
    row = None if setting is None else view.store.record(setting)
    if row is not None:
        deletion(view, row).write()
    if view.store.unlink(portfolio.gid, ITEMS, item):
        change = touching(view, portfolio)
        change.relations.append(Relation("removed", "items", item))
        change.write()
    return EMPTY


def put(view: View, portfolio: Row, item: Row, where: int) -> int | None:
    """Put an item into a portfolio at a position; the gid of the setting that a project gets."""
    setting = connect(view, portfolio, item.gid) if item.kind == "project" else None
    view.store.link(portfolio.gid, ITEMS, item.gid, where, setting)
    return setting


def _fitting(view: View, portfolio: Row, item: Row | None) -> Row:
    """The item that a client named, if it may be in the portfolio."""
    if item is None:
        raise RequestError("item: Missing input")
    if item.kind not in ("project", "portfolio"):
        raise RequestError(f"item: Not a valid GID type: {item.kind}")
    if item.workspace != portfolio.workspace:
        raise RequestError(f"item: Not in the same workspace: {item.gid}")
    if item.kind == "portfolio" and view.store.reaches(item.gid, ITEMS, portfolio.gid):
        raise RequestError(f"item: A portfolio cannot be inside of itself: {item.gid}")
    return item


def _note(view: View, portfolio: int, item: int) -> int | None:
    return dict(view.store.owners(item, ITEMS)).get(portfolio)
