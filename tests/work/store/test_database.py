"""How a server comes back to a database that was away."""

import pytest
from psycopg_pool.pool_async import AddConnection

from fanfold.work.store.database import LONGEST_PAUSE, _pool


class Noted:
    """A scheduler that only takes note."""

    def __init__(self):
        self.pauses = []

    async def enter(self, delay, _):
        self.pauses.append(delay)


async def _nothing(_):
    pass


@pytest.fixture
def pool():
    made = _pool("postgresql://nobody@127.0.0.1:1/none", 1, "test", _nothing)
    made._sched = Noted()
    return made


async def test_however_long_it_was_away_it_is_looked_for_every_second(pool):
    for doubled in (0.5, 1.0, 3600.0):
        await pool.schedule_task(AddConnection(pool), doubled)
    first, *others = pool._sched.pauses
    assert first == pytest.approx(0.5)
    assert all(0.5 < pause <= LONGEST_PAUSE for pause in others)
