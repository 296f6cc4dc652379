"""Who does what for how long and for how much; and what is made by whoever runs the server."""

from __future__ import annotations

import sys
from typing import Any

import asana
import pytest
from asana.rest import ApiException

from tests.acceptance.client.official import Client, body, gids, names, sent

COVERED = (
    asana.AllocationsApi,
    asana.BudgetsApi,
    asana.RatesApi,
    asana.RolesApi,
    asana.TimeTrackingCategoriesApi,
    asana.TimeTrackingEntriesApi,
    asana.TimesheetApprovalStatusesApi,
    asana.AgentsApi,
    asana.CustomTypesApi,
    asana.ReactionsApi,
    asana.RulesApi,
    asana.TaskTemplatesApi,
    asana.StoriesApi,
    asana.AttachmentsApi,
)


def test_people_are_allocated_to_projects(client: Client, project: str, users: dict[str, str]) -> None:
    api = asana.AllocationsApi(client)
    effort = {"type": "percent", "value": 50}
    data = body(assignee=users["grace"], parent=project, start_date="2027-01-04", end_date="2027-01-29", effort=effort)
    made = api.create_allocation(data, {})["gid"]
    assert api.get_allocation(made, {})["assignee"]["gid"] == users["grace"]
    assert (
        api.update_allocation(body(end_date="2027-02-05"), made, {"opt_fields": "end_date"})["end_date"] == "2027-02-05"
    )
    assert gids(api.get_allocations({"parent": project})) == [made]
    assert api.delete_allocation(made) == {}
    assert list(api.get_allocations({"parent": project})) == []


def test_a_project_has_a_budget(client: Client, project: str) -> None:
    api = asana.BudgetsApi(client)
    made = api.create_budget(body(parent=project, budget_type="time"))["gid"]
    assert api.get_budget(made, {})["parent"]["gid"] == project
    assert api.update_budget(body(budget_type="cost"), made, {})["budget_type"] == "cost"
    assert gids(api.get_budgets(project)) == [made]
    assert api.delete_budget(made) == {}
    assert list(api.get_budgets(project)) == []


def test_an_hour_has_a_rate(client: Client, project: str, users: dict[str, str]) -> None:
    api = asana.RatesApi(client)
    made = api.create_rate(body(parent=project, resource=users["grace"], rate=80), {})["gid"]
    assert api.get_rate(made, {})["rate"] == 80
    assert api.update_rate(body(rate=90), made, {"opt_fields": "rate"})["rate"] == 90
    assert gids(api.get_rates({"parent": project})) == [made]
    assert api.delete_rate(made) == {}
    assert list(api.get_rates({"parent": project})) == []


def test_a_role_is_made_read_changed_and_deleted(client: Client, org: str) -> None:
    api = asana.RolesApi(client)
    made = api.create_role(body(name="Tester", description="Tests", workspace=org, base_role_type="member"), {})["gid"]
    assert api.get_role(made, {})["name"] == "Tester"
    assert api.update_role(body(name="Prover"), made, {"opt_fields": "name"})["name"] == "Prover"
    assert made in gids(api.get_roles(org, {}))
    assert api.delete_role(made) == {}
    assert made not in gids(api.get_roles(org, {}))


def test_time_is_tracked_and_approved(client: Client, org: str, project: str, new_task: Any) -> None:
    entries, sorts = asana.TimeTrackingEntriesApi(client), asana.TimeTrackingCategoriesApi(client)
    sort = sorts.create_time_tracking_category(body(name="Travel", workspace=org), {})["gid"]
    assert sorts.get_time_tracking_category(sort, {})["name"] == "Travel"
    changed = sorts.update_time_tracking_category(body(name="Trips"), sort, {"opt_fields": "name"})
    assert changed["name"] == "Trips"
    assert sort in gids(sorts.get_time_tracking_categories(org, {}))
    task = new_task()
    data = body(duration_minutes=30, entered_on="2027-01-05", categories=[sort])
    entry = entries.create_time_tracking_entry(data, task, {})["gid"]
    assert entries.get_time_tracking_entry(entry, {})["duration_minutes"] == 30
    assert entries.update_time_tracking_entry(body(duration_minutes=45), entry, {})["duration_minutes"] == 45
    for listed in (
        entries.get_time_tracking_entries_for_task(task, {}),
        entries.get_time_tracking_entries({"attributable_to": project}),
        sorts.get_time_tracking_entries_for_time_tracking_category(sort, {}),
    ):
        assert gids(listed) == [entry]
    assert asana.TasksApi(client).get_task(task, {})["actual_time_minutes"] == 45
    _approve(client, org)
    assert entries.delete_time_tracking_entry(entry) == {}
    assert asana.TasksApi(client).get_task(task, {})["actual_time_minutes"] in (0, None)
    assert sorts.delete_time_tracking_category(sort) == {}


def _approve(client: Client, org: str) -> None:
    api = asana.TimesheetApprovalStatusesApi(client)
    week = {"start_date": "2027-01-11", "end_date": "2027-01-17"}
    made = api.create_timesheet_approval_status(body(user="me", workspace=org, **week), {})["gid"]
    assert api.get_timesheet_approval_status(made, {})["gid"] == made
    changed = api.update_timesheet_approval_status(body(approval_status="submitted"), made, {})
    assert changed["approval_status"] == "SUBMITTED"
    assert made in gids(api.get_timesheet_approval_statuses(org, {}))


def test_agents_and_custom_types_are_read(client: Client, org: str, launch: str) -> None:
    agents, types = asana.AgentsApi(client), asana.CustomTypesApi(client)
    (agent,) = agents.get_agents_for_workspace(org, {})
    assert agents.get_agent(agent["gid"], {})["name"] == "Triage"
    (bug,) = types.get_custom_types({"project": launch})
    shown = types.get_custom_type(bug["gid"], {})
    assert (shown["name"], names(shown["status_options"])) == ("Bug", ["Open", "Fixed"])


def _task(client: Client, launch: str, name: str) -> str:
    tasks = asana.TasksApi(client).get_tasks({"project": launch, "opt_fields": "name"})
    return next(str(task["gid"]) for task in tasks if task["name"] == name)


def test_comments_are_written_changed_liked_and_deleted(
    client: Client, org: str, launch: str, users: dict[str, str], new_task: Any
) -> None:
    api, task = asana.StoriesApi(client), new_task()
    made = api.create_story_for_task(body(text="Hello"), task, {})["gid"]
    assert api.get_story(made, {})["text"] == "Hello"
    assert api.update_story(body(text="Goodbye"), made, {"opt_fields": "text"})["text"] == "Goodbye"
    assert made in gids(api.get_stories_for_task(task, {}))
    assert api.delete_story(made) == {}
    goal = asana.GoalsApi(client).create_goal(body(name="Talked of", workspace=org), {})["gid"]
    said = api.create_story_for_goal(body(text="Why?"), goal, {})["gid"]
    assert said in gids(api.get_stories_for_goal(goal, {}))
    hall = _task(client, launch, "Book a hall")
    comment = next(s["gid"] for s in api.get_stories_for_task(hall, {}) if s["resource_subtype"] == "comment_added")
    (reaction,) = asana.ReactionsApi(client).get_reactions_on_object(comment, "\U0001f44d", {})
    assert reaction["user"]["gid"] == users["grace"]


def test_a_rule_is_triggered(client: Client, launch: str, live: Any) -> None:
    task = _task(client, launch, "Report")
    trigger = _seeded(live, "rule_trigger")
    data = body(resource=task, action_data={"build": "7", "state": "green"})
    asana.RulesApi(client).trigger_rule(data, trigger)
    told = asana.StoriesApi(client).get_stories_for_task(task, {"opt_fields": "text"})
    assert "Build 7 is green" in [story["text"] for story in told]


def _seeded(live: Any, kind: str) -> str:
    """The gid of a record that no operation lists."""
    import apsw  # noqa: PLC0415

    database = apsw.Connection(str(live.db), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return str(next(database.execute("SELECT gid FROM record WHERE kind = ?", (kind,)))[0])
    finally:
        database.close()


def test_a_task_is_made_of_a_template(client: Client, launch: str) -> None:
    api = asana.TaskTemplatesApi(client)
    (template,) = api.get_task_templates({"project": launch})
    assert api.get_task_template(template["gid"], {})["name"] == "Monthly report"
    job = api.instantiate_task(template["gid"], sent(name="Report for May"))
    done = asana.JobsApi(client).get_job(job["gid"], {})
    made = done["new_task"]["gid"]
    assert names(asana.TasksApi(client).get_subtasks_for_task(made, {})) == ["Count", "Write"]
    assert api.delete_task_template(template["gid"]) == {}
    assert list(api.get_task_templates({"project": launch})) == []


def test_a_file_is_attached_read_and_deleted(client: Client, new_task: Any, tmp_path: Any) -> None:
    api, task, file = asana.AttachmentsApi(client), new_task(), tmp_path / "plan.txt"
    file.write_text("First this, then that.")
    made = api.create_attachment_for_object({"parent": task, "file": str(file), "name": "plan.txt"})["gid"]
    shown = api.get_attachment(made, {})
    assert (shown["name"], shown["size"], shown["parent"]["gid"]) == ("plan.txt", 22, task)
    assert gids(api.get_attachments_for_object(task, {})) == [made]
    assert api.delete_attachment(made) == {}
    with pytest.raises(ApiException) as gone:
        api.get_attachment(made, {})
    assert gone.value.status == 404


def test_every_method_was_called(tally: Any, request: pytest.FixtureRequest) -> None:
    tally.check(sys.modules[__name__], request.node.name)
