"""What tests need where an HTTP client would be too polite: raw bytes to a server, and an eye on its database."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPResponse
from io import BytesIO
from typing import Any, NamedTuple

from msgspec import json

LAST = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
"""A good request after which the server closes the connection."""


class Response(NamedTuple):
    """One answer on the wire."""

    status: int
    body: bytes


class _Stream(BytesIO):
    """Bytes that a response is parsed from without being closed by it."""

    def makefile(self, _mode: str) -> _Stream:
        return self

    def close(self) -> None:
        pass


def connect(live: Any, patience: float = 15.0) -> socket.socket:
    return socket.create_connection((live.host, live.port), timeout=patience)


def head(live: Any, *lines: str, start: str = "POST /api/1.0/tasks HTTP/1.1") -> bytes:
    """The head of a request that has everything but the lines given."""
    common = ("Host: x", f"Authorization: Bearer {live.token}", "Content-Type: application/json")
    return "\r\n".join((start, *common, *lines, "", "")).encode("latin-1")


def exchange(live: Any, *pieces: bytes) -> list[Response]:
    """Send the pieces on one connection and read until the server closes it; the answers, in order."""
    with connect(live) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
        except OSError:
            pass
        return parsed(read_all(connection))


def read_all(connection: socket.socket) -> bytes:
    """What the server sends until it closes the connection, politely or not. It has to close it."""
    received = b""
    while True:
        try:
            piece = connection.recv(65536)
        except ConnectionError:
            return received
        if not piece:
            return received
        received += piece


def parsed(received: bytes) -> list[Response]:
    """The answers among the bytes of a connection."""
    stream = _Stream(received)
    found = []
    while stream.tell() < len(received):
        response = HTTPResponse(stream, method="GET")  # type: ignore[arg-type]
        response.begin()
        found.append(Response(response.status, response.read()))
    return found


def assert_refused(status: int, body: Any, *allowed: int) -> None:
    """A documented refusal: the right status, a message for people, nothing about the inside."""
    assert status in (allowed or range(400, 500)), (status, body)
    message = body["errors"][0]["message"]
    assert isinstance(message, str)
    assert message
    assert len(json.encode(body)) < 2000
    for telling in ("Traceback", 'File "', "site-packages", "sqlite", "apsw", "msgspec", "Exception"):
        assert telling not in message


@contextmanager
def nothing_written(live: Any) -> Iterator[None]:
    """The server's database is not written to within the block."""
    with closing(sqlite3.connect(live.db)) as database:
        (before,) = database.execute("PRAGMA data_version").fetchone()
        yield
        assert database.execute("PRAGMA data_version").fetchone() == (before,)
