"""All that a SQLite file holds, table by table (see ``tables.py``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from fanfold.work.store.connection import FIRST_GID
from fanfold.work.store.tables import BATCH, TABLES, Content, FilledError, Table, Values

if TYPE_CHECKING:
    from fanfold.work.store.file import File

_SEARCHED = ("task_facts", "task_value", "named", "words", "task_names", "names")
"""What is worked out anew by the next search."""


class SqliteContent(Content):
    """What is in an open file; nothing of it may be under way."""

    def __init__(self, file: File, run: Any) -> None:
        """``run(sql, values)`` gives rows."""
        self._file = file
        self._run = run

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A transaction."""
        self._file.commit()
        self._run("BEGIN")
        try:
            yield
        finally:
            self._run("COMMIT")

    def rows(self, table: Table) -> Iterator[list[Values]]:
        """By the order of the key, which is that of the table itself."""
        found = self._run(f"SELECT {table.names} FROM {table.name} ORDER BY {table.key}")  # noqa: S608 - fixed names
        rows: list[Values] = []
        for row in found:
            rows.append(row)
            if len(rows) == BATCH:
                yield rows
                rows = []
        if rows:
            yield rows

    @contextmanager
    def replacing(self, unless: str = "") -> Iterator[None]:
        """A transaction too: the tables of the index go, the others are emptied."""
        self._file.commit()
        self._run("BEGIN IMMEDIATE")
        try:
            if unless and self._file.setting(unless) is not None:
                raise FilledError
            for name in _SEARCHED:
                self._run(f"DROP TABLE IF EXISTS {name}")
            for table in TABLES:
                those = " WHERE name <> 'signing_key'" if table.name == "setting" else ""
                self._run(f"DELETE FROM {table.name}{those}")  # noqa: S608 - fixed names
            yield
        except BaseException:
            self._run("ROLLBACK")
            raise
        self._run("COMMIT")

    def write(self, table: Table, rows: Sequence[Values]) -> None:
        """One by one, with the same statement."""
        marks = ", ".join("?" * len(table.columns))
        sql = f"INSERT INTO {table.name} ({table.names}) VALUES ({marks})"  # noqa: S608 - fixed names
        for row in rows:
            self._run(sql, row)

    def last_number(self, table: Table) -> int:
        """That of the last row, or a later one where the table remembers it."""
        sql = (
            f"SELECT max(coalesce((SELECT max({table.key}) FROM {table.name}), 0), "  # noqa: S608 - fixed names
            "coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0))"
        )
        return int(self._run(sql, (table.name,)).fetchone()[0])

    def go_on_behind(self, table: Table, number: int) -> None:
        """The others go on behind their last row anyway."""
        self._run("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (number, table.name))

    def next_gid(self) -> int:
        """The first that is left of the block at hand, or of the next one."""
        at_hand = self._file.gids_at_hand()
        stored = self._file.setting("next_gid")
        return at_hand if at_hand is not None else int(stored) if stored else FIRST_GID

    def go_on_with_gid(self, gid: int) -> None:
        """It is in the settings."""
        self._file.forget_gids()
        self._file.set("next_gid", str(gid).encode())
