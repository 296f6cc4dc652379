"""The audit log: what is noted, who may read it, and how one follows it."""

import pytest

from fanfold.work.people import service_account


@pytest.fixture
def log(call, world):
    """What was noted in a workspace: types, and what each is about."""

    def log(workspace, user=None, **query):
        status, shown = call("GET", f"/workspaces/{workspace}/audit_log_events", None, user, **query)
        assert status == 200, shown
        return [(entry["event_type"], entry["resource"]["gid"]) for entry in shown]

    return log


def test_people_who_come_and_go_are_noted(world, call, log, org, ada, bob):
    team = world.made("/teams", {"name": "Poets", "organization": org})
    call("POST", f"/teams/{team}/addUser", {"user": bob})
    call("POST", f"/teams/{team}/removeUser", {"user": bob})
    noted = [entry for entry in log(org) if entry[0].startswith("team")]
    assert noted == [
        ("team_member_added", team),
        ("team_created", team),
        ("team_member_added", team),
        ("team_member_removed", team),
    ]
    assert log(org, event_type="user_invited") == [("user_invited", ada), ("user_invited", bob)]
    call("POST", f"/workspaces/{org}/removeUser", {"user": bob})
    assert log(org, event_type="user_deprovisioned") == [("user_deprovisioned", bob)]


def test_what_is_deleted_is_noted_under_the_name_that_it_had(world, call, org, ada):
    task = world.made("/tasks", {"name": "Secret plan", "workspace": org})
    call("DELETE", f"/tasks/{task}")
    (entry,) = call("GET", f"/workspaces/{org}/audit_log_events", event_type="task_deleted")[1]
    assert entry["resource"] == {
        "resource_type": "task",
        "gid": task,
        "name": "Secret plan",
        "resource_subtype": "default_task",
    }
    assert entry["actor"] == {"actor_type": "user", "gid": ada, "name": "Ada Lovelace", "email": "ada@fanfold.test"}
    assert (entry["event_category"], entry["created_at"]) == ("deletion", "2026-01-05T09:30:00.000Z")


def test_a_project_that_is_hidden_or_shown_is_noted_with_both_values(world, call, space, project):
    call("PUT", f"/projects/{project}", {"privacy_setting": "private"})
    call("PUT", f"/projects/{project}", {"name": "Other"})
    (entry,) = call("GET", f"/workspaces/{space}/audit_log_events", event_type="project_privacy_settings_changed")[1]
    assert entry["details"] == {"old_value": "public_to_workspace", "new_value": "private"}


def test_a_comment_that_is_deleted_is_noted_and_no_other_story(world, call, log, space, holder):
    story = world.made(f"/tasks/{holder}/stories", {"text": "Hm."})
    call("DELETE", f"/stories/{story}")
    assert log(space, event_type="comment_deleted") == [("comment_deleted", story)]


def test_only_admins_of_the_workspace_and_service_accounts_read_it(world, call, org, bob, eve):
    account = str(service_account(world.system, int(org), "Watch"))
    assert call("GET", f"/workspaces/{org}/audit_log_events", None, account)[0] == 200
    assert call("GET", f"/workspaces/{org}/audit_log_events", None, bob)[0] == 403
    assert call("GET", f"/workspaces/{org}/audit_log_events", None, eve)[0] == 404


def test_it_is_followed_beyond_its_end(world, org, ada, bob):
    path = f"/workspaces/{org}/audit_log_events"
    body = world.ask("GET", path, limit=1)[1]
    assert len(body["data"]) == 1
    seen = list(body["data"])
    while body["data"]:
        offset = body["next_page"]["offset"]
        body = world.ask("GET", path, limit=1, offset=offset)[1]
        seen += body["data"]
    assert len({entry["gid"] for entry in seen}) == len(seen) == 2
    team = world.made("/teams", {"name": "Later", "organization": org})
    body = world.ask("GET", path, limit=1, offset=body["next_page"]["offset"])[1]
    assert [entry["resource"]["gid"] for entry in body["data"]] == [team]
    fresh = world.workspace("Fresh", ada)
    assert world.ask("GET", f"/workspaces/{fresh}/audit_log_events", event_type="nothing")[1] == {
        "data": [],
        "next_page": None,
    }


def test_it_is_filtered_by_time_actor_and_resource(world, call, log, org, ada, bob):
    world.later(days=1)
    team = world.made("/teams", {"name": "Poets", "organization": org}, bob)
    assert {gid for _, gid in log(org, start_at="2026-01-06T00:00:00Z")} == {team}
    assert {gid for _, gid in log(org, end_at="2026-01-06T00:00:00Z")} == {ada, bob}
    assert {gid for _, gid in log(org, actor_gid=bob)} == {team}
    assert {gid for _, gid in log(org, actor_type="user")} == {team}
    assert {gid for _, gid in log(org, actor_type="asana")} == {ada, bob}
    assert log(org, actor_type="anonymous") == []
    assert {gid for _, gid in log(org, resource_gid=team)} == {team}
    path = f"/workspaces/{org}/audit_log_events"
    for name, value in (("start_at", "soon"), ("actor_type", "robot"), ("actor_gid", "x"), ("resource_gid", "-1")):
        status, message = call("GET", path, **{name: value})
        assert status == 400
        assert message.startswith(name)


def test_after_ninety_days_it_is_forgotten(world, log, org):
    world.later(days=91)
    assert log(org) == []
