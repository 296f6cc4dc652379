"""Sections: their order in a project, the order of tasks in them, and when they may go."""

import pytest


@pytest.fixture
def add(world, project):
    def add(name, **place):
        return world.made(f"/projects/{project}/sections", {"name": name, **place})

    return add


@pytest.fixture
def names(call, project):
    def names():
        return [section["name"] for section in call("GET", f"/projects/{project}/sections")[1]][1:]

    return names


@pytest.fixture
def tasks(call):
    def tasks(section):
        return [task["name"] for task in call("GET", f"/sections/{section}/tasks")[1]]

    return tasks


def first_of(call, project):
    return call("GET", f"/projects/{project}/sections")[1][0]["gid"]


def test_sections_go_to_the_end_or_where_told(call, add, names, project):
    b = add("B")
    add("D")
    c = add("C", insert_after=b)
    add("A", insert_before=b)
    assert names() == ["A", "B", "C", "D"]
    _, shown = call("GET", f"/sections/{c}")
    whole = {"gid": project, "resource_type": "project", "name": "Launch"}
    assert (shown["name"], shown["project"], shown["projects"]) == ("C", whole, [whole])


def test_many_insertions_at_one_place_keep_their_order(add, names):
    first = add("first")
    for number in range(40):
        add(str(number), insert_after=first)
    assert names() == ["first", *(str(number) for number in reversed(range(40)))]


def test_a_section_is_renamed_and_moved(call, add, names):
    a, b = add("A"), add("B")
    assert call("PUT", f"/sections/{b}", {"name": "Z", "insert_before": a})[1]["name"] == "Z"
    assert names() == ["Z", "A"]
    assert call("PUT", f"/sections/{b}", {"insert_before": None})[0] == 200
    assert names() == ["A", "Z"]


def test_a_section_is_inserted_beside_another(call, add, names, project):
    a, b, c = add("A"), add("B"), add("C")
    path = f"/projects/{project}/sections/insert"
    assert call("POST", path, {"section": c, "before_section": a}) == (200, {})
    assert call("POST", path, {"section": a, "after_section": b}) == (200, {})
    assert call("POST", path, {"section": a, "after_section": a}) == (200, {})
    assert names() == ["C", "B", "A"]


def test_a_section_does_not_move_to_another_project(world, call, add, project, space):
    mine = add("Mine")
    other = world.made("/projects", {"name": "Other", "workspace": space})
    theirs = first_of(call, other)
    for data in ({"section": theirs, "before_section": mine}, {"section": mine, "before_section": theirs}):
        assert call("POST", f"/projects/{project}/sections/insert", data)[0] == 400
    assert call("PUT", f"/sections/{mine}", {"insert_after": theirs})[0] == 400
    assert call("POST", f"/projects/{project}/sections", {"name": "New", "insert_after": theirs})[0] == 400


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({}, "name: Missing input"),
        ({"name": None}, "name: Missing input"),
        ({"name": "  "}, "name: Missing input"),
        ({"name": ["A"]}, "name: Value is not a string"),
        ({"name": "A", "insert_before": "x"}, "insert_before: Not a recognized ID: x"),
        ({"name": "A", "insert_before": {}}, "insert_before: Not a recognized ID"),
        ({"name": "A", "insert_after": "4711"}, "insert_after: Unknown object: 4711"),
    ],
)
def test_what_makes_no_section_is_refused_and_leaves_nothing(call, add, names, project, data, message):
    status, said = call("POST", f"/projects/{project}/sections", data)
    assert status == 400
    assert said.startswith(message)
    assert names() == []


def test_inserting_needs_a_neighbour(call, add, project):
    a, b = add("A"), add("B")
    path = f"/projects/{project}/sections/insert"
    assert call("POST", path, {"section": a})[0] == 400
    assert call("POST", path, {"before_section": a})[0] == 400
    assert call("POST", path, {"section": a, "before_section": b, "after_section": b})[0] == 400


def test_only_an_empty_section_goes_and_never_the_last(world, call, add, project):
    last, section = first_of(call, project), add("A")
    task = world.made("/tasks", {"name": "Task", "projects": [project]})
    assert call("DELETE", f"/sections/{section}")[0] == 400
    assert call("POST", f"/sections/{last}/addTask", {"task": task}) == (200, {})
    assert call("DELETE", f"/sections/{section}") == (200, {})
    assert call("GET", f"/sections/{section}")[0] == 404
    call("DELETE", f"/tasks/{task}")
    assert call("DELETE", f"/sections/{last}")[0] == 400


def test_a_task_is_added_at_the_top_or_where_told_and_leaves_the_project_s_other_sections(
    world, call, add, tasks, project
):
    todo, done = add("To do"), add("Done")
    gids = {name: world.made("/tasks", {"name": name, "projects": [project]}) for name in "abc"}
    assert tasks(done) == ["a", "b", "c"]
    call("POST", f"/sections/{todo}/addTask", {"task": gids["a"]})
    call("POST", f"/sections/{todo}/addTask", {"task": gids["b"]})
    call("POST", f"/sections/{todo}/addTask", {"task": gids["c"], "insert_after": gids["b"]})
    assert (tasks(todo), tasks(done)) == (["b", "c", "a"], [])


def test_a_task_from_elsewhere_joins_the_project(world, call, add, tasks, space, project):
    section = add("A")
    task = world.made("/tasks", {"name": "Task", "workspace": space})
    call("POST", f"/sections/{section}/addTask", {"task": task})
    assert tasks(section) == ["Task"]
    assert [item["gid"] for item in call("GET", f"/tasks/{task}/projects")[1]] == [project]


def test_sections_of_a_project_that_somebody_may_not_see_are_unknown(world, call, add, project, bob):
    section = add("A")
    call("PUT", f"/projects/{project}", {"public": False})
    assert call("GET", f"/sections/{section}", None, bob) == (404, f"section: Unknown object: {section}")
    assert call("PUT", f"/sections/{section}", {"name": "B"}, bob)[0] == 404
    assert call("GET", f"/projects/{project}/sections", None, bob)[0] == 404
    assert call("GET", f"/sections/{section}", None, world.eve)[0] == 404
