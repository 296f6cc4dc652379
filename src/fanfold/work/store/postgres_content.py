"""All that a PostgreSQL database holds, table by table (see ``tables.py``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from fanfold.work.store.tables import BATCH, TABLES, Content, FilledError, Table, Values

if TYPE_CHECKING:
    from fanfold.work.store.postgres import PostgresStore
    from fanfold.work.store.wire import Wire

_ARRAYS = {"number": "bigint[]", "real": "double precision[]", "text": "text[]", "bytes": "bytea[]", "json": "bytea[]"}

_SEARCHED = ("task_facts", "task_value", "named", "words", "task_names", "names")
"""What is worked out anew by the next search."""

_NO_NUL = "\N{REPLACEMENT CHARACTER}"
"""What stands in the place of a character that cannot be kept in PostgreSQL."""


class PostgresContent(Content):
    """What is in a database; nothing of it may be under way over the wire."""

    def __init__(self, store: PostgresStore, wire: Wire) -> None:
        self._store = store
        self._wire = wire

    @contextmanager
    def reading(self) -> Iterator[None]:
        """From one snapshot."""
        self._store.commit()
        self._wire.tell("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            yield
        finally:
            self._wire.tell("ROLLBACK")

    def rows(self, table: Table) -> Iterator[list[Values]]:
        """With a cursor in the database. JSON is written as short as we do."""
        documents = [place for place, kind in enumerate(table.columns.values()) if kind == "json"]
        query = f"SELECT {table.names} FROM {table.name} ORDER BY {table.key}"  # noqa: S608 - fixed names
        self._wire.tell(f"DECLARE copied NO SCROLL CURSOR FOR {query}")
        while True:
            rows = self._wire.ask(f"FETCH {BATCH} FROM copied").rows
            if not rows:
                break
            yield [_compact(row, documents) for row in rows] if documents else rows
        self._wire.tell("CLOSE copied")

    @contextmanager
    def replacing(self, unless: str = "") -> Iterator[None]:
        """Under the lock of those who write, so that there is nobody between; readers wait for the end."""
        store = self._store
        store.commit()
        store.begin_action()
        try:
            if unless and store.setting(unless) is not None:
                raise FilledError
            names = [table.name for table in TABLES if table.name != "setting"]
            self._wire.ask(f"TRUNCATE {', '.join((*names, *_SEARCHED))}")
            self._wire.ask("DELETE FROM setting WHERE name <> 'signing_key'")
            yield
            # Until somebody has counted, plans are made as if there were next to nothing.
            self._wire.ask(f"ANALYZE {', '.join(names)}")
        except BaseException:
            store.undo_action()
            store.commit()
            raise
        store.touch_everything()
        store.end_action()
        store.commit()

    def keepable(self, table: Table, rows: list[Values]) -> list[Values]:
        """Without the character NUL in texts, which older files may hold."""
        kinds = list(table.columns.values())
        return [tuple([_without_nul(*pair) for pair in zip(kinds, row, strict=True)]) for row in rows]

    def write(self, table: Table, rows: Sequence[Values]) -> None:
        """All at once, as an array for each column."""
        columns = [f"c{place}" for place in range(len(table.columns))]
        kinds = list(table.columns.values())
        chosen = [
            f"convert_from({column}, 'UTF8')::jsonb" if kind == "json" else column
            for column, kind in zip(columns, kinds, strict=True)
        ]
        arrays = [f"${place}::{_ARRAYS[kind]}" for place, kind in enumerate(kinds, 1)]
        values = [list(column) for column in zip(*rows, strict=True)]
        self._wire.ask(
            f"INSERT INTO {table.name} ({table.names}) SELECT {', '.join(chosen)} "  # noqa: S608 - fixed names
            f"FROM unnest({', '.join(arrays)}) AS copied ({', '.join(columns)})",
            values,
        )

    def last_number(self, table: Table) -> int:
        """What its sequence says."""
        (name,) = self._first(f"SELECT pg_get_serial_sequence('{table.name}', '{table.key}')")
        return self._next(name) - 1

    def go_on_behind(self, table: Table, number: int) -> None:
        """Undone with the rest if the rest is undone."""
        self._wire.ask(f"ALTER TABLE {table.name} ALTER COLUMN {table.key} RESTART WITH {number + 1}")

    def next_gid(self) -> int:
        """What the sequence says."""
        return self._next("gid")

    def go_on_with_gid(self, gid: int) -> None:
        """Undone with the rest if the rest is undone."""
        self._wire.ask(f"ALTER SEQUENCE gid RESTART WITH {gid}")

    def _next(self, sequence: str) -> int:
        last, used = self._first(f"SELECT last_value, is_called FROM {sequence}")  # noqa: S608 - a fixed name
        return int(last) + 1 if used else int(last)

    def _first(self, sql: str) -> Values:
        found = self._wire.ask(sql).fetchone()
        if found is None:
            raise LookupError(sql)
        return found


def _compact(row: Values, documents: Sequence[int]) -> Values:
    values = list(row)
    for place in documents:
        values[place] = msgspec.json.format(values[place], indent=-1)
    return tuple(values)


def _without_nul(kind: str, value: Any) -> Any:
    if kind == "text" and value is not None and "\0" in value:
        return value.replace("\0", _NO_NUL)
    if kind == "json" and b"\\u0000" in value:
        return msgspec.json.encode(_cleaned(msgspec.json.decode(value)))
    return value


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", _NO_NUL)
    if isinstance(value, dict):
        return {_cleaned(name): _cleaned(part) for name, part in value.items()}
    return [_cleaned(part) for part in value] if isinstance(value, list) else value
