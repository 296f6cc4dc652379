"""What takes jobs, driven with the official client against a real server process: copies, templates, exports."""

from __future__ import annotations

import gzip
import time
from typing import Any
from urllib.request import urlopen

import asana
import pytest
from msgspec import json

from tests.acceptance.test_official_client import Client, batch, client_of

TASKS = 250
"""More than one step copies."""


@pytest.fixture(scope="module")
def client(live: Any) -> Client:
    return client_of(live)


@pytest.fixture(scope="module")
def workspace(client: Client) -> str:
    return str(next(iter(asana.WorkspacesApi(client).get_workspaces({})))["gid"])


@pytest.fixture(scope="module")
def project(client: Client, workspace: str) -> str:
    team = next(iter(asana.TeamsApi(client).get_teams_for_workspace(workspace, {})))["gid"]
    body = {"data": {"name": "Many", "workspace": workspace, "team": team}}
    gid = str(asana.ProjectsApi(client).create_project(body, {})["gid"])
    for start in range(0, TASKS, 10):
        numbers = range(start, start + 10)
        actions = [
            {"method": "post", "relative_path": "/tasks", "data": {"name": f"Task {n}", "projects": [gid]}}
            for n in numbers
        ]
        batch(client, *actions)
    return gid


def finished(client: Client, job: dict[str, Any]) -> dict[str, Any]:
    """The job when it is at its end."""
    deadline = time.monotonic() + 30
    while job["status"] == "in_progress":
        assert time.monotonic() < deadline
        job = asana.JobsApi(client).get_job(job["gid"], {})
    assert job["status"] == "succeeded"
    return job


def names_in(client: Client, project: str) -> list[str]:
    return [task["name"] for task in asana.TasksApi(client).get_tasks_for_project(project, {"limit": 100})]


def downloaded(url: str) -> bytes:
    with urlopen(url) as response:
        return gzip.decompress(response.read())


def test_a_large_project_is_duplicated_in_the_background(client: Client, project: str) -> None:
    started = asana.ProjectsApi(client).duplicate_project(project, {"body": {"data": {"name": "Copy"}}})
    copy = finished(client, started)["new_project"]["gid"]
    assert names_in(client, copy) == names_in(client, project) == [f"Task {n}" for n in range(TASKS)]


def test_a_template_makes_the_same_project_again(client: Client, project: str) -> None:
    body = {"data": {"name": "Pattern", "public": True}}
    saved = finished(client, asana.ProjectsApi(client).project_save_as_template(body, project, {}))
    template = saved["new_project_template"]["gid"]
    used = asana.ProjectTemplatesApi(client).instantiate_project(template, {"body": {"data": {"name": "New"}}})
    assert names_in(client, finished(client, used)["new_project"]["gid"]) == names_in(client, project)


def test_exports_can_be_downloaded(client: Client, project: str, workspace: str) -> None:
    data = {"workspace": workspace, "export_request_parameters": [{"resource_type": "task", "fields": ["name"]}]}
    job = finished(client, asana.ExportsApi(client).create_resource_export({"data": data}))
    lines = downloaded(job["new_resource_export"]["download_url"]).splitlines()
    assert {f"Task {n}" for n in range(TASKS)} <= {json.decode(line)["name"] for line in lines}
    job = finished(client, asana.ExportsApi(client).create_graph_export({"data": {"parent": project}}))
    graph = json.decode(downloaded(job["new_graph_export"]["download_url"]))["data"]
    assert sum(record["resource_type"] == "task" for record in graph) == TASKS


def test_an_organization_can_be_exported(client: Client, project: str, workspace: str) -> None:
    exports = asana.OrganizationExportsApi(client)
    export = exports.create_organization_export({"data": {"organization": workspace}}, {})
    deadline = time.monotonic() + 30
    while export["state"] in ("pending", "started"):
        assert time.monotonic() < deadline
        export = exports.get_organization_export(export["gid"], {})
    assert export["state"] == "finished"
    found = [json.decode(line)["gid"] for line in downloaded(export["download_url"]).splitlines()]
    assert project in found
    assert len(set(found)) == len(found)
