"""The store behind a ``db`` setting, as commands use it: over a connection that waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fanfold.errors import SetupError
from fanfold.settings import on_postgres
from fanfold.work import SqliteStore, Store


def open_store(db: str) -> Store:
    """The database, made where there is none."""
    if on_postgres(db):
        return postgres_care().PostgresStore.open(db)  # type: ignore[no-any-return]
    return SqliteStore(db)


def open_existing(db: str) -> Store:
    """A database that is there already; raises ``SetupError`` where it is not."""
    if on_postgres(db):
        return postgres_care().open_existing(db)  # type: ignore[no-any-return]
    if not Path(db).exists():
        raise SetupError(f"There is no database {db}; make it with fanfold serve --db {db}, or name another with --db.")
    return SqliteStore(db)


def postgres_care() -> Any:
    """What is done to PostgreSQL databases; raises ``SetupError`` where its packages are missing."""
    try:
        from fanfold.work.store import postgres_care as care  # noqa: PLC0415 - an extra
    except ModuleNotFoundError:
        raise SetupError("A PostgreSQL database needs more packages: pip install 'fanfold[postgres]'") from None
    return care
