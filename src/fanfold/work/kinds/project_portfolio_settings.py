"""Project portfolio settings: that a project is in a portfolio, and whether that lets the portfolio's members in.

One is made when a project is put into a portfolio and goes when it is taken out. Whoever does not see both the project
and the portfolio does not see what is set between them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.change import born
from fanfold.work.routes import crud, under
from fanfold.work.schema import Kind, boolean, datetime, one

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.store import Row
    from fanfold.work.view import View

PORTFOLIO_SETTINGS = "project.portfolio_settings"
"""Link field: the settings of a project, placed by their gids."""

PROJECT_SETTINGS = "portfolio.project_settings"
"""Link field: the settings of a portfolio, placed by their gids."""

SHARED = "portfolio.shared_projects"
"""Link field: the projects that the members of a portfolio may see because they may see that."""

project_portfolio_setting = Kind(
    "project_portfolio_setting",
    compact=("project", "portfolio", "is_access_control_inherited"),
    fields=(
        one("project", "project", access="read"),
        one("portfolio", "portfolio", access="read"),
        boolean("is_access_control_inherited"),
        datetime("created_at", access="read"),
    ),
)
crud(project_portfolio_setting, "read", "update")
under(project_portfolio_setting, "project", PORTFOLIO_SETTINGS)
under(project_portfolio_setting, "portfolio", PROJECT_SETTINGS)


@project_portfolio_setting.rule("create")
def is_seen_from_both_sides(change: Change) -> None:
    """What is private to either side is not to be learnt from the other."""
    change.private = 1


@project_portfolio_setting.rule("update")
def lets_members_in(change: Change) -> None:
    """Who sees the project follows the setting."""
    if not change.moved("is_access_control_inherited"):
        return
    project, portfolio = int(change.after["project"]), int(change.after["portfolio"])
    if change.after["is_access_control_inherited"]:
        change.store.append(portfolio, SHARED, project)
    else:
        change.store.unlink(portfolio, SHARED, project)


@project_portfolio_setting.rule("delete")
def shuts_them_out_again(change: Change) -> None:
    """Nobody is let in by a setting that is gone."""
    change.store.unlink(int(change.before["portfolio"]), SHARED, int(change.before["project"]))


def connect(view: View, portfolio: Row, project: int) -> int:
    """The setting between a portfolio and a project that is being put into it; nobody is let in unless that is said."""
    values = {"project": str(project), "portfolio": str(portfolio.gid)}
    gid = born(view, project_portfolio_setting.name, portfolio.workspace, **values).gid
    view.store.link(project, PORTFOLIO_SETTINGS, gid, gid)
    view.store.link(portfolio.gid, PROJECT_SETTINGS, gid, gid)
    return gid
