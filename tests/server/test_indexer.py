"""The search index in quiet moments: brought up to date where there is one, never made where nobody searches."""

import pytest

from fanfold.model import Call, Caller
from fanfold.server import indexer
from fanfold.server.indexer import Indexer
from fanfold.work import SqliteStore, WorkApi
from fanfold.work.seed import first_user, seed
from fanfold.work.store.index import STEP

WORKSPACE = "1005"


@pytest.fixture
def api():
    store = SqliteStore()
    seed(store, "demo")
    yield WorkApi(store)
    store.close()


@pytest.fixture
def keeper(api):
    return Indexer(api)


async def ask(api, method, path, **data):
    endpoint, params = api.resolve(method, path)
    body = {"data": data} if data else None
    await api.send(Call(method, path, (), body, (), Caller("test", str(first_user(api.store))), endpoint, params))


async def write(api, times=1):
    for _ in range(times):
        await ask(api, "POST", "/tasks", name="New", workspace=WORKSPACE)


async def search(api):
    await ask(api, "GET", f"/workspaces/{WORKSPACE}/tasks/search")
    assert not api.store.index_is_behind()


async def test_what_was_written_is_indexed_when_it_is_quiet(api, keeper):
    await search(api)
    await write(api, 2 * STEP + 1)
    await keeper.look_round()
    assert api.store.index_backlog() > 2 * STEP
    await keeper.look_round()
    assert api.store.index_backlog() == 0


async def test_a_database_that_was_never_searched_gets_no_index(api, keeper):
    await keeper.look_round()
    await keeper.look_round()
    assert api.store.index_upto() is None


async def test_it_stops_as_soon_as_somebody_writes(api, keeper, monkeypatch):
    await search(api)
    await write(api, 5 * STEP)
    await keeper.look_round()
    keep_up = indexer.keep_up
    steps = []

    def disturbed(view):
        more = keep_up(view)
        steps.append(api.store.index_backlog())
        if len(steps) == 2:
            api.store.begin_action()
            api.store.add_event(1001, 1001, b'[0,"","tag",0,0]', ())
            api.store.end_action()
            api.store.commit()
        return more

    monkeypatch.setattr(indexer, "keep_up", disturbed)
    await keeper.look_round()
    assert len(steps) == 2
    assert api.store.index_backlog() > 0


async def test_a_long_backlog_becomes_shorter_though_it_is_never_quiet(api, keeper, monkeypatch):
    monkeypatch.setattr(indexer, "BACKLOG", STEP)
    await search(api)
    await write(api, 3 * STEP)
    before = api.store.index_backlog()
    await keeper.look_round()
    assert 0 < api.store.index_backlog() <= STEP < before
