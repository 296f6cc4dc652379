"""Tasks and what they are sorted by: sections, tags, people's lists."""

from __future__ import annotations

import sys
from typing import Any

import asana
import pytest
from asana.rest import ApiException

from tests.acceptance.client.official import Client, body, gids, names, sent

COVERED = (asana.TasksApi, asana.SectionsApi, asana.TagsApi, asana.UserTaskListsApi)


@pytest.fixture(scope="module")
def tasks(client: Client) -> asana.TasksApi:
    return asana.TasksApi(client)


def test_a_task_is_made_read_changed_and_deleted(tasks: Any, org: str, users: dict[str, str]) -> None:
    made = tasks.create_task(body(name="Write", workspace=org, assignee="me", due_on="2027-03-01"), {})
    assert (made["name"], made["assignee"]["gid"], made["due_on"]) == ("Write", users["ada"], "2027-03-01")
    shown = tasks.get_task(made["gid"], {"opt_fields": "name,assignee.email,workspace.name"})
    assert (shown["assignee"]["email"], shown["workspace"]["name"]) == ("ada@acme.example", "Acme")
    changed = tasks.update_task(body(completed=True, assignee=None), made["gid"], {"opt_fields": "completed,assignee"})
    assert changed == {"gid": made["gid"], "completed": True, "assignee": None}
    assert tasks.delete_task(made["gid"]) == {}
    with pytest.raises(ApiException) as gone:
        tasks.get_task(made["gid"], {})
    assert gone.value.status == 404


def test_tasks_are_listed_by_where_they_are(tasks: Any, client: Client, org: str, project: str, new_task: Any) -> None:
    first, second = new_task("First", assignee="me"), new_task("Second")
    assert gids(tasks.get_tasks({"project": project})) == [first, second]
    assert first in gids(tasks.get_tasks({"assignee": "me", "workspace": org, "completed_since": "now"}))
    tasks.update_task(body(completed=True), second, {})
    assert gids(tasks.get_tasks_for_project(project, {"completed_since": "now"})) == [first]
    (section,) = gids(asana.SectionsApi(client).get_sections_for_project(project, {}))
    assert names(tasks.get_tasks_for_section(section, {"opt_fields": "name"})) == ["First", "Second"]


def test_a_task_has_subtasks_and_may_become_one(tasks: Any, new_task: Any) -> None:
    above, other = new_task("Above"), new_task("Other")
    below = tasks.create_subtask_for_task(body(name="Below"), above, {})
    assert below["parent"]["gid"] == above
    moved = tasks.set_parent_for_task(body(parent=above, insert_before=below["gid"]), other, {"opt_fields": "parent"})
    assert moved["parent"]["gid"] == above
    assert gids(tasks.get_subtasks_for_task(above, {})) == [other, below["gid"]]


def test_tasks_wait_for_each_other(tasks: Any, new_task: Any) -> None:
    one, two, three = (new_task(name) for name in ("One", "Two", "Three"))
    assert tasks.add_dependencies_for_task(body(dependencies=[one]), two) == {}
    assert tasks.add_dependents_for_task(body(dependents=[three]), two) == {}
    assert gids(tasks.get_dependencies_for_task(two, {})) == [one]
    assert gids(tasks.get_dependents_for_task(two, {"opt_fields": "name"})) == [three]
    assert gids(tasks.get_dependencies_for_task(three, {})) == [two]
    assert tasks.remove_dependencies_for_task(body(dependencies=[one]), two) == {}
    assert tasks.remove_dependents_for_task(body(dependents=[three]), two) == {}
    assert gids(tasks.get_dependencies_for_task(two, {})) == gids(tasks.get_dependents_for_task(two, {})) == []


def test_a_task_is_related_to_people_and_projects(
    tasks: Any, users: dict[str, str], launch: str, project: str, new_task: Any
) -> None:
    task, anchor = new_task(), new_task("Anchor")
    followed = tasks.add_followers_for_task(body(followers=["grace@acme.example", users["alan"]]), task, {})
    assert set(gids(followed["followers"])) == set(users.values())
    left = tasks.remove_follower_for_task(body(followers=[users["alan"]]), task, {"opt_fields": "followers"})
    assert set(gids(left["followers"])) == {users["ada"], users["grace"]}
    assert tasks.add_project_for_task(body(project=launch), task) == {}
    assert tasks.add_project_for_task(body(project=project, insert_after=anchor), task) == {}
    assert gids(tasks.get_tasks_for_project(project, {})) == [anchor, task]
    assert tasks.remove_project_for_task(body(project=launch), task) == {}
    assert gids(tasks.get_task(task, {"opt_fields": "projects"})["projects"]) == [project]


def test_a_task_is_duplicated(tasks: Any, client: Client, new_task: Any) -> None:
    task = new_task("Original", notes="Keep", due_on="2027-01-05")
    job = tasks.duplicate_task(body(name="Copy", include="notes,projects"), task, {})
    done = asana.JobsApi(client).get_job(job["gid"], {})
    assert (job["resource_subtype"], done["status"]) == ("duplicate_task", "succeeded")
    copy = tasks.get_task(done["new_task"]["gid"], {"opt_fields": ["name", "notes", "due_on"]})
    assert (copy["name"], copy["notes"], copy["due_on"]) == ("Copy", "Keep", None)


def test_tasks_are_searched(tasks: Any, org: str, new_task: Any, project: str) -> None:
    task = new_task("Quarterly figures")
    new_task("Other")
    asked = {"text": "figures", "projects.any": project, "sort_by": "created_at", "opt_fields": "name"}
    assert list(tasks.search_tasks_for_workspace(org, asked)) == [{"gid": task, "name": "Quarterly figures"}]


def test_a_task_is_found_by_its_own_number(tasks: Any, client: Client, org: str, project: str, new_task: Any) -> None:
    task = new_task()
    given = body(workspace=org, name="Number", resource_subtype="number", id_prefix="NUM", precision=0)
    field = asana.CustomFieldsApi(client).create_custom_field(given, {})["gid"]
    asana.ProjectsApi(client).add_custom_field_setting_for_project(body(custom_field=field), project, {})
    assert tasks.get_task_for_custom_id(org, "NUM-1")["gid"] == task


def test_a_section_is_made_read_changed_and_deleted(tasks: Any, client: Client, project: str, new_task: Any) -> None:
    sections = asana.SectionsApi(client)
    made = sections.create_section_for_project(project, sent(name="Doing"))
    assert sections.get_section(made["gid"], {})["project"]["gid"] == project
    assert sections.update_section(made["gid"], sent(name="Done"))["name"] == "Done"
    (first, last) = gids(sections.get_sections_for_project(project, {}))
    assert sections.insert_section_for_project(project, sent(section=last, before_section=first)) == {}
    assert gids(sections.get_sections_for_project(project, {})) == [last, first]
    task = new_task()
    assert sections.add_task_for_section(last, sent(task=task)) == {}
    assert gids(tasks.get_tasks_for_section(last, {})) == [task]
    tasks.delete_task(task)
    assert sections.delete_section(last) == {}
    assert gids(sections.get_sections_for_project(project, {})) == [first]


def test_a_tag_is_made_read_changed_and_deleted(tasks: Any, client: Client, org: str, new_task: Any) -> None:
    tags = asana.TagsApi(client)
    tag = tags.create_tag(body(name="urgent", workspace=org, color="dark-red"), {})["gid"]
    other = tags.create_tag_for_workspace(body(name="later"), org, {})["gid"]
    assert tags.get_tag(tag, {})["color"] == "dark-red"
    assert tags.update_tag(body(name="at once"), tag, {"opt_fields": "name"}) == {"gid": tag, "name": "at once"}
    assert {tag, other} <= set(gids(tags.get_tags({"workspace": org})))
    assert {tag, other} <= set(gids(tags.get_tags_for_workspace(org, {})))
    task = new_task()
    assert tasks.add_tag_for_task(body(tag=tag), task) == {}
    assert names(tags.get_tags_for_task(task, {})) == ["at once"]
    assert gids(tasks.get_tasks_for_tag(tag, {})) == [task]
    assert tasks.remove_tag_for_task(body(tag=tag), task) == {}
    assert gids(tasks.get_tasks_for_tag(tag, {})) == []
    assert tags.delete_tag(tag) == {}
    assert tag not in gids(tags.get_tags_for_workspace(org, {}))


def test_everybody_has_a_list_of_tasks(tasks: Any, client: Client, org: str, new_task: Any) -> None:
    lists = asana.UserTaskListsApi(client)
    mine = lists.get_user_task_list_for_user("me", org, {})
    assert lists.get_user_task_list(mine["gid"], {})["name"] == mine["name"] == "My Tasks in Acme"
    task = new_task(assignee="me")
    assert task in gids(tasks.get_tasks_for_user_task_list(mine["gid"], {"completed_since": "now"}))


def test_every_method_was_called(tally: Any, request: pytest.FixtureRequest) -> None:
    tally.check(sys.modules[__name__], request.node.name)
