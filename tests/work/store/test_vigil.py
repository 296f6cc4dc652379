"""What a network has swallowed is not waited for until patience ends; who is only slow is left alone."""

import asyncio
from time import monotonic
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from fanfold.work.store.questions import put
from fanfold.work.store.vigil import Vigil
from faults.proxy import ChaosProxy, Rule
from tests import databases

pytestmark = pytest.mark.services


@pytest.fixture
async def proxy():
    databases.need_postgres()
    there = urlsplit(databases.server())
    async with ChaosProxy(there.port or 5432, there.hostname or "127.0.0.1") as made:
        yield made


@pytest.fixture
async def connection(proxy, monkeypatch):
    monkeypatch.setattr("fanfold.work.store.vigil.TURN", 0.1)
    there = urlsplit(databases.server())
    user = there.netloc.rpartition("@")[0]
    url = urlunsplit(there._replace(netloc=f"{user}@127.0.0.1:{proxy.port}"))
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as made:
        vigil = Vigil(url, {})
        await vigil.look_after(made)
        keeping = asyncio.create_task(vigil.keep())
        yield made
        keeping.cancel()


@pytest.mark.parametrize("way", ["up", "down"])
async def test_an_answer_that_will_never_come_is_not_waited_for(proxy, connection, way):
    proxy.rule(**{way: Rule(lose=True)})
    asking = asyncio.create_task(put(connection, [("SELECT 1", ())]))
    await asyncio.sleep(0.2)
    proxy.rule()
    began = monotonic()
    with pytest.raises(psycopg.OperationalError):
        await asking
    assert monotonic() - began < 8  # which is less than its patience
    assert connection.closed


async def test_what_is_only_slow_is_left_alone(connection):
    await asyncio.sleep(3)  # longer than anybody is taken for busy after it has ended
    assert (await put(connection, [("SELECT pg_sleep(1)", ())]))[0].count == 1
    assert (await put(connection, [("SELECT 1", ())]))[0].rows == [(1,)]
