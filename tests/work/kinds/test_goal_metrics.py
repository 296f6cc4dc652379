"""Goal metrics: what a goal is measured by, and how far it has come by what supports it."""

import pytest

from tests.databases import queries as asked


@pytest.fixture
def make(world, space):
    """Makes a goal, with a metric if anything is said of one."""

    def make(**metric):
        gid = world.made("/goals", {"name": "Goal", "workspace": space})
        if metric:
            status, shown = world.call("POST", f"/goals/{gid}/setMetric", metric)
            assert status == 200, shown
        return gid

    return make


@pytest.fixture
def support(world):
    """Has a goal supported by something."""

    def support(goal, resource, weight=1):
        data = {"supporting_resource": resource, "contribution_weight": weight}
        return world.made(f"/goals/{goal}/addSupportingRelationship", data)

    return support


@pytest.fixture
def current(call):
    """Where the number of a goal stands."""

    def current(goal):
        return call("GET", f"/goals/{goal}")[1]["metric"]["current_number_value"]

    return current


def test_a_goal_is_measured_by_a_number(call, make):
    goal = make()
    given = {"precision": 2, "unit": "currency", "currency_code": "EUR", "initial_number_value": 5.2}
    given |= {"target_number_value": 10.2, "current_number_value": 8.123}
    status, shown = call("POST", f"/goals/{goal}/setMetric", given)
    metric = shown["metric"]
    assert (status, metric["resource_subtype"], metric["progress_source"]) == (200, "number", "manual")
    assert (metric["current_number_value"], metric["current_display_value"]) == (8.12, "€8.12")
    assert (metric["currency_code"], metric["is_custom_weight"], metric["can_manage"]) == ("EUR", False, True)
    shown = call("POST", f"/goals/{goal}/setMetricCurrentValue", {"current_number_value": 9})[1]
    assert (shown["metric"]["current_number_value"], shown["metric"]["gid"]) == (9, metric["gid"])
    again = call("POST", f"/goals/{goal}/setMetric", {})[1]["metric"]
    assert again["gid"] != metric["gid"]
    assert (again["unit"], again["currency_code"], again["current_display_value"]) == ("none", None, "0")


def test_others_are_told_of_a_new_metric(world, call, make, space):
    goal = make()
    sync = world.ask("GET", f"/workspaces/{space}/events")[1]["sync"]
    call("POST", f"/goals/{goal}/setMetric", {})
    (event,) = call("GET", f"/workspaces/{space}/events", sync=sync)[1]
    assert (event["resource"]["gid"], event["change"]["field"]) == (goal, "metric")


def test_a_metric_is_shown_as_asked(call, make):
    goal = make(unit="percentage", precision=1, current_number_value=0.2514)
    shown = call("GET", f"/goals/{goal}", opt_fields="metric.current_display_value")[1]
    assert shown["metric"] == {"current_display_value": "25.1%", "gid": shown["metric"]["gid"]}


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"precision": 7}, "precision"),
        ({"unit": "apples"}, "unit"),
        ({"unit": "currency"}, "currency_code"),
        ({"unit": "currency", "currency_code": "euro"}, "currency_code"),
        ({"initial_number_value": 3, "target_number_value": 3}, "target_number_value"),
        ({"initial_number_value": 3.1, "target_number_value": 3.2}, "target_number_value"),
        ({"target_number_value": "much"}, "target_number_value"),
        ({"target_number_value": 1e300}, "target_number_value"),
        ({"current_number_value": None}, "current_number_value"),
        ({"progress_source": "guessing"}, "progress_source"),
        ({"is_custom_weight": "perhaps"}, "is_custom_weight"),
    ],
)
def test_a_metric_that_makes_no_sense_is_refused(call, make, given, field):
    status, said = call("POST", f"/goals/{make()}/setMetric", given)
    assert (status, said.partition(":")[0]) == (400, field)


def test_what_is_worked_out_cannot_be_set(call, make):
    data = {"current_number_value": 1}
    path = f"/goals/{make(progress_source='subgoal_progress', current_number_value=1)}"
    assert call("POST", f"{path}/setMetricCurrentValue", data)[0] == 400
    metric = call("GET", path)[1]["metric"]
    assert (metric["current_number_value"], metric["can_manage"], metric["unit"]) == (0, False, "percentage")
    assert call("POST", f"/goals/{make()}/setMetricCurrentValue", data) == (400, "The goal has no metric")
    said = "current_number_value: Missing input"
    assert call("POST", f"/goals/{make(unit='none')}/setMetricCurrentValue", {}) == (400, said)


def test_an_external_metric_is_its_makers(call, make, bob):
    goal = make(progress_source="external")
    path = f"/goals/{goal}/setMetricCurrentValue"
    assert call("POST", path, {"current_number_value": 5})[1]["metric"]["can_manage"] is True
    assert call("POST", path, {"current_number_value": 6}, user=bob)[0] == 403
    assert call("GET", f"/goals/{goal}", user=bob)[1]["metric"]["can_manage"] is False


def test_progress_comes_from_subgoals(call, make, support, current):
    goal = make(progress_source="subgoal_progress", precision=0)
    half = make(initial_number_value=10, target_number_value=20, current_number_value=15)
    whole = make(target_number_value=4, current_number_value=9)
    support(goal, half, 0.25)
    assert current(goal) == 0.5
    support(goal, whole, 0.75)
    assert current(goal) == 0.75
    support(goal, make(target_number_value=1), 0)
    assert current(goal) == 0.75
    call("POST", f"/goals/{half}/setMetricCurrentValue", {"current_number_value": 20})
    assert current(goal) == 1


def test_weights_count_where_the_metric_says_so(make, support, current):
    goal = make(progress_source="subgoal_progress", is_custom_weight=True, precision=4)
    support(goal, make(target_number_value=2, current_number_value=1), 0.75)
    support(goal, make(target_number_value=2, current_number_value=2), 0.25)
    assert current(goal) == 0.625


def test_progress_is_passed_on_through_levels_and_shared_goals(call, make, support, current):
    top, left, right = (make(progress_source="subgoal_progress", precision=2) for _ in range(3))
    bottom = make(target_number_value=4, current_number_value=1)
    for goal in (left, right):
        support(top, goal)
        support(goal, bottom)
    support(top, bottom)
    assert current(top) == 0.25
    call("POST", f"/goals/{bottom}/setMetricCurrentValue", {"current_number_value": 3})
    listed = call("GET", "/goals", opt_fields="metric.current_number_value")[1]
    assert [item["metric"]["current_number_value"] for item in listed] == [0.75, 0.75, 0.75, 3]


def test_a_goal_without_metric_counts_once_it_is_achieved(world, make, support, current):
    goal, below = make(progress_source="subgoal_progress"), make()
    support(goal, below)
    assert current(goal) == 0
    world.made("/status_updates", {"parent": below, "status_type": "achieved", "text": "Done"})
    assert current(goal) == 1


def test_progress_comes_from_the_tasks_of_projects(world, call, make, support, current, project, space):
    goal = make(progress_source="project_task_completion", unit="none", target_number_value=10)
    support(goal, project)
    assert current(goal) == 0
    tasks = [world.made("/tasks", {"projects": [project]}) for _ in range(4)]
    call("PUT", f"/tasks/{tasks[0]}", {"completed": True})
    assert current(goal) == 2
    other = world.made("/projects", {"name": "Other", "workspace": space})
    world.made("/tasks", {"projects": [other], "completed": True})
    support(goal, other)
    support(goal, make(unit="none"))
    assert current(goal) == 6
    call("DELETE", f"/tasks/{tasks[3]}")
    assert current(goal) == 7


def test_progress_comes_from_portfolios_in_portfolios(world, call, make, support, current, project, space):
    goal = make(progress_source="project_task_completion")
    outer, inner = (world.made("/portfolios", {"name": name, "workspace": space}) for name in ("Outer", "Inner"))
    for portfolio, item in ((outer, inner), (outer, project), (inner, project)):
        assert call("POST", f"/portfolios/{portfolio}/addItem", {"item": item})[0] == 200
    support(goal, outer)
    assert current(goal) == 0
    for completed in (True, False):
        world.made("/tasks", {"projects": [project], "completed": completed})
    assert current(goal) == 0.5
    assert [item["gid"] for item in call("GET", "/goals", portfolio=outer)[1]] == [goal]
    call("DELETE", f"/portfolios/{outer}")
    assert current(goal) == 0


def test_progress_comes_from_the_milestones_of_projects(world, make, support, current, project):
    goal = make(progress_source="project_milestone_completion")
    support(goal, project)
    world.made("/tasks", {"projects": [project], "completed": True})
    assert current(goal) == 0
    for completed in (True, False):
        world.made("/tasks", {"projects": [project], "completed": completed, "resource_subtype": "milestone"})
    assert current(goal) == 0.5


def test_progress_comes_from_tasks(world, call, make, support, current, space):
    goal = make(progress_source="task_completion")
    for completed in (True, False, True, True):
        support(goal, world.made("/tasks", {"workspace": space, "completed": completed}))
    assert current(goal) == 0.75
    shown = call("GET", f"/goals/{goal}")[1]["metric"]
    assert shown["current_display_value"] == "75%"


def test_progress_costs_as_many_queries_for_many_goals_as_for_few(world, call, make, support, project):
    def queries(path):
        with asked(world.store) as found:
            assert call("GET", path, opt_fields="metric.current_number_value")[0] == 200
        return len(found)

    goals = [make(progress_source="project_task_completion") for _ in range(6)]
    for goal in goals:
        support(goal, project)
    queries("/goals")  # after which it is known which workspaces the caller is in
    few = queries("/goals?limit=2")
    assert few > 1
    assert queries("/goals?limit=5") == few
