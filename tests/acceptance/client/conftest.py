"""One server for each module, filled from a seed file, and clients of several people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asana
import pytest

from fanfold.server.admin import create_service_token, create_token
from tests.acceptance.client.official import Client, Tally, body, client_of

SEED = Path(__file__).with_name("seed.yaml")


@pytest.fixture(scope="module")
def live(start_running: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server that holds what the seed file says, and that can be made to fail."""
    flags = ("--limits", "off", "--seed", str(SEED), "--admin")
    with start_running(tmp_path_factory.mktemp("client"), *flags) as server:
        yield server


@pytest.fixture(scope="module")
def tally() -> Tally:
    """What was called in this module."""
    return Tally()


@pytest.fixture(autouse=True)
def _in_the_tally(request: pytest.FixtureRequest, tally: Tally) -> None:
    tally.tests.add(request.node.originalname)


@pytest.fixture(scope="module")
def client(live: Any, tally: Tally) -> Client:
    """Ada, who leads everything."""
    return client_of(live, tally)


@pytest.fixture(scope="module")
def as_grace(live: Any, tally: Tally) -> Client:
    """Grace, who is a member like others."""
    return client_of(live, tally, create_token(str(live.db), "grace@acme.example", "grace"))


@pytest.fixture(scope="module")
def as_service(live: Any, tally: Tally) -> Client:
    """A service account."""
    return client_of(live, tally, create_service_token(str(live.db), "", "Exporter"))


@pytest.fixture(scope="module")
def users(client: Client, org: str) -> dict[str, str]:
    """Everybody: first name → gid."""
    found = asana.UsersApi(client).get_users_for_workspace(org, {})
    return {user["name"].partition(" ")[0].lower(): user["gid"] for user in found}


@pytest.fixture(scope="module")
def org(client: Client) -> str:
    """The organization."""
    return str(next(iter(asana.WorkspacesApi(client).get_workspaces({})))["gid"])


@pytest.fixture(scope="module")
def team(client: Client, org: str) -> str:
    """The team that was seeded."""
    return str(next(iter(asana.TeamsApi(client).get_teams_for_workspace(org, {})))["gid"])


@pytest.fixture(scope="module")
def launch(client: Client, org: str) -> str:
    """The project that was seeded."""
    return str(next(iter(asana.ProjectsApi(client).get_projects({"workspace": org})))["gid"])


@pytest.fixture
def project(client: Client, org: str, team: str) -> str:
    """A project of a test's own."""
    made = asana.ProjectsApi(client).create_project(body(name="Own", workspace=org, team=team), {})
    return str(made["gid"])


@pytest.fixture
def new_task(client: Client, project: str) -> Callable[..., str]:
    """Makes a task in the test's project."""

    def new_task(name: str = "Task", **more: Any) -> str:
        return str(asana.TasksApi(client).create_task(body(name=name, projects=[project], **more), {})["gid"])

    return new_task
