"""How a database is, to be shown to whoever looks after it; nothing is changed by looking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
from msgspec import Struct

from fanfold.errors import SetupError
from fanfold.work.store.connection import VERSION
from fanfold.work.store.tables import TABLES


class Overview(Struct, frozen=True):
    """Layout, size in bytes and rows of each table. ``pending`` says what an upgrade will do."""

    program: str
    layout: int
    pending: tuple[str, ...]
    size: int
    rows: dict[str, int]


def of_file(path: str) -> Overview:
    """How a SQLite file is. Raises ``SetupError`` where there is none of ours."""
    if not Path(path).is_file():
        raise SetupError(f"There is no database {path}; name another with --db.")
    try:
        connection = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    except apsw.Error as error:
        raise SetupError(f"The database {path} cannot be opened: {error}.") from None
    try:
        return _of_file(path, connection.execute)
    except apsw.NotADBError:
        raise SetupError(f"{path} is not a Fanfold database; name another with --db.") from None
    finally:
        connection.close()


def _of_file(path: str, run: Callable[..., Any]) -> Overview:
    ((layout,),) = run("PRAGMA user_version")
    if layout == 0:
        raise SetupError(f"{path} is not a Fanfold database; name another with --db.")
    ((pages,),), ((page,),) = run("PRAGMA page_count"), run("PRAGMA page_size")
    there = {name for (name,) in run("SELECT name FROM sqlite_schema")}
    rows = {
        table.name: next(run(f"SELECT count(*) FROM {table.name}"))[0]  # noqa: S608 - fixed names
        for table in TABLES
        if table.name in there
    }
    pending = tuple(f"to layout {number}" for number in range(layout + 1, VERSION + 1))
    return Overview(f"SQLite {apsw.sqlite_lib_version()}", layout, pending, pages * page, rows)
