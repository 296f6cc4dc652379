"""The embedded work-management API, compatible with Asana's: kinds, rules and state behind one target."""

from fanfold.work.api import WorkApi
from fanfold.work.store import SqliteStore

__all__ = ["SqliteStore", "WorkApi"]
