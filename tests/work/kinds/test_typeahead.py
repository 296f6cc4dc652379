"""Typeahead: what is found by the beginning of a word, in which order, and what nobody finds."""

import pytest

from fanfold.work.change import born


@pytest.fixture
def typed(call, space):
    def typed(text, resource_type="task", user=None, **query):
        path = f"/workspaces/{space}/typeahead"
        status, found = call("GET", path, None, user, resource_type=resource_type, query=text, **query)
        assert status == 200, found
        return [shown["name"] for shown in found]

    return typed


@pytest.fixture
def tasks(world, project):
    def tasks(*names):
        return [world.made("/tasks", {"name": name, "projects": [project]}) for name in names]

    return tasks


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("wri", ["Write the report"]),
        ("REP", ["Write the report", "Pre-report (draft)"]),
        ("the rep", ["Write the report"]),
        ("port", []),
        ("dra", ["Pre-report (draft)"]),
        ("100%", ["Reach 100% \\o/"]),
        ("1%", []),
        ("\\o", ["Reach 100% \\o/"]),
        ("_", []),
        ("*", []),
        ("?", ["? [x] \"quoted\" 'so'"]),
        ("[x", ["? [x] \"quoted\" 'so'"]),
        ('"quo', ["? [x] \"quoted\" 'so'"]),
        ("quo", ["? [x] \"quoted\" 'so'"]),
        ("élan", ["Élan vital"]),
        ("ÉLAN", ["Élan vital"]),
        ("name", []),
        ("  write  ", ["Write the report"]),
    ],
)
def test_a_word_that_begins_so_is_found(typed, tasks, text, found):
    tasks("Write the report", "Pre-report (draft)", "Reach 100% \\o/", "? [x] \"quoted\" 'so'", "Élan vital")
    assert typed(text) == found


def test_records_are_shown_by_name(call, space, tasks):
    (task,) = tasks("Write")
    path = f"/workspaces/{space}/typeahead"
    assert call("GET", path, resource_type="task") == (
        200,
        [{"gid": task, "resource_type": "task", "name": "Write"}],
    )
    assert call("GET", path, resource_type="task", opt_fields="completed")[1] == [{"gid": task, "completed": False}]
    assert call("GET", path, type="task")[1][0]["gid"] == task


def test_projects_changed_last_come_first(world, typed, space):
    first, _ = (world.made("/projects", {"name": f"Plan {name}", "workspace": space}) for name in "AB")
    world.later(hours=1)
    world.call("PUT", f"/projects/{first}", {"name": "Plan A, changed"})
    assert typed("plan", "project") == ["Plan A, changed", "Plan B"]


def test_users_of_the_newest_tasks_come_first(world, typed, tasks, bob):
    tasks("One")
    assert typed("", "user") == ["Ada Lovelace", "Bob Hope"]
    (task,) = tasks("Two")
    world.call("POST", f"/tasks/{task}/removeFollowers", {"followers": ["me"]})
    world.call("POST", f"/tasks/{task}/addFollowers", {"followers": [bob]})
    assert typed("", "user") == ["Bob Hope", "Ada Lovelace"]
    assert typed("hop", "actor") == ["Bob Hope"]
    assert typed("eve", "user") == []


def test_as_many_are_found_as_are_asked_for(typed, tasks):
    tasks(*(f"Task {number}" for number in range(25)))
    assert len(typed("task")) == 20
    assert typed("task", count=3) == ["Task 0", "Task 1", "Task 2"]
    assert len(typed("task", count=100)) == 25


def test_what_is_hidden_is_not_found_and_takes_no_place(world, typed, space, bob):
    for number in range(30):
        hidden = {"name": f"Plan {number}", "workspace": space, "privacy_setting": "private"}
        world.made("/projects", hidden, bob)
    world.made("/projects", {"name": "Plan of mine", "workspace": space})
    assert typed("plan", "project", count=5) == ["Plan of mine"]
    assert len(typed("plan", "project", bob, count=100)) == 31


def test_each_kind_that_is_served_is_found(world, typed, space, new_field):
    world.made("/tags", {"name": "urgent", "workspace": space})
    new_field("enum", "Urgency")
    assert typed("urg", "tag") == ["urgent"]
    assert typed("urg", "custom_field") == ["Urgency"]


def test_teams_are_found_in_their_organization(world, call, org, bob):
    world.made("/teams", {"name": "Band", "organization": org})
    world.made("/teams", {"name": "Bandits", "organization": org, "visibility": "secret"})
    found = call("GET", f"/workspaces/{org}/typeahead", None, bob, resource_type="team", query="ban")[1]
    assert [shown["name"] for shown in found] == ["Band"]


@pytest.mark.parametrize("kind", ["agent", "goal", "portfolio", "project_template"])
def test_kinds_that_are_not_here_have_no_records(typed, kind):
    assert typed("", kind) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({}, "resource_type: Missing input"),
        ({"resource_type": "webhook"}, None),
        ({"type": "team"}, None),
        ({"resource_type": "task", "count": "0"}, "count: Must be an integer between 1 and 100"),
        ({"resource_type": "task", "count": "101"}, "count: Must be an integer between 1 and 100"),
        ({"resource_type": "task", "count": "x"}, "count: Value is not an integer: x"),
        ({"resource_type": "task", "query": "x" * 1001}, "query: Must be at most 1000 characters long"),
    ],
)
def test_questions_that_make_no_sense_are_refused(call, space, query, message):
    status, told = call("GET", f"/workspaces/{space}/typeahead", **query)
    assert status == 400
    assert told == message or message is None


def test_strangers_find_nothing(call, space, eve):
    assert call("GET", f"/workspaces/{space}/typeahead", None, eve, resource_type="task")[0] == 404


def test_a_thousand_stars_are_no_pattern(world, typed, space):
    born(world.system, "tag", int(space), name="x" * 5000, workspace=space)
    assert typed("*" * 1000, "tag") == []
