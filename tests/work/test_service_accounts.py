"""Service accounts: programs that see all of one workspace and nothing of any other."""

import pytest

from fanfold.work.people import service_account


@pytest.fixture
def service(world, org):
    return str(service_account(world.system, int(org), "Exporter"))


@pytest.fixture
def secret(world, org):
    team = world.made("/teams", {"name": "Board", "organization": org, "visibility": "secret"})
    return world.made("/projects", {"name": "Merger", "workspace": org, "team": team, "privacy_setting": "private"})


def test_it_sees_what_is_private(world, service, secret):
    assert world.call("GET", f"/projects/{secret}", user=world.bob)[0] == 404
    assert world.call("GET", f"/projects/{secret}", user=service)[1]["name"] == "Merger"
    listed = world.call("GET", "/projects", user=service, workspace=world.org)[1]
    assert [project["name"] for project in listed] == ["Merger"]


def test_it_sees_private_tasks(world, service, org):
    task = world.made("/tasks", {"name": "Between me and myself", "workspace": org})
    assert world.call("GET", f"/tasks/{task}", user=world.bob)[0] == 404
    assert world.call("GET", f"/tasks/{task}", user=service)[0] == 200


def test_it_sees_nothing_of_another_workspace(world, service, project):
    assert world.call("GET", f"/projects/{project}", user=service)[0] == 404
    assert world.call("GET", f"/workspaces/{world.elsewhere}", user=service)[0] == 404
    assert world.call("GET", f"/users/{world.eve}", user=service)[0] == 404


def test_it_knows_its_workspace_and_is_no_member_of_it(world, service, org):
    me = world.call("GET", "/users/me", user=service)[1]
    assert (me["name"], [workspace["gid"] for workspace in me["workspaces"]]) == ("Exporter", [org])
    assert [workspace["gid"] for workspace in world.call("GET", "/workspaces", user=service)[1]] == [org]
    members = world.call("GET", f"/workspaces/{org}/users")[1]
    assert service not in [member["gid"] for member in members]
    assert world.call("POST", "/tasks", {"workspace": org, "assignee": service})[0] == 400


def test_it_manages_people(world, service, org):
    assert world.call("POST", f"/workspaces/{org}/removeUser", {"user": world.bob}, user=service)[0] == 200
    assert world.call("GET", f"/workspaces/{org}/users", user=service)[1] == [
        {"gid": world.ada, "resource_type": "user", "name": "Ada Lovelace"}
    ]


def test_what_it_does_bears_its_name(world, service, project, org):
    team = world.made("/teams", {"name": "Crew", "organization": org})
    made = world.made("/projects", {"name": "Import", "workspace": org, "team": team}, user=service)
    assert world.call("GET", f"/projects/{made}")[1]["owner"]["name"] == "Exporter"
