"""What a workspace on the free plan does not get: refused with 402, so that clients can be tried on both plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from msgspec import structs

from fanfold.errors import RequestError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fanfold.work.request import Request
    from fanfold.work.schema import Route

SEARCH = "Search is only available to premium users."
CUSTOM_FIELDS = "Custom Fields are not available for free users or guests."
SETTINGS = "Custom Field Settings are not available for free users."
OTHER = "This is not available for free users."

_KINDS = {
    **dict.fromkeys(("custom_field", "enum_option"), CUSTOM_FIELDS),
    "custom_field_setting": SETTINGS,
    **dict.fromkeys(
        (
            *("access_request", "allocation", "budget", "goal", "goal_relationship", "portfolio", "project_brief"),
            *("portfolio_membership", "project_portfolio_setting", "rate", "time_tracking_category"),
            *("time_tracking_entry", "timesheet_approval_status"),
        ),
        OTHER,
    ),
}

_OPERATIONS = {
    **dict.fromkeys(("searchTasksForWorkspace", "searchProjectsForWorkspace"), SEARCH),
    **dict.fromkeys(
        (
            *("deleteProjectTemplate", "deleteTaskTemplate", "triggerRule"),
            *("getDependenciesForTask", "addDependenciesForTask", "removeDependenciesForTask"),
            *("getDependentsForTask", "addDependentsForTask", "removeDependentsForTask"),
        ),
        OTHER,
    ),
}


def on_free_plan(routes: Iterable[Route]) -> list[Route]:
    """The routes as they are on the free plan: what has to be paid for is refused, whatever was sent."""
    return [_refusing(route, message) if (message := price(route)) else route for route in routes]


def price(route: Route) -> str:
    """Why an operation is refused on the free plan; nothing where it is not."""
    return _OPERATIONS.get(route.operation) or _KINDS.get(route.kind, "")


def _refusing(route: Route, message: str) -> Route:
    def refuse(_: Request) -> NoReturn:
        raise RequestError(message, status=402)

    return structs.replace(route, handler=refuse, before=None, inline=True)
