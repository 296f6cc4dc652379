"""Tasks are created in order by a real server that has no order in its batches, and that fails now and then."""

from __future__ import annotations

import importlib.util
import re
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

import fanfold.client
from fanfold import Client
from fanfold.client import Patience
from fanfold.testing import running
from tests.acceptance.test_controls import control

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "ordered-creation.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
TABLE = r"^\| (\d+) \| (?:\d+ / \d+) \| (\d+) / (\d+) \| (\d+) / (\d+) \| (\d+) / (\d+) \|$"
ROWS = re.findall(TABLE, GUIDE, re.MULTILINE)

FAULTS = [
    {"kind": "error", "operation": "createTask", "status": 500, "probability": 0.1},
    {"kind": "error", "operation": "createTask", "status": 502, "after": True, "probability": 0.1},
    {"kind": "error", "operation": "addProjectForTask", "status": 500, "probability": 0.2},
    {"kind": "error", "operation": "addProjectForTask", "status": 502, "after": True, "probability": 0.2},
    {"kind": "error", "operation": "createBatchRequest", "status": 503, "probability": 0.2},
    {"kind": "drop", "operation": "createTask", "probability": 0.02},
    {"kind": "drop", "operation": "createTask", "after": True, "probability": 0.02},
    {"kind": "rate_limit", "operation": "createTask", "retry_after": 1, "count": 3},
]


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory, start_running: Any) -> Iterator[Any]:
    flags = ("--admin", "--limits", "requests=1000000,reads=50,writes=15")
    with start_running(tmp_path_factory.mktemp("live"), *flags) as server:
        yield server


@pytest.fixture(autouse=True)
def _anew(live: Any) -> Iterator[None]:
    yield
    control(live, "DELETE", "faults")
    control(live, "PUT", "shuffle", {"seed": None})
    control(live, "DELETE", "requests")


@asynccontextmanager
async def project_of(live: Any, *, plain: bool, seed: int) -> AsyncIterator[tuple[Client, str]]:
    """A client that takes the server for Asana's if it is ``plain``, and a project of its own."""
    control(live, "PUT", "shuffle", {"seed": seed})
    async with Client(live.api, live.token, discover=not plain) as client:
        workspace = (await client.get("/workspaces"))[0]["gid"]
        team = (await client.get(f"/workspaces/{workspace}/teams"))[0]["gid"]
        made = await client.post("/projects", {"name": "In order", "workspace": workspace, "team": team})
        control(live, "DELETE", "requests")
        yield client, made["gid"]


async def stored(client: Client, project: str) -> list[str]:
    return [task["name"] async for task in client.pages(f"/projects/{project}/tasks", fields=["name"])]


def asked(live: Any) -> int:
    return len([one for one in control(live, "GET", "requests")[1]["data"] if one["method"] != "OPTIONS"])


@pytest.mark.parametrize("seed", range(5))
async def test_fifty_take_at_most_twelve_requests(live: Any, seed: int) -> None:
    names = [f"Task {number}" for number in range(50)]
    async with project_of(live, plain=True, seed=seed) as (client, project):
        await client.create_in_order(project, names)
        requests = asked(live)
        assert await stored(client, project) == names
    assert requests <= 12


async def test_a_thousand_take_at_most_170_requests(live: Any) -> None:
    names = [f"Task {number}" for number in range(1000)]
    async with project_of(live, plain=True, seed=1) as (client, project):
        await client.create_in_order(project, names)
        requests = asked(live)
        assert await stored(client, project) == names
    assert requests <= 170


@pytest.mark.parametrize("plain", [True, False], ids=["no order", "an order"])
@pytest.mark.parametrize("rule", FAULTS, ids=lambda rule: "-".join([str(value) for value in rule.values()]))
async def test_failures_are_mended_and_nothing_is_created_twice(live: Any, rule: dict[str, Any], plain: bool) -> None:
    names = [f"Task {number}" for number in range(60)]
    async with project_of(live, plain=plain, seed=3) as (client, project):
        assert control(live, "POST", "faults", {**rule, "seed": 11})[0] == 200
        found = await client.create_in_order(project, names, patience=Patience(pause=0.05))
        control(live, "DELETE", "faults")
        assert await stored(client, project) == names
        assert [task["name"] for task in found] == names


async def test_tasks_are_added_behind_those_that_are_there(live: Any) -> None:
    async with project_of(live, plain=True, seed=4) as (client, project):
        for part in range(3):
            await client.create_in_order(project, [f"Task {part}-{number}" for number in range(130)])
        assert await stored(client, project) == [f"Task {part}-{number}" for part in range(3) for number in range(130)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.partition("\n")[0][:50])
async def test_the_examples_of_the_guide_run(live: Any, example: str) -> None:
    names = {name: getattr(fanfold.client, name) for name in fanfold.client.__all__}
    exec(f"async def run(client):\n{textwrap.indent(example, '    ')}", names)
    async with Client(live.api, live.token) as client:
        await names["run"](client)


async def test_the_recipe_of_the_forum_takes_as_much_as_the_guide_says() -> None:
    spec = importlib.util.spec_from_file_location("ordered_creation", ROOT / "examples" / "ordered_creation.py")
    assert spec
    assert spec.loader
    example = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(example)
    with running(journal=10_000) as server:
        for row in ROWS[:3]:
            count, *told = map(int, row)
            recipe, ours, lined = (await example.compare(server, count)).values()
            assert [*recipe, *lined] == [*told[:2], *told[4:]]
            assert ours[0] <= told[2] + 2
            assert ours[1] <= told[3] * 1.1
    assert len(ROWS) == 5
