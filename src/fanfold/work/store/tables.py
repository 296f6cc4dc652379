"""What a database holds, table by table, so that one can become a copy of another of whatever sort.

Left out is what is worked out from the rest (what searches look at), what one process tells others in passing, and what
is a database's own: how it counts, and the key that it signs with.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import Struct

Values = tuple[Any, ...]
"""One row."""

BATCH = 500
"""Rows that are read, or written, at once."""

OWN_SETTINGS = ("next_gid", "search", "signing_key")
"""Settings that are not copied with the others."""


class Table(Struct, frozen=True):
    """One table. ``columns`` are its names and types: ``number``, ``real``, ``text``, ``bytes`` or ``json``.

    ``key`` is what its rows are in the order of. ``counts``: it gives its rows numbers in that column itself, which
    are never used again.
    """

    name: str
    columns: dict[str, str]
    key: str
    counts: bool = False

    @property
    def names(self) -> str:
        """The columns, as SQL."""
        return ", ".join([f'"{name}"' for name in self.columns])


_N, _R, _T, _B, _J = "number", "real", "text", "bytes", "json"

TABLES = (
    Table("record", {"gid": _N, "kind": _T, "workspace": _N, "private": _N, "document": _J, "compact": _B}, key="gid"),
    Table("link", {"owner": _N, "field": _T, "position": _N, "target": _N, "note": _N}, key="owner, field, position"),
    Table("event", {"seq": _N, "workspace": _N, "resource": _N, "document": _B}, key="seq", counts=True),
    Table("event_of", {"subject": _N, "seq": _N}, key="subject, seq"),
    Table(
        "delivery",
        {"webhook": _N, "subject": _N, "secret": _B, "cursor": _N, "upto": _N, "body": _B, "due": _T},
        key="webhook",
    ),
    Table(
        "audit",
        {"seq": _N, "workspace": _N, "at": _T, "type": _T, "actor": _N, "resource": _N, "document": _B},
        key="seq",
        counts=True,
    ),
    Table(
        "token",
        {"id": _N, "digest": _B, "user": _N, "name": _T, "created_at": _T, "revoked_at": _T},
        key="id",
        counts=True,
    ),
    Table("setting", {"name": _T, "value": _B}, key="name"),
    Table(
        "app",
        {"id": _N, "client": _T, "secret": _B, "name": _T, "redirects": _T, "created_at": _T},
        key="id",
        counts=True,
    ),
    Table("consent", {"id": _N, "app": _N, "user": _N, "created_at": _T}, key="id", counts=True),
    Table(
        "voucher",
        {"digest": _B, "consent": _N, "what": _T, "scope": _T, "expires_at": _N, "spent": _N, "about": _B},
        key="digest",
    ),
    Table(
        "answer",
        {"name": _B, "fingerprint": _B, "until": _R, "status": _N, "headers": _B, "body": _B, "trusted": _N},
        key="name",
    ),
    Table(
        "shelved",
        {"place": _N, "shelf": _T, "name": _T, "owner": _N, "until": _R, "document": _B},
        key="place",
        counts=True,
    ),
)
"""In an order in which they can be filled."""


class Sum:
    """A checksum of rows in whatever order, which is the same whatever database they are in."""

    def __init__(self) -> None:
        self.rows = 0
        self.sum = 0

    def add(self, table: Table, rows: Iterable[Values]) -> None:
        """Count rows in."""
        kinds = list(table.columns.values())
        for row in rows:
            plain = [_plain(kind, value) for kind, value in zip(kinds, row, strict=True)]
            digest = blake2b(msgspec.json.encode(plain, order="deterministic"), digest_size=8).digest()
            self.sum = (self.sum + int.from_bytes(digest, "big")) % (1 << 64)
            self.rows += 1

    def __eq__(self, other: object) -> bool:
        """Whether the same rows were counted."""
        return isinstance(other, Sum) and (self.rows, self.sum) == (other.rows, other.sum)

    __hash__ = None  # type: ignore[assignment]  # it changes


def _plain(kind: str, value: Any) -> Any:
    """A value as what it means, not as a database spells it."""
    if value is None:
        return None
    if kind == _J:
        return _numbers(msgspec.json.decode(value))
    return float(value) if kind == _R else value


def _numbers(value: Any) -> Any:
    """JSON with numbers that are whole written as such: databases differ in whether they tell 1e16 from an integer."""
    if isinstance(value, float):
        return int(value) if value.is_integer() else value
    if isinstance(value, dict):
        return {name: _numbers(part) for name, part in value.items()}
    return [_numbers(part) for part in value] if isinstance(value, list) else value


class Content(ABC):
    """All that one database holds, to be read or replaced as a whole."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[None]:
        """A block in which everything is read as it is at one moment."""

    @abstractmethod
    def rows(self, table: Table) -> Iterator[list[Values]]:
        """The rows of a table in order, some at a time."""

    @abstractmethod
    def replacing(self, unless: str = "") -> AbstractContextManager[None]:
        """A block that begins with nothing there, and whose end makes durable what was written in it.

        Raises ``FilledError`` where the setting ``unless`` is there.
        """

    def keepable(self, table: Table, rows: list[Values]) -> list[Values]:  # noqa: ARG002 - for most it is all
        """Rows of another database as this one can keep them."""
        return rows

    @abstractmethod
    def write(self, table: Table, rows: Sequence[Values]) -> None:
        """Add rows."""

    @abstractmethod
    def last_number(self, table: Table) -> int:
        """The last number that was given to a row of the table; 0 for none."""

    @abstractmethod
    def go_on_behind(self, table: Table, number: int) -> None:
        """Give the next row of the table a number behind this one."""

    @abstractmethod
    def next_gid(self) -> int:
        """The gid that the next record gets."""

    @abstractmethod
    def go_on_with_gid(self, gid: int) -> None:
        """Give this gid to the next record."""


class FilledError(Exception):
    """There is something in the database already."""


def copy(source: Content, target: Content, *, without: Collection[str] = (), unless: str = "") -> dict[str, Sum]:
    """Have in one database what is in another, but for tables that are left out; what each table has now.

    Raises ``FilledError`` where the setting ``unless`` is there already.
    """
    copied: dict[str, Sum] = {}
    with source.reading(), target.replacing(unless):
        for table in TABLES:
            if table.name not in without:
                copied[table.name] = counted = Sum()
                for rows in _rows(source, table):
                    kept = target.keepable(table, rows)
                    target.write(table, kept)
                    counted.add(table, kept)
            if table.counts:
                target.go_on_behind(table, source.last_number(table))
        target.go_on_with_gid(source.next_gid())
    return copied


def sums(content: Content) -> dict[str, Sum]:
    """What each table has."""
    found: dict[str, Sum] = {}
    with content.reading():
        for table in TABLES:
            found[table.name] = counted = Sum()
            for rows in _rows(content, table):
                counted.add(table, rows)
    return found


def _rows(content: Content, table: Table) -> Iterator[list[Values]]:
    for rows in content.rows(table):
        shared = [row for row in rows if row[0] not in OWN_SETTINGS] if table.name == "setting" else rows
        if shared:
            yield shared
