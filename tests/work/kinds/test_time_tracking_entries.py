"""Time tracking entries."""

import pytest


@pytest.fixture
def task(world, project):
    return world.made("/tasks", {"name": "Work", "projects": [project]})


@pytest.fixture
def new_entry(world, task):
    def new_entry(minutes=30, user=None, on=task, **values):
        return world.made(f"/tasks/{on}/time_tracking_entries", {"duration_minutes": minutes, **values}, user)

    return new_entry


@pytest.fixture
def new_category(world, space):
    def new_category(name):
        return world.made("/time_tracking_categories", {"workspace": space, "name": name})

    return new_category


def actual(call, task):
    return call("GET", f"/tasks/{task}")[1]["actual_time_minutes"]


def test_an_entry_is_made_read_changed_and_deleted(call, ada, project, task, new_entry):
    entry = new_entry(90, description="Talked", billable_status="billable", entered_on="2026-01-02")
    path = f"/time_tracking_entries/{entry}"
    shown = call("GET", path)[1]
    assert (shown["duration_minutes"], shown["entered_on"], shown["description"]) == (90, "2026-01-02", "Talked")
    assert (shown["billable_status"], shown["approval_status"], shown["categories"]) == ("billable", "DRAFT", [])
    assert [shown[name]["gid"] for name in ("task", "created_by", "attributable_to")] == [task, ada, project]
    assert shown["created_at"] == "2026-01-05T09:30:00.000Z"
    shown = call("PUT", path, {"duration_minutes": "45", "billable_status": "nonBillable", "task": "1"})[1]
    assert (shown["duration_minutes"], shown["billable_status"], shown["task"]["gid"]) == (45, "nonBillable", task)
    assert call("DELETE", path) == (200, {})
    assert call("GET", path) == (404, f"time_tracking_entry: Unknown object: {entry}")


def test_an_entry_is_of_today_unless_it_says_otherwise(call, new_entry):
    shown = call("GET", f"/time_tracking_entries/{new_entry()}")[1]
    assert (shown["entered_on"], shown["billable_status"], shown["description"]) == ("2026-01-05", "notApplicable", "")


def test_a_tasks_actual_time_is_the_sum_of_its_entries(call, task, new_entry):
    assert actual(call, task) is None
    first, second = new_entry(30), new_entry(45)
    assert actual(call, task) == 75
    call("PUT", f"/time_tracking_entries/{first}", {"duration_minutes": 5})
    assert actual(call, task) == 50
    call("PUT", f"/time_tracking_entries/{first}", {"description": "same"})
    assert call("PUT", f"/tasks/{task}", {"actual_time_minutes": 7})[1]["actual_time_minutes"] == 50
    call("DELETE", f"/time_tracking_entries/{second}")
    assert actual(call, task) == 5
    call("DELETE", f"/time_tracking_entries/{first}")
    assert actual(call, task) is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "duration_minutes: Missing input"),
        ({"duration_minutes": 0}, "duration_minutes: Must be an integer between 1 and 525600"),
        ({"duration_minutes": 525_601}, "duration_minutes: Must be an integer between 1 and 525600"),
        ({"duration_minutes": None}, "duration_minutes: Missing input"),
        ({"duration_minutes": 1.5}, "duration_minutes: Value is not an integer: 1.5"),
        ({"duration_minutes": 1, "entered_on": None}, "entered_on: Value may not be null"),
        (
            {"duration_minutes": 1, "entered_on": "today"},
            "entered_on: Date must be in ISO-8601 (yyyy-mm-dd) format, not: today",
        ),
        (
            {"duration_minutes": 1, "billable_status": "free"},
            "billable_status: Must be one of billable, nonBillable, notApplicable, not: free",
        ),
        ({"duration_minutes": 1, "categories": ["1"]}, "categories: [0]: Unknown object: 1"),
    ],
)
def test_what_is_wrong_is_refused(call, task, values, said):
    assert call("POST", f"/tasks/{task}/time_tracking_entries", values) == (400, said)
    assert actual(call, task) is None


def test_time_counts_for_a_project_of_the_task(world, call, space, project, task, new_entry):
    other = world.made("/projects", {"name": "Other", "workspace": space})
    entry = new_entry()
    said = call("PUT", f"/time_tracking_entries/{entry}", {"attributable_to": other})
    assert said == (400, f"attributable_to: Not a project of the task: {other}")
    call("POST", f"/tasks/{task}/addProject", {"project": other})
    assert call("GET", f"/time_tracking_entries/{new_entry()}")[1]["attributable_to"] is None
    shown = call("PUT", f"/time_tracking_entries/{entry}", {"attributable_to": other})[1]
    assert shown["attributable_to"]["gid"] == other
    assert call("GET", "/time_tracking_entries", attributable_to=project)[1] == []
    assert [item["gid"] for item in call("GET", "/time_tracking_entries", attributable_to=other)[1]] == [entry]
    shown = call("PUT", f"/time_tracking_entries/{entry}", {"attributable_to": None})[1]
    assert (shown["attributable_to"], call("GET", "/time_tracking_entries", attributable_to=other)[1]) == (None, [])


def test_time_on_a_subtask_counts_for_the_project_of_its_parent(world, call, project, task, new_entry):
    below = world.made(f"/tasks/{task}/subtasks", {"name": "Part"})
    assert call("GET", f"/time_tracking_entries/{new_entry(on=below)}")[1]["attributable_to"]["gid"] == project


def test_an_entry_has_one_category_that_is_in_use(call, new_entry, new_category):
    meetings, travel = new_category("Meetings"), new_category("Travel")
    entry = new_entry(categories=[meetings])
    path = f"/time_tracking_entries/{entry}"
    assert call("GET", path)[1]["categories"][0]["name"] == "Meetings"
    assert [c["gid"] for c in call("PUT", path, {"categories": [travel]})[1]["categories"]] == [travel]
    said = call("PUT", path, {"categories": [meetings, travel]})
    assert said == (400, "categories: Must have at most 1 member")
    for gid in (meetings, travel):
        call("PUT", f"/time_tracking_categories/{gid}", {"is_archived": True})
    assert call("PUT", path, {"categories": [meetings]}) == (400, f"categories: [0]: Is archived: {meetings}")
    assert call("PUT", path, {"categories": [travel]})[0] == 200
    assert call("PUT", path, {"categories": []})[1]["categories"] == []


def test_entries_are_listed_by_category(world, call, new_entry, new_category):
    meetings = new_category("Meetings")
    first = new_entry(categories=[meetings], entered_on="2026-01-02")
    second = new_entry(categories=[meetings], entered_on="2026-01-04")
    new_entry()
    path = f"/time_tracking_categories/{meetings}/time_tracking_entries"
    assert [item["gid"] for item in world.pages(path, limit=1)] == [first, second]
    assert [item["gid"] for item in world.pages(path, limit=1, start_date="2026-01-03")] == [second]
    assert [item["gid"] for item in world.pages(path, limit=1, end_date="2026-01-03")] == [first]
    call("DELETE", f"/time_tracking_categories/{meetings}")
    assert call("GET", f"/time_tracking_entries/{first}")[1]["categories"] == []


def test_entries_are_listed_by_task_person_project_or_workspace(world, call, bob, space, project, task, new_entry):
    other = world.made("/tasks", {"workspace": space, "name": "Other", "followers": [bob]})
    first, second = new_entry(entered_on="2026-01-01"), new_entry(user=bob, entered_on="2026-01-03")
    third = new_entry(user=bob, on=other, entered_on="2026-01-05")

    def listed(path="/time_tracking_entries", **query):
        return [item["gid"] for item in world.pages(path, limit=1, **query)]

    assert listed(f"/tasks/{task}/time_tracking_entries") == listed(task=task) == [first, second]
    assert listed(attributable_to=project) == [first, second]
    assert listed(f"/time_tracking_entries?user={bob}") == [second, third]
    assert listed(f"/time_tracking_entries?user={bob}", task=task) == [second]
    assert listed(workspace=space, entered_on_start_date="2026-01-02") == [second, third]
    assert listed(workspace=space, entered_on_end_date="2026-01-01") == [first]
    assert listed(f"/time_tracking_entries?user={bob}", entered_on_end_date="2026-01-04") == [second]
    assert call("GET", "/time_tracking_entries") == (
        400,
        "You should specify one of task, attributable_to, portfolio, user, workspace, timesheet_approval_status",
    )
    said = "You should specify entered_on_start_date or entered_on_end_date with workspace"
    assert call("GET", "/time_tracking_entries", workspace=space) == (400, said)


def test_entries_are_listed_by_the_projects_of_a_portfolio(world, call, space, project, new_entry):
    entry = new_entry()
    portfolio = world.made("/portfolios", {"name": "All", "workspace": space})
    assert call("GET", "/time_tracking_entries", portfolio=portfolio) == (200, [])
    call("POST", f"/portfolios/{portfolio}/addItem", {"item": project})
    assert [item["gid"] for item in world.pages("/time_tracking_entries", portfolio=portfolio, limit=1)] == [entry]
    assert call("GET", "/time_tracking_entries", portfolio=portfolio, entered_on_end_date="2026-01-01") == (200, [])


def test_entries_of_a_hidden_task_are_hidden(world, call, bob, eve, space, new_entry):
    hidden = world.made("/projects", {"name": "Hidden", "workspace": space, "privacy_setting": "private"})
    entry = new_entry(on=world.made("/tasks", {"name": "Secret", "projects": [hidden]}))
    for user in (bob, eve):
        assert call("GET", f"/time_tracking_entries/{entry}", user=user)[0] == 404
        assert call("DELETE", f"/time_tracking_entries/{entry}", user=user)[0] == 404
    dates = {"workspace": space, "entered_on_start_date": "2026-01-01"}
    assert call("GET", "/time_tracking_entries", user=bob, **dates) == (200, [])
    assert [item["gid"] for item in call("GET", "/time_tracking_entries", **dates)[1]] == [entry]


def test_only_whoever_entered_time_and_admins_change_it(call, ada, bob, new_entry):
    entry = new_entry(user=ada)
    said = (403, "Only the user and an admin of the workspace may change this time tracking entry.")
    assert call("PUT", f"/time_tracking_entries/{entry}", {"duration_minutes": 1}, user=bob) == said
    assert call("DELETE", f"/time_tracking_entries/{entry}", user=bob) == said
    assert call("PUT", f"/time_tracking_entries/{new_entry(user=bob)}", {"duration_minutes": 1}, user=ada)[0] == 200


def test_entries_go_with_their_task_and_are_not_copied(call, project, task, new_entry):
    entry = new_entry()
    job = call("POST", f"/projects/{project}/duplicate", {"name": "Copy"})[1]["gid"]
    copy = call("GET", f"/jobs/{job}")[1]["new_project"]["gid"]
    copied = call("GET", f"/projects/{copy}/tasks", opt_fields="actual_time_minutes")[1]
    assert [item["actual_time_minutes"] for item in copied] == [None]
    call("DELETE", f"/tasks/{task}")
    assert call("GET", f"/time_tracking_entries/{entry}")[0] == 404
