"""The embedded work-management API, compatible with Asana's: kinds, rules and state behind one target."""

from fanfold.work.api import WorkApi
from fanfold.work.store import SqliteStore, Store

__all__ = ["SqliteStore", "Store", "WorkApi"]
