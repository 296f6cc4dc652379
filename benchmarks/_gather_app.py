"""A fan-out of ten as one would write it by hand, as quick as it can be and no more: the yardstick for the gateway.

    python benchmarks/_gather_app.py PORT UPSTREAM

``POST /batch`` with the same body as the gateway's: each action is fetched with one aiohttp session, all at once, and
the bodies, which are taken for JSON as they are, are joined with their status. No limits, no retries, no vetting of
addresses, no bounds, no isolation: one failure is everybody's.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

import aiohttp
import uvicorn


def make(upstream: str) -> Any:
    """The application before ``upstream``."""
    sessions: list[aiohttp.ClientSession] = []

    async def fetch(session: aiohttp.ClientSession, action: dict[str, Any]) -> bytes:
        async with session.request(action["method"], upstream + action["relative_path"]) as response:
            body = await response.read()
            return b'{"status_code":%d,"headers":{},"body":%b}' % (response.status, body)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        answer = b"{}"
        if scope["path"] == "/batch":
            if not sessions:
                sessions.append(aiohttp.ClientSession())
            message = await receive()
            actions = json.loads(message["body"])["data"]["actions"]
            results = await asyncio.gather(*[fetch(sessions[0], action) for action in actions])
            answer = b'{"data":[' + b",".join(results) + b"]}"
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    return app


if __name__ == "__main__":
    uvicorn.run(
        make(sys.argv[2]),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="error",
        access_log=False,
    )
