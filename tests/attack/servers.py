"""Servers for the kit to attack, on free ports of loopback, in threads of this process; and the attack itself."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import contextmanager

import uvicorn

from fanfold.attack import Orders, attack

STARTS_WITHIN = 20.0


class _Announcing(uvicorn.Server):
    def __init__(self, config):
        super().__init__(config)
        self.up = threading.Event()

    async def startup(self, sockets=None):
        await super().startup(sockets)
        self.up.set()


@contextmanager
def serving(app, lifespan="off"):
    """The address of an application for the length of a block; it is not waited for when that is over."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan=lifespan,
        ws="none",
        timeout_graceful_shutdown=2,
        proxy_headers=False,  # there is no proxy here that could be believed
    )
    server = _Announcing(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    assert server.up.wait(STARTS_WITHIN)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(STARTS_WITHIN)
        listener.close()


def attacked(url, cases=None, **orders):
    """The outcomes of an attack, from a loop of its own."""
    return asyncio.run(attack(url, Orders(**orders), cases))


def failures(outcomes):
    """What failed, line and name, with what was found."""
    return {(one.case.line, one.case.name): one.why for one in outcomes if one.verdict == "failed"}
