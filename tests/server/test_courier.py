"""Looking round: chores are done at each round, and one that fails keeps nothing else from being done."""

import asyncio
from datetime import timedelta

import pytest

from fanfold.errors import Unavailable, Undecided
from fanfold.server import courier
from fanfold.server.courier import Courier
from fanfold.server.turns import TURN, Turns
from tests.server.conftest import NOON


class NoDeliveries:
    """There is nothing to deliver."""

    async def overdue(self):
        return []

    async def prune(self):
        return False


@pytest.mark.parametrize(("error", "told"), [(Unavailable, False), (Undecided, False), (OSError, True)])
async def test_a_chore_that_fails_keeps_no_other_from_being_done_and_has_a_traceback_where_nobody_foresaw_it(
    caplog, error, told
):
    done = asyncio.Event()

    async def breaks():
        raise error

    async def works():
        done.set()
        return False

    rounds = Courier(NoDeliveries(), breaks, works)
    rounds.open()
    await asyncio.wait_for(done.wait(), 5)
    await rounds.close()
    assert [bool(record.exc_info) for record in caplog.records] == [told]


async def test_a_chore_that_has_more_to_do_is_done_again_soon(monkeypatch):
    pauses, over = [], asyncio.Event()

    async def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            over.set()
            await asyncio.Event().wait()

    monkeypatch.setattr(courier.asyncio, "sleep", sleep)
    answers = iter([True, True, False])

    async def chore():
        return next(answers)

    rounds = Courier(NoDeliveries(), chore)
    rounds.open()
    await asyncio.wait_for(over.wait(), 5)
    await rounds.close()
    assert pauses == [1.0, 1.0, courier.ROUND]


async def test_whose_turn_it_is_not_does_nothing(monkeypatch):
    over = asyncio.Event()

    async def sleep(_):
        over.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(courier.asyncio, "sleep", sleep)

    async def chore():
        raise AssertionError

    async def not_ours():
        return False

    rounds = Courier(NoDeliveries(), chore, turn=not_ours)
    rounds.open()
    await asyncio.wait_for(over.wait(), 5)
    await rounds.close()


async def test_of_several_processes_it_is_the_turn_of_one(make_app):
    app = make_app()
    assert await Turns(app.api).mine()
    app.api.shared = True
    first, second = Turns(app.api), Turns(app.api)
    assert [await first.mine(), await second.mine(), await first.mine()] == [True, False, True]
    app.clock.set(NOON + timedelta(seconds=TURN))
    assert [await second.mine(), await first.mine()] == [True, False]
