"""The database looked at beside the server: what is really there, whatever the API says."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from msgspec import json

MANY = 500
"""Values in one query."""


class Inside(Protocol):
    """What is asked of a database."""

    def documents(self, gids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The documents of the records that are there, by gid."""

    def named(self, kind: str, beginning: str) -> list[tuple[str, str]]:
        """Gid and name of the records of a kind whose name begins so."""

    def unfinished_jobs(self) -> int:
        """How many jobs are under way."""

    def unsound(self) -> list[str]:
        """What is wrong with the database itself (I10)."""

    def value(self, sql: str) -> Any:
        """The first value that a query finds. Its words have to be those of both databases."""


class SqliteInside:
    """A SQLite file, only read. ``elsewhere``: it is in another's file system, so what is looked at is a copy."""

    def __init__(self, path: str, *, elsewhere: bool = False) -> None:
        self._path = path
        self._elsewhere = elsewhere

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        if self._elsewhere:
            with TemporaryDirectory() as folder:
                for ending in ("", "-wal"):
                    if (path := Path(self._path + ending)).exists():
                        shutil.copy2(path, Path(folder) / f"copy.db{ending}")
                with closing(sqlite3.connect(Path(folder) / "copy.db")) as database:
                    yield database
            return
        with closing(sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=30)) as database:
            yield database

    def documents(self, gids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The documents of the records that are there, by gid."""
        wanted = [int(gid) for gid in gids]
        found: dict[str, dict[str, Any]] = {}
        with self._open() as database:
            for first in range(0, len(wanted), MANY):
                some = wanted[first : first + MANY]
                marks = ",".join("?" * len(some))
                rows = database.execute(f"SELECT gid, document FROM record WHERE gid IN ({marks})", some)
                found |= {str(gid): json.decode(document) for gid, document in rows}
        return found

    def named(self, kind: str, beginning: str) -> list[tuple[str, str]]:
        """Gid and name of the records of a kind whose name begins so."""
        sql = (
            "SELECT gid, json_extract(CAST(document AS TEXT), '$.name') AS name FROM record "
            "WHERE kind = ? AND workspace > 0 AND substr(name, 1, ?) = ?"
        )
        with self._open() as database:
            return [(str(gid), name) for gid, name in database.execute(sql, (kind, len(beginning), beginning))]

    def unfinished_jobs(self) -> int:
        """How many jobs are under way."""
        sql = (
            "SELECT count(*) FROM record WHERE kind = 'job' "
            "AND json_extract(CAST(document AS TEXT), '$.status') = 'in_progress'"
        )
        return int(self.value(sql))

    def unsound(self) -> list[str]:
        """What is wrong with the file."""
        with self._open() as database:
            found = [f"I10: {text}" for (text,) in database.execute("PRAGMA integrity_check") if text != "ok"]
            for side in ("owner", "target"):
                sql = f"SELECT {side}, field FROM link WHERE {side} NOT IN (SELECT gid FROM record) LIMIT 3"
                found += [
                    f"I10: a link {field} hangs on {gid}, which is not there" for gid, field in database.execute(sql)
                ]
            return found

    def value(self, sql: str) -> Any:
        """The first value that a query finds."""
        with self._open() as database:
            row = database.execute(sql).fetchone()
            return row[0] if row else None
