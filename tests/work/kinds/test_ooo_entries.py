"""Out-of-office entries."""

import pytest


@pytest.fixture
def entry(world, org, bob):
    values = {"user": bob, "workspace": org, "start_date": "2026-03-02", "end_date": "2026-03-06"}
    return world.made("/ooo_entries", values, user=bob)


def test_an_entry_is_made_read_changed_and_deleted(call, bob, entry):
    shown = call("GET", f"/ooo_entries/{entry}")[1]
    assert (shown["user"]["gid"], shown["created_by"]["gid"]) == (bob, bob)
    assert (shown["start_date"], shown["end_date"]) == ("2026-03-02", "2026-03-06")
    assert call("PUT", f"/ooo_entries/{entry}", {"end_date": "2026-03-09"}, user=bob)[1]["end_date"] == "2026-03-09"
    assert call("PUT", f"/ooo_entries/{entry}", {"user": "me"}, user=bob) == (400, "user: Cannot write this property")
    assert call("DELETE", f"/ooo_entries/{entry}", user=bob) == (200, {})
    assert call("GET", f"/ooo_entries/{entry}")[0] == 404


def test_an_entry_needs_its_user_workspace_and_days(call, org):
    values = {"user": "me", "workspace": org, "start_date": "2026-03-02", "end_date": "2026-03-02"}
    for name in values:
        given = {key: value for key, value in values.items() if key != name}
        assert call("POST", "/ooo_entries", given) == (400, f"{name}: Missing input")
    said = call("POST", "/ooo_entries", {**values, "end_date": "2026-03-01"})
    assert said == (400, "end_date: Must not be earlier than start_date")
    assert call("POST", "/ooo_entries", {**values, "start_date": "soon"})[0] == 400
    assert call("POST", "/ooo_entries", values)[0] == 201


def test_somebody_else_may_change_it_only_as_an_admin(call, ada, bob, org, entry):
    assert call("PUT", f"/ooo_entries/{entry}", {"start_date": "2026-03-03"}, user=ada)[0] == 200
    values = {"user": ada, "workspace": org, "start_date": "2026-03-02", "end_date": "2026-03-02"}
    said = "Only the user and an admin of the workspace may change out-of-office entries."
    assert call("POST", "/ooo_entries", values, user=bob) == (403, said)
    made = call("POST", "/ooo_entries", values, user=ada)[1]["gid"]
    assert call("DELETE", f"/ooo_entries/{made}", user=bob) == (403, said)


def test_the_user_is_in_the_workspace(world, call, ada, eve, org):
    world.workspace("Both", ada, eve)
    values = {"user": eve, "workspace": org, "start_date": "2026-03-02", "end_date": "2026-03-02"}
    assert call("POST", "/ooo_entries", values) == (400, f"user: Not a user in Workspace: {eve}")


def test_entries_are_listed_by_the_days_that_they_touch(world, call, ada, bob, org, entry):
    values = {"user": bob, "workspace": org, "start_date": "2026-04-01", "end_date": "2026-04-01"}
    second = world.made("/ooo_entries", values)
    world.made("/ooo_entries", {**values, "user": ada})

    def listed(**query):
        return [item["gid"] for item in world.pages(f"/ooo_entries?user={bob}", workspace=org, limit=1, **query)]

    assert listed() == [entry, second]
    assert listed(start_date="2026-03-06") == [entry, second]
    assert listed(start_date="2026-03-07") == [second]
    assert listed(end_date="2026-03-31") == [entry]
    assert listed(start_date="2026-03-03", end_date="2026-03-03") == [entry]
    assert listed(end_date="2026-03-01") == []
    assert call("GET", f"/ooo_entries?user={bob}") == (400, "workspace: Missing input")
    assert call("GET", "/ooo_entries", workspace=org) == (400, "user: Missing input")
    assert call("GET", f"/ooo_entries?user={bob}", workspace=org, end_date="x")[0] == 400


def test_somebody_of_another_workspace_sees_nothing_of_it(call, eve, bob, org, entry):
    assert call("GET", f"/ooo_entries/{entry}", user=eve) == (404, f"ooo_entry: Unknown object: {entry}")
    assert call("GET", f"/ooo_entries?user={bob}", user=eve, workspace=org)[0] == 400
