"""Tasks that wait for other tasks."""

import pytest


@pytest.fixture
def tasks(world, space):
    return [world.made("/tasks", {"name": name, "workspace": space}) for name in "abcd"]


def waits(call, task):
    shown = call("GET", f"/tasks/{task}", opt_fields="dependencies,dependents")[1]
    return [item["gid"] for item in shown["dependencies"]], [item["gid"] for item in shown["dependents"]]


def test_dependencies_and_dependents_are_the_same_seen_from_both_ends(call, tasks):
    a, b, c, _ = tasks
    assert call("POST", f"/tasks/{a}/addDependencies", {"dependencies": [b]}) == (200, {})
    assert call("POST", f"/tasks/{a}/addDependents", {"dependents": [c]}) == (200, {})
    assert waits(call, a) == ([b], [c])
    assert (waits(call, b), waits(call, c)) == (([], [a]), ([a], []))
    assert [item["name"] for item in call("GET", f"/tasks/{a}/dependencies")[1]] == ["b"]
    assert [item["name"] for item in call("GET", f"/tasks/{a}/dependents")[1]] == ["c"]
    call("POST", f"/tasks/{a}/removeDependencies", {"dependencies": [b]})
    call("POST", f"/tasks/{a}/removeDependents", {"dependents": [c, b]})
    assert waits(call, a) == ([], [])


def test_in_records_they_hold_no_more_than_who_they_are(call, tasks):
    a, b, *_ = tasks
    call("POST", f"/tasks/{a}/addDependencies", {"dependencies": [b]})
    shown = call("GET", f"/tasks/{a}", opt_fields="dependencies")[1]
    assert shown["dependencies"] == [{"gid": b, "resource_type": "task"}]


def test_no_task_waits_for_itself(call, tasks):
    a, b, c, _ = tasks
    call("POST", f"/tasks/{a}/addDependencies", {"dependencies": [b]})
    call("POST", f"/tasks/{b}/addDependencies", {"dependencies": [c]})
    for path, data in (
        (f"/tasks/{a}/addDependencies", {"dependencies": [a]}),
        (f"/tasks/{c}/addDependencies", {"dependencies": [a]}),
        (f"/tasks/{a}/addDependents", {"dependents": [c]}),
    ):
        status, said = call("POST", path, data)
        assert (status, "cannot wait for itself" in said) == (400, True)
    assert waits(call, c) == ([], [b])


def test_thirty_is_enough_counting_both_ends(world, call, space, tasks):
    a, b, c, _ = tasks
    many = [world.made("/tasks", {"workspace": space}) for _ in range(29)]
    call("POST", f"/tasks/{a}/addDependencies", {"dependencies": many})
    assert call("POST", f"/tasks/{a}/addDependents", {"dependents": [b]}) == (200, {})
    refused = "A task can have at most 30 dependencies and dependents together"
    assert call("POST", f"/tasks/{a}/addDependencies", {"dependencies": [c]}) == (400, f"dependencies: {refused}")
    assert call("POST", f"/tasks/{a}/addDependents", {"dependents": [c]}) == (400, f"dependents: {refused}")
    assert call("POST", f"/tasks/{c}/addDependencies", {"dependencies": [a]}) == (400, f"dependencies: {refused}")
    assert call("POST", f"/tasks/{a}/addDependencies", {"dependencies": many}) == (200, {})
    assert waits(call, a) == (many, [b])


def test_a_deleted_task_is_waited_for_no_longer(call, tasks):
    a, b, *_ = tasks
    call("POST", f"/tasks/{a}/addDependencies", {"dependencies": [b]})
    call("DELETE", f"/tasks/{b}")
    assert waits(call, a) == ([], [])
