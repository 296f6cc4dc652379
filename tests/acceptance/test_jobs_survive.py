"""Jobs and deliveries go on where they were when the process was killed: nothing is lost, nothing is done twice.

The moments at which the process dies are chosen by how far the work has come, not by the clock, and by a seed.
"""

from __future__ import annotations

import gzip
import random
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from msgspec import json

from fanfold.work.api import WorkApi
from fanfold.work.change import deletion
from fanfold.work.store import SqliteStore
from tests.acceptance.conftest import Live, start, stop
from tests.acceptance.test_durability import acknowledged, at_work, wait_until, whole
from tests.acceptance.test_webhooks import Receiver, receiver

__all__ = ["receiver"]

SECTIONS, IN_SECTION, SUBTASKS = 4, 510, 60
TASKS = SECTIONS * IN_SECTION
"""Far more than one step copies."""

SEED = 20260302


def listed(live: Live, path: str, fields: str = "name") -> list[Any]:
    """All pages of a list."""
    found: list[Any] = []
    offset = ""
    while True:
        _, page, _ = live.call("GET", f"/api/1.0{path}?limit=100&opt_fields={fields}{offset}")
        found += page["data"]
        if page["next_page"] is None:
            return found
        offset = f"&offset={page['next_page']['offset']}"


def batches(live: Live, actions: list[dict[str, Any]]) -> list[str]:
    """The gids of what is made in batches of ten."""
    made: list[str] = []
    for first in range(0, len(actions), 10):
        for result in live.batch(*({"method": "post", **action} for action in actions[first : first + 10])):
            assert result["status_code"] == 201
            made.append(result["body"]["data"]["gid"])
    return made


def finished(live: Live, job: str) -> dict[str, Any]:
    """The job when it is at its end."""
    until = time.monotonic() + 60
    while True:
        shown: dict[str, Any] = live.data("GET", f"/jobs/{job}")
        if shown["status"] not in ("not_started", "in_progress"):
            return shown
        assert time.monotonic() < until, shown
        time.sleep(0.02)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A directory with a database at rest, which holds a large project and a template of it; their gids."""
    directory = tmp_path_factory.mktemp("large")
    live = start(directory, "--limits", "off", "--seed", "empty")
    workspace = live.data("GET", "/workspaces")[0]["gid"]
    team = live.data("POST", "/teams", name="Many", organization=workspace)["gid"]
    project = live.data("POST", "/projects", name="Large", workspace=workspace, team=team)["gid"]
    sections = [live.data("GET", f"/projects/{project}/sections")[0]["gid"]]
    more = [{"relative_path": f"/projects/{project}/sections", "data": {"name": f"{n}"}} for n in range(1, SECTIONS)]
    sections += batches(live, more)
    tasks = [
        {"name": f"{section}-{n}", "assignee": "me", "memberships": [{"project": project, "section": gid}]}
        for section, gid in enumerate(sections)
        for n in range(IN_SECTION)
    ]
    made = batches(live, [{"relative_path": "/tasks", "data": task} for task in tasks])
    batches(
        live,
        [{"relative_path": f"/tasks/{gid}/subtasks", "data": {"name": f"below {gid}"}} for gid in made[:SUBTASKS]],
    )
    job = live.data("POST", f"/projects/{project}/saveAsTemplate", name="Pattern", public=True)
    template = finished(live, job["gid"])["new_project_template"]["gid"]
    assert stop(live) == 0
    return directory, project, template


@pytest.fixture
def db(tmp_path: Path, large: tuple[Path, str, str]) -> Path:
    """A database of the test's own with the large project in it."""
    directory, _, _ = large
    for path in directory.glob("test.db*"):
        (shutil.copytree if path.is_dir() else shutil.copy2)(path, tmp_path / path.name)
    return tmp_path / "test.db"


@pytest.fixture
def rng() -> random.Random:
    return random.Random(SEED)


def asked(db: Path, sql: str, *values: Any) -> Any:
    """The first value of what the file answers, beside the server."""
    with closing(sqlite3.connect(db, timeout=30)) as database:
        return database.execute(sql, values).fetchone()[0]


def tasks_in(db: Path) -> int:
    return int(asked(db, "SELECT count(*) FROM record WHERE kind = 'task' AND workspace > 0"))


def under_way(db: Path, job: str) -> bool:
    """Whether there is more to do for a job."""
    sql = "SELECT json_extract(CAST(document AS TEXT), '$.status') FROM record WHERE gid = ?"
    return bool(asked(db, sql, int(job)) == "in_progress")


def killed_when(live: Live, reached: Callable[[], bool]) -> None:
    """Kill the server as soon as something is so."""
    wait_until(reached)
    live.process.kill()
    live.process.wait(30)


def order_of(live: Live, project: str) -> list[tuple[str, list[str]]]:
    """The project's sections with the names of their tasks in order."""
    sections = listed(live, f"/projects/{project}/sections")
    found = [(section["name"], listed(live, f"/sections/{section['gid']}/tasks")) for section in sections]
    gids = [task["gid"] for _, tasks in found for task in tasks]
    assert len(set(gids)) == len(gids)
    return [(name, [task["name"] for task in tasks]) for name, tasks in found]


def is_whole_copy(live: Live, copy: str, original: str) -> None:
    """The copy has every task, at its place, once, with its subtask; and each copy was told of once."""
    assert order_of(live, copy) == order_of(live, original)
    counts = live.data("GET", f"/projects/{copy}/task_counts?opt_fields=num_tasks,num_incomplete_tasks")
    assert counts == {"num_tasks": TASKS, "num_incomplete_tasks": TASKS}
    tasks = listed(live, f"/projects/{copy}/tasks", "name,num_subtasks")
    assert [task["num_subtasks"] for task in tasks] == [1] * SUBTASKS + [0] * (TASKS - SUBTASKS)
    (below,) = live.data("GET", f"/tasks/{tasks[-1 - (TASKS - SUBTASKS)]['gid']}/subtasks")
    assert below["name"].startswith("below ")


def told_of(db: Path, workspace: int, after: int) -> Counter[int]:
    """How often the log tells of the coming of each task since a place in it."""
    with closing(sqlite3.connect(db, timeout=30)) as database:
        rows = database.execute(
            "SELECT resource, document FROM event WHERE workspace = ? AND seq > ?", (workspace, after)
        )
        entries = [(gid, json.decode(document)) for gid, document in rows]
    return Counter(gid for gid, entry in entries if entry[2] == "task" and entry[5] and entry[5][0][0] == "added")


def carried_through(serve: Any, db: Path, begin: Callable[[Live], dict[str, Any]], rng: random.Random) -> Live:
    """Begin what copies all tasks, kill the server on the way again and again; the last one when all is done."""
    all_of_them = TASKS + SUBTASKS
    there = tasks_in(db)
    first_event = asked(db, "SELECT max(seq) FROM event")
    workspace = asked(db, "SELECT gid FROM record WHERE kind = 'workspace'")
    live = serve("--limits", "off", db=db)
    job = begin(live)["gid"]
    moments = [0, *sorted(rng.sample(range(1, all_of_them), 3)), all_of_them]
    left: list[bool] = []
    for moment in moments:
        killed_when(live, lambda: tasks_in(db) - there >= moment)  # noqa: B023
        whole(db)
        left.append(under_way(db, job))
        live = serve("--limits", "off", db=db)
    assert left[0], "nothing was left to be gone on with"
    assert sum(left) >= 2
    assert finished(live, job)["status"] == "succeeded"
    assert tasks_in(db) == there + all_of_them
    told = told_of(db, workspace, first_event)
    assert len(told) == all_of_them
    assert set(told.values()) == {1}
    assert asked(db, "SELECT count(*) FROM link WHERE field = 'job.copies'") == 0
    return live


def test_a_duplication_survives_being_killed_at_any_moment(
    serve: Any, db: Path, large: tuple[Path, str, str], rng: random.Random
) -> None:
    _, project, _ = large
    shown: dict[str, Any] = {}

    def begin(live: Live) -> dict[str, Any]:
        include = "task_notes,task_assignee,task_subtasks"
        shown.update(live.data("POST", f"/projects/{project}/duplicate", name="Copy", include=include))
        return shown

    live = carried_through(serve, db, begin, rng)
    is_whole_copy(live, shown["new_project"]["gid"], project)
    mine = live.data("GET", "/users/me")["gid"]
    copies = listed(live, f"/projects/{shown['new_project']['gid']}/tasks", "assignee.gid")
    assert {task["assignee"]["gid"] for task in copies} == {mine}


def test_an_instantiation_survives_being_killed_at_any_moment(
    serve: Any, db: Path, large: tuple[Path, str, str], rng: random.Random
) -> None:
    _, project, template = large
    shown: dict[str, Any] = {}

    def begin(live: Live) -> dict[str, Any]:
        shown.update(live.data("POST", f"/project_templates/{template}/instantiateProject", name="Instance"))
        return shown

    live = carried_through(serve, db, begin, rng)
    is_whole_copy(live, shown["new_project"]["gid"], project)


def test_a_job_that_lost_its_purpose_ends_as_failed(serve: Any, db: Path, large: tuple[Path, str, str]) -> None:
    _, project, _ = large
    there = tasks_in(db)
    live = serve("--limits", "off", db=db)
    job = live.data("POST", f"/projects/{project}/duplicate", name="Copy")
    killed_when(live, lambda: True)
    copied = tasks_in(db) - there
    assert 0 < copied < TASKS
    store = SqliteStore(db)
    store.begin_action()
    view = WorkApi(store).view(int(asked(db, "SELECT gid FROM record WHERE kind = 'user'")))
    row = store.record(int(job["new_project"]["gid"]))
    assert row is not None
    deletion(view, row).write()
    store.end_action()
    store.close()
    live = serve("--limits", "off", db=db)
    assert finished(live, job["gid"])["status"] == "failed"
    assert live.call("GET", f"/api/1.0/projects/{job['new_project']['gid']}")[0] == 404
    assert tasks_in(db) <= there + copied
    again = live.data("POST", f"/projects/{project}/duplicate", name="Another")
    assert finished(live, again["gid"])["status"] == "succeeded"


def test_an_organization_export_survives_being_killed_at_any_moment(
    serve: Any, db: Path, large: tuple[Path, str, str], rng: random.Random
) -> None:
    live = serve("--limits", "off", db=db)
    workspace = live.data("GET", "/workspaces")[0]["gid"]
    export = live.data("POST", "/organization_exports", organization=workspace)["gid"]

    def size() -> int:
        directory = Path(f"{db}-files") / export
        return sum(path.stat().st_size for path in directory.iterdir()) if directory.exists() else 0

    job = str(asked(db, "SELECT max(gid) FROM record WHERE kind = 'job'"))
    left = []
    for _ in range(4):
        more = size() + rng.randrange(1, 9000)
        killed_when(live, lambda: size() >= more or not under_way(db, job))  # noqa: B023
        left.append(under_way(db, job))
        whole(db)
        live = serve("--limits", "off", db=db)
    assert left[0], "nothing was left to be gone on with"
    state = live.data("GET", f"/organization_exports/{export}")
    until = time.monotonic() + 60
    while state["state"] in ("pending", "started"):
        assert time.monotonic() < until
        time.sleep(0.02)
        state = live.data("GET", f"/organization_exports/{export}")
    assert state["state"] == "finished"
    with urlopen(state["download_url"]) as response:
        records = [json.decode(line) for line in gzip.decompress(response.read()).splitlines()]
    gids = [record["gid"] for record in records]
    assert len(set(gids)) == len(gids), "a line twice"
    passing = "('job', 'graph_export', 'export_request', 'organization_export')"
    with closing(sqlite3.connect(db, timeout=30)) as database:
        sql = f"SELECT gid FROM record WHERE kind NOT IN {passing} AND workspace IN (0, ?)"
        expected = {str(gid) for (gid,) in database.execute(sql, (workspace,))}
    assert set(gids) == expected
    assert sum(record["resource_type"] == "task" for record in records) == TASKS + SUBTASKS


# -- deliveries ------------------------------------------------------------------------------------------------------


def arrived(receiver: Receiver, until: int) -> Iterator[bytes]:
    """What was delivered, until so many events have been; a delivery that came again is given once."""
    last, events = b"", 0
    while events < until:
        body = receiver.arrived.get(timeout=60)
        if body != last:
            events += len(json.decode(body)["events"])
            yield body
        last = body


def told_by_stream(live: Live, project: str, sync: str) -> list[Any]:
    """All that happened to the project since a token was given."""
    found: list[Any] = []
    more = True
    while more:
        status, body, _ = live.call("GET", f"/api/1.0/events?resource={project}&sync={sync}")
        assert status == 200
        found += body["data"]
        sync, more = body["sync"], body["has_more"]
    return found


def identity(event: Any) -> tuple[Any, ...]:
    """What tells events apart, in a stream as in a delivery."""
    parent, change = event["parent"] or {}, event.get("change") or {}
    values = [(change.get(f"{word}_value") or {}).get("gid") for word in ("new", "added", "removed")]
    what = (event["resource"]["gid"], event["action"], event["created_at"], parent.get("gid"))
    return (*what, change.get("field"), change.get("action"), *values)


def test_deliveries_under_load_lose_nothing_and_keep_their_order(
    serve: Any, tmp_path: Path, receiver: Receiver, rng: random.Random
) -> None:
    db = tmp_path / "busy.db"
    live = serve("--limits", "off", db=db)
    workspace = live.data("GET", "/workspaces")[0]["gid"]
    team = live.data("GET", f"/workspaces/{workspace}/teams")[0]["gid"]
    project = live.data("POST", "/projects", name="Busy", workspace=workspace, team=team)["gid"]
    tag = live.data("POST", "/tags", name="busy", workspace=workspace)["gid"]
    live.data("POST", "/webhooks", resource=project, target=f"http://127.0.0.1:{receiver.server_port}/hook")
    sync = live.call("GET", f"/api/1.0/events?resource={project}")[1]["sync"]
    known: dict[str, str] = {}
    behind = 0
    for attempt in range(5):
        writers = at_work(live, f"life-{attempt}", {"projects": [project], "tags": [tag], "assignee": "me"})
        enough = receiver.begun.qsize() + rng.randrange(2, 9)
        wait_until(lambda: receiver.begun.qsize() >= enough)  # noqa: B023
        if attempt % 2:
            receiver.open.clear()  # the next delivery begins and is never answered
            enough = receiver.begun.qsize() + 1
        killed_when(live, lambda: receiver.begun.qsize() >= enough)  # noqa: B023
        receiver.open.set()
        known |= acknowledged(writers)
        behind += asked(db, "SELECT (SELECT max(seq) FROM event) > cursor FROM delivery")
        live = serve("--limits", "off", db=db)
    assert behind >= 2, "the server never died between a commit and its delivery"
    committed = [identity(event) for event in told_by_stream(live, project, sync)]
    assert known.keys() <= {gid for gid, action, *_ in committed if action == "added"}
    bodies = list(arrived(receiver, len(committed)))
    assert [identity(event) for body in bodies for event in json.decode(body)["events"]] == committed
    assert len(set(committed)) == len(committed)
