"""A server with an account at its own work API, and accounts at the demo API, asked in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import cached_property
from typing import Any

import pytest

from fanfold.server.app import App
from fanfold.server.connect.first import first_account
from tests.server.conftest import ADA, Reply, ask

MOMENT = "2026-11-22T12:00:00.000Z"


class Platform:
    """One server, and what its clients do with it."""

    def __init__(self, app: App) -> None:
        self.app = app

    @cached_property
    def work(self) -> str:
        """The id of the first account, at the server's own work API."""
        return first_account(self.app.store, MOMENT)

    async def ask(self, method: str, target: str, body: Any = None, **more: Any) -> Reply:
        """One request."""
        return await ask(self.app, method, target, body, **more)

    async def ok(self, method: str, target: str, body: Any = None, **more: Any) -> Any:
        """What a request is answered that has to succeed."""
        reply = await self.ask(method, target, body, **more)
        assert reply.status == 200, reply.body
        return reply.json

    async def refused(self, status: int, method: str, target: str, body: Any = None, **more: Any) -> Any:
        """What a request is answered that has to be refused."""
        reply = await self.ask(method, target, body, **more)
        assert reply.status == status, (reply.status, reply.body)
        assert reply.json["statusCode"] == status
        return reply.json

    async def account(self, integration: str = "demo", token: str = ADA, **members: Any) -> str:
        """The id of a new account."""
        made = await self.ok("POST", "/integrated-account", {"integration": integration, **members}, token=token)
        return str(made["id"])

    async def declaration(self, name: str) -> Any:
        """What an integration declares."""
        integrations = self.app.connect().parts.integrations
        return await self.app.api.read(lambda session: integrations.get(session.store, name))

    async def kept(self, account: str) -> Any:
        """An account as it is stored."""
        return await self.app.connect().parts.accounts.get(account)

    async def fetch(self, account: str, *resources: Any, headers: Any = None, **members: Any) -> Any:
        """What a batch request is answered."""
        body = {"integrated_account_id": account, "resources": resources, **members}
        return await self.ok("POST", "/batch-request", body, headers=headers)


@pytest.fixture
async def make_platform(make_app: Callable[..., App]) -> AsyncIterator[Callable[..., Platform]]:
    made: list[App] = []

    def make(**settings: Any) -> Platform:
        made.append(make_app(**settings))
        return Platform(made[-1])

    yield make
    for app in made:
        if app._connect is not None:
            await app._connect.close(1)


@pytest.fixture
def platform(make_platform: Callable[..., Platform]) -> Platform:
    return make_platform()
