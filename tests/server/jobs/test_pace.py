"""Jobs work a little at a time, and always go on."""

import asyncio

import pytest

from fanfold.server.jobs.pace import SLICE, Pace


class Workshop:
    """Work that takes so many seconds each, by its own clock, and how much of it was done in each turn of the loop."""

    def __init__(self, each):
        self.each = each
        self.now = 0.0
        self.pace = Pace(lambda: self.now)
        self.turns = [0]

    async def work(self):
        await self.pace.turn()
        self.now += self.each
        self.turns[-1] += 1

    async def others(self):
        while True:
            await asyncio.sleep(0)
            self.turns.append(0)

    async def do(self, *works):
        others = asyncio.create_task(self.others())
        await asyncio.gather(*works)
        others.cancel()
        return [done for done in self.turns if done]


@pytest.mark.parametrize(("each", "most"), [(SLICE / 3.5, 4), (SLICE * 1.5, 1), (SLICE * 3, 1)])
async def test_no_more_is_done_in_a_turn_than_there_is_time_for_but_always_something(each, most):
    workshop = Workshop(each)
    turns = await workshop.do(*[workshop.work() for _ in range(20)])
    assert sum(turns) == 20
    assert max(turns) == most
    assert len(turns) == 20 // most


async def test_who_gives_up_while_waiting_holds_up_nobody():
    workshop = Workshop(SLICE)
    works = [asyncio.create_task(workshop.work()) for _ in range(9)]
    await asyncio.sleep(0)
    for work in works[:4]:
        work.cancel()
    await workshop.do(*works[4:])
    assert sum(workshop.turns) == 5


async def test_where_little_is_to_be_done_nobody_waits_for_more_than_a_turn():
    workshop = Workshop(SLICE / 100)
    for _ in range(3):
        await workshop.work()
        workshop.now += 1.0
    assert sum(workshop.turns) == 3
