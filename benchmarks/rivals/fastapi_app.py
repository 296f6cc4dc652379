"""The ten handlers on FastAPI: as they are, with our middleware, or with the route that fastapi-batch shows."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel


class Item(BaseModel):
    """What every handler answers."""

    id: int
    name: str
    price: float
    in_stock: bool
    tags: list[str]


def item(number: int) -> Item:
    """The same in every system that is compared."""
    return Item(id=number, name=f"Item {number}", price=12.5, in_stock=True, tags=["a", "b"])


async def read(number: int) -> Item:
    """At once."""
    return item(number)


async def wait(number: int) -> Item:
    """After 20 ms."""
    await asyncio.sleep(0.02)
    return item(number)


def make(kind: str) -> Any:
    """The application: ``plain``, ``batch`` or ``fastapi-batch``."""
    app = FastAPI()
    app.add_api_route("/items/{number}", read)
    app.add_api_route("/slow/{number}", wait)
    if kind == "batch":
        from fanfold import BatchMiddleware  # noqa: PLC0415 - not where the rival runs

        app.add_middleware(BatchMiddleware)
    elif kind == "fastapi-batch":
        _add_rival(app)
    return app


def _add_rival(app: Any) -> None:
    library: Any = __import__("fastapi_batch")

    async def batch(gateway: Any) -> Any:
        return await gateway.execute()

    batch.__annotations__ = {"gateway": library.BatchGateway}
    app.add_api_route("/batch", batch, methods=["POST"], response_model=library.BatchResponse)


if __name__ == "__main__":
    uvicorn.run(
        make(sys.argv[2]),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="error",
        access_log=False,
        workers=1,
    )
