"""The stores themselves: what is tested here holds of each of them."""

import pytest

from fanfold.work.store import Row, SqliteStore
from tests.databases import new_store_in, postgres

DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.services))


@pytest.fixture(params=DATABASES)
def database(request):
    return request.param


@pytest.fixture
def store(database, tmp_path):
    opened = new_store_in(database, tmp_path / "store.db")
    yield opened
    opened.close()


@pytest.fixture
def again(database, tmp_path, store):
    """Opens the same store as another process would."""
    opened = []

    def again():
        other = postgres().again() if database == "postgres" else SqliteStore(tmp_path / "store.db")
        opened.append(other)
        return other

    yield again
    for other in opened:
        other.close()


@pytest.fixture
def add(store):
    """Makes records and gives their gids; values that are given stand in their documents."""

    def add(count=1, kind="tag", workspace=7, private=0, **values):
        gids = []
        with store.transaction():
            for _ in range(count):
                gid = store.new_gid()
                row = record(gid, kind, workspace, private, **values)
                store.insert(row)
                gids.append(gid)
        return gids

    return add


def record(gid, kind="tag", workspace=7, private=0, **values):
    """A record as the API would store it."""
    import msgspec  # noqa: PLC0415 - of one use

    document = msgspec.json.encode({"name": f"{kind} {gid}", **values})
    compact = msgspec.json.encode({"gid": str(gid), "name": values.get("name", f"{kind} {gid}")})
    return Row(gid, kind, workspace, private, document, compact)
