"""Allocations."""

import pytest

from fanfold.work.change import born


@pytest.fixture
def values(project, bob):
    return {"parent": project, "assignee": bob, "start_date": "2026-02-02", "end_date": "2026-02-06"}


@pytest.fixture
def allocation(world, values):
    return world.made("/allocations", {**values, "effort": {"type": "hours", "value": 12}})


def test_an_allocation_is_made_read_changed_and_deleted(call, ada, bob, project, allocation):
    shown = call("GET", f"/allocations/{allocation}")[1]
    assert (shown["resource_type"], shown["resource_subtype"]) == ("allocation", "project_allocation")
    assert [shown[name]["gid"] for name in ("assignee", "parent", "created_by")] == [bob, project, ada]
    assert (shown["start_date"], shown["end_date"]) == ("2026-02-02", "2026-02-06")
    assert shown["effort"] == {"type": "hours", "value": 12}
    shown = call("PUT", f"/allocations/{allocation}", {"effort": {"type": "percent", "value": 50.5}, "assignee": ada})[
        1
    ]
    assert (shown["effort"], shown["assignee"]["gid"]) == ({"type": "percent", "value": 50.5}, ada)
    assert call("PUT", f"/allocations/{allocation}", {"effort": None})[1]["effort"] is None
    assert call("DELETE", f"/allocations/{allocation}") == (200, {})
    assert call("GET", f"/allocations/{allocation}") == (404, f"allocation: Unknown object: {allocation}")


@pytest.mark.parametrize("name", ["parent", "assignee", "start_date", "end_date"])
def test_an_allocation_needs_who_where_and_when(call, values, name):
    del values[name]
    assert call("POST", "/allocations", values) == (400, f"{name}: Missing input")


@pytest.mark.parametrize(
    ("effort", "said"),
    [
        (5, "effort: Value is not a JSON object: 5"),
        ({"type": "hours"}, "effort: value: Missing input"),
        ({"value": 1}, "effort: type: Missing input"),
        ({"type": "days", "value": 1}, "effort: type: Must be one of hours, percent, not: days"),
        ({"type": "hours", "value": -1}, "effort: value: Must be a number between 0 and 100000"),
        ({"type": "hours", "value": 1e300}, "effort: value: Must be a number between 0 and 100000"),
        ({"type": "hours", "value": []}, "effort: value: Value is not a number: []"),
    ],
)
def test_an_effort_is_hours_or_percent(call, values, effort, said):
    assert call("POST", "/allocations", {**values, "effort": effort}) == (400, said)


def test_an_allocation_ends_after_it_starts(call, values, allocation):
    said = (400, "end_date: Must not be earlier than start_date")
    assert call("POST", "/allocations", {**values, "end_date": "2026-02-01"}) == said
    assert call("PUT", f"/allocations/{allocation}", {"start_date": "2026-03-01"}) == said


def test_the_assignee_is_a_user_or_a_placeholder_of_the_workspace(world, call, ada, eve, space, project, values):
    somebody = str(born(world.system, "placeholder", int(space), name="Designer").gid)
    shown = call("POST", "/allocations", {**values, "assignee": somebody})[1]
    assert (shown["assignee"]["name"], shown["assignee"]["resource_type"]) == ("Designer", "placeholder")
    world.workspace("Both", ada, eve)
    said = call("POST", "/allocations", {**values, "assignee": eve})
    assert said == (400, f"assignee: Not a user in Workspace: {eve}")
    elsewhere = str(born(world.system, "placeholder", int(world.org), name="Other").gid)
    said = call("POST", "/allocations", {**values, "assignee": elsewhere})
    assert said == (400, f"assignee: Not in the same workspace: {elsewhere}")
    said = call("POST", "/allocations", {**values, "assignee": project})
    assert said == (400, "assignee: Not a valid GID type: project")


def test_allocations_are_listed_by_project_person_or_workspace(world, call, bob, space, project, values, allocation):
    other = world.made("/projects", {"name": "Other", "workspace": space})
    second = world.made("/allocations", {**values, "assignee": world.ada})
    third = world.made("/allocations", {**values, "parent": other})

    def listed(**query):
        return [item["gid"] for item in world.pages("/allocations", limit=1, **query)]

    assert listed(parent=project) == [allocation, second]
    assert listed(parent=project, assignee=bob) == [allocation]
    assert listed(assignee="me") == [second]
    assert listed(assignee=bob) == [allocation, third]
    assert listed(workspace=space) == [allocation, second, third]
    assert listed(workspace=world.org) == listed(workspace=world.org, parent=project) == []
    assert call("GET", "/allocations") == (400, "You should specify one of parent, assignee, workspace")
    assert call("GET", "/allocations", assignee=project) == (400, "assignee: Not a valid GID type: project")


def test_an_allocation_moves_to_another_project_of_the_workspace(world, call, org, space, project, allocation):
    other = world.made("/projects", {"name": "Other", "workspace": space})
    assert call("PUT", f"/allocations/{allocation}", {"parent": other})[1]["parent"]["gid"] == other
    assert call("GET", "/allocations", parent=project)[1] == []
    assert [item["gid"] for item in call("GET", "/allocations", parent=other)[1]] == [allocation]
    team = world.made("/teams", {"name": "T", "organization": org})
    far = world.made("/projects", {"name": "Far", "team": team, "workspace": org})
    said = call("PUT", f"/allocations/{allocation}", {"parent": far})
    assert said == (400, f"parent: Not in the same workspace: {far}")


def test_only_who_sees_the_project_sees_what_is_allocated(world, call, bob, eve, space, values):
    hidden = world.made("/projects", {"name": "Hidden", "workspace": space, "privacy_setting": "private"})
    gid = world.made("/allocations", {**values, "parent": hidden})
    for user in (bob, eve):
        assert call("GET", f"/allocations/{gid}", user=user)[0] == 404
        assert call("DELETE", f"/allocations/{gid}", user=user)[0] == 404
    assert call("GET", "/allocations", user=bob, workspace=space)[1] == []
    assert [item["gid"] for item in call("GET", "/allocations", workspace=space)[1]] == [gid]


def test_allocations_go_with_their_project(call, project, allocation):
    call("DELETE", f"/projects/{project}")
    assert call("GET", f"/allocations/{allocation}")[0] == 404


def test_a_copied_project_has_the_same_allocations_where_that_is_asked_for(call, bob, project, allocation):
    def allocated(**values):
        job = call("POST", f"/projects/{project}/duplicate", {"name": "Copy", **values})[1]["gid"]
        copy = call("GET", f"/jobs/{job}")[1]["new_project"]["gid"]
        return [(item["assignee"]["gid"], item["parent"]["gid"] == copy) for item in listed(copy)]

    def listed(parent):
        return call("GET", "/allocations", parent=parent)[1]

    assert allocated() == []
    assert allocated(include="allocations") == [(bob, True)]
    assert [item["gid"] for item in listed(project)] == [allocation]
