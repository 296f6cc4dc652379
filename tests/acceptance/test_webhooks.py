"""A committed event is delivered, whatever becomes of the process between."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from typing import Any

import pytest
from msgspec import json


class Receiver(ThreadingHTTPServer):
    """Confirms handshakes; while it is closed, whoever delivers something is made to wait for nothing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.secret = ""
        self.arrived: Queue[bytes] = Queue()
        self.begun: Queue[bytes] = Queue()
        self.open = threading.Event()
        self.open.set()


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if "X-Hook-Secret" in self.headers:
            self.server.secret = self.headers["X-Hook-Secret"]
            self.send_response(200)
            self.send_header("X-Hook-Secret", self.server.secret)
        else:
            signature = hmac.new(self.server.secret.encode(), body, "sha256").hexdigest()
            assert self.headers["X-Hook-Signature"] == signature
            self.server.begun.put(body)
            if not self.server.open.is_set():
                self.close_connection = True
                self.server.open.wait(60)
                return
            self.server.arrived.put(body)
            self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.open.set()
    server.shutdown()
    thread.join()
    server.server_close()


def test_kill_9_between_commit_and_delivery_loses_nothing(serve: Any, tmp_path: Path, receiver: Receiver) -> None:
    db = tmp_path / "lasting.db"
    live = serve("--limits", "off", db=db)
    project = live.data("GET", "/projects")[0]["gid"]
    target = f"http://127.0.0.1:{receiver.server_port}/hook"
    hook = live.data("POST", "/webhooks", resource=project, target=target)["gid"]
    assert receiver.arrived.get(timeout=30) == b'{"events":[]}'
    receiver.begun.get(timeout=30)
    receiver.open.clear()
    made = [live.data("POST", "/tasks", name=f"{n}", projects=[project])["gid"] for n in range(5)]
    begun = receiver.begun.get(timeout=30)
    live.process.kill()
    live.process.wait(30)
    receiver.open.set()
    again = serve("--limits", "off", db=db)
    first = receiver.arrived.get(timeout=60)
    assert first == begun, "what was on its way is sent again as it was"
    found = [event["resource"]["gid"] for event in json.decode(first)["events"]]
    while len(found) < len(made):
        found += [event["resource"]["gid"] for event in json.decode(receiver.arrived.get(timeout=60))["events"]]
    assert found == made
    more = again.data("POST", "/tasks", name="after", projects=[project])["gid"]
    (event,) = json.decode(receiver.arrived.get(timeout=60))["events"]
    assert event["resource"]["gid"] == more
    assert again.data("GET", f"/webhooks/{hook}")["active"] is True
    for output in (live.output, again.output):
        assert receiver.secret not in output.read_text()
