"""Projects and what belongs to them: people, statuses, briefs, custom fields."""

from __future__ import annotations

import sys
from typing import Any

import asana
import pytest
from asana.rest import ApiException

from tests.acceptance.client.official import BEYOND, CLASSES, Client, body, gids, names, sent

COVERED = (
    asana.ProjectsApi,
    asana.ProjectMembershipsApi,
    asana.ProjectStatusesApi,
    asana.StatusUpdatesApi,
    asana.ProjectBriefsApi,
    asana.CustomFieldsApi,
    asana.CustomFieldSettingsApi,
    asana.TypeaheadApi,
)


@pytest.fixture(scope="module")
def projects(client: Client) -> asana.ProjectsApi:
    return asana.ProjectsApi(client)


def test_a_project_is_made_read_changed_and_deleted(projects: Any, org: str, team: str) -> None:
    made = projects.create_project(body(name="One", workspace=org, team=team, color="dark-blue"), {})["gid"]
    two = projects.create_project_for_team(body(name="Two"), team, {})["gid"]
    three = projects.create_project_for_workspace(body(name="Three", team=team), org, {})["gid"]
    assert projects.get_project(made, {"opt_fields": "color,team.name"}) == {
        "gid": made,
        "color": "dark-blue",
        "team": {"gid": team, "name": "Everybody"},
    }
    changed = projects.update_project(body(name="First", due_on="2027-05-01"), made, {"opt_fields": "name,due_on"})
    assert changed == {"gid": made, "name": "First", "due_on": "2027-05-01"}
    for listed in (
        projects.get_projects({"workspace": org}),
        projects.get_projects_for_workspace(org, {}),
        projects.get_projects_for_team(team, {"archived": False}),
    ):
        assert {made, two, three} <= set(gids(listed))
    assert projects.delete_project(three) == {}
    assert three not in gids(projects.get_projects({"team": team}))


def test_projects_are_found_by_task_and_by_words(
    projects: Any, client: Client, org: str, project: str, new_task: Any
) -> None:
    task = new_task()
    assert gids(projects.get_projects_for_task(task, {})) == [project]
    projects.update_project(body(name="Zeppelin hangar"), project, {})
    assert gids(projects.search_projects_for_workspace(org, {"text": "hangar"})) == [project]
    found = asana.TypeaheadApi(client).typeahead_for_workspace(org, "project", {"query": "zepp", "count": 5})
    assert names(found) == ["Zeppelin hangar"]


def test_tasks_of_a_project_are_counted(projects: Any, project: str, new_task: Any) -> None:
    new_task()
    counts = projects.get_task_counts_for_project(project, {"opt_fields": "num_tasks,num_incomplete_tasks"})
    assert counts == {"num_tasks": 1, "num_incomplete_tasks": 1}


def test_people_come_and_go(projects: Any, client: Client, project: str, users: dict[str, str]) -> None:
    both = [users["grace"], users["alan"]]
    shown = projects.add_members_for_project(body(members=both), project, {"opt_fields": "members"})
    assert set(gids(shown["members"])) == set(users.values())
    memberships = asana.ProjectMembershipsApi(client)
    listed = list(memberships.get_project_memberships_for_project(project, {"user": users["grace"]}))
    one = memberships.get_project_membership(listed[0]["gid"], {})
    assert (one["user"]["gid"], one["project"]["gid"], one["write_access"]) == (users["grace"], project, "full_write")
    left = projects.remove_members_for_project(body(members=[users["alan"]]), project, {"opt_fields": "members"})
    assert set(gids(left["members"])) == {users["ada"], users["grace"]}
    followed = projects.add_followers_for_project(
        body(followers=[users["grace"]]), project, {"opt_fields": "followers"}
    )
    assert users["grace"] in gids(followed["followers"])
    gone = projects.remove_followers_for_project(body(followers=both), project, {"opt_fields": "followers"})
    assert gids(gone["followers"]) == [users["ada"]]


def test_a_status_is_given_in_its_former_and_its_present_form(projects: Any, client: Client, project: str) -> None:
    former, present = asana.ProjectStatusesApi(client), asana.StatusUpdatesApi(client)
    data = body(title="Late", text="Rain", color="yellow")
    one = former.create_project_status_for_project(data, project, {})["gid"]
    assert former.get_project_status(one, {})["color"] == "yellow"
    assert present.get_status(one, {})["status_type"] == "at_risk"
    data = body(parent=project, title="Good", text="Sun", status_type="on_track")
    two = present.create_status_for_object(data, {})["gid"]
    assert gids(present.get_statuses_for_object(project, {})) == [two, one]
    assert gids(former.get_project_statuses_for_project(project, {})) == [two, one]
    fields = {"opt_fields": "current_status_update.title"}
    assert projects.get_project(project, fields)["current_status_update"]["title"] == "Good"
    assert present.delete_status(two) == {}
    assert projects.get_project(project, fields)["current_status_update"]["title"] == "Late"
    assert former.delete_project_status(one) == {}
    assert projects.get_project(project, fields)["current_status_update"] is None


def test_a_project_has_a_brief(client: Client, project: str) -> None:
    briefs = asana.ProjectBriefsApi(client)
    made = briefs.create_project_brief(body(title="Why", text="Because"), project, {})["gid"]
    assert briefs.get_project_brief(made, {})["title"] == "Why"
    assert briefs.update_project_brief(body(title="How"), made, {"opt_fields": "title"})["title"] == "How"
    assert briefs.delete_project_brief(made) == {}
    with pytest.raises(ApiException) as gone:
        briefs.get_project_brief(made, {})
    assert gone.value.status == 404


def test_a_custom_field_is_made_used_changed_and_deleted(
    projects: Any, client: Client, org: str, project: str, new_task: Any
) -> None:
    fields, tasks = asana.CustomFieldsApi(client), asana.TasksApi(client)
    options = [{"name": "S"}, {"name": "M"}]
    made = fields.create_custom_field(
        body(workspace=org, name="Size", resource_subtype="enum", enum_options=options), {}
    )
    field, (small, medium) = made["gid"], gids(made["enum_options"])
    large = fields.create_enum_option_for_custom_field(field, sent(name="L", color="red"))["gid"]
    fields.insert_enum_option_for_custom_field(field, sent(enum_option=large, before_enum_option=small))
    assert gids(fields.get_custom_field(field, {})["enum_options"]) == [large, small, medium]
    assert fields.update_enum_option(large, sent(name="XL"))["name"] == "XL"
    assert fields.update_custom_field(field, sent(name="Dress size"))["name"] == "Dress size"
    assert field in gids(fields.get_custom_fields_for_workspace(org, {}))
    projects.add_custom_field_setting_for_project(body(custom_field=field, is_important=True), project, {})
    task = new_task(custom_fields={field: large})
    (value,) = tasks.get_task(task, {"opt_fields": "custom_fields.display_value"})["custom_fields"]
    assert value["display_value"] == "XL"
    assert projects.remove_custom_field_setting_for_project(body(custom_field=field), project) == {}
    assert fields.delete_custom_field(field) == {}
    assert field not in gids(fields.get_custom_fields_for_workspace(org, {}))


def test_custom_fields_are_listed_by_what_has_them(
    projects: Any, client: Client, org: str, team: str, project: str
) -> None:
    settings, data = asana.CustomFieldSettingsApi(client), {"workspace": org, "resource_subtype": "text"}
    field = asana.CustomFieldsApi(client).create_custom_field(body(name="Source", **data), {})["gid"]
    portfolio = asana.PortfoliosApi(client).create_portfolio(body(name="P", workspace=org), {})["gid"]
    goal = asana.GoalsApi(client).create_goal(body(name="G", workspace=org), {})["gid"]
    projects.add_custom_field_setting_for_project(body(custom_field=field), project, {})
    asana.PortfoliosApi(client).add_custom_field_setting_for_portfolio(body(custom_field=field), portfolio)
    asana.GoalsApi(client).add_custom_field_setting_for_goal(body(custom_field=field), goal)
    for listed in (
        settings.get_custom_field_settings_for_project(project, {}),
        settings.get_custom_field_settings_for_portfolio(portfolio, {}),
        settings.get_custom_field_settings_for_goal(goal, {}),
    ):
        assert [setting["custom_field"]["gid"] for setting in listed] == [field]
    assert list(settings.get_custom_field_settings_for_team(team, {})) == []


def test_copies_and_templates_are_jobs(projects: Any, client: Client, project: str, team: str) -> None:
    job = projects.duplicate_project(project, sent(name="Copy"))
    done = asana.JobsApi(client).get_job(job["gid"], {})
    assert (done["status"], done["new_project"]["name"]) == ("succeeded", "Copy")
    job = projects.project_save_as_template(body(name="Pattern", public=True, team=team), project, {})
    done = asana.JobsApi(client).get_job(job["gid"], {})
    assert (done["status"], done["new_project_template"]["name"]) == ("succeeded", "Pattern")


def test_what_is_not_published_is_not_there(client: Client, org: str) -> None:
    """The client has four methods more than the published description has operations."""
    for method in sorted(BEYOND):
        name, _, function = method.partition(".")
        with pytest.raises(ApiException) as refused:
            list(getattr(CLASSES[name](client), function)(org, {}))
        assert refused.value.status == 404


def test_every_method_was_called(tally: Any, request: pytest.FixtureRequest) -> None:
    tally.check(sys.modules[__name__], request.node.name)
