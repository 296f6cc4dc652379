"""A single request and the same action in a batch are answered alike: every operation, whoever asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fanfold.server.app import App
from fanfold.work.api import WorkApi
from fanfold.work.schema import Route
from fanfold.work.store import SqliteStore
from tests.server.conftest import ADA, GRACE, Reply, ask

ROUTES: list[Route] = WorkApi(SqliteStore()).router.routes
WHO = {"no token": None, "wrong token": "nobody-has-this", "user A": ADA, "user B": GRACE}


def path_of(app: App, route: Route) -> str:
    """The route's path with a gid that exists for each parameter, where there is one."""
    path = route.template
    while "{" in path:
        name = path.partition("{")[2].partition("}")[0]
        kind = name.removesuffix("_gid")
        sql = "SELECT gid FROM record WHERE kind = ? ORDER BY gid LIMIT 1"
        found = app.store._connection.execute(sql, (kind,)).fetchone()
        path = path.replace(f"{{{name}}}", str(found[0] if found else 999_999), 1)
    return path


def data_of(app: App, route: Route) -> dict[str, Any]:
    """Something for each field that has to be there, so that most operations get past their first check."""
    data: dict[str, Any] = {}
    for field in route.takes:
        if field.type in ("one", "many") and field.required:
            sql = "SELECT gid FROM record WHERE kind = ? ORDER BY gid LIMIT 1"
            found = app.store._connection.execute(sql, (field.kind or "task",)).fetchone()
            gid = str(found[0] if found else 999_999)
            data[field.name] = [gid] if field.type == "many" else gid
        elif field.name in ("name", "text"):
            data[field.name] = "A name"
    if any(field.name == "workspace" for field in route.takes):
        data["workspace"] = str(
            app.store._connection.execute("SELECT gid FROM record WHERE kind = 'workspace'").fetchone()[0]
        )
    return data


async def both(one: App, other: App, route: Route, token: str | None) -> tuple[Reply, Reply]:
    path, data = path_of(one, route), data_of(one, route)
    body = {"data": data} if route.method in ("POST", "PUT") else None
    single = await ask(one, route.method, f"/api/1.0{path}", body, token=token)
    action = {"method": route.method, "relative_path": path, "data": data if body else {}}
    batch = await ask(other, "POST", "/api/1.0/batch", {"data": {"actions": [action]}}, token=token)
    return single, batch


@pytest.mark.parametrize("who", WHO)
@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_a_batch_answers_as_a_single_request_does(route: Route, who: str, make_app: Callable[..., App]) -> None:
    single, batch = asyncio.run(both(make_app(), make_app(), route, WHO[who]))
    if WHO[who] not in (ADA, GRACE):
        assert single.status == batch.status == 401
        assert single.body == batch.body
        return
    assert single.status < 500
    (result,) = batch.json["data"]
    if not route.batchable:
        assert result["status_code"] == 400
        assert result["body"]["errors"][0]["message"] == "This endpoint is not available in a batch request"
        return
    assert (result["status_code"], result["body"]) == (single.status, single.json)
    assert result["headers"].get("location") == single.headers.get("location")


def test_whoever_asks_gets_their_own_answer(make_app: Callable[..., App]) -> None:
    async def names() -> set[str]:
        app = make_app()
        replies = await asyncio.gather(
            *[ask(app, "GET", "/api/1.0/users/me", token=token) for token in (ADA, GRACE) * 50]
        )
        assert [reply.json["data"]["name"] for reply in replies[:2]] == ["Ada Lovelace", "Grace Hopper"]
        return {f"{index % 2}:{reply.json['data']['name']}" for index, reply in enumerate(replies)}

    assert asyncio.run(names()) == {"0:Ada Lovelace", "1:Grace Hopper"}
