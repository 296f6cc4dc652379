"""Servers that are no batch servers, or bad ones: they answer what a test says."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

OFFER = {"data": {"max_actions": 10, "features": ["ndjson", "references"], "limits": []}}


class Told(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_OPTIONS(self):
        offer = self.server.offer
        body = b"" if offer is None else json.dumps(offer).encode()
        self.answer(404 if offer is None else 200, "application/json", body, len(body))

    def do_POST(self):
        server = self.server
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        server.asked.append(asked)
        status, kind, body, missing = server.told(asked)
        self.answer(status, kind, body, len(body) + missing)

    def do_GET(self):
        self.server.asked.append(self.path)
        status, kind, body, missing = self.server.told(None)
        self.answer(status, kind, body, len(body) + missing)

    def answer(self, status, kind, body, length):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = True

    def log_message(self, *_):
        pass


@contextmanager
def telling(body, *, status=200, kind="application/json", missing=0, offer=None):
    """``body`` is bytes, text, JSON, or a function that makes JSON of what was asked; ``missing`` bytes never come."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Told)
    server.daemon_threads = True

    def told(asked):
        made = body(asked) if callable(body) else body
        written = (
            made if isinstance(made, bytes) else made.encode() if isinstance(made, str) else json.dumps(made).encode()
        )
        return status, kind, written, missing

    server.told, server.offer, server.asked = told, offer, []
    server.url = f"http://127.0.0.1:{server.server_address[1]}/api"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def results(asked):
    """What a plain batch server answers: every action with the place that it stood at."""
    return {
        "data": [
            {"status_code": 200, "headers": {}, "body": {"data": {"gid": action["relative_path"]}}}
            for action in asked["data"]["actions"]
        ]
    }
