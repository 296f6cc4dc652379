"""The ten handlers on Starlette: ``app`` as it is, ``batched`` with our middleware before it."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from fanfold import BatchMiddleware


def item(number: int) -> dict[str, Any]:
    """What every handler answers, in every system that is compared."""
    return {"id": number, "name": f"Item {number}", "price": 12.5, "in_stock": True, "tags": ["a", "b"]}


async def read(request: Request) -> JSONResponse:
    """At once."""
    return JSONResponse(item(request.path_params["number"]))


async def wait(request: Request) -> JSONResponse:
    """After 20 ms."""
    await asyncio.sleep(0.02)
    return JSONResponse(item(request.path_params["number"]))


app = Starlette(routes=[Route("/items/{number:int}", read), Route("/slow/{number:int}", wait)])
batched = BatchMiddleware(app)

if __name__ == "__main__":
    chosen = batched if sys.argv[2] == "batch" else app
    uvicorn.run(
        chosen, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="error", access_log=False, workers=1
    )
