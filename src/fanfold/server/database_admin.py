"""What a person does to a whole database from the command line: bring it up to date, look how it is, copy it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from fanfold.errors import SetupError
from fanfold.server.opening import open_existing, open_store, postgres_care
from fanfold.settings import Settings, on_postgres, shown
from fanfold.work.store import SqliteStore
from fanfold.work.store.overview import Overview, of_file
from fanfold.work.store.tables import Sum, copy, sums

BESIDE = ("files", "key", "work", "snapshots")
"""What is kept in files beside a database."""


def upgrade(db: str) -> list[str]:
    """Bring the tables up to date; a line for each step."""
    if on_postgres(db):
        applied: list[str] = postgres_care().upgrade(db)
    else:
        applied = list(of_file(db).pending)
        SqliteStore(db).close()
    return [f"upgraded   {step}" for step in applied] or ["The database is up to date."]


def status(db: str) -> list[str]:
    """A line about each thing that is to be known of a database."""
    found: Overview = postgres_care().overview(db) if on_postgres(db) else of_file(db)
    return [
        f"database   {shown(db)} ({found.program})",
        f"layout     {found.layout}",
        *(f"pending    {step}" for step in found.pending),
        f"size       {found.size / 1_000_000:,.1f} MB",
        *(f"{name:10} {count:,}" for name, count in found.rows.items()),
    ]


def copy_database(source: str, target: str, *, replace: bool) -> Iterator[str]:
    """Have in ``target`` what is in ``source``; lines about it as it goes on.

    Raises ``SetupError`` where something is there already, unless it is to be replaced.
    """
    if source == target or ":memory:" in (source, target):
        raise SetupError("A database is copied from one place to another: name two, in files or in PostgreSQL.")
    with closing(open_existing(source)) as origin, closing(open_store(target)) as goal:
        if not replace and goal.of_kind("workspace"):
            raise SetupError(
                f"There is something in the database {goal.path} already; name another, or copy with --replace."
            )
        copied = copy(origin.content(), goal.content())
        goal.use_key(origin.signing_key)
        yield from (f"{name:10} {counted.rows:,}" for name, counted in copied.items())
        _compare(copied, sums(goal.content()))
        yield "compared   every row is the same"
    yield _left_behind(source, target)


def _compare(copied: dict[str, Sum], found: dict[str, Sum]) -> None:
    wrong = [name for name, counted in copied.items() if counted != found[name]]
    if wrong:
        raise SetupError(
            f"What is there now is not what was copied: {', '.join(wrong)}. Was it in use meanwhile? "
            "Stop what uses it, and copy again with --replace."
        )


def _left_behind(source: str, target: str) -> str:
    here, there = (Settings(db=db).beside for db in (source, target))
    left = [f"{here}-{what}" for what in BESIDE if Path(f"{here}-{what}").exists()]
    if not left:
        return "not copied uploaded files and keys, wherever the settings keep them"
    return f"not copied {', '.join(left)}: if they are needed, their names begin with {there}- there"
