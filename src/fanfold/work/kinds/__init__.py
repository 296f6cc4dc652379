"""The kinds that are served, and who is told of their changes: values in a list, no registration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.work.audit import audit
from fanfold.work.events import log_change
from fanfold.work.kinds import copy_portfolio
from fanfold.work.kinds.access_requests import access_request
from fanfold.work.kinds.agents import agent
from fanfold.work.kinds.allocations import allocation
from fanfold.work.kinds.attachments import attachment
from fanfold.work.kinds.budgets import budget
from fanfold.work.kinds.copying import copy_some
from fanfold.work.kinds.custom_field_settings import custom_field_setting
from fanfold.work.kinds.custom_fields import custom_field
from fanfold.work.kinds.custom_types import custom_type, custom_type_status_option
from fanfold.work.kinds.enum_options import enum_option
from fanfold.work.kinds.exports import export_request, graph_export
from fanfold.work.kinds.goal_relationships import goal_relationship
from fanfold.work.kinds.goals import goal
from fanfold.work.kinds.graph_exports import export_graph
from fanfold.work.kinds.jobs import job
from fanfold.work.kinds.memberships import membership
from fanfold.work.kinds.ooo_entries import ooo_entry
from fanfold.work.kinds.organization_exports import export_organization, organization_export
from fanfold.work.kinds.placeholders import placeholder
from fanfold.work.kinds.portfolio_memberships import portfolio_membership
from fanfold.work.kinds.portfolios import portfolio
from fanfold.work.kinds.project_briefs import project_brief
from fanfold.work.kinds.project_memberships import project_membership
from fanfold.work.kinds.project_portfolio_settings import project_portfolio_setting
from fanfold.work.kinds.project_statuses import project_status
from fanfold.work.kinds.project_templates import delete_some, project_template
from fanfold.work.kinds.projects import project
from fanfold.work.kinds.rates import rate
from fanfold.work.kinds.reactions import reaction
from fanfold.work.kinds.resource_exports import export_resources
from fanfold.work.kinds.roles import role
from fanfold.work.kinds.rule_triggers import rule_trigger
from fanfold.work.kinds.sections import section
from fanfold.work.kinds.status_updates import status_update
from fanfold.work.kinds.stories import story
from fanfold.work.kinds.tags import tag
from fanfold.work.kinds.task_templates import task_template
from fanfold.work.kinds.tasks import task
from fanfold.work.kinds.team_memberships import team_membership
from fanfold.work.kinds.teams import team
from fanfold.work.kinds.time_periods import time_period
from fanfold.work.kinds.time_tracking_categories import time_tracking_category
from fanfold.work.kinds.time_tracking_entries import time_tracking_entry
from fanfold.work.kinds.timesheet_approval_statuses import timesheet_approval_status
from fanfold.work.kinds.user_task_lists import user_task_list
from fanfold.work.kinds.users import user
from fanfold.work.kinds.webhooks import webhook
from fanfold.work.kinds.workspace_memberships import workspace_membership
from fanfold.work.kinds.workspaces import workspace
from fanfold.work.stories import tell_stories

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fanfold.work.background import Step
    from fanfold.work.change import Change
    from fanfold.work.schema import Kind

KINDS: tuple[Kind, ...] = (
    *(workspace, workspace_membership, user, user_task_list, team, team_membership),
    *(project, project_membership, section, task, story, tag, attachment),
    *(portfolio, portfolio_membership, project_portfolio_setting, membership, access_request),
    *(custom_field, enum_option, custom_field_setting, job, project_template, task_template),
    *(graph_export, export_request, organization_export),
    *(status_update, project_status, goal, goal_relationship, time_period),
    *(project_brief, custom_type, custom_type_status_option, agent, role, placeholder, reaction, rule_trigger),
    *(allocation, rate, budget, ooo_entry, time_tracking_category, time_tracking_entry, timesheet_approval_status),
    webhook,
)
"""In the order in which the API description shows them."""

OBSERVERS: tuple[Callable[[Change], None], ...] = (tell_stories, log_change, audit)
"""Told of each change after it was written, within the same savepoint."""

STEPS: Mapping[str, Step] = {
    "copy": copy_some,
    "copy_portfolio": copy_portfolio.copy_some,
    "delete_content": delete_some,
    "graph_export": export_graph,
    "resource_export": export_resources,
    "organization_export": export_organization,
}
"""What carries jobs a step further, by the name that stands in the job."""
