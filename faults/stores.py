"""The database that a scenario's servers share: a file, or one in a PostgreSQL of the scenario's own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from faults.inside import Inside, SqliteInside
from faults.postgres_server import PostgresInside, PostgresServer
from faults.server import free_port
from faults.setting import Setting

NAME = "faults.db"


class Home(NamedTuple):
    """Where data are: what ``--db`` is given, further flags, and a way to look at them beside the server."""

    folder: Path
    db: str
    inside: Inside
    flags: tuple[str, ...] = ()


class Builder(Protocol):
    """Makes homes."""

    async def make(self, folder: Path, like: Home | None = None) -> Home:
        """An empty database, or a copy of another, which no server may have open; ``folder`` is made for it."""

    async def remove(self, home: Home) -> None:
        """Have it no more."""


class SqliteBuilder:
    """Files."""

    async def make(self, folder: Path, like: Home | None = None) -> Home:
        """An empty database, or a copy of another."""
        folder.mkdir(parents=True, exist_ok=True)
        if like is not None:
            for path in like.folder.glob(f"{NAME}*"):
                (shutil.copytree if path.is_dir() else shutil.copy2)(path, folder / path.name)
        db = str(folder / NAME)
        return Home(folder, db, SqliteInside(db))

    async def remove(self, home: Home) -> None:
        """Have it no more."""
        shutil.rmtree(home.folder, ignore_errors=True)


class PostgresBuilder:
    """Databases of one server."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._made: dict[Path, str] = {}

    async def make(self, folder: Path, like: Home | None = None) -> Home:
        """An empty database, or a copy of another."""
        folder.mkdir(parents=True, exist_ok=True)
        name = self._made[folder] = f"faults_{len(self._made)}"
        if like is None:
            self.server.make(name)
        else:
            self.server.copy(name, self._made[like.folder])
        url = self.server.url(name)
        return Home(folder, url, PostgresInside(url))

    def name(self, home: Home) -> str:
        """What its database is called."""
        return self._made[home.folder]

    async def remove(self, home: Home) -> None:
        """Have it no more, whoever is connected with it."""
        self.server.ask(f"DROP DATABASE {self._made[home.folder]} WITH (FORCE)")
        shutil.rmtree(home.folder, ignore_errors=True)


@asynccontextmanager
async def builder(setting: Setting) -> AsyncIterator[Builder]:
    """Whoever makes databases of the sort that the setting names, for as long as a block."""
    if setting.db == "sqlite":
        yield SqliteBuilder()
        return
    server = PostgresServer(free_port())
    try:
        server.start()
        yield PostgresBuilder(server)
    finally:
        server.remove()


@asynccontextmanager
async def home(setting: Setting, folder: Path) -> AsyncIterator[Home]:
    """One database for as long as a block."""
    async with builder(setting) as makes:
        yield await makes.make(folder)
