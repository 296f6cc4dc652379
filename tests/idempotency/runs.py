"""Runs whose end is in our hands, and the wait until nothing moves any more."""

import asyncio
from types import SimpleNamespace

from fanfold.model import Answer, Caller

ADA, BOB = Caller("ada"), Caller("bob")
ONE, OTHER = b"1" * 32, b"2" * 32


class Runs:
    """What was run, in order; each run ends as it is told to."""

    def __init__(self):
        self.begun = []

    def __len__(self):
        return len(self.begun)

    def run(self, label=None):
        """A run that waits for its end."""

        async def wait():
            mine = SimpleNamespace(label=label, end=asyncio.get_running_loop().create_future())
            self.begun.append(mine)
            return await mine.end

        return wait

    def finish(self, index, end):
        """End a run with an answer or an exception."""
        future = self.begun[index].end
        if isinstance(end, Answer):
            future.set_result(end)
        elif isinstance(end, asyncio.CancelledError):
            future.cancel()
        else:
            future.set_exception(end)


async def quiet():
    """Let everything go on that can."""
    for _ in range(20):
        await asyncio.sleep(0)


def others():
    """Tasks beside the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}


def at_once(answer):
    """A run that is done at once."""

    async def run():
        return answer

    return run


async def never():
    raise AssertionError("it was run")
