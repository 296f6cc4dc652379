"""Budgets."""

import pytest

from fanfold.work.change import touching


@pytest.fixture
def budget(world, project):
    return world.made("/budgets", {"parent": project})


@pytest.fixture
def change(call, budget):
    def change(**values):
        return call("PUT", f"/budgets/{budget}", values)[1]

    return change


@pytest.fixture
def task(world, project, bob):
    return world.made("/tasks", {"name": "Work", "projects": [project], "assignee": bob})


def test_a_budget_is_made_read_changed_and_deleted(call, project, budget, change):
    shown = call("GET", f"/budgets/{budget}")[1]
    assert (shown["budget_type"], shown["parent"]["gid"]) == ("time", project)
    nothing = {"billable_status_filter": "billable", "source": "none", "enabled": False, "value": None, "units": None}
    assert shown["estimate"] == nothing
    assert shown["actual"] == {"billable_status_filter": "billable", "value": 0, "units": "minutes"}
    assert shown["total"] == {"enabled": False, "value": None, "units": None}
    assert change(budget_type="cost", parent=project)["actual"]["units"] == "USD"
    assert call("DELETE", f"/budgets/{budget}") == (200, {})
    assert call("GET", f"/budgets/{budget}") == (404, f"budget: Unknown object: {budget}")


def test_a_project_has_one_budget(world, call, space, project, budget):
    assert call("POST", "/budgets", {}) == (400, "parent: Missing input")
    assert call("POST", "/budgets", {"parent": project}) == (400, f"parent: Has a budget already: {project}")
    other = world.made("/projects", {"name": "Other", "workspace": space})
    assert call("PUT", f"/budgets/{budget}", {"parent": other}) == (400, "parent: Cannot write this property")
    assert [item["gid"] for item in call("GET", "/budgets", parent=project)[1]] == [budget]
    assert call("GET", "/budgets", parent=other) == (200, [])
    assert call("GET", "/budgets") == (400, "parent: Missing input")


def test_a_total_is_kept_for_each_type(change):
    assert change(total={"enabled": True, "value": 600})["total"] == {"enabled": True, "value": 600, "units": "minutes"}
    shown = change(budget_type="cost", total={"value": 99.5})
    assert shown["total"] == {"enabled": True, "value": 99.5, "units": "USD"}
    assert change(budget_type="time")["total"]["value"] == 600
    assert change(total={"enabled": False})["total"] == {"enabled": False, "value": None, "units": None}
    assert change(total={"enabled": True})["total"]["value"] == 600


def test_the_actual_is_the_time_entered_for_the_project(world, call, ada, bob, project, task, change):
    path = f"/tasks/{task}/time_tracking_entries"
    world.made(path, {"duration_minutes": 60, "billable_status": "billable"})
    world.made(path, {"duration_minutes": 30, "billable_status": "billable"}, user=bob)
    world.made(path, {"duration_minutes": 15, "billable_status": "nonBillable"})
    world.made(path, {"duration_minutes": 5, "billable_status": "notApplicable"})
    world.made(path, {"duration_minutes": 7, "billable_status": "billable"})
    call("PUT", f"/time_tracking_entries/{call('GET', path)[1][-1]['gid']}", {"attributable_to": None})

    def actual(which):
        return change(actual={"billable_status_filter": which})["actual"]["value"]

    assert [actual(which) for which in ("billable", "non_billable", "any")] == [90, 15, 110]
    world.made("/rates", {"parent": project, "resource": bob, "rate": 100})
    assert change(budget_type="cost")["actual"]["value"] == 50
    world.made("/rates", {"parent": project, "resource": ada, "rate": 10})
    assert actual("billable") == 60


def test_the_estimate_may_come_from_what_is_allocated(world, ada, bob, project, change):
    days = {"parent": project, "start_date": "2026-01-05", "end_date": "2026-01-14"}
    world.made("/allocations", {**days, "assignee": bob, "effort": {"type": "percent", "value": 50}})
    world.made("/allocations", {**days, "assignee": ada, "effort": {"type": "hours", "value": 2.5}})
    world.made("/allocations", {**days, "assignee": ada})
    shown = change(estimate={"source": "capacity_plans"})["estimate"]
    assert (shown["enabled"], shown["value"], shown["units"]) == (True, 8 * 240 + 150, "minutes")
    world.made("/rates", {"parent": project, "resource": bob, "rate": 10})
    assert change(budget_type="cost")["estimate"]["value"] == 320


def test_the_estimate_may_come_from_the_tasks(world, call, project, task, bob, attached, change):
    assert change(estimate={"enabled": True})["estimate"]["value"] == 0
    field = attached("number", "Estimated time", precision=0)
    system = touching(world.system, world.store.record(int(field)))
    system.after["asana_created_field"] = "estimated_time"
    system.keep()
    other = world.made("/tasks", {"name": "More", "projects": [project]})
    for gid, minutes in ((task, 90), (other, 30)):
        call("PUT", f"/tasks/{gid}", {"custom_fields": {field: minutes}})
    shown = change(estimate={"source": "tasks"})["estimate"]
    assert (shown["value"], shown["units"], shown["source"]) == (120, "minutes", "tasks")
    world.made("/rates", {"parent": project, "resource": bob, "rate": 60})
    assert change(budget_type="cost")["estimate"]["value"] == 90


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"budget_type": "space"}, "budget_type: Must be one of cost, time, not: space"),
        ({"estimate": 1}, "estimate: Value is not a JSON object: 1"),
        ({"estimate": {"source": "air"}}, "estimate: source: Must be one of none, tasks, capacity_plans, not: air"),
        (
            {"estimate": {"source": "none", "enabled": True}},
            "estimate: source: Must not be none while the estimate is enabled",
        ),
        ({"estimate": {"source": None}}, "estimate: source: Value may not be null"),
        ({"actual": {"billable_status_filter": 5}}, None),
        ({"total": {"value": -1}}, "total: value: Must be a number between 0 and 1000000000000000"),
        ({"total": {"value": "lots"}}, "total: value: Value is not a number: lots"),
        ({"total": {"enabled": "maybe"}}, "total: enabled: Value is not a boolean: maybe"),
        ({"total": None}, "total: Value may not be null"),
    ],
)
def test_what_is_wrong_is_refused(call, budget, values, said):
    status, message = call("PUT", f"/budgets/{budget}", values)
    assert (status, message) == (400, said or message)


def test_only_what_is_asked_for_is_shown(call, project, budget):
    shown = call("GET", f"/budgets/{budget}", opt_fields="total.units,actual.value")[1]
    assert shown == {"gid": budget, "total": {"units": None}, "actual": {"value": 0}}


def test_somebody_of_another_workspace_knows_no_budget(call, eve, project, budget):
    assert call("GET", f"/budgets/{budget}", user=eve) == (404, f"budget: Unknown object: {budget}")
    assert call("GET", "/budgets", user=eve, parent=project)[0] == 400
    assert call("POST", "/budgets", {"parent": project}, user=eve)[0] == 400


def test_a_budget_goes_with_its_project(call, project, budget):
    call("DELETE", f"/projects/{project}")
    assert call("GET", f"/budgets/{budget}")[0] == 404
