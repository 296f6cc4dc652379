"""What a store asks PostgreSQL over, and the plain way to do it: a connection that waits for each answer.

That is right for the command line, for tests and for whatever else has nothing better to do meanwhile. A server asks
over ``bridge.py``, where others have their turn.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol

import psycopg
from msgspec import Struct
from psycopg.adapt import AdaptersMap, Dumper, Loader
from psycopg.types.array import ListBinaryDumper
from psycopg.types.numeric import Int8BinaryDumper
from psycopg.types.string import StrBinaryDumper

from fanfold.errors import RequestError, SetupError

Question = tuple[str, Sequence[Any]]
"""SQL with ``$1`` for the first value, and the values."""

Rows = list[tuple[Any, ...]]

LookUp = tuple[str, Sequence[Any], tuple[Any, ...]]
"""SQL whose first value is an array of keys and whose rows begin with the key they are for; keys; further values.

Without keys there is no array, and all rows are for everybody who asks.
"""


def asked_of(wanted: LookUp) -> Question:
    """A look-up as a statement of its own."""
    sql, keys, values = wanted
    return sql, (list(keys), *values) if keys else values


class Found(Struct, frozen=True):
    """What a statement gave: its rows, and how many rows it gave or changed. Read like a cursor."""

    rows: list[tuple[Any, ...]]
    count: int = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row."""
        return self.rows[0] if self.rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows."""
        return self.rows


class Wire(Protocol):
    """One conversation with the database. Nothing is in a transaction unless ``BEGIN`` was said."""

    def ask(self, sql: str, values: Sequence[Any] = ()) -> Found:
        """Run a statement and wait for what it gives."""

    def ask_all(self, questions: Sequence[Question]) -> list[Found]:
        """Run several and wait once."""

    def look_up(self, *wanted: LookUp) -> list[Rows]:
        """The rows for some keys, of several look-ups at once; in the order of the statement for each key."""

    def tell(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run a statement whose result nobody needs; what is wrong with it may only show at the next ``ask``."""

    def close(self) -> None:
        """End the conversation."""


class BlockingWire:
    """A connection of its own, which waits."""

    def __init__(self, url: str) -> None:
        """Raises ``SetupError`` where there is no such database."""
        self._connection = connect(url)
        self._cursor = psycopg.RawCursor(self._connection)
        self._cursor.format = psycopg.pq.Format.BINARY

    def ask(self, sql: str, values: Sequence[Any] = ()) -> Found:
        """Run a statement and wait for what it gives."""
        cursor = self._cursor.execute(sql, packed(values))
        return Found(cursor.fetchall() if cursor.description else [], cursor.rowcount)

    def ask_all(self, questions: Sequence[Question]) -> list[Found]:
        """Run several, one after the other."""
        return [self.ask(*question) for question in questions]

    def look_up(self, *wanted: LookUp) -> list[Rows]:
        """The rows for some keys, of several look-ups."""
        return [self.ask(*asked_of(one)).rows for one in wanted]

    def tell(self, sql: str, values: Sequence[Any] = ()) -> None:
        """Run a statement."""
        self._cursor.execute(sql, packed(values))

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def is_postgres(db: str) -> bool:
    """Whether a ``db`` setting names a PostgreSQL database rather than a file."""
    return db.startswith(("postgresql://", "postgres://"))


def shown(url: str) -> str:
    """The address of a database without what opens it."""
    return re.sub(r"(?<=://)([^@/:]*)(:[^@/]*)?@", r"\1@", url).partition("?")[0]


def connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection on which statements are transactions of their own unless told."""
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10, application_name="fanfold")
        # What this saves on large queries, it costs on all of ours.
        connection.execute("SET jit = off; SET max_parallel_workers_per_gather = 0")
    except psycopg.Error as error:
        raise SetupError(f"The database {shown(url)} cannot be reached: {' '.join(str(error).split())}") from None
    adapt(connection.adapters)
    return connection


class Gids(list[int]):
    """Whole numbers that are sent as an array, whatever their size, so that each statement is prepared once."""


class _GidsDumper(Dumper):
    oid = psycopg.adapters.types["int8"].array_oid

    def dump(self, obj: Gids) -> bytes:
        return f"{{{','.join(map(str, obj))}}}".encode()


def packed(values: Sequence[Any]) -> list[Any]:
    """The values of a statement as the driver wants them. Raises ``RequestError`` for a text that cannot be sent."""
    if any([isinstance(value, str) and "\0" in value for value in values]):  # noqa: C419 - no generator: hot
        raise RequestError("Text must not hold the character NUL")
    return [
        value
        if not isinstance(value, (list, tuple))
        else Gids(value)
        if value and isinstance(value[0], int) and None not in value
        else list(value)
        for value in values
    ]


class _Json(Loader):
    """JSON as it comes: read by whoever needs it."""

    format = psycopg.pq.Format.BINARY

    def load(self, data: Any) -> bytes:
        return bytes(data)[1:]


def adapt(adapters: AdaptersMap) -> None:
    """Have whole numbers always be of one type, so that each statement is prepared once, and JSON be left alone."""
    adapters.register_dumper(int, Int8BinaryDumper)
    adapters.register_dumper(str, StrBinaryDumper)
    adapters.register_dumper(list, ListBinaryDumper)  # its own choice takes small numbers for all that come later
    adapters.register_dumper(Gids, _GidsDumper)
    adapters.register_loader("jsonb", _Json)


_MARKS = re.compile(r"'[^']*'|\?(\d*)")
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE)\b(?!.*\bRETURNING\b)", re.DOTALL)


@lru_cache(maxsize=4096)
def numbered(sql: str) -> tuple[str, bool]:
    """A statement with ``$1`` where it has ``?`` or ``?1``, and whether it only writes."""
    last = 0

    def number(found: re.Match[str]) -> str:
        nonlocal last
        if found[0][0] == "'":
            return found[0]
        place = int(found[1]) if found[1] else last + 1
        last = max(last, place)
        return f"${place}"

    return _MARKS.sub(number, sql), _WRITES.match(sql) is not None
