"""Plans from files, carried out by a server: of the embedded API, and of an API that was declared by drafting it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

Result = subprocess.CompletedProcess[str]

GUIDE = (Path(__file__).parents[2] / "docs" / "plan-files.md").read_text()

LISTED = """
resources:
  - {name: spaces, resource: workspaces, method: list}
  - name: all-tasks
    resource: projects-tasks
    method: list
    query: {project_gid: "{{resources.workspaces-projects.gid}}", limit: 2}
    persist: true
  - name: all-projects
    resource: workspaces-projects
    method: list
    id: "{{resources.workspaces.gid}}"
    query: {limit: 2}
    persist: true
  - {name: one, resource: projects, method: get, id: "{{args.project}}", persist: true}
"""


@pytest.fixture
def fanfold(tmp_path: Path) -> Callable[..., Result]:
    """Runs the command in a directory of its own, without settings from outside."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}

    def run(*arguments: str, **more: str) -> Result:
        command = [sys.executable, "-m", "fanfold", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment | more, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def url(server: Any) -> str:
    return f"http://{server.host}:{server.port}"


def test_the_plan_of_the_guide_runs_as_it_stands(live: Any, fanfold: Callable[..., Result], tmp_path: Path) -> None:
    plan = re.search(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    printed = re.search(r"^Account +(\S+)", live.output.read_text(), re.MULTILINE)
    assert plan
    assert printed
    (tmp_path / "plan.yaml").write_text(plan[1])
    workspace = live.data("GET", "/workspaces")[0]["gid"]
    options = ("--account", printed[1], "--url", url(live), "--args", f'workspace="{workspace}"')
    result = fanfold("run", "plan.yaml", *options, FANFOLD_TOKEN=live.token)
    assert result.returncode == 0, result
    told = [json.decode(line) for line in result.stdout.splitlines()]
    tasks = [line["record"]["gid"] for line in told if line["name"] == "open-tasks"]
    expected = [
        task["gid"]
        for project in live.data("GET", f"/projects?workspace={workspace}")
        for task in live.data("GET", f"/tasks?project={project['gid']}&completed_since=now")
    ]
    assert sorted(tasks) == sorted(expected)
    assert [line["value"] for line in told if line["name"] == "count"] == [len(expected)]


@pytest.fixture
def declared(
    live: Any,
    fanfold: Callable[..., Result],
    tmp_path: Path,
    start_running: Callable[..., AbstractContextManager[Any]],
) -> Iterator[Any]:
    """A server with an integration that was drafted from the description of another server, which it asks."""
    connection = HTTPConnection(live.host, live.port, timeout=10)
    connection.request("GET", "/openapi.json")
    (tmp_path / "openapi.json").write_bytes(connection.getresponse().read())
    connection.close()
    (tmp_path / "declared").mkdir()
    drafted = fanfold("integration", "draft", "openapi.json", "--name", "other", "--out", "declared/other.yaml")
    assert drafted.returncode == 0, drafted
    file = tmp_path / "declared" / "other.yaml"
    file.write_text(re.sub(r"^base_url: .*$", f"base_url: {live.api}", file.read_text(), flags=re.MULTILINE))
    assert fanfold("integration", "check", "declared/other.yaml").returncode == 0
    (tmp_path / "settings.toml").write_text("allow_private_upstreams = true\n")
    flags = ("--integrations", str(tmp_path / "declared"), "--config", str(tmp_path / "settings.toml"))
    with start_running(tmp_path, "--limits", "off", *flags) as server:
        yield server


def test_an_api_that_was_drafted_is_asked(
    live: Any, declared: Any, fanfold: Callable[..., Result], tmp_path: Path
) -> None:
    account = {"integration": "other", "context": {"api_key": live.token}}
    status, made, _ = declared.call("POST", "/integrated-account", account)
    assert status == 200, made
    (tmp_path / "plan.yaml").write_text(LISTED)
    projects = live.data("GET", "/projects")
    options = ("--account", made["id"], "--url", url(declared), "--args", f'project="{projects[0]["gid"]}"')
    result = fanfold("run", "plan.yaml", *options, "--format", "json", FANFOLD_TOKEN=declared.token)
    assert result.returncode == 0, result
    found = json.decode(result.stdout)["result"]
    assert [each["gid"] for each in found["workspaces-projects"]] == [each["gid"] for each in projects]
    assert [each["gid"] for each in found["projects"]] == [projects[0]["gid"]]
    tasks = [task["gid"] for each in projects for task in live.data("GET", f"/projects/{each['gid']}/tasks")]
    assert [each["gid"] for each in found["projects-tasks"]] == tasks
