"""Custom IDs: tasks are numbered as they come into a project, and found by that."""

import pytest


@pytest.fixture
def path(space):
    return f"/workspaces/{space}/tasks/custom_id"


def shown(call, task):
    return [field["display_value"] for field in call("GET", f"/tasks/{task}")[1]["custom_fields"]]


@pytest.mark.parametrize(("kind", "values"), [("number", ("number_value", 1)), ("text", ("text_value", "BUG-1"))])
def test_tasks_are_numbered_in_turn_and_found_by_that(world, call, project, attached, path, kind, values):
    field = attached(kind, id_prefix="BUG")
    about = call("GET", f"/custom_fields/{field}")[1]
    assert about["representation_type"] == "custom_id"
    assert about["is_value_read_only"] is True
    first, second = (world.made("/tasks", {"name": name, "projects": [project]}) for name in "ab")
    assert call("GET", f"{path}/BUG-1")[1]["gid"] == first
    assert call("GET", f"{path}/bug-2")[1]["gid"] == second
    (value,) = call("GET", f"/tasks/{first}")[1]["custom_fields"]
    assert (value[values[0]], value["display_value"]) == (values[1], "BUG-1")
    for custom_id in ("BUG-3", "XX-1", "BUG", "1", "-", "BUG--1", "BUG-0", "BUG-99999999999999999999"):
        assert call("GET", f"{path}/{custom_id}") == (404, f"custom_id: Unknown object: {custom_id}")


def test_tasks_that_are_there_already_are_numbered_in_their_order(world, call, project, attached):
    tasks = [world.made("/tasks", {"name": name, "projects": [project]}) for name in "abc"]
    attached("number", id_prefix="T")
    assert [shown(call, task) for task in tasks] == [["T-1"], ["T-2"], ["T-3"]]


def test_a_task_that_comes_later_is_numbered_and_keeps_its_number(world, call, space, project, attached):
    attached("number", id_prefix="T")
    task = world.made("/tasks", {"workspace": space})
    for action in ("addProject", "removeProject", "addProject"):
        assert call("POST", f"/tasks/{task}/{action}", {"project": project})[0] == 200
    assert shown(call, task) == ["T-1"]
    call("PUT", f"/tasks/{task}", {"name": "New name"})
    assert shown(call, task) == ["T-1"]


def test_no_number_is_given_twice(world, call, project, attached, path):
    attached("number", id_prefix="T")
    gone = world.made("/tasks", {"projects": [project]})
    call("DELETE", f"/tasks/{gone}")
    world.made("/tasks", {"projects": [project]})
    assert call("GET", f"{path}/T-1")[0] == 404
    assert call("GET", f"{path}/T-2")[0] == 200


def test_a_project_without_the_custom_field_numbers_no_more(world, call, project, attached):
    field = attached("number", id_prefix="T")
    call("POST", f"/projects/{project}/removeCustomFieldSetting", {"custom_field": field})
    world.made("/tasks", {"projects": [project]})
    call("POST", f"/projects/{project}/addCustomFieldSetting", {"custom_field": field})
    task = world.made("/tasks", {"projects": [project]})
    assert shown(call, task) == ["T-2"]


def test_nobody_sets_a_number(world, call, project, attached):
    field = attached("number", id_prefix="T")
    task = world.made("/tasks", {"projects": [project]})
    message = f"custom_fields: [{field}]: Cannot write this property"
    assert call("PUT", f"/tasks/{task}", {"custom_fields": {field: 5}}) == (400, message)


def test_a_prefix_may_change_and_everything_with_it(world, call, project, attached, path):
    field = attached("number", id_prefix="T")
    task = world.made("/tasks", {"projects": [project]})
    assert call("PUT", f"/custom_fields/{field}", {"id_prefix": "BUG"})[0] == 200
    assert shown(call, task) == ["BUG-1"]
    assert call("GET", f"{path}/BUG-1")[1]["gid"] == task


def test_what_cannot_be_a_prefix_is_refused(call, space, new_field):
    field, plain = new_field("number", "One", id_prefix="T"), new_field("number", "Two")
    data = {"workspace": space, "name": "Three"}
    for more, message in (
        ({"resource_subtype": "date", "id_prefix": "D"}, "id_prefix: Not supported for custom fields of type date"),
        ({"resource_subtype": "text", "id_prefix": "t"}, "id_prefix: There is already a custom field with this"),
        ({"resource_subtype": "text", "id_prefix": "A-1"}, "id_prefix: Must be letters and digits only: A-1"),
        ({"resource_subtype": "text", "id_prefix": "x" * 51}, "id_prefix: Must be at most 50 characters long"),
    ):
        status, told = call("POST", "/custom_fields", data | more)
        assert status == 400
        assert told.startswith(message)
    refusal = (400, "id_prefix: Cannot write this property")
    assert call("PUT", f"/custom_fields/{field}", {"id_prefix": None}) == refusal
    assert call("PUT", f"/custom_fields/{plain}", {"id_prefix": "P"}) == refusal


def test_hidden_tasks_and_other_workspaces_are_unknown(world, call, space, attached, path, eve, bob):
    hidden = world.made("/projects", {"name": "Hidden", "workspace": space, "privacy_setting": "private"})
    field = attached("number", id_prefix="T")
    call("POST", f"/projects/{hidden}/addCustomFieldSetting", {"custom_field": field})
    world.made("/tasks", {"projects": [hidden]})
    assert call("GET", f"{path}/T-1")[0] == 200
    assert call("GET", f"{path}/T-1", None, bob) == (404, "custom_id: Unknown object: T-1")
    assert call("GET", f"{path}/T-1", None, eve)[0] == 404
