"""Every store passes the same tests: ``store`` is a fresh one of each, with nothing in it."""

import pytest

from fanfold.idempotency import MemoryAnswers
from fanfold.server.answers import StoredAnswers
from fanfold.work import SqliteStore, WorkApi


def in_memory():
    return MemoryAnswers()


def in_sqlite():
    return StoredAnswers(WorkApi(SqliteStore()))


@pytest.fixture(scope="session", params=[in_memory, in_sqlite], ids=["memory", "sqlite"])
def make_store(request):
    return request.param


@pytest.fixture
def store(make_store):
    return make_store()


@pytest.fixture
def count():
    """How many entries there are in a store."""

    def counted(store):
        if isinstance(store, MemoryAnswers):
            return len(store)
        return store._api.store._connection.execute("SELECT count(*) FROM answer").fetchone()[0]

    return counted
