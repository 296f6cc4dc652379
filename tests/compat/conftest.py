"""A real server process whose journal can be read and that can be made to fail, and a small one that fails at will."""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from fanfold.compat.background import BACKGROUND
from fanfold.testing import AsanaServer
from tests.acceptance.conftest import Live, running

ADMIN = "an-admin-token-made-for-this-test"


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server with demo data and no limits, shared by the tests of a module."""
    directory = tmp_path_factory.mktemp("compat")
    (directory / "fanfold.toml").write_text(f'admin_token = "{ADMIN}"\njournal = 500\n')
    with running(directory, "--limits", "off", "--config", str(directory / "fanfold.toml")) as live:
        yield live


@pytest.fixture
def server(process: Live) -> AsanaServer:
    """The same as after its start: its URL, a token, its journal and its faults."""
    server = AsanaServer(f"http://{process.host}:{process.port}", ADMIN)
    server.clear_faults()
    server.clear_requests()
    return server


@pytest.fixture(autouse=True)
def _nothing_is_left_beside() -> Iterator[None]:
    """The thread of the synchronous libraries ends with each test, also where a test has closed nothing."""
    yield
    # The official client waits for its threads when it is collected, which none of these themselves can do.
    gc.collect()
    BACKGROUND.end()


@pytest.fixture
def headers(server: AsanaServer) -> dict[str, str]:
    return {"Authorization": f"Bearer {server.token}"}


class Stub:
    """Where a small server is, and what it was asked: method, path and body."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[tuple[str, str, bytes]] = []


Answering = Callable[[str, str, bytes], tuple[int, dict[str, str], bytes]]


@contextmanager
def stubbed(answering: Answering) -> Iterator[Stub]:
    """A server that answers as a function of method, path and body says."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            stub.asked.append((self.command, self.path, body))
            status, headers, content = answering(self.command, self.path, body)
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(content))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = do_OPTIONS = answer  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stub = Stub(f"http://127.0.0.1:{server.server_port}/api")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def echoes(method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
    """A batch endpoint whose actions are answered what they asked; singles tell that they came alone."""
    if method == "OPTIONS":
        return 404, {}, b"{}"
    if path != "/api/batch":
        return 200, {"Content-Type": "application/json"}, json.dumps({"data": {"alone": f"{method} {path}"}}).encode()
    results = [
        {"status_code": 200, "headers": {}, "body": {"data": action}} for action in json.loads(body)["data"]["actions"]
    ]
    return 200, {"Content-Type": "application/json"}, json.dumps({"data": results}).encode()
