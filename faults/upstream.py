"""An API that does what APIs do on bad days: the first segment of the path says what, on a raw socket.

``/echo/NONCE`` answers with the path, ``/late/MS/NONCE`` after so many milliseconds. What else there is stands in
``BEHAVIOURS``.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import zlib
from collections import Counter
from collections.abc import Awaitable, Callable
from functools import cache
from typing import NamedTuple, Self

from faults.client import abort

MIB = 1024 * 1024
FOREVER = 3600.0
DRIP = 1.0
"""Seconds between two bytes of what drips."""

UNASKED_AFTER = 0.02
"""Seconds after an answer at which there is another one. Who asks again within them cannot tell the two apart."""

UNFOLDED = 1024 * MIB
"""What the bomb is when it is unpacked."""


class Asked(NamedTuple):
    """A request as it came, and the ends of its connection."""

    method: str
    path: str
    body: bytes
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    number: int
    """Which request of its connection it is, from 1."""


class _EndError(Exception):
    """This connection is over; it is closed, or was reset."""


Behaviour = Callable[[Asked], Awaitable[None]]


class Upstream:
    """Serves on a port of loopback. ``seen`` counts requests by method and path; ``tls`` is its certificate if any."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.seen: Counter[str] = Counter()
        self._tls = tls
        self.port = 0
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=4 * MIB, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self.connections += 1
        try:
            for number in itertools.count(1):
                asked = await _read(reader, writer, number)
                self.seen[f"{asked.method} {asked.path}"] += 1
                await BEHAVIOURS[asked.path.split("/")[1]](asked)
                await writer.drain()
        except (OSError, EOFError, ValueError, RuntimeError, _EndError, asyncio.CancelledError):
            pass
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> Asked:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ")
    sizes = [line.partition(":")[2] for line in lines if line.lower().startswith("content-length:")]
    body = await reader.readexactly(int(sizes[0])) if sizes else b""
    return Asked(method, path, body, reader, writer, number)


def _say(asked: Asked, body: bytes, *lines: str, status: str = "200 OK") -> None:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *lines]
    asked.writer.write("\r\n".join((*head, "", "")).encode("latin-1") + body)


async def _raw(asked: Asked, *pieces: bytes, end: bool = True) -> None:
    for piece in pieces:
        asked.writer.write(piece)
        await asked.writer.drain()
    if end:
        raise _EndError


def _reset(asked: Asked) -> None:
    abort(asked.writer)
    raise _EndError


# -- behaviours --------------------------------------------------------------------------------------------------------


async def _echo(asked: Asked) -> None:
    _say(asked, b'{"path": "%s", "size": %d}' % (asked.path.encode(), len(asked.body)))


async def _late(asked: Asked) -> None:
    await asyncio.sleep(int(asked.path.split("/")[2]) / 1000)
    await _echo(asked)


async def _hang(asked: Asked) -> None:
    await asked.reader.read(1)
    raise _EndError


async def _hang_after_head(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", end=False)
    await _hang(asked)


async def _hang_in_body(asked: Asked) -> None:
    await _raw(asked, b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half":', end=False)
    await _hang(asked)


async def _close(_: Asked) -> None:
    raise _EndError


async def _reset_at_once(asked: Asked) -> None:
    _reset(asked)


async def _reset_in_head(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nContent-Le", end=False)
    _reset(asked)


async def _reset_in_body(asked: Asked) -> None:
    await _raw(asked, b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half":', end=False)
    await asyncio.sleep(0.02)
    _reset(asked)


async def _drip(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", end=False)
    for _ in range(int(FOREVER)):
        await _raw(asked, b" ", end=False)
        await asyncio.sleep(DRIP)


async def _drip_head(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nX-Slow: ", end=False)
    for _ in range(int(FOREVER)):
        await _raw(asked, b"x", end=False)
        await asyncio.sleep(DRIP)


async def _garbage(asked: Asked) -> None:
    await _raw(asked, b"SSH-2.0-OpenSSH_9.2\r\n\x00\xff\xfe nonsense\r\n\r\n")


async def _bad_chunk(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n")


async def _huge_chunk(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}")


async def _cut_chunk(asked: Asked) -> None:
    await _raw(asked, b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":')


async def _short(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}")


async def _long(asked: Asked) -> None:
    """More than was announced: what is left must not become somebody else's answer."""
    await _raw(
        asked,
        b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"smuggled',
        end=False,
    )


async def _two_lengths(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}   ")


async def _length_and_chunks(asked: Asked) -> None:
    await _raw(
        asked,
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    )


async def _endless(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", end=False)
    while True:
        await _raw(asked, b"10000\r\n" + bytes(0x10000) + b"\r\n", end=False)


async def _announced(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", end=False)
    while True:
        await _raw(asked, bytes(0x10000), end=False)


@cache
def bomb() -> bytes:
    """1 MB that is 1 GB when it is unpacked: the same block again and again, each of which stands for itself."""
    plain = bytes(MIB)
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(plain) + packer.flush(zlib.Z_FULL_FLUSH)
    count = UNFOLDED // MIB
    check = 0
    for _ in range(count):
        check = zlib.crc32(plain, check)
    end = check.to_bytes(4, "little") + (UNFOLDED % 2**32).to_bytes(4, "little")
    return b"\x1f\x8b\x08" + bytes(6) + b"\xff" + block * count + packer.flush(zlib.Z_FINISH) + end


async def _bomb(asked: Asked) -> None:
    _say(asked, await asyncio.to_thread(bomb), "Content-Encoding: gzip")


async def _cut_gzip(asked: Asked) -> None:
    """An answer that is whole, but not unpacked."""
    _say(asked, zlib.compress(b'{"a": 1}' * 100, wbits=zlib.MAX_WBITS | 16)[:-9], "Content-Encoding: gzip")


async def _no_gzip(asked: Asked) -> None:
    _say(asked, b'{"a": 1}', "Content-Encoding: gzip")


async def _unknown_coding(asked: Asked) -> None:
    _say(asked, b'{"a": 1}', "Content-Encoding: br")


async def _interim(asked: Asked) -> None:
    while True:
        await _raw(asked, b"HTTP/1.1 100 Continue\r\n\r\n" * 100, end=False)
        await asyncio.sleep(0.001)


async def _many_fields(asked: Asked) -> None:
    _say(asked, b"{}", *(f"X-{number}: 1" for number in range(64_000)))


async def _long_field(asked: Asked) -> None:
    _say(asked, b"{}", f"X-Long: {'x' * MIB}")


async def _nul(asked: Asked) -> None:
    _say(asked, b"{}", "X-Nul: a\x00b")


async def _split(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nX-A: a\rX-B: b\r\nContent-Length: 2\r\n\r\n{}")


async def _folded(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 200 OK\r\nX-A: a\r\n b\r\nContent-Length: 2\r\n\r\n{}")


async def _loop(asked: Asked) -> None:
    _say(asked, b"", "Location: /loop", status="302 Found")


async def _astray(asked: Asked) -> None:
    """Leads to where a machine in a cloud would find its own secrets."""
    _say(asked, b"", "Location: http://169.254.169.254/latest/meta-data/", status="302 Found")


async def _to_file(asked: Asked) -> None:
    _say(asked, b"", "Location: file:///etc/passwd", status="302 Found")


async def _unasked(asked: Asked) -> None:
    """Answers, and a little later answers once more what nobody has asked."""
    await _echo(asked)
    await asyncio.sleep(UNASKED_AFTER)
    _say(asked, b'"smuggled"')


async def _early(asked: Asked) -> None:
    """Answers and closes at once, without a word of it."""
    await _echo(asked)
    raise _EndError


async def _stale(asked: Asked) -> None:
    """Answers the first request on a connection and closes it when the second comes."""
    if asked.number > 1:
        raise _EndError
    await _echo(asked)


async def _status_0(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 000 Nothing\r\nContent-Length: 2\r\n\r\n{}")


async def _switch(asked: Asked) -> None:
    await _raw(asked, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello")


async def _old(asked: Asked) -> None:
    await _raw(asked, b"HTTP/0.9 hello")


async def _busy(asked: Asked) -> None:
    _say(asked, b'{"busy": true}', "Retry-After: 3600", status="503 Busy")


BEHAVIOURS: dict[str, Behaviour] = {
    "echo": _echo,
    "late": _late,
    "hang": _hang,
    "hang-after-head": _hang_after_head,
    "hang-in-body": _hang_in_body,
    "close": _close,
    "reset": _reset_at_once,
    "reset-in-head": _reset_in_head,
    "reset-in-body": _reset_in_body,
    "drip": _drip,
    "drip-head": _drip_head,
    "garbage": _garbage,
    "bad-chunk": _bad_chunk,
    "huge-chunk": _huge_chunk,
    "cut-chunk": _cut_chunk,
    "short": _short,
    "long": _long,
    "two-lengths": _two_lengths,
    "length-and-chunks": _length_and_chunks,
    "endless": _endless,
    "announced": _announced,
    "bomb": _bomb,
    "cut-gzip": _cut_gzip,
    "no-gzip": _no_gzip,
    "unknown-coding": _unknown_coding,
    "interim": _interim,
    "many-fields": _many_fields,
    "long-field": _long_field,
    "nul": _nul,
    "split": _split,
    "folded": _folded,
    "loop": _loop,
    "astray": _astray,
    "to-file": _to_file,
    "unasked": _unasked,
    "early": _early,
    "stale": _stale,
    "status-0": _status_0,
    "switch": _switch,
    "old": _old,
    "busy": _busy,
}
