"""An application of each framework, started, with a batch endpoint before it."""

import asyncio
from contextlib import AsyncExitStack
from importlib import import_module

import pytest

from fanfold import BatchMiddleware
from tests.frameworks.stage import MIB, Stage
from tests.frameworks.visitor import started

SETTINGS = {"max_actions": 50, "max_response": 4 * MIB}


@pytest.fixture
def house(request):
    """The framework, where it is installed."""
    for package in request.param.packages:
        pytest.importorskip(package, reason=f"{package} is not installed (it is in the group `frameworks`)")
    return request.param


@pytest.fixture
async def stage(house):
    return Stage(threaded="loop" not in house.has)


async def end_threads(executor):
    """Ends the threads of a2wsgi, which for ever wait to hand over what nobody takes any more."""
    ended = asyncio.create_task(asyncio.to_thread(executor.shutdown))
    while not ended.done():
        for task in asyncio.all_tasks():
            if task.get_coro().__qualname__ == "Queue.put":
                task.cancel()
        await asyncio.sleep(0.01)


def application_of(house, stage, settings):
    """The application, with these settings of the middleware or without it (None)."""
    return import_module(f"tests.frameworks.apps.{house.name}_app").make(stage, settings)


@pytest.fixture
async def open_house(house, stage):
    """Starts the application with further settings of the middleware, or without it (None)."""
    async with AsyncExitStack() as stack:

        async def begin(settings=SETTINGS, **further):
            app = application_of(house, stage, settings and {**settings, **further})
            if isinstance(app, BatchMiddleware) and "lifespan" not in house.has:
                stack.push_async_callback(app.engine.drain)  # nobody tells it that the server stops
            return await stack.enter_async_context(started(app))

        yield begin
        stage.let_go.set()
        for executor in stage.executors:
            await end_threads(executor)


@pytest.fixture
async def visitor(open_house):
    """Somebody who asks the application with the settings of most tests."""
    return await open_house()
