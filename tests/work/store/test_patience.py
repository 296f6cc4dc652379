"""What takes long is stopped, and holds up nobody."""

import pytest

from fanfold.errors import RequestError
from tests.databases import new_store_in

pytestmark = pytest.mark.services

ENDLESS = "SELECT count(*) FROM generate_series(1, 1000000000) a"


@pytest.fixture
def store(monkeypatch):
    monkeypatch.setattr("fanfold.work.store.postgres.PATIENCE", 0.05)
    opened = new_store_in("postgres")
    yield opened
    opened.close()


async def test_a_search_that_takes_too_long_is_refused_and_the_next_one_has_its_turn(store):
    with pytest.raises(RequestError, match="takes too long") as refused:
        await store.look_aside(lambda cursor: cursor.execute(ENDLESS).fetchone())
    assert refused.value.status == 400
    assert await store.look_aside(lambda cursor: cursor.execute("SELECT 1").fetchone()) == (1,)
    assert store._wire.ask("SHOW statement_timeout").rows == [("0",)]
    with store.transaction():
        store.set("name", b"value")


async def test_nothing_is_written_by_who_only_looks(store):
    import psycopg  # noqa: PLC0415 - an extra

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        await store.look_aside(lambda cursor: cursor.execute("DELETE FROM record"))
