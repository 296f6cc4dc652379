"""``fanfold db``: bring a database up to date, look how it is, and copy it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from fanfold.settings import read_settings

db = App(name="db", help="Bring a database up to date, look how it is, and copy it.")

Database = Annotated[str | None, Parameter(name="--db", help="The SQLite file (fanfold.db), or postgresql://…")]


@db.command
def upgrade(*, db: Database = None) -> None:
    """Bring the tables of a database up to date. Servers of an older version are to be stopped before."""
    from fanfold.server.database_admin import upgrade as upgraded  # noqa: PLC0415 - help starts without it

    for line in upgraded(db or read_settings({}).db):
        print(line)


@db.command
def status(*, db: Database = None) -> None:
    """Show the layout of a database, what is pending, its size, and how many rows there are of what."""
    from fanfold.server.database_admin import status as found  # noqa: PLC0415

    for line in found(db or read_settings({}).db):
        print(line)


@db.command
def copy(
    source: Annotated[str, Parameter(name="FROM", help="A SQLite file, or postgresql://…")],
    target: Annotated[str, Parameter(name="TO", help="Likewise; made where there is none.")],
    /,
    *,
    replace: Annotated[bool, Parameter(negative="", help="Have what is in TO replaced.")] = False,
) -> None:
    """Copy a database whole, and compare every row. Uploaded files are not in it, and are not copied."""
    from fanfold.server.database_admin import copy_database  # noqa: PLC0415

    for line in copy_database(source, target, replace=replace):
        print(line)
