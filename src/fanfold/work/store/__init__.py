"""Where records and links are kept: two tables for every kind, behind one port."""

from fanfold.work.store.sqlite import Held, Link, Row, SqliteStore, Where

__all__ = ["Held", "Link", "Row", "SqliteStore", "Where"]
