"""A closed-loop HTTP load on loopback with plain sockets, and what it cost the server in CPU time.

A load that waits for an answer goes to sleep, and waking it costs a virtual machine tens of microseconds, which are
charged to the server, the more of them the longer its answers take. With ``spin`` the load never sleeps but asks its
sockets again and again; the figures then hold the server's own work and nothing else.

CPU is read from the scheduler's own accounting (nanoseconds on a CPU, all threads), which needs no counters of the
hardware and does not see idle time.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection, HTTPException
from pathlib import Path

CONNECTIONS = 10


class Load:
    """Ten keep-alive connections that each have one request under way."""

    def __init__(self, port: int, *, spin: bool = False) -> None:
        self._flags = socket.MSG_DONTWAIT if spin else 0
        self._sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(CONNECTIONS)]
        for connection in self._sockets:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = [b""] * CONNECTIONS

    def run(self, request: bytes, seconds: float) -> int:
        """Send ``request`` over and over for so long; the number of answers. Raises if one is not a 200."""
        done = 0
        until = time.perf_counter() + seconds
        for connection in self._sockets:
            connection.sendall(request)
        while time.perf_counter() < until:
            for index, connection in enumerate(self._sockets):
                self._receive(index)
                connection.sendall(request)
            done += CONNECTIONS
        for index in range(CONNECTIONS):
            self._receive(index)
        return done + CONNECTIONS

    def once(self, request: bytes) -> bytes:
        """The body of one answer."""
        self._sockets[0].sendall(request)
        return self._receive(0)

    def _receive(self, index: int) -> bytes:
        data = self._left[index]
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more(index)
        if not data.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            raise RuntimeError(data[:400].decode(errors="replace"))
        head = data[:end].lower()
        length = int(head[head.index(b"content-length:") + 15 :].split(b"\r\n", 1)[0])
        rest = bytearray(data[end + 4 :])
        while len(rest) < length:
            rest += self._more(index)
        self._left[index] = bytes(rest[length:])
        return bytes(rest[:length])

    def _more(self, index: int) -> bytes:
        while True:
            try:
                data = self._sockets[index].recv(262_144, self._flags)
                break
            except BlockingIOError:
                continue
        if not data:
            message = "the server closed the connection"
            raise RuntimeError(message)
        return data

    def close(self) -> None:
        """Close the connections."""
        for connection in self._sockets:
            connection.close()


class Server:
    """A server process on one core of its own."""

    def __init__(self, command: list[str], port: int, environment: dict[str, str] | None = None) -> None:
        started = time.perf_counter()
        pin = ["taskset", "-c", "0"] if len(os.sched_getaffinity(0)) > 1 else []
        self.process = subprocess.Popen(
            [*pin, sys.executable, *command],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
        )
        self.port = port
        self._wait()
        self.start_seconds = time.perf_counter() - started

    def _wait(self) -> None:
        for _ in range(4000):
            if self.process.poll() is not None:
                message = f"the server ended with {self.process.returncode}"
                raise RuntimeError(message)
            connection = HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
            except (OSError, HTTPException):
                time.sleep(0.005)
            finally:
                connection.close()
        message = "the server did not start"
        raise RuntimeError(message)

    def cpu(self) -> float:
        """Seconds of CPU time that the process has used."""
        tasks = Path(f"/proc/{self.process.pid}/task").glob("*/schedstat")
        return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> float:
        """Resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(timeout=60)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(path: str, token: str) -> bytes:
    """A GET request as sent."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def post(path: str, token: str, body: bytes) -> bytes:
    """A POST of JSON as sent."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
