"""A batch that is carried out as a job is carried to its end however often the process is killed, and nothing twice."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.acceptance.conftest import Live
from tests.acceptance.test_durability import wait_until, whole

ACTIONS = 100
SEED = 20261127


def created(db: Path) -> int:
    """How many of the tasks are there, as the file tells beside the server."""
    sql = "SELECT count(*) FROM record WHERE kind = 'task' AND json_extract(CAST(document AS TEXT), '$.notes') = 'job'"
    with closing(sqlite3.connect(db, timeout=30)) as database:
        return int(database.execute(sql).fetchone()[0])


def actions(project: str) -> list[dict[str, Any]]:
    """Creations, each with a read behind it that needs what was created, and sees all that was created before."""
    found: list[dict[str, Any]] = []
    for number in range(ACTIONS):
        data = {"name": f"{number}", "notes": "job", "projects": [project]}
        found.append({"id": f"t{number}", "method": "post", "relative_path": "/tasks", "data": data})
        if number:
            found[-1]["depends_on"] = [f"r{number - 1}"] if number % 4 else [f"t{number - 1}"]
        path = f"/tasks/{{{{t{number}.body.data.gid}}}}"
        found.append({"id": f"r{number}", "method": "get", "relative_path": path, "options": {"fields": ["name"]}})
    return found


def job_at(live: Live, path: str, wait: int = 0) -> dict[str, Any]:
    status, body, _ = live.call("GET", path, headers={"Prefer": f"wait={wait}"})
    assert status == 200, body
    job: dict[str, Any] = body["data"]
    return job


def killed(live: Live) -> None:
    live.process.kill()
    live.process.wait(30)


def test_a_job_survives_being_killed_at_any_moment(serve: Any, tmp_path: Path) -> None:
    db = tmp_path / "jobs.db"
    live = serve("--limits", "off", db=db)
    project = live.data("GET", "/projects")[0]["gid"]
    body = {"data": {"actions": actions(project)}}
    status, answer, headers = live.call("POST", "/api/1.0/batch", body, headers={"Prefer": "respond-async"})
    assert (status, headers["preference-applied"]) == (202, "respond-async")
    path = headers["location"]
    left = []
    for moment in (0, *sorted(random.Random(SEED).sample(range(1, ACTIONS), 5)), ACTIONS):
        wait_until(lambda: created(db) >= moment)  # noqa: B023
        killed(live)
        whole(db)
        left.append(created(db))
        live = serve("--limits", "off", db=db)
    assert sum(count < ACTIONS for count in left) >= 2, left
    job = job_at(live, path, wait=30)
    assert (job["status"], job["progress"]) == ("succeeded", {"done": 200, "failed": 0, "total": 200})
    assert answer["data"]["id"] == job["id"]
    assert created(db) == ACTIONS
    assert [result["status_code"] for result in job["results"]] == [201, 200] * ACTIONS
    creations, reads = job["results"][::2], job["results"][1::2]
    assert [result["body"]["data"]["gid"] for result in creations] == [r["body"]["data"]["gid"] for r in reads]
    assert [result["body"]["data"]["name"] for result in reads] == [f"{number}" for number in range(ACTIONS)]
    assert len({result["body"]["data"]["gid"] for result in creations}) == ACTIONS
