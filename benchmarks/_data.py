"""Databases to measure on: one task made through the API with ten relations, then cloned as often as needed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from msgspec import json

from fanfold.model import Call, Caller
from fanfold.server.tokens import issue
from fanfold.work import SqliteStore, WorkApi
from fanfold.work.change import compact
from fanfold.work.clock import utc_now
from fanfold.work.seed import first_user, seed

TASKS_PER_PROJECT = 1000
TOKEN = "benchmark-token-of-no-value"


class Made(NamedTuple):
    """A database and what to ask of it. ``tasks`` are gids, spread over the whole."""

    path: Path
    project: str
    workspace: str
    tasks: list[str]


def make(path: Path, count: int) -> Made:
    """A database with ``count`` tasks in projects of a thousand, every task with ten relations."""
    store = SqliteStore(path)
    seed(store, "demo")
    api = WorkApi(store)
    user = first_user(store)
    issue(store, user, "benchmark", utc_now(), TOKEN)

    def ask(method: str, target: str, **data: Any) -> Any:
        endpoint, params = api.resolve(method, target)
        call = Call(
            method, target, (), {"data": data} if data else None, (), Caller("benchmark", str(user)), endpoint, params
        )
        answer = api.answer(call)
        api.commit()
        return json.decode(answer.body)["data"]

    workspace = ask("GET", "/workspaces")[0]["gid"]
    users = [item["gid"] for item in ask("GET", f"/workspaces/{workspace}/users")]
    tags = [item["gid"] for item in ask("GET", f"/workspaces/{workspace}/tags")][:2]
    team = ask("GET", f"/workspaces/{workspace}/teams")[0]["gid"]
    gids: list[int] = []
    project = ""
    while len(gids) < count:
        project = ask("POST", "/projects", name=f"Project {len(gids)}", workspace=workspace, team=team)["gid"]
        parent = ask("POST", "/tasks", name="Parent", projects=[project])["gid"]
        model = ask(
            "POST",
            "/tasks",
            name="A task whose name is about as long as names are",
            notes="Two sentences of notes. They are there so that the record has a usual size.",
            projects=[project],
            assignee=users[0],
            followers=users[:3],
            tags=tags,
            due_on="2027-01-31",
            completed=True,
        )["gid"]
        ask("POST", f"/tasks/{model}/setParent", parent=parent)
        gids += [int(model), *_clone(store, int(model), min(TASKS_PER_PROJECT, count - len(gids)) - 1)]
    store.close()
    step = max(1, len(gids) // 1000)
    return Made(path, project, workspace, [str(gid) for gid in gids[::step]])


def _clone(store: SqliteStore, model: int, count: int) -> list[int]:
    row = store.record(model)
    assert row is not None
    document = json.decode(row.document)
    outward = store._connection.execute("SELECT field, target, note FROM link WHERE owner = ?", (model,)).fetchall()  # noqa: SLF001
    inward = store._connection.execute("SELECT field, owner, note FROM link WHERE target = ?", (model,)).fetchall()  # noqa: SLF001
    made = []
    kind = WorkApi(store).kinds["task"]
    store.begin_action()
    for number in range(count):
        gid = store.new_gid()
        mine = {**document, "name": f"Task {number} whose name is about as long as names are"}
        store.insert(row._replace(gid=gid, document=json.encode(mine), compact=compact(kind, gid, mine)))
        for position, (field, target, note) in enumerate(outward):
            store.link(gid, field, target, position, note)
        for field, owner, note in inward:
            store.link(owner, field, gid, gid << 32, note)
        made.append(gid)
    store.end_action()
    store.commit()
    return made
