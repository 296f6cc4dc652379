"""What is done to a whole PostgreSQL database from outside of a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg

from fanfold.errors import SetupError
from fanfold.work.store import migrations
from fanfold.work.store.overview import Overview
from fanfold.work.store.postgres import PostgresStore
from fanfold.work.store.tables import TABLES
from fanfold.work.store.wire import BlockingWire, Wire, shown

T = TypeVar("T")


def upgrade(url: str) -> list[str]:
    """Apply what is pending; the names of what was applied."""
    return _over(url, lambda wire: [step.title for step in migrations.upgrade(wire, shown(url))])


def overview(url: str) -> Overview:
    """How a database is. Raises ``SetupError`` where there is none of ours."""
    return _over(url, lambda wire: _overview(wire, shown(url)))


def open_existing(url: str) -> PostgresStore:
    """A database that is there already."""
    _over(url, lambda wire: _must_be_there(wire, shown(url)))
    return PostgresStore.open(url)


def _over(url: str, work: Callable[[Wire], T]) -> T:
    wire = BlockingWire(url)
    try:
        return work(wire)
    except psycopg.Error as error:
        raise SetupError(f"The database {shown(url)} cannot be used: {str(error).strip()}") from None
    finally:
        wire.close()


def _must_be_there(wire: Wire, path: str) -> int:
    layout = migrations.layout(wire)
    if layout is None:
        raise SetupError(
            f"There is nothing of Fanfold in {path}; make it with fanfold serve --db {path}, or name another with --db."
        )
    return layout


def _overview(wire: Wire, path: str) -> Overview:
    layout = _must_be_there(wire, path)
    pending = migrations.pending(wire)
    counts = " UNION ALL ".join([f"SELECT '{table.name}', count(*) FROM {table.name}" for table in TABLES])  # noqa: S608 - fixed names
    counted = dict(wire.ask(counts).rows) if layout else {}
    ((size, version),) = wire.ask("SELECT pg_database_size(current_database()), current_setting('server_version')").rows
    return Overview(f"PostgreSQL {version}", layout, tuple(step.title for step in pending), size, counted)
