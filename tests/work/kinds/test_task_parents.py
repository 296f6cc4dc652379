"""Parents and subtasks."""

import pytest


@pytest.fixture
def parent(world, space):
    return world.made("/tasks", {"name": "parent", "workspace": space})


@pytest.fixture
def children(world, parent):
    return [world.made(f"/tasks/{parent}/subtasks", {"name": name}) for name in "abc"]


def order(call, parent):
    return "".join(item["name"] for item in call("GET", f"/tasks/{parent}/subtasks")[1])


def test_subtasks_are_listed_in_their_order_and_counted(call, parent, children):
    assert order(call, parent) == "abc"
    assert call("GET", f"/tasks/{parent}", opt_fields="num_subtasks")[1]["num_subtasks"] == 3


def test_subtasks_are_moved_among_each_other(call, parent, children):
    a, b, c = children
    for data, wanted in (
        ({"insert_before": a}, "cab"),
        ({"insert_after": b}, "abc"),
        ({"insert_after": None}, "cab"),
        ({"insert_before": None}, "abc"),
        ({}, "abc"),
    ):
        status, shown = call("POST", f"/tasks/{c}/setParent", {"parent": parent, **data})
        assert (status, shown["parent"]["gid"], order(call, parent)) == (200, parent, wanted)


def test_a_task_is_freed_from_its_parent(call, parent, children):
    status, shown = call("POST", f"/tasks/{children[1]}/setParent", {"parent": None})
    assert (status, shown["parent"], order(call, parent)) == (200, None, "ac")


def test_a_change_of_the_task_may_change_its_parent(call, parent, children):
    a, b, _ = children
    assert call("PUT", f"/tasks/{a}", {"parent": b})[1]["parent"]["gid"] == b
    assert order(call, parent) == "bc"
    assert call("PUT", f"/tasks/{b}", {"parent": parent, "name": "B"})[0] == 200
    assert order(call, parent) == "Bc"


def test_a_task_is_never_below_itself(world, call, parent, children):
    below = world.made(f"/tasks/{children[0]}/subtasks", {})
    for target in (parent, children[0], below):
        status, said = call("POST", f"/tasks/{parent}/setParent", {"parent": target})
        assert (status, said) == (400, f"parent: A task cannot be below itself: {target}")
    assert call("GET", f"/tasks/{parent}")[1]["parent"] is None


def test_neighbours_have_to_be_subtasks_of_the_parent(call, parent, children):
    path = f"/tasks/{children[0]}/setParent"
    for anchor in (parent, children[0]):
        said = call("POST", path, {"parent": parent, "insert_after": anchor})
        assert said == (400, f"insert_after: Not in the same list: {anchor}")
    assert call("POST", path, {"parent": None, "insert_after": children[1]})[0] == 400
    assert call("POST", path, {}) == (400, "parent: Missing input")
    assert order(call, parent) == "abc"


def test_tasks_hang_at_most_thirty_deep(world, call, space, parent):
    deepest = parent
    for _ in range(28):
        deepest = world.made(f"/tasks/{deepest}/subtasks", {})
    assert call("POST", f"/tasks/{deepest}/subtasks", {})[0] == 201
    deepest = call("GET", f"/tasks/{deepest}/subtasks")[1][0]["gid"]
    too_deep = (400, "parent: Tasks can be at most 30 levels deep")
    assert call("POST", f"/tasks/{deepest}/subtasks", {}) == too_deep
    top = world.made("/tasks", {"workspace": space})
    assert call("POST", f"/tasks/{parent}/setParent", {"parent": top}) == too_deep
    assert call("GET", f"/tasks/{deepest}")[0] == 200


def test_a_deleted_task_takes_everything_below_and_about_it_along(world, call, parent, children):
    below = world.made(f"/tasks/{children[0]}/subtasks", {})
    comment = world.made(f"/tasks/{below}/stories", {"text": "gone?"})
    link = {"parent": below, "resource_subtype": "external", "url": "https://x.test", "name": "x"}
    attachment = world.made("/attachments", link)
    assert call("DELETE", f"/tasks/{parent}") == (200, {})
    for path in (f"/tasks/{parent}", *(f"/tasks/{child}" for child in children), f"/tasks/{below}"):
        assert call("GET", path)[0] == 404
    assert call("GET", f"/stories/{comment}")[0] == call("GET", f"/attachments/{attachment}")[0] == 404
    assert world.store.owners(int(below), "task.stories") == world.store.targets(int(below), "task.stories") == []


def test_a_public_parent_opens_a_task_and_a_move_away_closes_it(world, call, space, bob, parent):
    project = world.made("/projects", {"name": "P", "workspace": space})
    open_task = world.made("/tasks", {"projects": [project]})
    below = world.made(f"/tasks/{parent}/subtasks", {})
    call("POST", f"/tasks/{parent}/setParent", {"parent": open_task})
    assert call("GET", f"/tasks/{below}", user=bob)[0] == 200
    call("POST", f"/tasks/{parent}/setParent", {"parent": None})
    assert call("GET", f"/tasks/{below}", user=bob)[0] == 404
