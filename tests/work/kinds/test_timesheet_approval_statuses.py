"""Timesheet approval statuses."""

import pytest

PATH = "/timesheet_approval_statuses"


@pytest.fixture
def values(space, bob):
    return {"user": bob, "workspace": space, "start_date": "2026-01-05", "end_date": "2026-01-11"}


@pytest.fixture
def sheet(world, values, bob):
    return world.made(PATH, values, user=bob)


@pytest.fixture
def move(call, sheet):
    def move(status, user=None, **more):
        status, shown = call("PUT", f"{PATH}/{sheet}", {"approval_status": status, **more}, user=user)
        return shown["approval_status"] if status == 200 else (status, shown)

    return move


@pytest.fixture
def task(world, project):
    return world.made("/tasks", {"name": "Work", "projects": [project]})


def test_a_timesheet_is_begun_and_read(call, bob, space, sheet):
    shown = call("GET", f"{PATH}/{sheet}")[1]
    assert (shown["user"]["gid"], shown["workspace"]["gid"], shown["approval_status"]) == (bob, space, "DRAFT")
    assert (shown["start_date"], shown["end_date"]) == ("2026-01-05", "2026-01-11")


def test_a_timesheet_is_one_whole_week(call, values, sheet):
    said = call("POST", PATH, {**values, "start_date": "2026-01-06"})
    assert said == (400, "start_date: Must be a Monday: 2026-01-06")
    for end in ("2026-01-10", "2026-01-18", "2026-01-04"):
        said = call("POST", PATH, {**values, "end_date": end})
        assert said == (400, f"end_date: Must be the Sunday after start_date: {end}")
    said = call("POST", PATH, values)
    assert said == (400, "start_date: There is a timesheet of this week already: 2026-01-05")
    for name in values:
        given = {key: value for key, value in values.items() if key != name}
        assert call("POST", PATH, given) == (400, f"{name}: Missing input")


def test_a_timesheet_is_handed_in_taken_back_and_decided_on(bob, ada, move):
    assert move("submitted", bob) == "SUBMITTED"
    assert move("draft", bob) == "DRAFT"
    assert move("submitted", bob) == "SUBMITTED"
    assert move("rejected", ada, message="Too much") == "REJECTED"
    assert move("submitted", bob) == "SUBMITTED"
    assert move("approved", ada) == "APPROVED"
    assert move("draft", ada) == "DRAFT"


def test_a_state_cannot_be_skipped(ada, move):
    assert move("approved", ada) == (400, "approval_status: Cannot go from draft to approved")
    assert move("draft", ada) == (400, "approval_status: Cannot go from draft to draft")
    assert move("submitted", ada) == "SUBMITTED"
    assert move("submitted", ada) == (400, "approval_status: Cannot go from submitted to submitted")
    assert move("done", ada)[1] == "approval_status: Must be one of submitted, draft, approved, rejected, not: done"


def test_a_new_state_has_to_be_named(call, sheet):
    assert call("PUT", f"{PATH}/{sheet}", {"message": "x"}) == (400, "approval_status: Missing input")


def test_only_admins_decide_and_nobody_else_hands_in(world, call, bob, ada, space, values, move):
    assert move("submitted", bob) == "SUBMITTED"
    for state in ("approved", "rejected"):
        assert move(state, bob) == (403, "Only an admin of the workspace may approve and reject timesheets.")
    move("approved", ada)
    assert move("draft", bob)[0] == 403
    carl = world.person("Carl", "carl@fanfold.test")
    assert call("POST", f"/workspaces/{space}/addUser", {"user": "carl@fanfold.test"})[0] == 200
    assert call("POST", PATH, {**values, "start_date": "2026-01-12", "end_date": "2026-01-18"}, user=carl)[0] == 403
    assert call("GET", PATH, user=carl, workspace=space)[0] == 200


def test_time_entered_is_in_the_state_of_its_week(world, call, ada, bob, task, move):
    def entry(on):
        return world.made(f"/tasks/{task}/time_tracking_entries", {"duration_minutes": 1, "entered_on": on}, user=bob)

    def state(gid):
        return call("GET", f"/time_tracking_entries/{gid}")[1]["approval_status"]

    monday, sunday, before = entry("2026-01-05"), entry("2026-01-11"), entry("2026-01-04")
    move("submitted", bob)
    assert [state(gid) for gid in (monday, sunday, before)] == ["SUBMITTED", "SUBMITTED", "DRAFT"]
    move("rejected", ada)
    assert state(monday) == "REJECTED"
    assert state(entry("2026-01-06")) == "REJECTED"


def test_a_week_that_was_handed_in_stays_as_it_is(world, call, bob, task, move):
    def given(on):
        return {"duration_minutes": 5, "entered_on": on}

    path = f"/tasks/{task}/time_tracking_entries"
    inside, outside = (world.made(path, given(on), user=bob) for on in ("2026-01-05", "2026-01-04"))
    move("submitted", bob)
    said = (400, "entered_on: The timesheet of this week was submitted or approved")
    assert call("POST", path, given("2026-01-07"), user=bob) == said
    assert call("PUT", f"/time_tracking_entries/{inside}", {"duration_minutes": 6}, user=bob) == said
    assert call("PUT", f"/time_tracking_entries/{inside}", {"entered_on": "2026-01-04"}, user=bob) == said
    assert call("PUT", f"/time_tracking_entries/{outside}", {"entered_on": "2026-01-05"}, user=bob) == said
    assert call("DELETE", f"/time_tracking_entries/{inside}", user=bob) == said
    assert call("POST", path, given("2026-01-07"))[0] == 201
    move("draft", bob)
    assert call("DELETE", f"/time_tracking_entries/{inside}", user=bob) == (200, {})
    assert call("GET", f"/tasks/{task}")[1]["actual_time_minutes"] == 10


def test_the_entries_of_a_timesheet_are_listed(world, call, bob, task, sheet):
    path = f"/tasks/{task}/time_tracking_entries"
    gids = [
        world.made(path, {"duration_minutes": 5, "entered_on": f"2026-01-{day}"}, user=bob)
        for day in ("04", "05", "11", "12")
    ]
    world.made(path, {"duration_minutes": 5, "entered_on": "2026-01-05"})
    listed = world.pages("/time_tracking_entries", timesheet_approval_status=sheet, limit=1)
    assert [item["gid"] for item in listed] == gids[1:3]


def test_timesheets_are_listed_by_person_week_and_state(world, call, bob, space, values, sheet, move):
    second = world.made(PATH, {**values, "start_date": "2026-01-12", "end_date": "2026-01-18"})
    third = world.made(PATH, {**values, "user": world.ada})
    move("submitted", bob)

    def listed(path=PATH, **query):
        return [item["gid"] for item in world.pages(path, workspace=space, limit=1, **query)]

    assert listed() == [sheet, second, third]
    assert listed(f"{PATH}?user={bob}") == [sheet, second]
    assert listed(from_date="2026-01-12") == [second]
    assert listed(to_date="2026-01-11") == [sheet, third]
    assert listed(approval_statuses="submitted") == [sheet]
    assert listed(approval_statuses="draft,SUBMITTED") == [sheet, second, third]
    assert call("GET", PATH) == (400, "workspace: Missing input")
    said = "approval_statuses: Must be some of submitted, draft, approved, rejected, not: done"
    assert call("GET", PATH, workspace=space, approval_statuses="done") == (400, said)


def test_somebody_of_another_workspace_knows_nothing_of_it(call, eve, space, sheet):
    assert call("GET", f"{PATH}/{sheet}", user=eve) == (404, f"timesheet_approval_status: Unknown object: {sheet}")
    assert call("PUT", f"{PATH}/{sheet}", {"approval_status": "submitted"}, user=eve)[0] == 404
    assert call("GET", PATH, user=eve, workspace=space)[0] == 400
