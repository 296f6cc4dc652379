"""Portfolios: projects and other portfolios that somebody watches over together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.addresses import permalink
from fanfold.work.custom_display import settings_link
from fanfold.work.custom_values import custom_fields_of, custom_values_fit
from fanfold.work.kinds.access_requests import requests_link
from fanfold.work.kinds.current_status import STATUSES, current_status_update
from fanfold.work.kinds.goal_support import supports_no_longer
from fanfold.work.kinds.members import add_members, remove_members
from fanfold.work.kinds.portfolio_items import ANCHORS, ITEM, ITEMS, add_item, remove_item
from fanfold.work.kinds.project_portfolio_settings import PROJECT_SETTINGS
from fanfold.work.kinds.project_words import COLORS
from fanfold.work.membership import LEVELS, disband, join
from fanfold.work.routes import PAGING, create, crud, list_linked, update, workspace_page
from fanfold.work.schema import Document, Kind, boolean, choice, computed, date, datetime, many, one, text

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet

PUBLIC, PRIVATE = "public_to_domain", "members_only"

TEMPLATES = "portfolio.project_templates"
"""Link field: the project templates of a portfolio."""


def _is_public(_: Sheet, __: int, document: Document) -> bool:
    return bool(document.get("privacy_setting") == PUBLIC)


portfolio = Kind(
    "portfolio",
    fields=(
        text("name", default="", nullable=False),
        boolean("archived", opt_in=True),
        choice("color", *COLORS, default="light-green", nullable=False),
        date("start_on"),
        date("due_on"),
        choice("default_access_level", *LEVELS["portfolio"], default="viewer", nullable=False),
        datetime("created_at", access="read"),
        one("created_by", "user", access="read"),
        many("custom_field_settings", "custom_field_setting", link=settings_link("portfolio"), access="read"),
        current_status_update(access="read"),
        custom_fields_of("portfolio"),
        many("members", "user", access="read"),
        one("owner", "user", access="read"),
        one("workspace", "workspace", access="create", required=True, nullable=False),
        computed("permalink_url", lambda sheet, gid, _: permalink(sheet.view, gid), of="text"),
        boolean("public", default=None, compute=_is_public),
        choice("privacy_setting", PUBLIC, PRIVATE, access="read", default=PRIVATE, nullable=False),
        many("project_templates", "project_template", link=TEMPLATES, access="read"),
    ),
)
crud(portfolio, "read", "delete")
_WRITABLE = tuple(field for field in portfolio.fields.values() if field.access != "read")
portfolio.route(
    "POST",
    "/portfolios",
    "createPortfolio",
    create,
    takes=tuple(field for field in _WRITABLE if field.name != "custom_fields"),
    status=201,
    summary="Create a portfolio",
)
portfolio.route(
    "PUT",
    "/portfolios/{portfolio_gid}",
    "updatePortfolio",
    update,
    subject="portfolio",
    takes=tuple(field for field in _WRITABLE if field.name not in ("workspace", "public")),
    summary="Update a portfolio",
)
portfolio.route(
    "GET",
    "/portfolios/{portfolio_gid}/items",
    "getItemsForPortfolio",
    list_linked(ITEMS),
    subject="portfolio",
    query=PAGING,
    answers="mixed",
    paged=True,
    summary="List the items of a portfolio",
)
for _path, _handler, _more in (
    ("addItem", add_item, {"takes": (ITEM, *ANCHORS), "answers": "empty"}),
    ("removeItem", remove_item, {"takes": (ITEM,), "answers": "empty"}),
    ("addMembers", add_members, {"takes": (many("members", "user", required=True),)}),
    ("removeMembers", remove_members, {"takes": (many("members", "user", required=True),)}),
):
    _more_of_it: dict[str, Any] = _more
    portfolio.verb(
        "POST",
        f"/portfolios/{{portfolio_gid}}/{_path}",
        f"{_path}ForPortfolio",
        subject="portfolio",
        **_more_of_it,
    )(_handler)


@portfolio.verb(
    "GET",
    "/portfolios",
    "getPortfolios",
    query=(text("workspace", required=True), text("owner"), *PAGING),
    answers="list",
    paged=True,
)
def list_own(request: Request) -> Answer:
    """List the portfolios that the caller owns in a workspace.

    A service account lists all of them, or those of one `owner`.
    """
    workspace, owner = request.require("workspace", "workspace"), request.named("owner", "user")
    view = request.view
    if owner is None and view.service:
        return workspace_page(request, workspace.gid)
    if owner is not None and owner.gid != view.user and not view.service:
        raise RequestError("owner: You can only list the portfolios that you own.", status=403)
    whose = view.user if owner is None else owner.gid
    return workspace_page(request, workspace.gid, filters.equals("owner", str(whose)))


# -- rules -----------------------------------------------------------------------------------------------------------


@portfolio.rule("create")
def belongs_to_whoever_makes_it(change: Change) -> None:
    """Whoever makes a portfolio owns it and is the first of its members."""
    user = change.view.user
    if user:
        change.after |= {"created_by": str(user), "owner": str(user)}
        join(change, user, level="admin")


@portfolio.rule("create", "update")
def is_seen_by_its_members(change: Change) -> None:
    """Unless it is made public, nobody else sees it."""
    public = change.after.pop("public", None)
    if public is not None:
        change.after["privacy_setting"] = PUBLIC if public else PRIVATE
    change.private = int(change.after["privacy_setting"] == PRIVATE)


@portfolio.rule("create", "update")
def starts_before_it_is_due(change: Change) -> None:
    """A portfolio with a start has an end, and that is later."""
    start, due = change.after.get("start_on"), change.after.get("due_on")
    if start is not None and (due is None or due <= start):
        raise RequestError("start_on: A start date needs a due date that is later")


portfolio.rule("create", "update")(custom_values_fit)
portfolio.rule("delete")(supports_no_longer)


@portfolio.rule("delete")
def takes_its_parts_along(change: Change) -> None:
    """What it holds stays; all that is only about it goes."""
    disband(change)
    for link in (PROJECT_SETTINGS, settings_link("portfolio"), STATUSES, requests_link("portfolio")):
        for gid in change.store.targets(change.gid, link):
            change.store.delete(gid)
