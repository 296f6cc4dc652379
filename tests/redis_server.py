"""A Redis of a test's own, which may be killed, held up and emptied without harm to anybody."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

BINARY = shutil.which("redis-server") or shutil.which("valkey-server")


def need_redis():
    """Skip where there is none to start, unless there has to be."""
    if BINARY is None:
        reason = "needs redis-server or valkey-server"
        if os.environ.get("FANFOLD_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)


class RedisServer:
    """A process that keeps nothing on disk; it starts empty each time."""

    def __init__(self, directory, *options):
        self.directory = Path(directory)
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.options = options
        self.process = None
        self.start()

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def start(self):
        self.process = subprocess.Popen(
            [BINARY, "--port", str(self.port), "--save", "", "--dir", self.directory, *self.options],
            stdout=subprocess.DEVNULL,
        )
        until = time.monotonic() + 10
        while time.monotonic() < until:
            try:
                if self.do("PING") in (b"+PONG", b"-NOAUTH Authentication required."):
                    return
            except OSError:
                pass
        raise RuntimeError("the server has not started")

    def kill(self):
        self.process.kill()
        self.process.wait()

    def hold_up(self):
        """The server is there and does nothing."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def do(self, *words):
        """Have one command carried out; the first line of the reply, or what a bulk reply holds."""
        with closing(socket.create_connection(("127.0.0.1", self.port), timeout=10)) as connection:
            written = [str(word).encode() for word in words]
            connection.sendall(
                b"*%d\r\n" % len(written) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in written)
            )
            with connection.makefile("rb") as replies:
                line = replies.readline().rstrip()
                return replies.read(int(line[1:])) if line.startswith(b"$") and line != b"$-1" else line

    def close(self):
        if self.process.poll() is None:
            self.go_on()
            self.kill()


@contextmanager
def redis_server(*options):
    with tempfile.TemporaryDirectory(prefix="fanfold-redis-") as directory:
        server = RedisServer(directory, *options)
        try:
            yield server
        finally:
            server.close()
