"""An application whose controls are open to this machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fanfold.server.app import App
from tests.server.conftest import Reply, ask

HERE = ("127.0.0.1", 50_000)
LOCAL = {"host": "127.0.0.1:8480", "fanfold-admin": "1"}


@pytest.fixture
def app(make_app: Callable[..., App], tmp_path: Any) -> App:
    return make_app(admin=True, journal=100, files=str(tmp_path / "files"))


@pytest.fixture
def control(app: App) -> Callable[..., Any]:
    """Asks the controls as somebody at this machine; what they answer, which has to be a success."""

    async def asked(method: str, path: str, body: Any = None) -> Any:
        reply = await refused(app, method, path, body)
        assert reply.status == 200, reply.body
        return reply.json["data"]

    return asked


async def refused(app: App, method: str, path: str, body: Any = None, **headers: str) -> Reply:
    """The same, whatever the answer is."""
    sent = LOCAL | {name.replace("_", "-"): value for name, value in headers.items()}
    return await ask(app, method, f"/-/admin/{path}", body, token=None, headers=sent, client=HERE)


async def names(app: App) -> list[str]:
    """The names of the projects there are."""
    workspace = (await ask(app, "GET", "/api/1.0/workspaces")).json["data"][0]["gid"]
    return [p["name"] for p in (await ask(app, "GET", f"/api/1.0/projects?workspace={workspace}")).json["data"]]
