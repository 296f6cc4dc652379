"""The yardstick: uvicorn with uvloop and httptools around an application that does nothing."""

from __future__ import annotations

import sys
from typing import Any

import uvicorn

HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"2")]


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
    """Answer ``{}``."""
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": b"{}"})


if __name__ == "__main__":
    uvicorn.run(
        app, port=int(sys.argv[1]), loop="uvloop", http="httptools", lifespan="off", log_level="error", access_log=False
    )
