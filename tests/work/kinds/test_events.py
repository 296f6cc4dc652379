"""Event streams: sync tokens, how much comes at once, and who may know of what."""

import re

import pytest


@pytest.fixture
def stream(world, space):
    """Reads on, as one user: the events since the last time, as what happened to which record."""
    tokens = {}

    def stream(user=None, **query):
        if user not in tokens:
            status, body = world.ask("GET", f"/workspaces/{space}/events", None, user)
            assert status == 412
            tokens[user] = body["sync"]
        found = []
        while True:
            path = f"/workspaces/{space}/events"
            status, body = world.ask("GET", path, None, user, sync=tokens[user], **query)
            assert status == 200, body
            tokens[user] = body["sync"]
            found += body["data"]
            if not body["has_more"]:
                return found

    return stream


def brief(events):
    return [(event["action"], event["resource"].get("name")) for event in events]


def test_without_a_token_there_is_one_to_begin_with(world, space):
    status, body = world.ask("GET", f"/workspaces/{space}/events")
    assert status == 412
    assert body["message"].startswith("Sync token invalid or too old.")
    assert re.fullmatch("[0-9a-f]{32}", body["sync"])


def test_an_event_tells_who_did_what_to_which(world, stream, project, bob):
    assert stream() == []
    task = world.made("/tasks", {"name": "Sing", "projects": [project]}, bob)
    (event,) = (event for event in stream() if event["type"] == "task")
    assert event == {
        "user": {"gid": bob, "resource_type": "user", "name": "Bob Hope"},
        "resource": {"gid": task, "resource_type": "task", "name": "Sing"},
        "type": "task",
        "action": "added",
        "parent": {"gid": project, "resource_type": "project", "name": "Launch"},
        "created_at": "2026-01-05T09:30:00.000Z",
    }
    assert stream() == []


def test_a_changed_value_that_is_a_record_is_shown(world, stream, project, bob):
    task = world.made("/tasks", {"name": "Sing", "projects": [project]})
    stream()
    world.call("PUT", f"/tasks/{task}", {"assignee": bob, "completed": True})
    changes = {event["change"]["field"]: event["change"] for event in stream() if event["action"] == "changed"}
    assert changes["assignee"] == {
        "field": "assignee",
        "action": "changed",
        "new_value": {"gid": bob, "resource_type": "user", "name": "Bob Hope"},
    }
    assert changes["completed"] == {"field": "completed", "action": "changed"}


def test_opt_fields_choose_what_is_shown_of_an_event(world, stream, project):
    stream()
    world.made("/tasks", {"name": "Sing", "projects": [project]})
    shown = [event for event in stream(opt_fields="action,resource.name") if event["resource"].get("name") == "Sing"]
    assert [set(event) for event in shown] == [{"action", "resource"}]


def test_a_record_that_is_gone_is_still_told_of(world, stream, project, bob):
    stream(), stream(bob)
    task = world.made("/tasks", {"name": "Gone", "projects": [project]})
    world.call("DELETE", f"/tasks/{task}")
    for user in (None, bob):
        events = [event for event in stream(user) if event["type"] == "task"]
        assert [event["action"] for event in events if event["action"] != "changed"] == ["added", "deleted"]
        assert events[-1]["resource"] == {"gid": task, "resource_type": "task", "name": "Gone"}


def test_private_records_are_told_of_to_those_who_see_them(world, stream, space, bob):
    stream(), stream(bob)
    hidden = world.made("/projects", {"name": "Hidden", "workspace": space, "privacy_setting": "private"}, bob)
    world.made("/tasks", {"name": "In it", "projects": [hidden]}, bob)
    assert brief(stream()) == []
    assert {("added", "Hidden"), ("added", "In it")} <= set(brief(stream(bob)))


def test_the_end_of_a_private_record_is_told_to_those_who_were_part_of_it(world, stream, space, ada, bob):
    world.call("POST", f"/workspaces/{space}/addUser", {"user": "zoe@x.test"})
    zoe = world.call("GET", "/users/zoe@x.test")[1]["gid"]
    for user in (None, bob, zoe):
        stream(user)
    task = world.made("/tasks", {"name": "Ours", "workspace": space, "assignee": bob})
    world.call("DELETE", f"/tasks/{task}")
    assert [("deleted", "Ours") in brief(stream(user)) for user in (None, bob, zoe)] == [True, True, False]


def test_other_workspaces_have_their_own_events(world, stream, org):
    stream()
    world.made("/teams", {"name": "Band", "organization": org})
    assert stream() == []


def test_more_than_fits_comes_in_pieces(world, stream, space, monkeypatch):
    monkeypatch.setattr("fanfold.work.kinds.events.MAX_EVENTS", 3)
    path, found, pieces = f"/workspaces/{space}/events", [], []
    sync = world.ask("GET", path)[1]["sync"]
    for number in range(7):
        world.made("/tags", {"name": f"tag {number}", "workspace": space})
    while True:
        body = world.ask("GET", path, sync=sync)[1]
        found += brief(body["data"])
        pieces.append((len(body["data"]), body["has_more"]))
        sync = body["sync"]
        if not body["has_more"]:
            break
    assert found == [("added", f"tag {number}") for number in range(7)]
    assert pieces == [(3, True), (3, True), (1, False)]


def test_one_change_is_never_cut_in_two(world, stream, space, project, monkeypatch):
    stream()
    task = world.made("/tasks", {"name": "T", "projects": [project]})
    stream()
    monkeypatch.setattr("fanfold.work.kinds.events.MAX_EVENTS", 1)
    world.call("PUT", f"/tasks/{task}", {"name": "U", "notes": "n"})
    changed = [event["change"]["field"] for event in stream() if event["type"] == "task"]
    assert sorted(changed) == ["name", "notes"]


def test_a_token_is_good_for_a_day(world, space):
    path = f"/workspaces/{space}/events"
    sync = world.ask("GET", path)[1]["sync"]
    world.later(hours=24)
    assert world.ask("GET", path, sync=sync)[0] == 200
    world.later(seconds=1)
    status, body = world.ask("GET", path, sync=sync)
    assert status == 412
    assert world.ask("GET", path, sync=body["sync"])[0] == 200


def test_tokens_are_good_for_what_they_were_given_for_only(world, space, org):
    sync = world.ask("GET", f"/workspaces/{space}/events")[1]["sync"]
    assert world.ask("GET", f"/workspaces/{org}/events", sync=sync)[0] == 412
    for forged in (f"{'f' * 12}{sync[12:]}", sync[:-1], f"{sync}0", sync.upper() + " ", "x" * 32, "0" * 32, "é"):
        assert world.ask("GET", f"/workspaces/{space}/events", sync=forged)[0] == 412


def test_strangers_hear_nothing(call, space, eve):
    assert call("GET", f"/workspaces/{space}/events", user=eve) == (404, f"workspace: Unknown object: {space}")
