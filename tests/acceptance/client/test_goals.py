"""Portfolios and goals, what is in them and what supports them."""

from __future__ import annotations

import sys
from typing import Any

import asana
import pytest

from tests.acceptance.client.official import Client, body, gids, names, sent

COVERED = (
    asana.PortfoliosApi,
    asana.PortfolioMembershipsApi,
    asana.ProjectPortfolioSettingsApi,
    asana.GoalsApi,
    asana.GoalRelationshipsApi,
    asana.TimePeriodsApi,
)


@pytest.fixture
def portfolio(client: Client, org: str) -> str:
    return str(asana.PortfoliosApi(client).create_portfolio(body(name="All", workspace=org), {})["gid"])


@pytest.fixture
def goal(client: Client, org: str) -> str:
    return str(asana.GoalsApi(client).create_goal(body(name="Win", workspace=org), {})["gid"])


@pytest.fixture
def field(client: Client, org: str, request: pytest.FixtureRequest) -> str:
    data = body(name=request.node.name, workspace=org, resource_subtype="text")
    return str(asana.CustomFieldsApi(client).create_custom_field(data, {})["gid"])


def test_a_portfolio_is_made_read_changed_and_deleted(client: Client, org: str, portfolio: str) -> None:
    api = asana.PortfoliosApi(client)
    assert api.get_portfolio(portfolio, {})["name"] == "All"
    assert (
        api.update_portfolio(body(name="Some", color="dark-red"), portfolio, {"opt_fields": "name"})["name"] == "Some"
    )
    assert portfolio in gids(api.get_portfolios(org, {"owner": "me"}))
    assert api.delete_portfolio(portfolio) == {}
    assert portfolio not in gids(api.get_portfolios(org, {"owner": "me"}))


def test_a_portfolio_holds_projects(client: Client, portfolio: str, project: str, launch: str) -> None:
    api, settings = asana.PortfoliosApi(client), asana.ProjectPortfolioSettingsApi(client)
    assert api.add_item_for_portfolio(body(item=project), portfolio) == {}
    assert api.add_item_for_portfolio(body(item=launch, insert_before=project), portfolio) == {}
    assert gids(api.get_items_for_portfolio(portfolio, {})) == [launch, project]
    assert len(list(settings.get_project_portfolio_settings_for_portfolio(portfolio, {}))) == 2
    (setting,) = settings.get_project_portfolio_settings_for_project(project, {})
    shown = settings.get_project_portfolio_setting(setting["gid"], {})
    assert (shown["project"]["gid"], shown["portfolio"]["gid"]) == (project, portfolio)
    shared = body(is_access_control_inherited=True)
    changed = settings.update_project_portfolio_setting(shared, setting["gid"], {})
    assert changed["is_access_control_inherited"] is True
    assert api.remove_item_for_portfolio(body(item=project), portfolio) == {}
    assert gids(api.get_items_for_portfolio(portfolio, {})) == [launch]


def test_a_portfolio_has_members(client: Client, portfolio: str, users: dict[str, str]) -> None:
    api, members = asana.PortfoliosApi(client), asana.PortfolioMembershipsApi(client)
    api.add_members_for_portfolio(body(members=[users["grace"], users["alan"]]), portfolio, {})
    listed = list(members.get_portfolio_memberships_for_portfolio(portfolio, {"user": users["grace"]}))
    assert members.get_portfolio_membership(listed[0]["gid"], {})["user"]["gid"] == users["grace"]
    assert len(list(members.get_portfolio_memberships({"portfolio": portfolio}))) == 3
    api.remove_members_for_portfolio(body(members=[users["alan"]]), portfolio, {})
    left = api.get_portfolio(portfolio, {"opt_fields": "members"})
    assert set(gids(left["members"])) == {users["ada"], users["grace"]}


def test_a_portfolio_has_custom_fields_and_copies(client: Client, portfolio: str, field: str) -> None:
    api = asana.PortfoliosApi(client)
    setting = api.add_custom_field_setting_for_portfolio(body(custom_field=field), portfolio)
    assert setting["custom_field"]["gid"] == field
    assert api.remove_custom_field_setting_for_portfolio(body(custom_field=field), portfolio) == {}
    job = api.duplicate_portfolio(portfolio, sent(name="Again"))
    done = asana.JobsApi(client).get_job(job["gid"], {})
    assert (done["status"], done["new_portfolio"]["name"]) == ("succeeded", "Again")


def test_a_goal_is_made_read_changed_and_deleted(client: Client, org: str, team: str, goal: str) -> None:
    api, periods = asana.GoalsApi(client), asana.TimePeriodsApi(client)
    quarter = next(iter(periods.get_time_periods(org, {})))["gid"]
    assert periods.get_time_period(quarter, {})["period"] == "FY"
    assert api.get_goal(goal, {})["name"] == "Win"
    changed = api.update_goal(
        body(name="Place", time_period=quarter, team=team), goal, {"opt_fields": "name,time_period"}
    )
    assert (changed["name"], changed["time_period"]["gid"]) == ("Place", quarter)
    assert goal in gids(api.get_goals({"workspace": org, "time_periods": [quarter]}))
    assert api.delete_goal(goal) == {}
    assert goal not in gids(api.get_goals({"workspace": org}))


def test_a_goal_is_measured(client: Client, goal: str) -> None:
    api = asana.GoalsApi(client)
    metric = body(unit="currency", currency_code="EUR", initial_number_value=0, target_number_value=100, precision=2)
    assert api.create_goal_metric(metric, goal, {})["metric"]["target_number_value"] == 100
    shown = api.update_goal_metric(body(current_number_value=42), goal, {"opt_fields": "metric.current_number_value"})
    assert shown["metric"]["current_number_value"] == 42


def test_a_goal_is_followed_and_has_custom_fields(client: Client, goal: str, field: str, users: dict[str, str]) -> None:
    api = asana.GoalsApi(client)
    followed = api.add_followers(body(followers=[users["grace"]]), goal, {"opt_fields": "followers"})
    assert set(gids(followed["followers"])) == {users["ada"], users["grace"]}
    left = api.remove_followers(body(followers=[users["grace"]]), goal, {"opt_fields": "followers"})
    assert gids(left["followers"]) == [users["ada"]]
    assert api.add_custom_field_setting_for_goal(body(custom_field=field), goal)["custom_field"]["gid"] == field
    assert api.remove_custom_field_setting_for_goal(body(custom_field=field), goal) == {}


def test_goals_support_each_other(client: Client, org: str, goal: str, project: str) -> None:
    api, relations = asana.GoalsApi(client), asana.GoalRelationshipsApi(client)
    part = api.create_goal(body(name="Part", workspace=org), {})["gid"]
    data = body(supporting_resource=part, contribution_weight=1)
    made = relations.add_supporting_relationship(data, goal, {})
    assert made["resource_subtype"] == "subgoal"
    relations.add_supporting_relationship(body(supporting_resource=project), goal, {})
    assert names(api.get_parent_goals_for_goal(part, {})) == ["Win"]
    assert len(list(relations.get_goal_relationships(goal, {}))) == 2
    changed = relations.update_goal_relationship(body(contribution_weight=0.5), made["gid"], {})
    assert (
        changed["contribution_weight"] == relations.get_goal_relationship(made["gid"], {})["contribution_weight"] == 0.5
    )
    assert relations.remove_supporting_relationship(body(supporting_resource=part), goal) == {}
    assert list(api.get_parent_goals_for_goal(part, {})) == []


def test_every_method_was_called(tally: Any, request: pytest.FixtureRequest) -> None:
    tally.check(sys.modules[__name__], request.node.name)
