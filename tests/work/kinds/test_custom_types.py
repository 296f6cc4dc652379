"""Custom types, and the tasks that are of one."""

import pytest

from fanfold.work.change import born


@pytest.fixture
def bug(world, space, project):
    return str(born(world.system, "custom_type", int(space), name="Bug", projects=[project]).gid)


@pytest.fixture
def options(world, space, bug):
    """The states of a bug: name → gid."""

    def option(name, state, **more):
        values = {"name": name, "custom_type": bug, "completion_state": state, **more}
        return str(born(world.system, "custom_type_status_option", int(space), **values).gid)

    return {
        "Old": option("Old", "Incomplete", enabled=False),
        "Open": option("Open", "Incomplete", color="blue"),
        "Known": option("Known", "Incomplete"),
        "Fixed": option("Fixed", "Complete"),
    }


@pytest.fixture
def task(world, project):
    return world.made("/tasks", {"name": "Crash", "projects": [project], "resource_subtype": "custom"})


@pytest.fixture
def put(call, task, options):
    """Changes the task and gives its state and whether it is completed, or the refusal."""
    names = {gid: name for name, gid in options.items()}

    def put(**values):
        status, shown = call("PUT", f"/tasks/{task}", values)
        option = status == 200 and shown["custom_type_status_option"]
        return (option and names[option["gid"]], shown["completed"]) if status == 200 else (status, shown)

    return put


def test_a_custom_type_is_shown_with_its_states_in_order(call, bug, options):
    shown = call("GET", f"/custom_types/{bug}", opt_fields="name,status_options.(name|enabled|color|completion_state)")
    assert [option["gid"] for option in shown[1]["status_options"]] == list(options.values())
    assert shown[1]["status_options"][1] == {
        "gid": options["Open"],
        "name": "Open",
        "enabled": True,
        "color": "blue",
        "completion_state": "Incomplete",
    }
    assert call("GET", f"/custom_types/{bug}")[1]["status_options"][1]["name"] == "Open"


def test_the_custom_types_of_a_project_are_listed(world, call, space, project, bug):
    second = str(born(world.system, "custom_type", int(space), name="Idea", projects=[project]).gid)
    other = world.made("/projects", {"name": "Other", "workspace": space})
    assert [item["gid"] for item in world.pages("/custom_types", project=project, limit=1)] == [bug, second]
    assert call("GET", "/custom_types", project=project)[1][0] == {
        "gid": bug,
        "resource_type": "custom_type",
        "name": "Bug",
    }
    assert call("GET", "/custom_types", project=other) == (200, [])
    assert call("GET", "/custom_types") == (400, "project: Missing input")


def test_somebody_of_another_workspace_knows_no_custom_types(call, eve, project, bug):
    assert call("GET", f"/custom_types/{bug}", user=eve) == (404, f"custom_type: Unknown object: {bug}")
    assert call("GET", "/custom_types", user=eve, project=project)[0] == 400


def test_a_task_of_a_type_is_in_a_state_that_agrees_with_its_completion(bug, options, put):
    assert put(custom_type=bug) == ("Open", False)
    assert put(custom_type_status_option=options["Fixed"]) == ("Fixed", True)
    assert put(completed=False) == ("Open", False)
    assert put(custom_type_status_option=options["Known"]) == ("Known", False)
    assert put(name="Still known") == ("Known", False)
    assert put(custom_type_status_option=None) == ("Known", False)
    assert put(completed=True) == ("Fixed", True)
    assert put(custom_type=None) == (None, True)


def test_a_task_shows_its_type_until_it_is_another_sort_of_task(call, task, bug, options, put):
    put(custom_type=bug)
    assert call("GET", f"/tasks/{task}")[1]["custom_type"]["name"] == "Bug"
    put(resource_subtype="default_task")
    shown = call("GET", f"/tasks/{task}")[1]
    assert (shown["custom_type"], shown["custom_type_status_option"]) == (None, None)


def test_what_does_not_fit_is_refused(world, call, space, project, bug, options, put):
    far = str(born(world.system, "custom_type", int(space), name="Far", projects=[]).gid)
    assert put(custom_type=far) == (400, f"custom_type: Not a custom type of the task's projects: {far}")
    said = (400, "custom_type_status_option: Only a task of a custom type has one")
    assert put(custom_type_status_option=options["Open"]) == said
    said = (400, "custom_type: Only a task whose resource_subtype is custom has one")
    assert put(custom_type=bug, resource_subtype="milestone") == said
    put(custom_type=bug)
    values = {"custom_type": far, "completion_state": "Complete"}
    other = str(born(world.system, "custom_type_status_option", int(space), **values).gid)
    said = (400, f"custom_type_status_option: Not an option of the task's custom type: {other}")
    assert put(custom_type_status_option=other) == said
    old = options["Old"]
    assert put(custom_type_status_option=old) == (400, f"custom_type_status_option: Is not enabled: {old}")
    plain = world.made("/tasks", {"name": "Plain", "projects": [project]})
    status, said = call("PUT", f"/tasks/{plain}", {"custom_type_status_option": options["Open"]})
    assert (status, said) == (
        400,
        "custom_type_status_option: Only a task whose resource_subtype is custom has one",
    )
