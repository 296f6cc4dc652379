"""Gids that tasks have in other systems."""

import pytest


@pytest.fixture
def bug(world, project):
    return world.made("/tasks", {"name": "Bug", "projects": [project], "external": {"gid": "T/1 ü", "data": "42"}})


def test_a_task_is_named_by_its_gid_elsewhere(world, call, project, bug):
    status, shown = call("GET", "/tasks/external:T%2F1%20%C3%BC", opt_fields="name,external")
    assert (status, shown["gid"], shown["external"]) == (200, bug, {"gid": "T/1 ü", "data": "42"})
    below = world.made("/tasks", {"name": "Part", "parent": "external:T/1 ü"})
    assert call("GET", f"/tasks/{below}")[1]["parent"]["gid"] == bug
    assert call("POST", "/tasks/external:T%2F1%20%C3%BC/addFollowers", {"followers": ["me"]})[0] == 200


def test_no_two_tasks_of_a_workspace_have_the_same(world, call, project, bug):
    data = {"name": "Twin", "projects": [project], "external": {"gid": "T/1 ü"}}
    assert call("POST", "/tasks", data) == (400, "external: [gid]: Another task has it: T/1 ü")
    call("DELETE", f"/tasks/{bug}")
    assert call("POST", "/tasks", data)[0] == 201


def test_it_can_be_changed_and_taken_away(call, bug):
    assert call("PUT", f"/tasks/{bug}", {"external": {"gid": "2"}})[0] == 200
    assert call("GET", "/tasks/external:T%2F1%20%C3%BC") == (404, "task: Unknown object: external:T/1 ü")
    assert call("GET", "/tasks/external:2")[1]["gid"] == bug
    assert call("PUT", f"/tasks/{bug}", {"external": None})[0] == 200
    assert call("GET", "/tasks/external:2")[0] == 404


def test_nobody_else_finds_it_and_nothing_else_is_found_by_it(call, eve, bug):
    assert call("GET", "/tasks/external:T%2F1%20%C3%BC", None, eve)[0] == 404
    assert call("GET", "/projects/external:T%2F1%20%C3%BC")[0] == 404
    assert call("PUT", f"/tasks/{bug}", {"external": {"gid": "x" * 1025}})[0] == 400
    assert call("POST", "/tasks", {"parent": "external:nothing"}) == (400, "parent: Unknown object: external:nothing")
