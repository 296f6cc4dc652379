"""A server that answers a plan with what the test says, and keeps what it was asked."""

import json
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        server = self.server
        body = self.rfile.read(int(self.headers["content-length"]))
        server.asked.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(server.status)
        self.send_header("Content-Type", server.kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in server.pieces:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
            self.wfile.flush()
        if server.complete:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


@contextmanager
def serving(*told, status=200, kind="application/x-ndjson", complete=True):
    """``told`` are lines, or bytes as they are sent; what was asked is in ``asked``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Asked)
    server.asked = []
    server.status, server.kind, server.complete = status, kind, complete
    server.pieces = [each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in told]
    server.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
