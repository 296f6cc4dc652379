"""What the store gives: records, links and pages as plain values, not as a driver's rows."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct

Reach = tuple[tuple[str, ...], tuple[str, ...]]
"""The link fields by which is looked at what hangs on a record, and those that are read backwards."""


class Row(NamedTuple):
    """A record as stored."""

    gid: int
    kind: str
    workspace: int
    private: int
    document: bytes
    compact: bytes


class Link(Struct, frozen=True, gc=False):
    """One linked record, seen from the record whose relation is read."""

    gid: int
    note: int | None
    workspace: int
    private: int
    compact: bytes


class Held(Struct, frozen=True, gc=False):
    """A record on a page: ``border`` is its place in the list's order, where the next page starts after it.

    ``document`` is empty in what the store's pages give: most lists show compact forms only.
    """

    border: int
    gid: int
    kind: str
    workspace: int
    private: int
    document: bytes
    compact: bytes


class Where(Struct, frozen=True):
    """A further condition on the records of a page: SQL over ``r`` with its values. Made by the filter makers only."""

    sql: str = ""
    values: tuple[Any, ...] = ()


ALL = Where()
