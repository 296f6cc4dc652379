"""A real HTTP server that misbehaves on demand: what it does is the first segment of the path."""

from __future__ import annotations

import asyncio
import gzip
import json
import struct
import threading
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from socket import SO_LINGER, SOL_SOCKET
from ssl import SSLContext
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit
from weakref import WeakKeyDictionary, WeakSet

import pytest

BOMB = gzip.compress(bytes(64 * 1024 * 1024), 9)


class Seen(NamedTuple):
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    connection: int


class Upstream:
    """Serves on a port of loopback, in a thread of its own; ``seen`` is what was asked.

    ``says`` is for tests to fill: by name, the pieces of an answer, of which None breaks off. ``pours`` holds what is
    said once and then without end. ``tls`` is the context of an upstream with a certificate.
    """

    def __init__(self, tls: SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.says: dict[str, tuple[bytes | None, ...]] = {}
        self.pours: dict[str, tuple[bytes, bytes]] = {}
        self.connections = 0
        self.hanging = 0
        self._tls = tls
        self._times: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._transports: WeakSet[Any] = WeakSet()
        self._readers: WeakKeyDictionary[asyncio.StreamWriter, asyncio.StreamReader] = WeakKeyDictionary()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        assert self._up.wait(10)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def paths(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.seen]

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._open())
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        self._loop.run_forever()
        server.close()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        for transport in self._transports:
            transport.abort()
        self._loop.run_until_complete(asyncio.sleep(0.01 if self._tls else 0))
        self._loop.close()

    async def _open(self) -> asyncio.Server:
        return await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self._transports.add(writer.transport)
        self._readers[writer] = reader
        self.connections += 1
        number = self.connections
        asked = 0
        try:
            while request := await self._read(reader, number):
                self.seen.append(request)
                asked += 1
                await getattr(self, "do_" + request.path.lstrip("/").partition("/")[0].partition("?")[0])(
                    request, writer, asked
                )
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _read(self, reader: asyncio.StreamReader, number: int) -> Seen | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Seen(method, path, headers, body, number)

    def _write(self, writer: Any, body: bytes, *headers: str, status: str = "200 OK") -> None:
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode("latin-1") + body)

    def _echo(self, request: Seen, writer: Any, *headers: str, status: str = "200 OK") -> None:
        told = {**request._asdict(), "body": request.body.decode("latin-1")}
        self._write(writer, json.dumps(told).encode(), "Content-Type: application/json", *headers, status=status)

    # -- what a good API would say ------------------------------------------------------------------------------------

    async def do_users(self, request: Seen, writer: Any, _asked: int) -> None:
        number = request.path.partition("?")[0].rsplit("/", 1)[-1]
        self._write(writer, b'{"id": %s, "name": "Ada"}' % number.encode(), "Content-Type: application/json")

    async def do_orders(self, request: Seen, writer: Any, _asked: int) -> None:
        if request.method == "POST":
            body = b'{"id": 7, "item": "%s"}' % json.loads(request.body)["item"].encode()
            self._write(writer, body, "Content-Type: application/json", "Location: /orders/7", status="201 Created")
        else:
            self._write(writer, b"no such order", "Content-Type: text/plain", status="404 Not Found")

    # -- what is done, by the first segment of the path ---------------------------------------------------------------

    async def do_echo(self, request: Seen, writer: Any, _asked: int) -> None:
        self._echo(request, writer, "ETag: x", "Set-Cookie: a=b", "Connection: keep-alive, X-Hop", "X-Hop: 1")

    async def do_batch(self, request: Seen, writer: Any, _asked: int) -> None:
        self._echo(request, writer)

    async def do_hang(self, _request: Seen, writer: Any, _asked: int) -> None:
        self.hanging += 1
        try:
            await self._readers[writer].read(1)
        finally:
            self.hanging -= 1

    async def do_reset(self, _request: Seen, writer: Any, _asked: int) -> None:
        writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        raise ConnectionAbortedError

    async def do_resetonce(self, request: Seen, writer: Any, asked: int) -> None:
        self._times[request.path] += 1
        if self._times[request.path] == 1:
            await self.do_reset(request, writer, asked)
        self._echo(request, writer)

    async def do_garbage(self, _request: Seen, writer: Any, _asked: int) -> None:
        writer.write(b"SSH-2.0-what did you expect\r\n\r\n")
        raise ConnectionAbortedError

    async def do_endless(self, _request: Seen, writer: Any, _asked: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + bytes(0x10000) + b"\r\n")
            await writer.drain()

    async def do_short(self, _request: Seen, writer: Any, _asked: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")
        raise ConnectionAbortedError

    async def do_chunk(self, _request: Seen, writer: Any, _asked: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")
        raise ConnectionAbortedError

    async def do_fields(self, _request: Seen, writer: Any, _asked: int) -> None:
        self._write(writer, b"{}", *(f"X-{number}: 1" for number in range(10_000)))

    async def do_field(self, _request: Seen, writer: Any, _asked: int) -> None:
        self._write(writer, b"{}", f"X-Long: {'x' * 1_000_000}")

    async def do_interim(self, _request: Seen, writer: Any, _asked: int) -> None:
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.01)

    async def do_bomb(self, _request: Seen, writer: Any, _asked: int) -> None:
        self._write(writer, BOMB, "Content-Encoding: gzip")

    async def do_drip(self, _request: Seen, writer: Any, _asked: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def do_redirect(self, request: Seen, writer: Any, _asked: int) -> None:
        self._write(writer, b"", f"Location: {parse_qs(urlsplit(request.path).query)['to'][0]}", status="302 Found")

    async def do_loop(self, _request: Seen, writer: Any, _asked: int) -> None:
        self._write(writer, b"", "Location: /loop", status="302 Found")

    async def do_busy(self, request: Seen, writer: Any, _asked: int) -> None:
        """``/busy/STATUS/TIMES/SECONDS``: refuses that often, asking for that pause."""
        _, _, status, times, seconds = request.path.split("/")
        self._times[request.path] += 1
        if self._times[request.path] <= int(times):
            self._write(writer, b'{"busy":true}', f"Retry-After: {seconds}", status=f"{status} Busy")
        else:
            self._echo(request, writer)

    async def do_stale(self, request: Seen, writer: Any, asked: int) -> None:
        """Answers the first request on a connection, and closes it on the second as if it had before."""
        if asked > 1:
            raise ConnectionAbortedError
        self._echo(request, writer)

    async def do_say(self, request: Seen, writer: Any, _asked: int) -> None:
        for piece in self.says[request.path.rsplit("/", 1)[-1]]:
            if piece is None:
                raise ConnectionAbortedError
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.01)

    async def do_pour(self, request: Seen, writer: Any, _asked: int) -> None:
        once, again = self.pours[request.path.rsplit("/", 1)[-1]]
        writer.write(once)
        while True:
            writer.write(again)
            await writer.drain()

    async def do_crawl(self, _request: Seen, writer: Any, _asked: int) -> None:
        """A head that never ends, and never stops."""
        writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    async def do_deaf(self, request: Seen, writer: Any, _asked: int) -> None:
        """Answers, says that it will say no more, and goes on listening."""
        self._echo(request, writer)
        writer.write_eof()

    async def do_brief(self, request: Seen, writer: Any, _asked: int) -> None:
        """Answers, and closes the connection without a word of that."""
        self._echo(request, writer)
        await writer.drain()
        raise ConnectionAbortedError

    async def do_slices(self, request: Seen, writer: Any, _asked: int) -> None:
        """``/slices/MILLISECONDS/…``: an answer that takes that long, in pieces of its head and body."""
        body = request.path.encode()
        whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        pause = int(request.path.split("/")[2]) / 4000
        for start in range(0, len(whole), len(whole) // 3):
            await asyncio.sleep(pause)
            writer.write(whole[start : start + len(whole) // 3])
            await writer.drain()

    async def do_text(self, _request: Seen, writer: Any, _asked: int) -> None:
        self._write(writer, "<p>é</p>".encode(), "Content-Type: text/html; charset=utf-8", status="404 Not Found")

    async def do_binary(self, _request: Seen, writer: Any, _asked: int) -> None:
        self._write(writer, b"\x89PNG\x00\xff", "Content-Type: image/png", "X-Odd: caf\xe9")

    async def do_nothing(self, _request: Seen, writer: Any, _asked: int) -> None:
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def do_packed(self, request: Seen, writer: Any, _asked: int) -> None:
        """``/packed/HOW``: a small body, compressed in some way or badly."""
        body = b'{"packed": true}'
        how = request.path.rsplit("/", 1)[-1]
        raw = zlib.compressobj(wbits=-15)
        encoding, sent = {
            "gzip": ("gzip", gzip.compress(body)),
            "zlib": ("deflate", zlib.compress(body)),
            "raw": ("deflate", raw.compress(body) + raw.flush()),
            "cut": ("gzip", gzip.compress(body)[:-9]),
            "two": ("gzip", gzip.compress(body) * 2),
            "none": ("gzip", b"not compressed"),
            "br": ("br", body),
            "twice": ("gzip, gzip", gzip.compress(gzip.compress(body))),
        }[how]
        self._write(writer, sent, f"Content-Encoding: {encoding}", "Content-Type: application/json")


@contextmanager
def upstream_running(tls: SSLContext | None = None) -> Iterator[Upstream]:
    """An upstream for the length of a block."""
    upstream = Upstream(tls)
    try:
        yield upstream
    finally:
        upstream.close()


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """An upstream of a test's own."""
    with upstream_running() as running:
        yield running
