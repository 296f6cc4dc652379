"""Lists of tasks."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.databases import queries as asked

CHOOSE = "Must specify exactly one of project, tag, section, user task list, or assignee + workspace"


def gids(answer):
    status, listed = answer
    assert status == 200, listed
    return [item["gid"] for item in listed]


def test_one_address_gives_every_list(world, call, space, ada, project):
    tag = world.made("/tags", {"name": "urgent", "workspace": space})
    task = world.made("/tasks", {"projects": [project], "tags": [tag], "assignee": "me"})
    section = call("GET", f"/projects/{project}/sections")[1][0]["gid"]
    mine = call("GET", f"/users/{ada}/user_task_list", workspace=space)[1]["gid"]
    for query in (
        {"project": project},
        {"section": section},
        {"tag": tag},
        {"user_task_list": mine},
        {"assignee": "me", "workspace": space},
        {"assignee": "ada@fanfold.test", "workspace": space},
    ):
        assert gids(call("GET", "/tasks", **query)) == [task]
    for owner in (f"/projects/{project}", f"/sections/{section}", f"/tags/{tag}", f"/user_task_lists/{mine}"):
        assert gids(call("GET", f"{owner}/tasks")) == [task]


@pytest.mark.parametrize("names", [(), ("workspace",), ("assignee",), ("project", "section"), ("project", "assignee")])
def test_one_has_to_say_which_list_is_meant(call, names):
    assert call("GET", "/tasks", **dict.fromkeys(names, "me")) == (400, CHOOSE)


def test_what_a_list_is_of_has_to_exist(call, space, ada, eve, project):
    assert call("GET", "/tasks", project="1") == (400, "project: Unknown object: 1")
    assert call("GET", "/tasks", project="x") == (400, "project: Not a recognized ID: x")
    assert call("GET", "/tasks", section=project) == (400, "section: Not a valid GID type: project")
    assert call("GET", "/tasks", assignee=eve, workspace=space) == (400, f"assignee: Unknown object: {eve}")


def test_nobody_of_another_workspace_has_tasks_here(world, call, space, ada, eve):
    world.workspace("Both", ada, eve)
    said = call("GET", "/tasks", assignee=eve, workspace=space)
    assert said == (400, f"assignee: Not a user in Workspace: {eve}")


def test_completed_since_gives_what_is_open_or_was_completed_from_then_on(world, call, project):
    early, late, still_open = (world.made("/tasks", {"projects": [project]}) for _ in range(3))
    call("PUT", f"/tasks/{early}", {"completed": True})
    world.later(hours=1)
    since = world.now.isoformat()
    call("PUT", f"/tasks/{late}", {"completed": True})
    section = call("GET", f"/projects/{project}/sections")[1][0]["gid"]
    for path in (f"/projects/{project}/tasks", f"/sections/{section}/tasks"):
        assert gids(call("GET", path, completed_since="now")) == [still_open]
        assert gids(call("GET", path, completed_since=since)) == [late, still_open]
        assert gids(call("GET", path, completed_since="2020-01-01")) == [early, late, still_open]
    assert gids(call("GET", "/tasks", project=project, modified_since=since)) == [late]
    assert call("GET", "/tasks", project=project, modified_since="soon")[0] == 400
    assert call("GET", f"/projects/{project}/tasks", completed_since="soon")[0] == 400


def test_lists_leave_out_what_the_caller_may_not_see(world, call, space, bob, project):
    tag = world.made("/tags", {"name": "t", "workspace": space})
    seen = world.made("/tasks", {"projects": [project], "tags": [tag], "assignee": "me"})
    unseen = world.made("/tasks", {"workspace": space, "tags": [tag], "assignee": "me"})
    mine = call("GET", "/users/me/user_task_list", workspace=space)[1]["gid"]
    for path in (f"/tags/{tag}/tasks", f"/user_task_lists/{mine}/tasks"):
        assert gids(call("GET", path)) == [seen, unseen]
        assert gids(call("GET", path, user=bob)) == [seen]
    below = world.made(f"/tasks/{unseen}/subtasks", {})
    call("POST", f"/tasks/{seen}/addDependencies", {"dependencies": [unseen]})
    call("POST", f"/tasks/{unseen}/setParent", {"parent": None})
    assert gids(call("GET", f"/tasks/{seen}/dependencies", user=bob)) == []
    assert call("GET", f"/tasks/{unseen}/subtasks", user=bob)[0] == 404
    assert gids(call("GET", f"/tasks/{unseen}/subtasks")) == [below]


@given(sizes=st.lists(st.integers(0, 5), min_size=1, max_size=5), limit=st.integers(1, 7))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_a_project_is_paged_section_after_section(world, space, sizes, limit):
    project = world.made("/projects", {"name": "P", "workspace": space})
    sections = [world.call("GET", f"/projects/{project}/sections")[1][0]["gid"]]
    sections += [world.made(f"/projects/{project}/sections", {"name": "s"}) for _ in sizes[1:]]
    made = {index: [] for index in range(len(sizes))}
    for index in reversed(range(len(sizes))):
        for _ in range(sizes[index]):
            task = world.made("/tasks", {"workspace": space})
            world.call("POST", f"/sections/{sections[index]}/addTask", {"task": task, "insert_before": None})
            made[index].append(task)
    paged = [task["gid"] for task in world.pages(f"/projects/{project}/tasks", limit=limit)]
    assert paged == [task for index in sorted(made) for task in made[index]]


def test_a_task_that_comes_while_paging_neither_skips_nor_repeats(world, call, space, project):
    tasks = [world.made("/tasks", {"projects": [project]}) for _ in range(4)]
    path = f"/projects/{project}/tasks"
    first = world.ask("GET", path, limit=2)[1]
    for place in ({"insert_after": None}, {"insert_after": tasks[0]}, {"insert_after": tasks[2]}):
        late = world.made("/tasks", {"workspace": space})
        call("POST", f"/tasks/{late}/addProject", {"project": project, **place})
    rest = world.ask("GET", path, limit=100, offset=first["next_page"]["offset"])[1]
    shown = [task["gid"] for task in first["data"] + rest["data"]]
    assert shown == [*tasks[:3], late, tasks[3]]


def test_a_list_costs_the_same_number_of_queries_however_long_it_is(world, space, project):
    def queries(path):
        fields = "name,assignee.name,projects.name,tags.name,followers.email"
        with asked(world.store) as seen:
            assert world.call("GET", path, opt_fields=fields)[0] == 200
        return len(seen)

    def fill(number):
        for _ in range(number):
            world.made("/tasks", {"projects": [project], "assignee": "me"})

    fill(2)
    path = f"/projects/{project}/tasks"
    few = queries(path)
    fill(30)
    assert queries(path) == few
