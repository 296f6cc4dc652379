"""The database that a scenario's servers share: a file, or a PostgreSQL of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from faults.inside import Inside, SqliteInside
from faults.setting import Setting, UnableError


class Home(NamedTuple):
    """Where data are: what ``--db`` is given, and a way to look at it beside the server."""

    db: str
    inside: Inside


@asynccontextmanager
async def home(setting: Setting, folder: Path) -> AsyncIterator[Home]:
    """A database for as long as a block, of the sort that the setting names."""
    if setting.db == "postgres":
        raise UnableError("PostgreSQL is not served yet")
    path = str(folder / "faults.db")
    yield Home(path, SqliteInside(path))
