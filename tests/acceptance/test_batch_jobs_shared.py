"""Jobs of several servers over one PostgreSQL database: when the one that carries a job on dies, another goes on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.conftest import Live
from tests.acceptance.test_batch_jobs_survive import ACTIONS, actions, job_at, killed
from tests.acceptance.test_durability import wait_until
from tests.databases import drop, make, need_postgres, run

pytestmark = pytest.mark.services


@pytest.fixture
def database() -> Iterator[str]:
    need_postgres()
    name = f"fanfold_test_jobs_{os.getpid()}"
    yield make(name)
    drop(name)


def created(url: str) -> int:
    import psycopg  # noqa: PLC0415 - an extra

    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT count(*) FROM record WHERE kind = 'task' AND document ->> 'notes' = 'job'")
        return int(found.fetchone()[0])  # type: ignore[index]


def submitted(live: Live, project: str) -> str:
    body = {"data": {"actions": actions(project)}}
    status, answer, headers = live.call("POST", "/api/1.0/batch", body, headers={"Prefer": "respond-async"})
    assert status == 202, answer
    return headers["location"]


def is_whole(live: Live, path: str, url: str) -> None:
    job = job_at(live, path, wait=30)
    while job["finished_at"] is None:
        job = job_at(live, path, wait=30)
    assert (job["status"], job["progress"]) == ("succeeded", {"done": 200, "failed": 0, "total": 200})
    assert [result["status_code"] for result in job["results"]] == [201, 200] * ACTIONS
    assert len({result["body"]["data"]["gid"] for result in job["results"]}) == ACTIONS
    assert created(url) == ACTIONS


def test_another_server_goes_on_with_a_job_when_the_one_that_carried_it_on_is_killed(serve: Any, database: str) -> None:
    first = serve("--limits", "off", db=database)
    project = first.data("GET", "/projects")[0]["gid"]
    second = serve("--limits", "off", db=database)
    path = submitted(first, project)
    wait_until(lambda: created(database) >= ACTIONS // 4)
    killed(first)
    assert created(database) < ACTIONS
    is_whole(second, path, database)
    assert "Traceback" not in second.output.read_text()


def test_another_server_goes_on_with_a_job_when_the_one_that_carried_it_on_is_stopped(
    serve: Any, database: str
) -> None:
    first = serve("--limits", "off", db=database)
    project = first.data("GET", "/projects")[0]["gid"]
    second = serve("--limits", "off", db=database)
    path = submitted(first, project)
    wait_until(lambda: created(database) >= ACTIONS // 4)
    first.process.terminate()
    assert first.process.wait(40) == 0
    is_whole(second, path, database)
    for server in (first, second):
        assert "Traceback" not in server.output.read_text()


def test_a_job_is_gone_on_with_when_the_database_was_away(serve: Any, database: str) -> None:
    live = serve("--limits", "off", db=database)
    project = live.data("GET", "/projects")[0]["gid"]
    path = submitted(live, project)
    name = database.rpartition("/")[2]
    for part in (8, 4, 2):
        wait_until(lambda: created(database) >= ACTIONS // part)  # noqa: B023
        run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    is_whole(live, path, database)
