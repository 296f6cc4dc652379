"""What a server takes: seconds to start, memory of each process, memory of each connection, CPU of each request.

For one process on SQLite, and with ``--postgres URL`` (a database that may be written to) for one and several workers
on PostgreSQL. JSON lines. The figures stand in docs/operations.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path

from _load import Load, Server, free_port, get, post, stand_aside

TOKEN = "benchmark-token-of-no-value"
READ = {"method": "get", "relative_path": "/users/me"}
REQUESTS = {
    "read": get("/api/1.0/users/me", TOKEN),
    "batch of ten reads": post("/api/1.0/batch", TOKEN, json.dumps({"data": {"actions": [READ] * 10}}).encode()),
}


def _processes(server: Server) -> list[int]:
    """The server's processes that serve, the supervisor first where there is one."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(int(child) for child in children if b"worker" in Path(f"/proc/{child}/cmdline").read_bytes())]


def _memory(pid: int) -> float:
    """Resident memory in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return round(int(status.split("VmRSS:")[1].split()[0]) / 1024, 1)


def _ready(server: Server, workers: int) -> None:
    """Wait until all parts of all workers work."""
    while len(_processes(server)) != (workers + 1 if workers > 1 else 1):
        time.sleep(0.01)
    before: list[float] = []
    while (now := [_memory(pid) for pid in _processes(server)]) != before:
        before = now
        time.sleep(1)
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", "/readyz")
    if connection.getresponse().status != 200:
        message = "the server is not ready"
        raise RuntimeError(message)
    connection.close()


def _cost(server: Server, request: bytes, seconds: float) -> float:
    """Microseconds of CPU that one request takes."""
    load = Load(server.port)
    load.run(request, 0.3)
    before = server.cpu()
    done = load.run(request, seconds)
    spent = server.cpu() - before
    load.close()
    return round(spent / done * 1e6, 1)


def _measure(name: str, db: str, workers: int, options: argparse.Namespace) -> dict[str, object]:
    command = ["-m", "fanfold", "serve", "--port", str(port := free_port()), "--db", db, "--limits", "off"]
    command += ["--workers", str(workers)] if workers > 1 else []
    server = Server(command, port, {"FANFOLD_TOKEN": TOKEN, "FANFOLD_ACCESS_LOG": "off"})
    try:
        _ready(server, workers)
        found: dict[str, object] = {"server": name, "start_s": round(server.start_seconds, 2)}
        found["idle_mb"] = [_memory(pid) for pid in _processes(server)]
        for what, request in REQUESTS.items():
            found[f"cpu_us {what}"] = _cost(server, request, options.seconds)
        before = [_memory(pid) for pid in _processes(server)]
        found["worked_mb"] = before
        load = Load(port, connections=options.connections)
        load.run(get("/healthz"), 0.0)
        after = [_memory(pid) for pid in _processes(server)]
        found["kb_per_connection"] = round((sum(after) - sum(before)) * 1024 / options.connections, 1)
        load.close()
        return found
    finally:
        server.stop()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--connections", type=int, default=4000)
    parser.add_argument("--postgres", default="", help="URL of a PostgreSQL database to measure with too")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    stand_aside()
    with tempfile.TemporaryDirectory() as folder:
        cases = [("one process, SQLite", os.fspath(Path(folder) / "sizing.db"), 1)]
        if options.postgres:
            cases += [(f"{n} workers, PostgreSQL", options.postgres, n) for n in (1, 2)]
        for case in cases:
            print(json.dumps(_measure(*case, options)), flush=True)


if __name__ == "__main__":
    main()
