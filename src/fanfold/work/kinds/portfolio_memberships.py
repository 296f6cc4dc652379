"""Portfolio memberships: that a user belongs to a portfolio, as the former operations show it.

They are the records that ``memberships`` shows too. Here there are only users: teams came later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.membership import LEVELS, chosen, memberships_of, roll
from fanfold.work.routes import PAGING, crud
from fanfold.work.schema import Document, Kind, Ref, choice, computed, one, text

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet


def _portfolio(_: Sheet, __: int, document: Document) -> Ref:
    return Ref(int(document["parent"]))


def _user(_: Sheet, __: int, document: Document) -> Ref:
    return Ref(int(document["member"]))


portfolio_membership = Kind(
    "portfolio_membership",
    compact=("portfolio", "user", "access_level"),
    fields=(
        computed("portfolio", _portfolio, kind="portfolio"),
        computed("user", _user, kind="user"),
        choice("access_level", *LEVELS["portfolio"], access="read", nullable=False),
        one("parent", "portfolio", access="read", opt_in=True),
        one("member", "", access="read", opt_in=True),
    ),
    within="parent",
)
crud(portfolio_membership, "read")


@portfolio_membership.verb(
    "GET",
    "/portfolio_memberships",
    "getPortfolioMemberships",
    query=(text("portfolio"), text("workspace"), text("user"), *PAGING),
    answers="list",
    paged=True,
)
def list_all(request: Request) -> Answer:
    """List the memberships of a portfolio, or of a user within a workspace."""
    portfolio, user = request.named("portfolio", "portfolio"), request.named("user", "user")
    if portfolio is not None:
        return roll(request, "portfolio", portfolio.gid, None if user is None else user.gid, users=True)
    if user is None and "workspace" not in request.query:
        raise RequestError("You should specify one of portfolio, portfolio + user, user + workspace")
    if user is None:
        raise RequestError("user: Missing input")
    workspace = request.require("workspace", "workspace")
    memberships = memberships_of(request.view, "portfolio", user.gid)
    visible = request.view.rows(memberships)
    return chosen(request, (memberships[gid] for gid, row in visible.items() if row.workspace == workspace.gid))


@portfolio_membership.verb(
    "GET",
    "/portfolios/{portfolio_gid}/portfolio_memberships",
    "getPortfolioMembershipsForPortfolio",
    subject="portfolio",
    query=(text("user"), *PAGING),
    answers="list",
    paged=True,
)
def list_of_portfolio(request: Request) -> Answer:
    """List the memberships of a portfolio."""
    user = request.named("user", "user")
    return roll(request, "portfolio", request.row.gid, None if user is None else user.gid, users=True)
