"""System stories: what is told of a task's changes, and what is not."""

import pytest


@pytest.fixture
def task(world, project):
    return world.made("/tasks", {"name": "Write", "projects": [project]})


@pytest.fixture
def told(call, task):
    """The stories of the task so far, full."""

    def told(task=task, **more):
        listed = call("GET", f"/tasks/{task}/stories", **more)[1]
        return [call("GET", f"/stories/{story['gid']}", **more)[1] for story in listed]

    return told


def test_a_new_task_tells_nothing(told):
    assert told() == []


def test_a_new_task_that_is_assigned_tells_just_that(world, told, project, bob):
    data = {"projects": [project], "assignee": bob, "completed": True, "due_on": "2026-02-02"}
    (story,) = told(world.made("/tasks", data))
    assert (story["resource_subtype"], story["assignee"]["gid"]) == ("assigned", bob)


def test_a_change_that_changes_nothing_tells_nothing(call, told, task):
    call("PUT", f"/tasks/{task}", {"name": "Write", "completed": False, "due_on": None})
    assert told() == []


@pytest.mark.parametrize(
    ("data", "subtypes"),
    [
        ({"name": "Read"}, ["name_changed"]),
        ({"notes": "now"}, ["notes_changed"]),
        ({"html_notes": "<body><em>now</em></body>"}, ["notes_changed"]),
        ({"completed": True}, ["marked_complete"]),
        ({"due_on": "2026-02-02"}, ["due_date_changed"]),
        ({"due_at": "2026-02-02T09:00:00Z"}, ["due_date_changed"]),
        ({"resource_subtype": "milestone"}, ["resource_subtype_changed"]),
        ({"liked": True}, []),
        ({"name": "Read", "completed": True}, ["marked_complete", "name_changed"]),
    ],
)
def test_a_change_of_values_is_told(call, told, task, data, subtypes):
    assert call("PUT", f"/tasks/{task}", data)[0] == 200
    assert [story["resource_subtype"] for story in told()] == subtypes


def test_names_and_dates_are_told_with_what_they_were(call, told, task):
    call("PUT", f"/tasks/{task}", {"name": "Read", "due_on": "2026-02-02"})
    call("PUT", f"/tasks/{task}", {"start_on": "2026-02-01", "due_on": None})
    named, dated = told()[:2]
    assert (named["old_name"], named["new_name"]) == ("Write", "Read")
    assert dated["old_dates"] == {"start_on": None, "due_at": None}
    assert dated["new_dates"] == {"start_on": None, "due_at": None, "due_on": "2026-02-02"}


def test_assigning_and_reopening_are_told(call, told, task, bob):
    for data in ({"assignee": bob, "completed": True}, {"assignee": None, "completed": False}):
        call("PUT", f"/tasks/{task}", data)
    subtypes = [story["resource_subtype"] for story in told()]
    assert subtypes == ["assigned", "marked_complete", "follower_added", "unassigned", "marked_incomplete"]


def test_a_decision_is_told(world, call, told, project):
    task = world.made("/tasks", {"projects": [project], "resource_subtype": "approval"})
    call("PUT", f"/tasks/{task}", {"approval_status": "rejected"})
    decided = told(task)[-1]
    assert (decided["old_approval_status"], decided["new_approval_status"]) == ("pending", "rejected")


def test_comings_and_goings_are_told_with_what_came_and_went(world, call, told, task, project, space, bob):
    tag = world.made("/tags", {"name": "t", "workspace": space})
    other = world.made("/tasks", {"workspace": space})
    second = world.made("/projects", {"name": "Second", "workspace": space})
    for verb, data in (
        ("addTag", {"tag": tag}),
        ("removeTag", {"tag": tag}),
        ("addFollowers", {"followers": [bob]}),
        ("removeFollowers", {"followers": [bob]}),
        ("addDependencies", {"dependencies": [other]}),
        ("removeDependencies", {"dependencies": [other]}),
        ("addProject", {"project": second}),
        ("removeProject", {"project": second}),
        ("setParent", {"parent": other}),
        ("setParent", {"parent": None}),
    ):
        assert call("POST", f"/tasks/{task}/{verb}", data)[0] == 200
    names = ("tag", "tag", "follower", "follower", "dependency", "dependency", "project", "project", "task", "task")
    assert [(story["resource_subtype"], story[name]["gid"]) for story, name in zip(told(), names, strict=True)] == [
        *(("added_to_tag", tag), ("removed_from_tag", tag), ("follower_added", bob), ("follower_removed", bob)),
        *(("dependency_added", other), ("dependency_removed", other)),
        *(("added_to_project", second), ("removed_from_project", second)),
        *(("added_to_task", other), ("removed_from_task", other)),
    ]


def test_a_move_to_another_section_is_told_and_a_move_within_one_is_not(world, call, told, task, project):
    old = call("GET", f"/projects/{project}/sections")[1][0]["gid"]
    new = world.made(f"/projects/{project}/sections", {"name": "Done"})
    call("POST", f"/sections/{old}/addTask", {"task": task})
    call("POST", f"/sections/{new}/addTask", {"task": task})
    (story,) = told()
    assert (story["old_section"]["gid"], story["new_section"]["gid"]) == (old, new)
    call("DELETE", f"/sections/{old}")
    (story,) = told()
    assert story.get("old_section") is None


def test_a_story_does_not_name_what_its_reader_may_not_see(world, call, told, task, space, bob):
    secret = world.made("/projects", {"name": "Secret", "workspace": space, "privacy_setting": "private"})
    call("POST", f"/tasks/{task}/addProject", {"project": secret})
    assert told()[0]["project"]["gid"] == secret
    (theirs,) = told(user=bob)
    assert theirs.get("project") is None
    assert "Secret" not in theirs["text"]


def test_a_refused_change_tells_nothing(call, told, task):
    call("PUT", f"/tasks/{task}", {"name": "Read", "start_on": "2026-01-01"})
    assert told() == []
