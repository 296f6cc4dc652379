"""What one action costs a real server, on a database of 100,000 tasks, against a GET of an empty application.

For each case: CPU time of the server for one action inside a batch of ten, divided by the CPU time of one GET of an
empty uvicorn application measured in the same run. Rounds are interleaved, every second one in reverse; medians.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
from pathlib import Path
from typing import Any

from _data import TOKEN, Made, make
from _load import Load, Server, free_port, get, post

LIMITS = "requests=1000000000,reads=1000000,writes=1000000"
TARGETS = {"two fields": 0.6, "full record": 1.8, "create": 3.0, "page of 100": 5.0}


def _batch(actions: list[dict[str, Any]]) -> bytes:
    return post("/api/1.0/batch", TOKEN, json.dumps({"data": {"actions": actions}}).encode())


def _cases(made: Made) -> dict[str, bytes]:
    tasks = random.Random(1).sample(made.tasks, 10)
    read = [{"method": "get", "relative_path": f"/tasks/{gid}"} for gid in tasks]
    return {
        "two fields": _batch([{**action, "options": {"fields": ["name", "completed"]}} for action in read]),
        "full record": _batch(read),
        "create": _batch(
            [
                {"method": "post", "relative_path": "/tasks", "data": {"name": "New", "projects": [made.project]}}
                for _ in tasks
            ]
        ),
        "page of 100": _batch(
            [
                {"method": "get", "relative_path": f"/projects/{made.project}/tasks", "options": {"limit": 100}}
                for _ in tasks
            ]
        ),
    }


def _cost(server: Server, request: bytes, options: argparse.Namespace) -> float:
    """Microseconds of server CPU for one request, over connections of its own."""
    load = Load(server.port, spin=options.spin)
    load.run(request, 0.1)
    before = server.cpu()
    done = load.run(request, options.seconds)
    spent = server.cpu() - before
    load.close()
    return spent / done * 1e6


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--spin", action="store_true", help="a load that never sleeps: see _load.py")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        made = make(Path(directory) / "bench.db", options.tasks)
        ports = free_port(), free_port()
        empty = Server([str(Path(__file__).with_name("_empty_app.py")), str(ports[0])], ports[0])
        command = ["-m", "fanfold", "serve", "--db", str(made.path), "--port", str(ports[1]), "--limits", LIMITS]
        ours = Server(
            [*command, "--access-log", str(Path(directory) / "access.log")], ports[1], {"FANFOLD_TOKEN": TOKEN}
        )
        try:
            _measure(empty, ours, made, options)
        finally:
            empty.stop()
            ours.stop()


def _measure(empty: Server, ours: Server, made: Made, options: argparse.Namespace) -> None:
    load = Load(ours.port)
    cases = _cases(made)
    for name, request in cases.items():
        results = json.loads(load.once(request))["data"]
        codes = {result["status_code"] for result in results}
        if len(results) != 10 or not codes <= {200, 201}:
            message = f"{name}: {codes}"
            raise RuntimeError(message)
    load.close()
    rounds: dict[str, list[float]] = {"empty GET": [], **{name: [] for name in cases}}
    single = get(f"/api/1.0/tasks/{made.tasks[0]}?opt_fields=name,completed", TOKEN)
    rounds["single GET of two fields"] = []
    for number in range(options.rounds):
        order = list(rounds)[:: -1 if number % 2 else 1]
        for name in order:
            if name == "empty GET":
                cost = _cost(empty, get("/", TOKEN), options)
            elif name in cases:
                cost = _cost(ours, cases[name], options) / 10
            else:
                cost = _cost(ours, single, options)
            rounds[name].append(cost)
    base = statistics.median(rounds["empty GET"])
    for name, costs in rounds.items():
        middle = statistics.median(costs)
        line = {
            "case": name,
            "cpu_us": round(middle, 2),
            "ratio": round(middle / base, 2),
            "target": TARGETS.get(name),
            "spread": round((max(costs) - min(costs)) / middle, 2),
            "tasks": options.tasks,
            "load": "spinning" if options.spin else "sleeping",
        }
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
