"""The database of a server: a SQLite file that this process has open, or a PostgreSQL database somewhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct

from fanfold.server.opening import open_store
from fanfold.settings import Settings
from fanfold.work import Store, WorkApi
from fanfold.work.api import Api

T = TypeVar("T")


class Elsewhere(Struct, frozen=True):
    """How to come to a PostgreSQL database. ``signing_key`` is what it signs with; ``connections`` of one process."""

    url: str
    signing_key: bytes
    connections: int


def open_database(settings: Settings, prepare: Callable[[Store], None]) -> Store | Elsewhere:
    """The database of the settings, after ``prepare`` has seen to it that its first data are there.

    Raises ``SetupError`` where that is impossible.
    """
    if not settings.on_postgres:
        store = open_store(settings.db)
        prepare(store)
        return store

    def prepared(store: Store) -> bytes:
        prepare(store)
        return store.signing_key

    return Elsewhere(settings.db, at_once(settings, prepared), settings.connections)


def at_once(settings: Settings, work: Callable[[Store], T]) -> T:
    """What ``work`` makes of a PostgreSQL database, over a connection that is closed after that."""
    store = open_store(settings.db)
    try:
        return work(store)
    finally:
        store.close()


def api_over(where: Store | Elsewhere, **settings: Any) -> Api:
    """The work API over a database; ``settings``: see ``Api``."""
    if isinstance(where, Store):
        return WorkApi(where, **settings)
    from fanfold.work.shared_api import SharedApi  # noqa: PLC0415 - most servers have a file

    return SharedApi(where.url, where.signing_key, connections=where.connections, **settings)
