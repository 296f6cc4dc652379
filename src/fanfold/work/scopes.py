"""What an app may do in a user's name: the scope that each operation asks for.

Scopes are made of a collection and one of three verbs, and most follow from an operation's path and method. An
operation that has none of its own is for apps that were allowed everything, which is what ``default`` means.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from fanfold.errors import RequestError

if TYPE_CHECKING:
    from fanfold.work.schema import Route

EVERYTHING = "default"
"""The scope that holds all others: what an app gets that asks for none."""

IDENTITY = ("openid", "email", "profile")
"""Scopes about who the user is, for the sign-in to other programs; no operation of the API asks for them."""

_VERBS = {
    "attachments": "read write delete",
    "custom_fields": "read write",
    "goals": "read write",
    "jobs": "read",
    "ooo_entries": "read write delete",
    "portfolios": "read write",
    "project_portfolio_settings": "read write",
    "project_templates": "read",
    "projects": "read write delete",
    "roles": "read write delete",
    "stories": "read write delete",
    "tags": "read write",
    "task_custom_types": "read",
    "task_templates": "read",
    "tasks": "read write delete",
    "team_memberships": "read",
    "teams": "read",
    "time_tracking_categories": "read write delete",
    "time_tracking_entries": "read",
    "timesheet_approval_statuses": "read write",
    "users": "read",
    "webhooks": "read write delete",
    "workspaces": "read",
    "workspaces.typeahead": "read",
}

OPERATION_SCOPES = frozenset(f"{collection}:{verb}" for collection, verbs in _VERBS.items() for verb in verbs.split())
"""The scopes that operations ask for, ``default`` apart."""

SCOPES = (EVERYTHING, *IDENTITY, *sorted(OPERATION_SCOPES))
"""All scopes that an app can ask for."""

_NONE_OF_THEIR_OWN = frozenset((
    *("addFollowers", "addFollowersForProject", "addMembersForPortfolio", "addMembersForProject"),
    *("addSupportingRelationship", "createGoal", "createGoalMetric", "createProjectBrief"),
    *("createProjectStatusForProject", "createSectionForProject", "createTimeTrackingEntry"),
    *("getAgentsForWorkspace", "getAuditLogEvents", "getPortfolioMembershipsForPortfolio"),
    *("getProjectMembershipsForProject", "getProjectStatusesForProject", "getSectionsForProject"),
    *("getWorkspaceEvents", "getWorkspaceMembershipsForUser", "getWorkspaceMembershipsForWorkspace"),
    *("insertSectionForProject", "projectSaveAsTemplate", "removeFollowers", "removeFollowersForProject"),
    *("removeMembersForPortfolio", "removeMembersForProject", "removeSupportingRelationship"),
    *("updateGoal", "updateGoalMetric"),
))  # fmt: skip
"""Operations whose path and method would say otherwise."""

_OTHERS = {
    "addTaskForSection": "tasks:write",
    "getTimeTrackingEntriesForTimeTrackingCategory": "time_tracking_categories:read",
    "getUserTaskList": "tasks:read",
    "getUserTaskListForUser": "tasks:read",
    "instantiateProject": "projects:write",
    "typeaheadForWorkspace": "workspaces.typeahead:read",
    "updateEnumOption": "custom_fields:write",
}
"""Operations that belong to another collection than their path says."""


@lru_cache(maxsize=1024)
def scope_of(method: str, template: str, operation: str) -> str:
    """The scope that an operation asks for: that of the last collection in its path that has one for its method."""
    if operation in _NONE_OF_THEIR_OWN:
        return EVERYTHING
    if operation in _OTHERS:
        return _OTHERS[operation]
    verb = {"GET": "read", "DELETE": "delete"}.get(method, "write")
    for segment in reversed(template.split("/")):
        if f"{segment}:{verb}" in OPERATION_SCOPES:
            return f"{segment}:{verb}"
    return EVERYTHING


def must_be_in_scope(scopes: frozenset[str], route: Route) -> None:
    """Refuse an app that was not allowed what an operation asks for."""
    scope = route.scope or scope_of(route.method, route.template, route.operation)
    if scope not in scopes:
        raise RequestError(f"This app was not given the scope that this request needs: {scope}", status=403)
