"""The server's application in this process, over a copy of one seeded database."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

import pytest
from msgspec import json

from fanfold.server.app import App
from fanfold.server.tokens import issue
from fanfold.settings import Settings
from fanfold.work import SqliteStore
from fanfold.work.seed import first_user, seed
from tests.upstreams import upstream

__all__ = ["upstream"]

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADA, GRACE = "token-of-ada", "token-of-grace"


class Reply(NamedTuple):
    """What the application answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The decoded body."""
        return json.decode(self.body)


Ask = Callable[..., Any]


async def ask(
    app: App,
    method: str,
    target: str,
    body: Any = None,
    *,
    token: str | None = ADA,
    headers: dict[str, str] | None = None,
    client: tuple[str, int] | None = None,
) -> Reply:
    """One request to an ASGI application."""
    raw_path, _, query = target.partition("?")
    sent = {"content-type": "application/json"} | ({} if token is None else {"authorization": f"Bearer {token}"})
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(raw_path),
        "raw_path": raw_path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "client": client,
        "headers": [(k.encode(), v.encode("latin-1")) for k, v in (sent | (headers or {})).items()],
    }
    raw = body if isinstance(body, bytes) else b"" if body is None else json.encode(body)
    messages = iter([{"type": "http.request", "body": raw, "more_body": False}])
    got: list[Any] = []

    async def receive() -> Any:
        message = next(messages, None)
        if message is None:
            await asyncio.Event().wait()  # as with a client that waits for its answer
        return message

    async def send(message: Any) -> None:
        got.append(message)

    await app(scope, receive, send)
    start, *pieces = got
    return Reply(
        start["status"],
        {k.decode(): v.decode() for k, v in start["headers"]},
        b"".join(piece["body"] for piece in pieces),
    )


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with demo data and a token each for two users."""
    path = tmp_path_factory.mktemp("seeded") / "seeded.db"
    store = SqliteStore(path)
    seed(store, "demo")
    issue(store, first_user(store), "test", NOON, ADA)
    grace = store.user_by_email("grace@example.com")
    assert grace is not None
    issue(store, grace, "test", NOON, GRACE)
    store.close()
    return path


@pytest.fixture
def make_app(seeded: Path, tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Makes applications, each over its own copy of the seeded database and with a clock that stands still."""
    made: list[App] = []

    def make(**settings: Any) -> App:
        path = tmp_path / f"{len(made)}.db"
        shutil.copy(seeded, path)
        told = Settings(**{"db": str(path), "access_log": "off", "limits": "off", **settings})
        app = App(told, SqliteStore(path), address="http://test")
        app.clock.set(NOON)
        made.append(app)
        return app

    yield make
    for app in made:
        app.log.close()
        if app.control is not None:
            app.control.data.close()
        app.store.close()
