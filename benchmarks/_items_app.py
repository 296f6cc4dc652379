"""Ten handlers that do next to nothing, without a framework: what a batch endpoint is put before, and what is called.

    python benchmarks/_items_app.py PORT [batch]

``/items/N`` answers at once, ``/slow/N`` after 20 ms, ``/long/N`` after two seconds.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import uvicorn

from fanfold import BatchMiddleware

WAITS = {"slow": 0.02, "long": 2.0}


def body_of(number: int) -> bytes:
    """What handler ``number`` answers."""
    item = {"id": number, "name": f"Item {number}", "price": 12.5, "in_stock": True, "tags": ["a", "b"]}
    return json.dumps(item, separators=(",", ":")).encode()


_READY = {str(number): body_of(number) for number in range(10)}


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
    """Answer one of the ten, when its time has come."""
    if scope["type"] != "http":
        return
    kind, _, number = scope["path"].strip("/").partition("/")
    if kind in WAITS:
        await asyncio.sleep(WAITS[kind])
    body = _READY.get(number, b"{}")
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200 if number in _READY else 404, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        BatchMiddleware(app) if sys.argv[2:] == ["batch"] else app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="error",
        access_log=False,
    )
