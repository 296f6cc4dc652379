"""Whether reading one task costs the same with a thousand tasks and with a million: server CPU, interleaved rounds."""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from pathlib import Path

from _data import TOKEN, make
from _load import Load, Server, free_port, get

LIMITS = "requests=1000000000,reads=1000000,writes=1000000"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs=2, default=[1_000, 1_000_000])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        servers = []
        for size in options.sizes:
            made = make(Path(directory) / f"{size}.db", size)
            port = free_port()
            command = ["-m", "fanfold", "serve", "--db", str(made.path), "--port", str(port), "--limits", LIMITS]
            server = Server([*command, "--access-log", "off"], port, {"FANFOLD_TOKEN": TOKEN})
            requests = [get(f"/api/1.0/tasks/{gid}", TOKEN) for gid in random.Random(1).sample(made.tasks, 200)]
            servers.append((size, server, requests))
        costs: dict[int, list[float]] = {size: [] for size in options.sizes}
        for number in range(options.rounds):
            for size, server, requests in servers[:: -1 if number % 2 else 1]:
                load = Load(server.port)
                for request in requests:
                    load.once(request)
                before, done = server.cpu(), 0
                for request in requests:
                    done += load.run(request, options.seconds / len(requests))
                costs[size].append((server.cpu() - before) / done * 1e6)
                load.close()
        small, large = (statistics.median(costs[size]) for size in options.sizes)
        for size in options.sizes:
            print(
                json.dumps(
                    {"case": "GET /tasks/{gid}", "tasks": size, "cpu_us": round(statistics.median(costs[size]), 2)}
                )
            )
        print(json.dumps({"case": "growth", "ratio": round(large / small, 3), "target": 1.3}))
        for _, server, _ in servers:
            server.stop()


if __name__ == "__main__":
    main()
