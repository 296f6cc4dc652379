"""An API to fetch from: one record by its number, and a list of a hundred thousand in pages.

    python benchmarks/_records_app.py PORT

``/items/N`` is one record; ``/items?page=P&limit=L`` a page of them, with the number of the next.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

import uvicorn

RECORDS = 100_000


def record(number: int) -> dict[str, Any]:
    """A record of some three hundred bytes."""
    return {
        "id": f"item-{number}",
        "name": f"Item {number}",
        "price": 12.5,
        "in_stock": True,
        "tags": ["a", "b", "c"],
        "owner": {"id": number % 97, "name": "Somebody", "email": f"somebody.{number % 97}@example.com"},
        "notes": "It comes in a box with a lid, and has to be kept dry." * 2,
        "created_at": "2026-01-02T03:04:05Z",
    }


@lru_cache(1000)
def body_of(number: int) -> bytes:
    """One record as JSON."""
    return json.dumps(record(number), separators=(",", ":")).encode()


def page_of(page: int, limit: int) -> bytes:
    """A page of them."""
    start = (page - 1) * limit
    records = [record(number) for number in range(start, min(start + limit, RECORDS))]
    following = page + 1 if start + limit < RECORDS else None
    return json.dumps({"items": records, "next": following}, separators=(",", ":")).encode()


async def app(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001
    """Answer one request."""
    if scope["type"] != "http":
        return
    number = scope["path"].removeprefix("/items").strip("/")
    if number:
        body = body_of(int(number.removeprefix("item-")))
    else:
        query = parse_qs(scope["query_string"].decode())
        body = page_of(int(query.get("page", ["1"])[0]), int(query.get("limit", ["1000"])[0]))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="error",
        access_log=False,
    )
