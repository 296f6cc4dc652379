"""Looking round: chores are done at each round, and one that fails keeps nothing else from being done."""

import asyncio

from fanfold.server import courier
from fanfold.server.courier import Courier


class NoDeliveries:
    """There is nothing to deliver."""

    async def overdue(self):
        return []

    async def prune(self):
        return False


async def test_a_chore_that_fails_does_not_keep_the_next_from_being_done():
    done = asyncio.Event()

    async def breaks():
        raise OSError

    async def works():
        done.set()
        return False

    rounds = Courier(NoDeliveries(), breaks, works)
    rounds.open()
    await asyncio.wait_for(done.wait(), 5)
    await rounds.close()


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
