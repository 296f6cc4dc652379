"""Projects and sections of a task, and its place in them."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture
def sections(world, call, project):
    world.made(f"/projects/{project}/sections", {"name": "Doing"})
    world.made(f"/projects/{project}/sections", {"name": "Done"})
    return [section["gid"] for section in call("GET", f"/projects/{project}/sections")[1]]


def names(call, path, **query):
    return [item["name"] for item in call("GET", path, **query)[1]]


@pytest.fixture
def tasks(world, project, sections):
    """Tasks a, b and c, in this order in the project's last section."""
    return {name: world.made("/tasks", {"name": name, "projects": [project]}) for name in "abc"}


def test_new_tasks_go_to_the_end_of_the_last_section(call, sections, tasks):
    assert names(call, f"/sections/{sections[-1]}/tasks") == ["a", "b", "c"]


def test_without_a_place_a_task_goes_to_the_end_of_the_project(call, project, tasks):
    assert call("POST", f"/tasks/{tasks['a']}/addProject", {"project": project}) == (200, {})
    assert names(call, f"/projects/{project}/tasks") == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("place", "order"),
    [
        ({"insert_before": "a"}, ["c", "a", "b"]),
        ({"insert_after": "a"}, ["a", "c", "b"]),
        ({"insert_after": None}, ["c", "a", "b"]),
        ({"insert_before": None}, ["a", "b", "c"]),
        ({"insert_before": "a", "insert_after": None}, ["c", "a", "b"]),
    ],
)
def test_a_place_is_before_or_after_another_task(call, project, tasks, place, order):
    place = {name: tasks.get(anchor) for name, anchor in place.items()}
    assert call("POST", f"/tasks/{tasks['c']}/addProject", {"project": project, **place}) == (200, {})
    assert names(call, f"/projects/{project}/tasks") == order


def test_the_beginning_of_the_project_is_the_beginning_of_its_first_section(call, project, sections, tasks):
    call("POST", f"/tasks/{tasks['c']}/addProject", {"project": project, "insert_after": None})
    assert names(call, f"/sections/{sections[0]}/tasks") == ["c"]


def test_a_section_alone_means_its_end_and_null_its_ends(call, project, sections, tasks):
    for name, place, order in (
        ("a", {}, ["a"]),
        ("b", {}, ["a", "b"]),
        ("c", {"insert_after": None}, ["c", "a", "b"]),
        ("c", {"insert_before": None}, ["a", "b", "c"]),
    ):
        data = {"project": project, "section": sections[0], **place}
        assert call("POST", f"/tasks/{tasks[name]}/addProject", data) == (200, {})
        assert names(call, f"/sections/{sections[0]}/tasks") == order
    assert names(call, f"/sections/{sections[-1]}/tasks") == []


def test_a_task_goes_to_the_section_of_its_neighbour(call, project, sections, tasks):
    call("POST", f"/sections/{sections[0]}/addTask", {"task": tasks["a"]})
    call("POST", f"/tasks/{tasks['b']}/addProject", {"project": project, "insert_after": tasks["a"]})
    assert names(call, f"/sections/{sections[0]}/tasks") == ["a", "b"]
    (place,) = call("GET", f"/tasks/{tasks['b']}")[1]["memberships"]
    assert place["section"]["gid"] == sections[0]


def test_a_section_takes_a_task_at_its_top(call, sections, tasks):
    for name in "ab":
        assert call("POST", f"/sections/{sections[1]}/addTask", {"task": tasks[name]}) == (200, {})
    assert names(call, f"/sections/{sections[1]}/tasks") == ["b", "a"]
    data = {"task": tasks["c"], "insert_before": tasks["a"]}
    assert call("POST", f"/sections/{sections[1]}/addTask", data) == (200, {})
    assert names(call, f"/sections/{sections[1]}/tasks") == ["b", "c", "a"]


def test_neighbours_have_to_be_where_the_task_goes(world, call, space, project, sections, tasks):
    stranger = world.made("/tasks", {"workspace": space})
    path = f"/tasks/{tasks['a']}/addProject"
    for place, message in (
        ({"insert_after": stranger}, f"insert_after: Not in the project: {stranger}"),
        ({"insert_after": tasks["b"], "section": sections[0]}, f"insert_after: Not in the same list: {tasks['b']}"),
        ({"insert_after": tasks["a"]}, "insert_after: A task cannot be its own neighbour"),
        (
            {"insert_after": tasks["b"], "insert_before": tasks["c"]},
            "You may only provide one of insert_before or insert_after!",
        ),
    ):
        assert call("POST", path, {"project": project, **place}) == (400, message)
    other = world.made("/projects", {"name": "Other", "workspace": space})
    data = {"project": other, "section": sections[0]}
    assert call("POST", path, data) == (400, f"section: Not in the project: {sections[0]}")
    assert names(call, f"/projects/{project}/tasks") == ["a", "b", "c"]


def test_a_task_is_in_at_most_twenty_projects(world, call, space):
    projects = [world.made("/projects", {"name": str(number), "workspace": space}) for number in range(21)]
    full = "A task can be in at most 20 projects"
    assert call("POST", "/tasks", {"projects": projects}) == (400, f"projects: {full}")
    task = world.made("/tasks", {"projects": projects[:20]})
    assert call("POST", f"/tasks/{task}/addProject", {"project": projects[20]}) == (400, f"project: {full}")
    assert call("POST", f"/tasks/{task}/addProject", {"project": projects[3]}) == (200, {})
    assert len(call("GET", f"/tasks/{task}")[1]["projects"]) == 20


def test_taking_a_task_out_of_a_project_leaves_its_others(world, call, space, project, tasks):
    other = world.made("/projects", {"name": "Other", "workspace": space})
    path = f"/tasks/{tasks['a']}"
    call("POST", f"{path}/addProject", {"project": other})
    assert call("POST", f"{path}/removeProject", {"project": project}) == (200, {})
    assert [shown["gid"] for shown in call("GET", path)[1]["projects"]] == [other]
    assert call("POST", f"{path}/removeProject", {"project": project}) == (200, {})
    assert call("GET", f"{path}/projects")[1][0]["gid"] == other


def test_a_task_can_be_made_in_a_section(call, project, sections):
    for membership in ({"project": project, "section": sections[0]}, {"section": {"gid": sections[0]}}):
        shown = call("POST", "/tasks", {"name": "x", "memberships": [membership]})[1]
        assert shown["memberships"][0]["section"]["gid"] == sections[0]
    shown = call("POST", "/tasks", {"projects": [project], "memberships": [{"section": sections[1]}]})[1]
    assert [place["section"]["gid"] for place in shown["memberships"]] == [sections[1]]


def test_memberships_that_contradict_themselves_are_refused(world, call, space, project, sections):
    other = world.made("/projects", {"name": "Other", "workspace": space})
    for memberships, message in (
        ([{"project": other, "section": sections[0]}], "memberships: [0]: The section is not in the project"),
        ([{}], "memberships: [0]: Missing input"),
        (["x"], "memberships: [0]: Value is not a JSON object: x"),
        ([{"project": "x"}], "project: Not a recognized ID: x"),
    ):
        assert call("POST", "/tasks", {"memberships": memberships}) == (400, message)


moves = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(["project", "section", "add"]),
        st.sampled_from(["insert_before", "insert_after", None]),
        st.none() | st.integers(0, 5),
        st.integers(0, 1),
    ),
    max_size=40,
)


@given(moves=moves)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_moving_tasks_about_is_moving_them_in_lists(world, space, moves):
    project = world.made("/projects", {"name": "P", "workspace": space})
    world.made(f"/projects/{project}/sections", {"name": "Last"})
    sections = [section["gid"] for section in world.call("GET", f"/projects/{project}/sections")[1]]
    tasks = [world.made("/tasks", {"name": str(number), "projects": [project]}) for number in range(6)]
    lists = [[], list(tasks)]
    for moving, verb, name, anchor, section in moves:
        task, neighbour = tasks[moving], None if anchor is None else tasks[anchor]
        place = {} if name is None else {name: neighbour}
        if verb == "add":
            path, data = f"/sections/{sections[section]}/addTask", {"task": task, **place}
        else:
            given_section = {"section": sections[section]} if verb == "section" else {}
            path, data = f"/tasks/{task}/addProject", {"project": project, **given_section, **place}
        status, _ = world.call("POST", path, data)
        assert status == (200 if moved(lists, task, verb, name, neighbour, section) else 400)
        assert [[t["gid"] for t in world.call("GET", f"/sections/{s}/tasks")[1]] for s in sections] == lists
    shown = [t["gid"] for t in world.call("GET", f"/projects/{project}/tasks")[1]]
    assert shown == lists[0] + lists[1]


def moved(lists, task, verb, name, neighbour, section):
    """The same move in Python lists; False where it is not allowed."""
    if name is not None and neighbour == task:
        return False
    anchored = name is not None and neighbour is not None
    if verb == "project":
        if anchored:
            section = next(i for i, members in enumerate(lists) if neighbour in members)
        else:
            section = 0 if name == "insert_after" else 1
    elif anchored and neighbour not in lists[section]:
        return False
    for members in lists:
        if task in members:
            members.remove(task)
    target = lists[section]
    if anchored:
        target.insert(target.index(neighbour) + (name == "insert_after"), task)
    elif name == "insert_after" or (name is None and verb == "add"):
        target.insert(0, task)
    else:
        target.append(task)
    return True


def test_room_between_two_neighbours_never_runs_out(world, call, space):
    project = world.made("/projects", {"name": "P", "workspace": space})
    first, *others, last = [world.made("/tasks", {"name": str(n), "projects": [project]}) for n in range(50)]
    for task in others:
        call("POST", f"/tasks/{task}/addProject", {"project": project, "insert_after": first})
    shown = [task["gid"] for task in call("GET", f"/projects/{project}/tasks")[1]]
    assert shown == [first, *reversed(others), last]
