"""Duplicates of tasks: as much comes along as was asked for."""

import pytest

ALL = "assignee,attachments,dates,dependencies,followers,notes,parent,projects,subtasks,tags"


@pytest.fixture
def duplicate(world):
    """Duplicates a task and shows the copy."""

    def duplicate(task, **data):
        status, job = world.call("POST", f"/tasks/{task}/duplicate", data)
        assert (status, job["status"], job["resource_subtype"]) == (201, "in_progress", "duplicate_task"), job
        shown = world.call("GET", f"/jobs/{job['gid']}")[1]
        assert shown["status"] == "succeeded"
        fields = (
            "name,notes,completed,assignee,due_on,start_on,followers,parent,projects,num_subtasks,tags,dependencies"
        )
        return world.call("GET", f"/tasks/{shown['new_task']['gid']}", opt_fields=fields)[1]

    return duplicate


@pytest.fixture
def task(world, call, space, project, bob):
    """A task with everything that can be copied."""
    parent = world.made("/tasks", {"name": "Above", "projects": [project]})
    data = {"notes": "How", "assignee": bob, "start_on": "2026-02-01", "due_on": "2026-02-03", "completed": True}
    gid = world.made("/tasks", {"name": "Original", "parent": parent, "projects": [project], **data})
    tag = world.made("/tags", {"name": "Urgent", "workspace": space})
    call("POST", f"/tasks/{gid}/addTag", {"tag": tag})
    other = world.made("/tasks", {"name": "Other", "projects": [project]})
    call("POST", f"/tasks/{gid}/addDependencies", {"dependencies": [other]})
    first = world.made("/tasks", {"name": "One", "parent": gid})
    second = world.made("/tasks", {"name": "Two", "parent": gid})
    call("POST", f"/tasks/{second}/addDependencies", {"dependencies": [first]})
    link = {"resource_subtype": "external", "url": "https://files.test/a.pdf", "name": "A plan", "parent": gid}
    call("POST", "/attachments", link)
    return gid


def gids(items):
    return [item["gid"] for item in items]


def test_only_the_task_itself_is_copied_unless_more_is_asked_for(call, task, duplicate, ada):
    made = duplicate(task)
    assert (made["name"], made["notes"], made["assignee"], made["completed"]) == ("Original", "", None, False)
    assert (made["due_on"], made["parent"], made["num_subtasks"]) == (None, None, 0)
    assert (made["projects"], made["tags"], made["dependencies"]) == ([], [], [])
    assert gids(made["followers"]) == [ada]
    assert call("GET", f"/tasks/{made['gid']}", user=ada)[0] == 200


def test_everything_that_is_asked_for_is_copied(call, task, duplicate, project, ada, bob):
    old = call("GET", f"/tasks/{task}", opt_fields="parent,dependencies,tags")[1]
    made = duplicate(task, name="Copy", include=ALL)
    assert (made["name"], made["notes"], made["assignee"]["gid"]) == ("Copy", "How", bob)
    assert (made["start_on"], made["due_on"], made["completed"]) == ("2026-02-01", "2026-02-03", False)
    assert (made["parent"]["gid"], gids(made["projects"])) == (old["parent"]["gid"], [project])
    assert (gids(made["tags"]), gids(made["dependencies"])) == (gids(old["tags"]), gids(old["dependencies"]))
    assert set(gids(made["followers"])) == {ada, bob}
    below = call("GET", f"/tasks/{made['gid']}/subtasks", opt_fields="name,dependencies")[1]
    assert [item["name"] for item in below] == ["One", "Two"]
    assert gids(below[1]["dependencies"]) == [below[0]["gid"]]
    assert [item["name"] for item in call("GET", "/attachments", parent=made["gid"])[1]] == ["A plan"]
    assert gids(call("GET", f"/tasks/{old['parent']['gid']}/subtasks")[1]) == [task, made["gid"]]
    assert made["gid"] in gids(call("GET", f"/projects/{project}/tasks")[1])


@pytest.mark.parametrize("word", sorted(ALL.split(",")))
def test_each_part_can_be_asked_for_alone(task, duplicate, word):
    assert duplicate(task, include=word)["name"] == "Original"
    assert duplicate(task, include=[word])["name"] == "Original"


def test_a_copy_in_no_project_is_seen_by_whoever_made_it(call, task, duplicate, bob):
    assert call("GET", f"/tasks/{duplicate(task)['gid']}", user=bob)[0] == 404
    assert call("GET", f"/tasks/{duplicate(task, include='projects')['gid']}", user=bob)[0] == 200


def test_a_file_is_there_twice(world, call, task, duplicate, tmp_path):
    world.api.files = tmp_path
    (gid,) = gids(call("GET", "/attachments", parent=task)[1])
    (tmp_path / gid).mkdir()
    (tmp_path / gid / "plan.pdf").write_bytes(b"%PDF")
    made = duplicate(task, include="attachments")["gid"]
    call("DELETE", f"/attachments/{gid}")
    (copy,) = gids(call("GET", "/attachments", parent=made)[1])
    assert (tmp_path / copy / "plan.pdf").read_bytes() == b"%PDF"


def test_what_cannot_be_included_is_refused(call, task, eve):
    assert call("POST", f"/tasks/{task}/duplicate", {"include": "notes,likes"})[0] == 400
    assert call("POST", f"/tasks/{task}/duplicate", {"include": 5}) == (400, "include: Value is not a string: 5")
    assert call("POST", f"/tasks/{task}/duplicate", {}, eve) == (404, f"task: Unknown object: {task}")


def test_a_copy_is_not_below_a_parent_that_cannot_be_seen(world, call, space, bob):
    parent = world.made("/tasks", {"name": "Above", "workspace": space})
    gid = world.made("/tasks", {"name": "Below", "parent": parent, "assignee": bob})
    job = world.made(f"/tasks/{gid}/duplicate", {"include": "parent"}, bob)
    made = call("GET", f"/jobs/{job}", None, bob)[1]["new_task"]["gid"]
    assert call("GET", f"/tasks/{made}", None, bob)[1]["parent"] is None
    assert [item["gid"] for item in call("GET", f"/tasks/{parent}/subtasks")[1]] == [gid]
