"""One connection to a server, spoken to without any library between: what was sent and what came back is known."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from time import monotonic
from typing import Any, NamedTuple, Self

from msgspec import json

PATIENCE = 60.0
"""Seconds that an answer is waited for unless told."""


class Address(NamedTuple):
    """Where a server is, and the token that it knows."""

    host: str
    port: int
    token: str


class BrokenError(Exception):
    """No whole answer came; whether anything was done is not known."""


class Reply(NamedTuple):
    """An answer. ``seconds`` is how long it took, all of it."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def data(self) -> Any:
        """The decoded body; of a success its ``data``."""
        found = json.decode(self.body)
        return found["data"] if self.status < 300 and isinstance(found, dict) and "data" in found else found


def request(address: Address, method: str, path: str, body: bytes = b"", *lines: str) -> bytes:
    """A request as it is sent."""
    head = [f"{method} {path} HTTP/1.1", "Host: localhost", *lines]
    if address.token:
        head.append(f"Authorization: Bearer {address.token}")
    if body or method in ("POST", "PUT"):
        head += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join((*head, "", "")).encode() + body


def batch_body(actions: list[Any]) -> bytes:
    """The body of a batch."""
    return json.encode({"data": {"actions": actions}})


class Link:
    """A keep-alive connection, opened when it is first needed and again after a break."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """The two ends of the connection."""
        if self.reader is None or self.writer is None:
            try:
                self.reader, self.writer = await asyncio.open_connection(self.address.host, self.address.port)
            except OSError as error:
                raise BrokenError(f"no connection: {error}") from None
        return self.reader, self.writer

    async def ask(self, method: str, path: str, body: Any = None, *lines: str, within: float = PATIENCE) -> Reply:
        """One answer; ``body`` is JSON, or bytes as they are. Raises ``BrokenError`` where none came."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.encode(body)
        began = monotonic()
        reader, writer = await self.open()
        try:
            async with asyncio.timeout(within):
                writer.write(request(self.address, method, path, raw, *lines))
                status, headers, answered = await read_answer(reader)
        except TimeoutError:
            self.close()
            raise BrokenError(f"no answer within {within:g} s") from None
        except (OSError, EOFError, ValueError) as error:
            self.close()
            raise BrokenError(f"{type(error).__name__}: {error}") from None
        except asyncio.CancelledError:
            self.close()
            raise
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Reply(status, headers, answered, monotonic() - began)

    async def raw(self, sent: bytes, within: float = PATIENCE) -> Reply:
        """The answer to a request that is ready as bytes."""
        began = monotonic()
        reader, writer = await self.open()
        try:
            async with asyncio.timeout(within):
                writer.write(sent)
                status, headers, answered = await read_answer(reader)
        except (TimeoutError, OSError, EOFError, ValueError) as error:
            self.close()
            raise BrokenError(f"{type(error).__name__}: {error}") from None
        return Reply(status, headers, answered, monotonic() - began)

    async def data(self, method: str, path: str, **data: Any) -> Any:
        """The ``data`` of an answer that has to be a success."""
        reply = await self.ask(method, f"/api/1.0{path}", {"data": data} if data else None)
        if reply.status >= 300:
            raise BrokenError(f"{method} {path}: {reply.status} {reply.body[:300]!r}")
        return reply.data

    async def batch(self, actions: list[Any], *lines: str, within: float = PATIENCE) -> Reply:
        """The answer to a batch."""
        return await self.ask("POST", "/api/1.0/batch", batch_body(actions), *lines, within=within)

    async def pages(self, path: str, fields: str = "name") -> list[Any]:
        """All of a list."""
        found: list[Any] = []
        offset = ""
        while True:
            reply = await self.ask("GET", f"/api/1.0{path}?limit=100&opt_fields={fields}{offset}")
            if reply.status != 200:
                raise BrokenError(f"GET {path}: {reply.status} {reply.body[:300]!r}")
            page = json.decode(reply.body)
            found += page["data"]
            if page["next_page"] is None:
                return found
            offset = f"&offset={page['next_page']['offset']}"

    def close(self) -> None:
        """Close the connection; what was being asked is not known to have been done."""
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    def reset(self) -> None:
        """Break it off without a word, as a machine does that is switched off."""
        if self.writer is not None:
            abort(self.writer)
        self.reader = self.writer = None


def abort(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset."""
    held = writer.get_extra_info("socket")
    if held is not None:
        with contextlib.suppress(OSError):
            held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the next answer on a connection."""
    status = 100
    while status < 200:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    if headers.get("transfer-encoding") == "chunked":
        return status, headers, await _chunks(reader)
    return status, headers, await reader.readexactly(int(headers.get("content-length", "0")))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    found = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        found += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readline()
    return found
