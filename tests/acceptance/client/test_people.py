"""People: who they are, where they belong, who lets them in, and what is noted of it."""

from __future__ import annotations

import sys
from typing import Any

import asana
import pytest
from asana.rest import ApiException
from msgspec import json

from tests.acceptance.client.official import Client, body, client_of, gids, sent

COVERED = (
    asana.UsersApi,
    asana.TeamsApi,
    asana.TeamMembershipsApi,
    asana.WorkspacesApi,
    asana.WorkspaceMembershipsApi,
    asana.OooEntriesApi,
    asana.MembershipsApi,
    asana.AccessRequestsApi,
    asana.AuditLogAPIApi,
    asana.EventsApi,
)


def test_users_are_read_and_change_themselves(
    client: Client, as_grace: Client, org: str, team: str, users: dict[str, str]
) -> None:
    api = asana.UsersApi(client)
    assert api.get_user("me", {})["gid"] == users["ada"]
    assert api.get_user_for_workspace(org, "grace@acme.example", {})["gid"] == users["grace"]
    for listed in (api.get_users({"workspace": org}), api.get_users_for_workspace(org, {})):
        assert set(users.values()) <= set(gids(listed))
    assert {users["ada"], users["grace"]} <= set(gids(api.get_users_for_team(team, {})))
    mine = asana.UsersApi(as_grace)
    assert mine.update_user(body(name="Admiral Hopper"), "me", {"opt_fields": "name"})["name"] == "Admiral Hopper"
    again = mine.update_user_for_workspace(body(name="Grace Hopper"), org, "me", {"opt_fields": "name"})
    assert again["name"] == "Grace Hopper"
    assert list(api.get_favorites_for_user("me", "project", org, {})) == []


def test_a_workspace_is_read_changed_joined_and_left(client: Client, org: str) -> None:
    api, members = asana.WorkspacesApi(client), asana.WorkspaceMembershipsApi(client)
    assert gids(api.get_workspaces({})) == [org]
    assert api.update_workspace(body(name="Acme"), org, {"opt_fields": "name"})["name"] == "Acme"
    assert api.get_workspace(org, {})["is_organization"] is True
    new = api.add_user_for_workspace(body(user="mary@acme.example"), org, {})["gid"]
    (found,) = members.get_workspace_memberships_for_workspace(org, {"user": new})
    assert members.get_workspace_membership(found["gid"], {})["is_admin"] is False
    assert gids(members.get_workspace_memberships_for_user(new, {})) == [found["gid"]]
    assert api.remove_user_for_workspace(body(user=new), org) == {}
    assert list(members.get_workspace_memberships_for_workspace(org, {"user": "me"})) != []


def test_a_team_is_made_read_changed_joined_and_left(client: Client, org: str, users: dict[str, str]) -> None:
    api, members = asana.TeamsApi(client), asana.TeamMembershipsApi(client)
    team = api.create_team(body(name="Poets", organization=org), {})["gid"]
    assert api.update_team(body(name="Writers"), team, {"opt_fields": "name"})["name"] == "Writers"
    assert api.get_team(team, {})["organization"]["gid"] == org
    joined = api.add_user_for_team(body(user=users["alan"]), team, {})
    assert joined["user"]["gid"] == users["alan"]
    assert members.get_team_membership(joined["gid"], {})["team"]["gid"] == team
    assert joined["gid"] in gids(members.get_team_memberships({"team": team}))
    assert joined["gid"] in gids(members.get_team_memberships_for_team(team, {}))
    assert gids(members.get_team_memberships_for_user(users["alan"], org, {})) == [joined["gid"]]
    assert team in gids(api.get_teams_for_user(users["alan"], org, {}))
    assert team in gids(api.get_teams_for_workspace(org, {}))
    assert api.remove_user_for_team(body(user=users["alan"]), team) == {}
    assert list(api.get_teams_for_user(users["alan"], org, {})) == []


def test_somebody_is_out_of_office(client: Client, org: str) -> None:
    api = asana.OooEntriesApi(client)
    data = body(user="me", workspace=org, start_date="2027-07-01", end_date="2027-07-14")
    entry = api.create_ooo_entry(data, {})["gid"]
    assert api.get_ooo_entry(entry, {})["start_date"] == "2027-07-01"
    assert api.update_ooo_entry(body(end_date="2027-07-21"), entry, {})["end_date"] == "2027-07-21"
    assert gids(api.get_ooo_entries("me", org, {})) == [entry]
    assert api.delete_ooo_entry(entry) == {}
    assert list(api.get_ooo_entries("me", org, {})) == []


def test_a_membership_is_made_read_changed_and_ended(client: Client, project: str, users: dict[str, str]) -> None:
    api = asana.MembershipsApi(client)
    made = api.create_membership(sent(parent=project, member=users["grace"], access_level="commenter"))["gid"]
    assert api.get_membership(made)["access_level"] == "commenter"
    assert api.update_membership(body(access_level="editor"), made)["access_level"] == "editor"
    assert made in gids(api.get_memberships({"parent": project}))
    assert api.delete_membership(made) == {}
    assert made not in gids(api.get_memberships({"parent": project}))


def test_whoever_is_not_let_in_may_ask(client: Client, as_grace: Client, org: str, team: str) -> None:
    mine, theirs = asana.AccessRequestsApi(client), asana.AccessRequestsApi(as_grace)
    data = body(name="Secret", workspace=org, team=team, privacy_setting="private")
    granted, denied = (asana.ProjectsApi(client).create_project(data, {})["gid"] for _ in range(2))
    for project in (granted, denied):
        theirs.create_access_request(body(target=project, message="Please"))
        (asked,) = gids(mine.get_access_requests(project, {}))
        decide = mine.approve_access_request if project == granted else mine.reject_access_request
        assert decide(asked) == {}
    projects = asana.ProjectsApi(as_grace)
    assert projects.get_project(granted, {"opt_fields": "name"})["name"] == "Secret"
    with pytest.raises(ApiException) as refused:
        projects.get_project(denied, {})
    assert refused.value.status == 404


def test_what_happens_is_streamed(live: Any, tally: Any, client: Client, org: str, project: str, new_task: Any) -> None:
    plain = client_of(live, tally, return_page_iterator=False)
    ways = (
        (asana.EventsApi(plain).get_events, asana.EventsApi(client).get_events, project),
        (asana.WorkspacesApi(plain).get_workspace_events, asana.WorkspacesApi(client).get_workspace_events, org),
    )
    for first, then, resource in ways:
        with pytest.raises(ApiException) as stale:
            first(resource, {})
        assert stale.value.status == 412
        sync, task = json.decode(stale.value.body)["sync"], new_task("Seen")
        found = [event for event in then(resource, {"sync": sync}) if event["type"] == "task"]
        assert ("added", task) in [(event["action"], event["resource"]["gid"]) for event in found]


def test_the_audit_log_is_for_service_accounts(as_grace: Client, as_service: Client, client: Client, org: str) -> None:
    team = asana.TeamsApi(client).create_team(body(name="Noted", organization=org), {})["gid"]
    noted = asana.AuditLogAPIApi(as_service).get_audit_log_events(org, {"resource_gid": team, "limit": 100})
    first = [next(noted)["event_type"], next(noted)["event_type"]]
    assert first == ["team_member_added", "team_created"]
    with pytest.raises(ApiException) as refused:
        list(asana.AuditLogAPIApi(as_grace).get_audit_log_events(org, {}))
    assert refused.value.status == 403


def test_every_method_was_called(tally: Any, request: pytest.FixtureRequest) -> None:
    tally.check(sys.modules[__name__], request.node.name)
