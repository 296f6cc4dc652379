"""Pages that do not behave: answers without end or measure, crashes, redirects to elsewhere."""

from __future__ import annotations

import gzip
from functools import cache

from fanfold.attack.ground.exchange import Exchange

CHUNK = b"0123456789abcdef" * 4096
"""What large answers are made of: 64 KiB."""

MB = 1_000_000


async def stream(exchange: Exchange) -> None:
    """Sends as fast as it can, for ever."""
    await exchange.begin(200, [("content-type", "text/plain")])
    while not await exchange.pause(0.001):
        for _ in range(16):
            await exchange.chunk(CHUNK)


async def drip(exchange: Exchange) -> None:
    """Sends one byte at a time, for ever."""
    await exchange.begin(200, [("content-type", "text/plain")])
    while not await exchange.pause(0.2):
        await exchange.chunk(b".")


async def sse(exchange: Exchange) -> None:
    """A stream of events, for ever."""
    await exchange.begin(200, [("content-type", "text/event-stream"), ("cache-control", "no-store")])
    while not await exchange.pause(0.2):
        await exchange.chunk(b"event: tick\ndata: {}\n\n")


async def hang(exchange: Exchange) -> None:
    """Never answers."""
    while not await exchange.pause(5):
        pass


async def big(exchange: Exchange) -> None:
    """So many megabytes, said beforehand unless ``lying``."""
    size = int(min(exchange.number("mb", 1000), 2000) * MB)
    known = [] if exchange.query.get("lying") else [("content-length", str(size))]
    await exchange.begin(int(exchange.number("status", 200)), [("content-type", "text/plain"), *known])
    while size > len(CHUNK):
        await exchange.chunk(CHUNK)
        size -= len(CHUNK)
        if size // len(CHUNK) % 64 == 0 and await exchange.pause(0):
            return
    await exchange.chunk(CHUNK[:size], more=False)


async def headers(exchange: Exchange) -> None:
    """A small body under ``n`` headers of ``size`` bytes each."""
    size = min(int(exchange.number("size", 1000)), 1_000_000)
    bomb = [(f"x-bomb-{index}", "h" * size) for index in range(min(int(exchange.number("n", 1000)), 40_000))]
    links = [("link", f"<{'l' * size}>; rel=next")] if exchange.query.get("link") else []
    await exchange.answer({"headers": len(bomb)}, headers=[*bomb, *links])


async def bomb(exchange: Exchange) -> None:
    """A hundred kilobytes that are a hundred megabytes when they are unpacked."""
    packed = packed_zeros()
    kind = [("content-type", "application/json"), ("content-encoding", "gzip"), ("content-length", str(len(packed)))]
    await exchange.begin(200, kind)
    await exchange.chunk(packed, more=False)


@cache
def packed_zeros(size: int = 100 * MB) -> bytes:
    """So many zeros in a JSON array's first string, packed."""
    return gzip.compress(b'["' + b"0" * size + b'"]', 9)


async def crash(exchange: Exchange) -> None:
    """Raises; with ``late`` after the head of the answer is sent."""
    if exchange.query.get("late"):
        await exchange.begin(200, [("content-type", "application/json"), ("content-length", "100")])
        await exchange.chunk(b'{"half":')
    raise RuntimeError("ground-inner-secret")


async def redirect(exchange: Exchange) -> None:
    """Sends the asker to the address in ``to``, or to ``path`` of this server by its other name."""
    server = exchange.scope.get("server") or ("127.0.0.1", 80)
    host = exchange.query.get("host", "localhost")
    to = exchange.query.get("to") or f"http://{host}:{server[1]}{exchange.query.get('path', '/landed')}"
    clean = to.replace("\r", "").replace("\n", "")
    await exchange.answer({"to": clean}, int(exchange.number("status", 302)), [("location", clean)])
