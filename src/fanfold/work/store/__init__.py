"""Where records and links are kept: two tables for every kind, behind one port."""

from fanfold.work.store.idioms import Idiom, Phrase
from fanfold.work.store.rows import Held, Link, Row, Where
from fanfold.work.store.sqlite import SqliteStore
from fanfold.work.store.store import Store

__all__ = ["Held", "Idiom", "Link", "Phrase", "Row", "SqliteStore", "Store", "Where"]
