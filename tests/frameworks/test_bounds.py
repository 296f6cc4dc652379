"""One action cannot take more than its share: of memory, of time, or of a client that has gone."""

import asyncio
import tracemalloc

from tests.frameworks.houses import everywhere
from tests.frameworks.stage import MIB

MOST = 4
"""Mebibytes of one answer, see ``SETTINGS``."""

BETWEEN = 16
"""Pieces that may be on their way between a handler and what reads it."""


@everywhere
async def test_a_response_that_never_ends_is_cut_off(stage, visitor):
    endless, neighbour = await visitor.batch("/endless", "/items/ink")
    assert (endless["status_code"], neighbour["status_code"]) == (507, 200)
    assert MOST <= stage.pieces <= MOST + BETWEEN


@everywhere
async def test_a_response_of_a_gigabyte_takes_no_gigabyte(stage, visitor):
    await visitor.batch("/items/ink")
    tracemalloc.start()
    huge, neighbour = await visitor.batch("/huge", "/items/ink")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (huge["status_code"], neighbour["status_code"]) == (507, 200)
    assert stage.pieces <= MOST + BETWEEN
    assert peak < 4 * (MOST + BETWEEN) * MIB


@everywhere
async def test_what_hangs_is_given_up(house, stage, open_house):
    visitor = await open_house(timeout=1.0)
    hanging, neighbour = await visitor.batch("/hang", "/items/ink")
    assert (hanging["status_code"], neighbour["status_code"]) == (504, 200)
    if "loop" in house.has:
        await stage.seen("no longer hanging")


@everywhere
async def test_when_the_client_goes_reads_are_cancelled_and_writes_are_finished(house, stage, visitor):
    left = asyncio.Event()
    asked = asyncio.create_task(visitor.ask("POST", "/batch", HANGING, left=left))
    begun = ["hanging", "slow begun"] if "loop" in house.has else ["hanging begun", "slow begun"]
    await stage.seen(*begun)
    left.set()
    await asked
    assert "slow done" not in stage.log
    if "loop" in house.has:
        await stage.seen("no longer hanging")
    stage.let_go.set()
    await stage.seen("slow done")


HANGING = {
    "data": {
        "actions": [
            {"method": "get", "relative_path": "/hang"},
            {"method": "post", "relative_path": "/slow", "data": {}},
        ]
    }
}
