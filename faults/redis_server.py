"""A Redis of one's own, which may be killed, held up and emptied without harm to anybody."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

BINARY = shutil.which("redis-server") or shutil.which("valkey-server")


class RedisServer:
    """A process that keeps nothing on disk; it starts empty each time."""

    process: subprocess.Popen[bytes]

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"redis://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        told = ["--port", str(self.port), "--save", "", "--dir", str(self.folder), *self.options]
        self.process = subprocess.Popen([BINARY or "redis-server", *told], stdout=subprocess.DEVNULL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with suppress(OSError):
                if self.do("PING"):
                    return
            time.sleep(0.01)
        raise RuntimeError("the server has not started")

    def kill(self) -> None:
        """End it without warning."""
        self.process.kill()
        self.process.wait()

    def hold_up(self) -> None:
        """Let it be there and do nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it do what it was asked meanwhile."""
        self.process.send_signal(signal.SIGCONT)

    def do(self, *words: object) -> bytes:
        """Have one command carried out; the first line of the reply, or what a bulk reply holds."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=10)) as connection:
            written = [str(word).encode() for word in words]
            connection.sendall(
                b"*%d\r\n" % len(written) + b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in written])
            )
            with connection.makefile("rb") as replies:
                line = replies.readline().rstrip()
                return replies.read(int(line[1:])) if line.startswith(b"$") and line != b"$-1" else line

    def close(self) -> None:
        """End it, if it has not ended."""
        if self.process.poll() is None:
            self.go_on()
            self.kill()


@contextmanager
def redis_server(*options: str) -> Iterator[RedisServer]:
    """A server for as long as a block."""
    with tempfile.TemporaryDirectory(prefix="fanfold-redis-") as folder:
        server = RedisServer(Path(folder), *options)
        try:
            yield server
        finally:
            server.close()
