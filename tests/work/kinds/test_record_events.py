"""Event streams of one record: what bubbles up to whom, how much comes at once, who may ask."""

import pytest

from fanfold.work.events import read_entry


@pytest.fixture
def follow(world):
    """Starts to read the events of a record; what it gives reads on, as kind, action and name or field."""

    def follow(gid, user=None):
        status, body = world.ask("GET", "/events", None, user, resource=gid)
        assert status == 412
        sync = body["sync"]

        def read():
            nonlocal sync
            found = []
            while True:
                status, body = world.ask("GET", "/events", None, user, resource=gid, sync=sync)
                assert status == 200, body
                sync = body["sync"]
                found += [brief(event) for event in body["data"]]
                if not body["has_more"]:
                    return found

        return read

    return follow


def brief(event):
    return event["type"], event["action"], (event.get("change") or {}).get("field") or event["resource"].get("name")


def test_a_project_tells_of_its_tasks_their_subtasks_and_stories(world, follow, project):
    read = follow(project)
    assert read() == []
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    assert read() == [("task", "added", "T")]
    below = world.made("/tasks", {"name": "Below", "parent": task})
    assert ("task", "added", "Below") in read()
    deep = world.made("/tasks", {"name": "Deep", "parent": below})
    read()
    world.made(f"/tasks/{deep}/stories", {"text": "Hello"})
    assert [event[:2] for event in read()] == [("story", "added")]
    world.call("PUT", f"/tasks/{deep}", {"completed": True})
    assert ("task", "changed", "completed") in read()


def test_a_task_tells_of_itself_its_stories_and_subtasks_but_not_of_its_neighbours(world, follow, project):
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    other = world.made("/tasks", {"name": "Other", "projects": [project]})
    read = follow(task)
    world.call("PUT", f"/tasks/{other}", {"name": "Changed"})
    assert read() == []
    world.made(f"/tasks/{task}/stories", {"text": "Hello"})
    world.made("/tasks", {"name": "Below", "parent": task})
    found = read()
    assert [event[:2] for event in found if event[0] == "story"] == [("story", "added")]
    assert ("task", "added", "Below") in found


def test_sections_and_moves_between_them_are_told_to_the_project(world, follow, project):
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    read = follow(project)
    section = world.made(f"/projects/{project}/sections", {"name": "S"})
    assert read() == [("section", "added", "S")]
    world.call("POST", f"/sections/{section}/addTask", {"task": task})
    assert {("task", "added", "T"), ("task", "removed", "T")} <= set(read())


def test_a_project_that_a_task_leaves_is_told_and_hears_no_more(world, follow, space, project):
    other = world.made("/projects", {"name": "Other", "workspace": space})
    task = world.made("/tasks", {"name": "T", "projects": [project, other]})
    read = follow(project)
    world.call("POST", f"/tasks/{task}/removeProject", {"project": project})
    assert ("task", "removed", "T") in read()
    world.call("PUT", f"/tasks/{task}", {"name": "U"})
    assert read() == []


def test_a_parent_that_a_subtask_leaves_is_told(world, follow, project):
    parent = world.made("/tasks", {"name": "P", "projects": [project]})
    task = world.made("/tasks", {"name": "T", "parent": parent})
    read = follow(parent)
    world.call("POST", f"/tasks/{task}/setParent", {"parent": None})
    assert ("task", "changed", "parent") in read()


def test_the_end_of_a_task_is_told_to_its_project_and_parent(world, follow, project):
    parent = world.made("/tasks", {"name": "P", "projects": [project]})
    below = world.made("/tasks", {"name": "Below", "parent": parent})
    of_parent, of_project = follow(parent), follow(project)
    world.call("DELETE", f"/tasks/{below}")
    assert ("task", "deleted", "Below") in of_parent()
    world.call("DELETE", f"/tasks/{parent}")
    found = of_project()
    assert {("task", "deleted", "Below"), ("task", "deleted", "P")} <= set(found)


def test_what_was_undone_leaves_nothing_behind(world, follow, project):
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    read = follow(project)
    assert world.call("PUT", f"/tasks/{task}", {"name": "U", "due_on": "x"})[0] == 400
    assert read() == []


def test_private_things_are_told_of_to_those_who_see_them_only(world, follow, space, project, bob, ada):
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    reads = {user: follow(project, user) for user in (ada, bob)}
    hidden = world.made("/projects", {"name": "Hidden", "workspace": space, "privacy_setting": "private"}, bob)
    world.call("POST", f"/tasks/{task}/addProject", {"project": hidden}, bob)
    world.call("POST", f"/tasks/{task}/removeProject", {"project": project}, bob)
    for read in reads.values():
        read()
    follower = follow(hidden, bob)
    world.call("PUT", f"/tasks/{task}", {"name": "Secret"}, bob)
    assert ("task", "changed", "name") in follower()
    assert world.ask("GET", "/events", None, world.eve, resource=project)[0] == 400


def test_more_than_a_hundred_come_in_pieces(world, project):
    sync = world.ask("GET", "/events", resource=project)[1]["sync"]
    for number in range(130):
        world.made("/tasks", {"name": f"{number}", "projects": [project]})
    found, pieces = [], []
    more = True
    while more:
        body = world.ask("GET", "/events", resource=project, sync=sync)[1]
        sync, more = body["sync"], body["has_more"]
        found += [event["resource"]["name"] for event in body["data"]]
        pieces.append(len(body["data"]))
    assert found == [f"{number}" for number in range(130)]
    assert pieces == [100, 30]


def test_the_record_may_stand_in_the_path(world, project):
    path = f"/projects/{project}/events"
    sync = world.ask("GET", path)[1]["sync"]
    world.made("/tasks", {"name": "T", "projects": [project]})
    status, body = world.ask("GET", path, sync=sync)
    assert (status, [event["resource"]["name"] for event in body["data"]]) == (200, ["T"])
    assert body["data"] == world.ask("GET", "/events", resource=project, sync=sync)[1]["data"]


def test_tokens_are_good_for_one_record_only(world, space, project):
    other = world.made("/projects", {"name": "Other", "workspace": space})
    sync = world.ask("GET", "/events", resource=project)[1]["sync"]
    assert world.ask("GET", "/events", resource=other, sync=sync)[0] == 412
    assert world.ask("GET", f"/workspaces/{space}/events", sync=sync)[0] == 412


@pytest.mark.parametrize(
    ("resource", "message"),
    [
        (None, "resource: Missing input"),
        ("x", "resource: Not a recognized ID: x"),
        ("9", "resource: Unknown object: 9"),
    ],
)
def test_the_record_has_to_be_there(call, resource, message):
    query = {} if resource is None else {"resource": resource}
    assert call("GET", "/events", **query) == (400, message)


def test_not_every_kind_has_a_stream(call, space):
    assert call("GET", "/events", resource=space) == (400, "resource: Not a valid GID type: workspace")


def test_strangers_learn_nothing(call, project, eve):
    assert call("GET", "/events", user=eve, resource=project) == (400, f"resource: Unknown object: {project}")
    assert call("GET", f"/projects/{project}/events", user=eve) == (404, f"project: Unknown object: {project}")


def test_a_workspace_is_told_of_nothing_below_its_projects(world, space, project):
    place = world.store.last_event()
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    world.made(f"/tasks/{task}/stories", {"text": "Hello"})
    world.made(f"/projects/{project}/sections", {"name": "S"})
    kinds = [read_entry(document).kind for _, _, document in world.store.events_of(int(space), place, 100)]
    assert kinds == ["section"]


def test_a_portfolio_tells_of_its_projects_and_what_comes_and_goes(world, follow, space, project):
    portfolio = world.made("/portfolios", {"name": "All", "workspace": space})
    read = follow(portfolio)
    world.call("POST", f"/portfolios/{portfolio}/addItem", {"item": project})
    read()
    world.call("PUT", f"/projects/{project}", {"name": "Renamed"})
    assert ("project", "changed", "name") in read()
    world.made("/tasks", {"name": "T", "projects": [project]})
    assert [event for event in read() if event[0] == "task"] == []
