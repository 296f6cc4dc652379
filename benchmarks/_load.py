"""A closed-loop HTTP load on loopback with plain sockets, and what it cost the server in CPU time.

A load that waits for an answer goes to sleep, and waking it costs a virtual machine tens of microseconds, which are
charged to the server, the more of them the longer its answers take. With ``spin`` the load never sleeps but asks its
sockets again and again; the figures then hold the server's own work and nothing else.

CPU is read from the scheduler's own accounting (nanoseconds on a CPU, all threads), which needs no counters of the
hardware and does not see idle time.
"""

from __future__ import annotations

import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

CONNECTIONS = 10

CORES = frozenset(os.sched_getaffinity(0))
"""Those of the machine, as it was before this process stood aside."""


class Load:
    """Keep-alive connections, ten unless told, that each have one request under way."""

    def __init__(self, port: int, *, spin: bool = False, connections: int = CONNECTIONS) -> None:
        self._flags = socket.MSG_DONTWAIT if spin else 0
        self._sockets = [socket.create_connection(("127.0.0.1", port)) for _ in range(connections)]
        for connection in self._sockets:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._left = [b""] * connections

    def run(self, request: bytes | Sequence[bytes], seconds: float) -> int:
        """Send ``request`` over and over for so long; the number of answers. Raises if one is not a 200.

        Of several requests each connection sends its own.
        """
        given = [request] if isinstance(request, bytes) else request
        turns = [(index, connection, given[index % len(given)]) for index, connection in enumerate(self._sockets)]
        done = 0
        until = time.perf_counter() + seconds
        for _, connection, sent in turns:
            connection.sendall(sent)
        while time.perf_counter() < until:
            for index, connection, sent in turns:
                self._receive(index)
                connection.sendall(sent)
            done += len(turns)
        for index, _, _ in turns:
            self._receive(index)
        return done + len(turns)

    def freely(self, request: bytes, seconds: float) -> int:
        """The same of one request, each connection for itself: none waits for the answer of another."""
        by_number = {connection.fileno(): (at, connection) for at, connection in enumerate(self._sockets)}
        ready = select.epoll()
        for number, (_, connection) in by_number.items():
            ready.register(number, select.EPOLLIN)
            connection.sendall(request)
        done, until = 0, time.perf_counter() + seconds
        while time.perf_counter() < until:
            for number, _ in ready.poll(1.0):
                at, connection = by_number[number]
                self._receive(at)
                connection.sendall(request)
                done += 1
        ready.close()
        for at in range(len(self._sockets)):
            self._receive(at)
        return done + len(self._sockets)

    def together(self, requests: Sequence[bytes]) -> float:
        """Seconds until all of ``requests`` are answered, which are sent at once, each over its own connection."""
        started = time.perf_counter()
        for connection, request in zip(self._sockets, requests, strict=False):
            connection.sendall(request)
        for index in range(len(requests)):
            self._receive(index)
        return time.perf_counter() - started

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
    """A server process, with all that it starts, on one core of its own. It answers ``health`` once it is ready."""

    def __init__(
        self,
        command: list[str],
        port: int,
        environment: dict[str, str] | None = None,
        *,
        program: str = sys.executable,
        health: str = "/healthz",
        core: int | str = 0,
    ) -> None:
        started = time.perf_counter()
        pin = ["taskset", "-c", str(core)] if len(CORES) > 1 else []
        self._health = health
        self.process = subprocess.Popen(
            [*pin, program, *command],
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
                connection.request("GET", self._health)
                if connection.getresponse().status == 200:
                    return
            except (OSError, HTTPException):
                time.sleep(0.005)
            finally:
                connection.close()
        message = "the server did not start"
        raise RuntimeError(message)

    def cpu(self) -> float:
        """Seconds of CPU time that the process and those it started have used."""
        return cpu_of(_family(self.process.pid))

    def workers(self) -> list[int]:
        """The processes that answer: those that it has started, or else itself."""
        return _family(self.process.pid)[1:] or [self.process.pid]

    def memory(self) -> float:
        """Resident memory in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def stop(self) -> None:
        """End the process."""
        self.process.terminate()
        self.process.wait(timeout=60)


def cpu_of(processes: Sequence[int]) -> float:
    """Seconds of CPU time that processes have used."""
    tasks = [task for pid in processes for task in Path(f"/proc/{pid}/task").glob("*/schedstat")]
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def named(name: str) -> list[int]:
    """The processes of a program on this machine."""
    found = []
    for said in Path("/proc").glob("[0-9]*/comm"):
        with suppress(OSError):
            if said.read_text().strip() == name:
                found.append(int(said.parent.name))
    return found


def _family(pid: int) -> list[int]:
    """A process and all below it."""
    found = [pid]
    for parent in found:
        for listed in Path(f"/proc/{parent}/task").glob("*/children"):
            found += map(int, listed.read_text().split())
    return found


def stand_aside() -> None:
    """Keep this process, which is the load, off the core that servers have."""
    if len(CORES) > 1:
        os.sched_setaffinity(0, CORES - {0})


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def get(path: str, token: str = "") -> bytes:
    """A GET request as sent."""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{_shown(token)}\r\n".encode()


def _shown(token: str) -> str:
    return f"Authorization: Bearer {token}\r\n" if token else ""


def post(path: str, token: str, body: bytes) -> bytes:
    """A POST of JSON as sent."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{_shown(token)}"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
