"""What was acknowledged survives the death of the process at any moment; what was not leaves nothing behind."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest
from msgspec import json

from tests.acceptance.wire import connect, head, parsed, read_all

BATCH = 6


class Writer(threading.Thread):
    """Creates tasks one by one or in batches until the server is gone; remembers what was acknowledged."""

    def __init__(self, live: Any, name: str, fields: dict[str, Any], *, batches: bool) -> None:
        super().__init__(name=name)
        self.live = live
        self.fields = fields
        self.write = self._batch if batches else self._single
        self.acknowledged: dict[str, str] = {}
        """Gid -> name."""

        self.wrong: list[Any] = []

    def run(self) -> None:
        number = 0
        try:
            while True:
                self.write(number)
                number += BATCH
        except (OSError, HTTPException):
            return

    def _task(self, number: int) -> dict[str, Any]:
        return {"name": f"{self.name}-{number}", **self.fields}

    def _single(self, number: int) -> None:
        status, body, _ = self.live.call("POST", "/api/1.0/tasks", {"data": self._task(number)})
        self._note(status, body)

    def _batch(self, number: int) -> None:
        """All of the batch are good but the last, which fails when half of it is written."""
        tasks = [self._task(number + n) for n in range(BATCH)]
        tasks[-1] |= {"projects": [*self.fields["projects"], "999999999"]}
        *good, bad = self.live.batch(*[{"method": "post", "relative_path": "/tasks", "data": task} for task in tasks])
        for result in good:
            self._note(result["status_code"], result["body"])
        if bad["status_code"] < 400:
            self.wrong.append(bad)

    def _note(self, status: int, body: Any) -> None:
        if status == 201:
            self.acknowledged[body["data"]["gid"]] = body["data"]["name"]
        else:
            self.wrong.append((status, body))


def at_work(live: Any, name: str, fields: dict[str, Any]) -> list[Writer]:
    writers = [Writer(live, f"{name}-{n}", fields, batches=False) for n in range(2)]
    writers += [Writer(live, f"{name}-{n}-batch", fields, batches=True) for n in range(2)]
    for writer in writers:
        writer.start()
    return writers


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)


def acknowledged(writers: list[Writer]) -> dict[str, str]:
    for writer in writers:
        writer.join(30)
        assert not writer.is_alive()
        assert writer.wrong == []
    return {gid: name for writer in writers for gid, name in writer.acknowledged.items()}


def whole(db: Path) -> None:
    """The file is sound, and no link hangs on a record that is not there."""
    with closing(sqlite3.connect(db)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        for side in ("owner", "target"):
            sql = f"SELECT * FROM link WHERE {side} NOT IN (SELECT gid FROM record) LIMIT 3"
            assert database.execute(sql).fetchall() == []


def listed(live: Any, project: str) -> dict[str, Any]:
    """Every task of the project: gid -> record."""
    tasks: list[Any] = []
    offset = ""
    while True:
        fields = "name,assignee,projects,tags,memberships.section"
        path = f"/api/1.0/projects/{project}/tasks?limit=100&opt_fields={fields}{offset}"
        _, page, _ = live.call("GET", path)
        tasks += page["data"]
        if page["next_page"] is None:
            assert len({task["gid"] for task in tasks}) == len(tasks)
            return {task["gid"]: task for task in tasks}
        offset = f"&offset={page['next_page']['offset']}"


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "lasting.db"


@pytest.fixture
def fields(serve: Any, db: Path) -> Iterator[dict[str, Any]]:
    """What every task gets, each of which is a further row to be written: project, section, tag, assignee."""
    live = serve("--limits", "off", db=db)
    workspace = live.data("GET", "/workspaces")[0]["gid"]
    team = live.data("GET", f"/workspaces/{workspace}/teams")[0]["gid"]
    project = live.data("POST", "/projects", name="Lasting", workspace=workspace, team=team)["gid"]
    tag = live.data("POST", "/tags", name="lasting", workspace=workspace)["gid"]
    live.process.terminate()
    assert live.process.wait(30) == 0
    return {"projects": [project], "tags": [tag], "assignee": "me"}


def test_every_acknowledged_write_survives_kill_9(serve: Any, db: Path, fields: dict[str, Any]) -> None:
    (project,) = fields["projects"]
    known: dict[str, str] = {}
    for attempt in range(3):
        live = serve("--limits", "off", db=db)
        writers = at_work(live, f"life-{attempt}", fields)
        wait_until(lambda: sum(len(writer.acknowledged) for writer in writers) >= 60 + 37 * attempt)  # noqa: B023
        live.process.kill()
        live.process.wait(30)
        new = acknowledged(writers)
        assert not known.keys() & new.keys(), "a gid was used again"
        assert not known or min(map(int, new)) > max(map(int, known))
        known |= new
        whole(db)
    tasks = listed(serve("--limits", "off", db=db), project)
    assert known.items() <= {gid: task["name"] for gid, task in tasks.items()}.items()
    for task in tasks.values():
        assert [found["gid"] for found in task["projects"]] == fields["projects"]
        assert [found["gid"] for found in task["tags"]] == fields["tags"]
        assert task["memberships"][0]["section"]
        assert task["assignee"]
    numbers = {int(task["name"].rpartition("-")[2]) for task in tasks.values() if "batch" in task["name"]}
    assert not any(number % BATCH == BATCH - 1 for number in numbers), "something of a refused action is left"


def test_what_was_changed_and_deleted_survives_kill_9(serve: Any, db: Path, fields: dict[str, Any]) -> None:
    live = serve("--limits", "off", db=db)
    tasks = [live.data("POST", "/tasks", name=f"{n}", **fields)["gid"] for n in range(20)]
    changed, deleted = tasks[:10], tasks[10:]
    live.batch(*({"method": "put", "relative_path": f"/tasks/{gid}", "data": {"name": "new"}} for gid in changed))
    live.batch(*({"method": "delete", "relative_path": f"/tasks/{gid}"} for gid in deleted))
    live.process.kill()
    live.process.wait(30)
    whole(db)
    again = serve("--limits", "off", db=db)
    found = listed(again, fields["projects"][0])
    assert {gid: task["name"] for gid, task in found.items()} == dict.fromkeys(changed, "new")
    assert {again.call("GET", f"/api/1.0/tasks/{gid}")[0] for gid in deleted} == {404}
    assert int(again.data("POST", "/tasks", name="next", **fields)["gid"]) > max(map(int, tasks))


def test_sigterm_answers_all_that_was_accepted_and_ends_well(serve: Any, db: Path, fields: dict[str, Any]) -> None:
    live = serve("--limits", "off", db=db)
    task = {"method": "post", "relative_path": "/tasks", "data": {"name": "accepted", **fields}}
    body = json.encode({"data": {"actions": [task, task]}})
    request = head(live, f"Content-Length: {len(body)}", "Expect: 100-continue", start="POST /api/1.0/batch HTTP/1.1")
    waiting = [connect(live) for _ in range(5)]
    for connection in waiting:
        connection.sendall(request)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body[:50])
    writers = at_work(live, "term", fields)
    wait_until(lambda: sum(len(writer.acknowledged) for writer in writers) >= 40)
    live.process.terminate()
    known = acknowledged(writers)
    for connection in waiting:
        connection.sendall(body[50:])
        (answer,) = parsed(read_all(connection))
        connection.close()
        results = json.decode(answer.body)["data"]
        assert [result["status_code"] for result in results] == [201, 201]
        known |= {result["body"]["data"]["gid"]: "accepted" for result in results}
    assert live.process.wait(30) == 0
    assert "Traceback" not in live.output.read_text()
    whole(db)
    again = serve("--limits", "off", db=db)
    assert {gid: task["name"] for gid, task in listed(again, fields["projects"][0]).items()} == known


def test_a_second_start_keeps_tokens_and_data_and_makes_none_anew(serve: Any, db: Path) -> None:
    first = serve(db=db, token="the-first-token")
    before = first.data("GET", "/projects")
    first.process.terminate()
    assert first.process.wait(30) == 0
    second = serve("--seed", "empty", db=db, token="the-second-token")
    assert "Token  " not in second.output.read_text()
    for token in ("the-first-token", "the-second-token"):
        status, body, _ = second.call("GET", "/api/1.0/projects", token=token)
        assert (status, body["data"]) == (200, before)
