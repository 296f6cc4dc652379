"""The database that a scenario's servers share: a file, or one in a PostgreSQL of the scenario's own."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from faults.inside import Inside, SqliteInside
from faults.setting import Setting, UnableError

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


@asynccontextmanager
async def builder(setting: Setting) -> AsyncIterator[Builder]:
    """Whoever makes databases of the sort that the setting names, for as long as a block."""
    if setting.db == "postgres":
        raise UnableError("PostgreSQL is not served yet")
    yield SqliteBuilder()


@asynccontextmanager
async def home(setting: Setting, folder: Path) -> AsyncIterator[Home]:
    """One database for as long as a block."""
    async with builder(setting) as makes:
        yield await makes.make(folder)
