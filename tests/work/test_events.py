"""The log of what happened: what each change is told as."""

import pytest

from fanfold.work.change import born, touching
from fanfold.work.events import events_of, read_entry
from fanfold.work.schema import Ref


@pytest.fixture
def told(world, space):
    """The events since the last time this was asked, as action, kind, field and what a change did."""
    place = world.store.last_event()

    def told():
        nonlocal place
        found = []
        for seq, gid, document in world.store.events(int(space), place, 1000):
            place = seq
            for event in events_of(read_entry(document), Ref(gid)):
                change = event.get("change") or {}
                parent = event["parent"] and str(event["parent"].gid)
                found.append((event["type"], event["action"], parent, change.get("field"), change.get("action")))
        return found

    return told


def test_a_task_in_a_project_is_added_there(world, told, project):
    told()
    world.made("/tasks", {"name": "T", "projects": [project]})
    assert ("task", "added", project, None, None) in told()


def test_a_task_in_no_project_is_added_to_nothing(world, told, space):
    world.made("/tasks", {"name": "T", "workspace": space})
    assert ("task", "added", None, None, None) in told()


def test_a_part_is_added_to_what_it_is_a_part_of(world, told, project):
    told()
    world.made(f"/projects/{project}/sections", {"name": "S"})
    assert told() == [("section", "added", project, None, None)]


def test_each_field_that_changes_is_told(world, told, project, bob):
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    told()
    world.call("PUT", f"/tasks/{task}", {"name": "U", "assignee": bob})
    changed = {field for kind, action, _, field, how in told() if (kind, action, how) == ("task", "changed", "changed")}
    assert changed == {"name", "assignee"}


def test_a_change_to_the_same_is_no_change(world, told, project):
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    told()
    world.call("PUT", f"/tasks/{task}", {"name": "T"})
    assert told() == []


def test_relations_are_added_and_removed(world, told, project, bob):
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    told()
    world.call("POST", f"/tasks/{task}/addFollowers", {"followers": [bob]})
    assert ("task", "changed", None, "followers", "added") in told()
    world.call("POST", f"/tasks/{task}/removeFollowers", {"followers": [bob]})
    assert ("task", "changed", None, "followers", "removed") in told()
    world.call("POST", f"/tasks/{task}/removeProject", {"project": project})
    assert ("task", "removed", project, None, None) in told()


def test_a_comment_is_told_once(world, told, project):
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    told()
    world.made(f"/tasks/{task}/stories", {"text": "Hello"})
    assert told() == [("story", "added", task, None, None)]


def test_the_end_is_told(world, told, project):
    section = world.made(f"/projects/{project}/sections", {"name": "S"})
    told()
    world.call("DELETE", f"/sections/{section}")
    assert told() == [("section", "deleted", None, None, None)]


def test_what_is_refused_is_not_told(world, told, project):
    told()
    assert world.call("POST", "/tasks", {"name": "T", "projects": [project], "due_on": "x"})[0] == 400
    assert world.call("POST", "/tasks", {"name": "T", "projects": [project], "assignee": world.eve})[0] == 400
    assert told() == []


def test_what_the_system_does_has_no_user(world, space):
    place = world.store.last_event()
    made = born(world.system, "tag", int(space), name="x", workspace=space)
    row = world.store.record(made.gid)
    change = touching(world.api.view(int(world.bob)), row)
    change.after["name"] = "y"
    change.write()
    users = [read_entry(document).user for _, _, document in world.store.events(int(space), place, 10)]
    assert users == [0, int(world.bob)]
