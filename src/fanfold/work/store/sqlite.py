"""The store in a SQLite file, or in memory."""

from __future__ import annotations

from fanfold.work.store.file import File
from fanfold.work.store.store import Store


class SqliteStore(Store, File):
    """Everything the work API keeps, in one file or in memory."""
