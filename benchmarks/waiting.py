"""Whether actions really run in parallel: ten that each wait 100 ms, in one batch, over a real server.

Prints the wall time of the batch as JSON lines: p50 and p99 of repeated rounds.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import threading
import time
from http.client import HTTPConnection
from typing import Any

import uvicorn
from _load import free_port

from fanfold.dialects import AsanaDialect
from fanfold.engine import Engine
from fanfold.model import Caller
from fanfold.targets import AsgiTarget

ROUNDS = 50
WAIT = 0.1


async def slow(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
    """An application whose every answer takes a tenth of a second."""
    await asyncio.sleep(WAIT)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"data":{}}'})


def app() -> Any:
    """A batch endpoint over ``slow``."""
    engine, dialect, caller = Engine(AsgiTarget(slow)), AsanaDialect(timeout=30, deadline=60), Caller("benchmark")

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        message = await receive()
        body = dialect.encode(await engine.run(dialect.decode(message["body"]), caller))
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return serve


def main() -> None:
    """Measure and print."""
    port = free_port()
    server = uvicorn.Server(
        uvicorn.Config(app(), port=port, loop="uvloop", http="httptools", lifespan="off", log_level="error")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    actions = [{"method": "get", "relative_path": f"/slow/{n}"} for n in range(10)]
    body = json.dumps({"data": {"actions": actions}})
    connection = HTTPConnection("127.0.0.1", port)
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        connection.request("POST", "/batch", body, {"Content-Type": "application/json"})
        results = json.loads(connection.getresponse().read())["data"]
        times.append((time.perf_counter() - started) * 1000)
        if [result["status_code"] for result in results] != [200] * 10:
            sys.exit("an action failed")
    server.should_exit = True
    thread.join()
    line = {
        "case": "ten actions that wait 100 ms",
        "p50_ms": round(statistics.median(times), 2),
        "p99_ms": round(max(times), 2),
        "target_p50_ms": 105,
    }
    print(json.dumps(line))


if __name__ == "__main__":
    main()
