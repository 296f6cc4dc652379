"""The official Python client, unmodified but for host and token, against a real server process."""

from __future__ import annotations

from typing import Any

import asana
import pytest
from asana.rest import ApiException

Client = asana.ApiClient


def client_of(live: Any, token: str | None = None) -> Client:
    configuration = asana.Configuration()
    configuration.host = live.api
    configuration.access_token = live.token if token is None else token
    return asana.ApiClient(configuration)


@pytest.fixture
def client(live: Any) -> Client:
    return client_of(live)


@pytest.fixture
def workspace(client: Client) -> str:
    return str(next(iter(asana.WorkspacesApi(client).get_workspaces({})))["gid"])


@pytest.fixture
def project(client: Client, workspace: str) -> str:
    team = next(iter(asana.TeamsApi(client).get_teams_for_workspace(workspace, {})))["gid"]
    body = {"data": {"name": "Made by the client", "workspace": workspace, "team": team}}
    return str(asana.ProjectsApi(client).create_project(body, {})["gid"])


def batch(client: Client, *actions: dict[str, Any], **options: Any) -> list[Any]:
    body = {"data": {"actions": list(actions)}}
    return list(asana.BatchAPIApi(client).create_batch_request(body, options))


def test_it_creates_a_project_with_sections(client: Client, project: str) -> None:
    sections = asana.SectionsApi(client)
    for name in ("To do", "Done"):
        sections.create_section_for_project(project, {"body": {"data": {"name": name}}})
    names = [section["name"] for section in sections.get_sections_for_project(project, {})]
    assert names == ["Untitled section", "To do", "Done"]


def test_a_batch_creates_ten_tasks(client: Client, project: str) -> None:
    actions = [
        {"method": "post", "relative_path": "/tasks", "data": {"name": f"Task {n}", "projects": [project]}}
        for n in range(10)
    ]
    results = batch(client, *actions)
    assert [result["status_code"] for result in results] == [201] * 10
    assert [result["body"]["data"]["name"] for result in results] == [f"Task {n}" for n in range(10)]
    for result in results:
        assert result["headers"]["location"] == f"/api/1.0/tasks/{result['body']['data']['gid']}"
    listed = asana.TasksApi(client).get_tasks_for_project(project, {"opt_fields": "name"})
    assert [task["name"] for task in listed] == [f"Task {n}" for n in range(10)]


def test_a_batch_updates_a_task_adds_it_to_a_project_and_adds_followers(
    client: Client, workspace: str, project: str
) -> None:
    tasks = asana.TasksApi(client)
    task = tasks.create_task({"data": {"name": "Before", "workspace": workspace}}, {})["gid"]
    users = [user["gid"] for user in asana.UsersApi(client).get_users_for_workspace(workspace, {})]
    results = batch(
        client,
        {"method": "put", "relative_path": f"/tasks/{task}", "data": {"name": "After"}},
        {"method": "post", "relative_path": f"/tasks/{task}/addProject", "data": {"project": project}},
        {"method": "post", "relative_path": f"/tasks/{task}/addFollowers", "data": {"followers": users}},
    )
    assert [result["status_code"] for result in results] == [200, 200, 200]
    found = tasks.get_task(task, {"opt_fields": "name,projects.name,followers.email,memberships.section.name"})
    assert found["name"] == "After"
    assert [item["name"] for item in found["projects"]] == ["Made by the client"]
    assert {item["gid"] for item in found["followers"]} == set(users)
    assert all("@" in item["email"] for item in found["followers"])
    assert found["memberships"][0]["section"]["name"] == "Untitled section"


def test_a_batch_adds_several_users_to_a_team(client: Client, workspace: str) -> None:
    team = asana.TeamsApi(client).create_team({"data": {"name": "New team", "organization": workspace}}, {})["gid"]
    users = [user["gid"] for user in asana.UsersApi(client).get_users_for_workspace(workspace, {})]
    actions = [{"method": "post", "relative_path": f"/teams/{team}/addUser", "data": {"user": user}} for user in users]
    assert {result["status_code"] for result in batch(client, *actions)} == {200}
    assert {user["gid"] for user in asana.UsersApi(client).get_users_for_team(team, {})} == set(users)


def test_a_batch_can_be_pruned_to_what_is_wanted(client: Client) -> None:
    action = {"method": "get", "relative_path": "/users/me", "options": {"fields": ["email"]}}
    (result,) = batch(client, action, opt_fields="status_code,body")
    assert set(result) == {"status_code", "body"}
    assert set(result["body"]["data"]) == {"gid", "email"}


def test_it_pages_through_250_tasks(client: Client, project: str) -> None:
    for start in range(0, 250, 10):
        batch(
            client,
            *(
                {"method": "post", "relative_path": "/tasks", "data": {"name": f"{n:03d}", "projects": [project]}}
                for n in range(start, start + 10)
            ),
        )
    listed = asana.TasksApi(client).get_tasks({"project": project, "opt_fields": ["name", "completed"]})
    assert [task["name"] for task in listed] == [f"{n:03d}" for n in range(250)]


def test_more_than_the_free_profile_allows_is_429_with_the_seconds_to_wait(serve: Any) -> None:
    client = client_of(serve("--limits", "asana-free"))
    action = {"method": "get", "relative_path": "/users/me"}
    for _ in range(15):
        assert len(batch(client, *[action] * 10)) == 10
    with pytest.raises(ApiException) as refused:
        batch(client, action)
    assert refused.value.status == 429
    assert 1 <= int(refused.value.headers["Retry-After"]) <= 60
    assert "rate limit" in refused.value.body.decode()


def test_a_wrong_token_is_401(live: Any) -> None:
    with pytest.raises(ApiException) as refused:
        asana.UsersApi(client_of(live, "not-a-token")).get_user("me", {})
    assert refused.value.status == 401
