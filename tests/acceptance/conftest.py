"""Real server processes for tests that talk to them over HTTP."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from msgspec import json

from tests.contract.checking import received

TOKEN = "a-token-made-for-this-test"


class Live(NamedTuple):
    """A server that runs: its address, its first user's token, its process, its database and what it has printed."""

    host: str
    port: int
    token: str
    process: subprocess.Popen[bytes]
    db: Path
    output: Path

    @property
    def api(self) -> str:
        """The base that clients are given."""
        return f"http://{self.host}:{self.port}/api/1.0"

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, decoded body and headers of one request; ``body`` is JSON, or bytes as they are."""
        connection = HTTPConnection(self.host, self.port, timeout=30)
        raw = body if isinstance(body, bytes) or body is None else json.encode(body)
        sent = {"Authorization": f"Bearer {self.token if token is None else token}", "Content-Type": "application/json"}
        try:
            connection.request(method, path, raw, sent | (headers or {}))
            response = connection.getresponse()
            data = response.read()
            given = {name.lower(): value for name, value in response.getheaders()}
            answer = json.decode(data) if data else None
            received(method, path, body, response.status, answer)
            return response.status, answer, given
        finally:
            connection.close()

    def data(self, method: str, path: str, **data: Any) -> Any:
        """The ``data`` of a request to the API that has to succeed."""
        status, body, _ = self.call(method, f"/api/1.0{path}", {"data": data} if data else None)
        assert status < 300, (status, body)
        return body["data"]

    def batch(self, *actions: Any, query: str = "", **more: Any) -> list[Any]:
        """The results of a batch that has to be answered."""
        status, body, _ = self.call("POST", f"/api/1.0/batch{query}", {"data": {"actions": list(actions)}}, **more)
        assert status == 200, (status, body)
        return body["data"]


def start(directory: Path, *flags: str, db: Path | None = None, token: str = TOKEN, port: int = 0) -> Live:
    """Start a server process and wait until it answers."""
    db = db or directory / "test.db"
    output = directory / f"server-{time.monotonic_ns()}.out"
    command = [sys.executable, "-m", "fanfold", "serve", "--port", str(port), "--db", str(db), *flags]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FANFOLD_")}
    environment |= {"FANFOLD_TOKEN": token, "PYTHONFAULTHANDLER": "1"}
    with output.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, env=environment)
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", output.read_text())
        if found and _alive(int(found[1])):
            return Live("127.0.0.1", int(found[1]), token, process, db, output)
        time.sleep(0.02)
    process.kill()
    raise AssertionError(output.read_text())


def _alive(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def stop(live: Live) -> int:
    """Ask the server to stop; its exit code."""
    if live.process.poll() is None:
        live.process.terminate()
    try:
        return live.process.wait(timeout=40)
    except subprocess.TimeoutExpired:
        live.process.send_signal(signal.SIGABRT)  # upon which it says where its threads are
        live.process.wait(timeout=10)
        raise AssertionError(live.output.read_text()) from None


@contextmanager
def running(directory: Path, *flags: str, **more: Any) -> Iterator[Live]:
    """A server for the length of a block; it has to end well and must not have told a secret or crashed on the way."""
    live = start(directory, *flags, **more)
    try:
        yield live
    finally:
        code = stop(live)
    said = live.output.read_text()
    assert code == 0, said
    assert "Traceback" not in said
    assert live.token not in said


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server with demo data and no limits, shared by the tests of a module."""
    with running(tmp_path_factory.mktemp("live"), "--limits", "off") as server:
        yield server


@pytest.fixture(scope="session")
def start_running() -> Callable[..., AbstractContextManager[Live]]:
    """For modules whose shared server is of another kind: ``with start_running(directory, *flags) as live``."""
    return running


@pytest.fixture
def unharmed(live: Live) -> Iterator[None]:
    """When the test is over the shared server still serves."""
    yield
    assert live.process.poll() is None, live.output.read_text()
    (result,) = live.batch({"method": "get", "relative_path": "/users/me"})
    assert result["status_code"] == 200


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Live]]:
    """Starts servers of a test's own; all are stopped at its end."""
    started: list[Live] = []

    def begin(*flags: str, **more: Any) -> Live:
        started.append(start(tmp_path, *flags, **more))
        return started[-1]

    yield begin
    for server in started:
        stop(server)
