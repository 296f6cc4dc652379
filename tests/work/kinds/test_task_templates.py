"""Task templates: patterns that somebody set up, and the tasks that are made of them."""

import pytest

from fanfold.work.change import born


@pytest.fixture
def template(world, call, project, bob):
    """A template of a task with everything, made on the fifth of January."""
    data = {
        "name": "Report",
        "projects": [project],
        "notes": "Say & tell",
        "assignee": bob,
        "resource_subtype": "milestone",
    }
    task = world.made("/tasks", data | {"due_at": "2026-01-08T13:15:00Z"})
    for name in ("One", "Two"):
        world.made("/tasks", {"name": name, "parent": task, "followers": [bob]})
    view = world.api.view(int(world.ada))
    gid = str(born(view, "task_template", 0, name="Bug report", project=project, task=task).gid)
    world.api.commit()
    call("DELETE", f"/tasks/{task}")
    return gid


def test_a_template_shows_what_its_tasks_will_be_like(call, template, project, ada, bob):
    shown = call("GET", f"/task_templates/{template}")[1]
    assert (shown["name"], shown["project"]["gid"], shown["created_by"]["gid"]) == ("Bug report", project, ada)
    recipe = shown["template"]
    assert (recipe["name"], recipe["task_resource_subtype"]) == ("Report", "milestone_task")
    assert (recipe["description"], recipe["html_description"]) == ("Say & tell", "<body>Say &amp; tell</body>")
    assert (recipe["relative_start_on"], recipe["relative_due_on"], recipe["due_time"]) == (None, 3, "13:15:00.000Z")
    assert [item["gid"] for item in recipe["memberships"]] == [project]
    assert [item["name"] for item in recipe["subtasks"]] == ["One", "Two"]
    assert {item["gid"] for item in recipe["followers"]} == {ada, bob}


def test_a_task_is_made_of_a_template(world, call, template, project, bob):
    world.later(days=10)
    status, job = call("POST", f"/task_templates/{template}/instantiateTask", {})
    assert (status, job["status"], job["resource_subtype"]) == (201, "in_progress", "instantiate_task")
    made = call("GET", f"/jobs/{job['gid']}")[1]
    assert made["status"] == "succeeded"
    task = call("GET", f"/tasks/{made['new_task']['gid']}")[1]
    assert (task["name"], task["notes"], task["resource_subtype"]) == ("Bug report", "Say & tell", "milestone")
    assert (task["due_at"], task["assignee"]["gid"]) == ("2026-01-18T13:15:00.000Z", bob)
    assert [item["project"]["gid"] for item in task["memberships"]] == [project]
    below = call("GET", f"/tasks/{task['gid']}/subtasks")[1]
    assert [item["name"] for item in below] == ["One", "Two"]
    named = call("POST", f"/task_templates/{template}/instantiateTask", {"name": "Mine"})[1]
    assert named["new_task"]["name"] == "Mine"


def test_templates_are_listed_by_project(world, call, template, project, eve):
    assert [item["gid"] for item in world.pages("/task_templates", project=project, limit=1)] == [template]
    assert call("GET", "/task_templates") == (400, "project: Missing input")
    assert call("GET", "/task_templates", project=project, user=eve)[0] == 400
    for path in (f"/task_templates/{template}", f"/task_templates/{template}?opt_fields=template"):
        assert call("GET", path, user=eve)[0] == 404


def test_a_deleted_template_takes_its_content_along(world, call, template, project):
    rows = range(1001, int(template) + 20)
    assert any(row.workspace < 0 for row in world.store.records(rows).values())
    assert call("DELETE", f"/task_templates/{template}") == (200, {})
    assert call("GET", f"/task_templates/{template}")[0] == 404
    assert not any(row.workspace < 0 for row in world.store.records(rows).values())


def test_a_projects_templates_go_with_it(call, template, project, world):
    call("DELETE", f"/projects/{project}")
    assert call("GET", f"/task_templates/{template}")[0] == 404
    assert world.store.record(int(template)) is None


def test_templates_are_copied_with_their_project_if_that_is_asked_for(world, call, template, project):
    for include, names in (("task_templates", ["Bug report"]), ("", [])):
        job = world.made(f"/projects/{project}/duplicate", {"name": "Copy", "include": include})
        copy = call("GET", f"/jobs/{job}")[1]["new_project"]["gid"]
        listed = call("GET", "/task_templates", project=copy)[1]
        assert [item["name"] for item in listed] == names
        for item in listed:
            assert call("DELETE", f"/task_templates/{item['gid']}")[0] == 200
    made = world.made(f"/task_templates/{template}/instantiateTask", {})
    assert call("GET", f"/jobs/{made}")[1]["new_task"]["name"] == "Bug report"
