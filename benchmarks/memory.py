"""Whether memory stays flat over 100,000 batches of ten: a server with the middleware, and the gateway.

Resident memory is read as the batches go by; ``slope`` is that of a line through the second half, in KB for a thousand
batches. The first half is left to whatever fills up once, such as the allocator's own pools.

    python benchmarks/memory.py [--batches 100000]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import linear_regression
from time import perf_counter
from typing import Any

from _load import CONNECTIONS, Load, Server, free_port, post, stand_aside

HERE = Path(__file__).parent
SAMPLES = 100
FLAT = 5.0
"""KB for a thousand batches, which is 5 bytes a batch: less than a single object that is kept."""


def say(**line: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"benchmark": "memory", **line}), flush=True)


def batch() -> bytes:
    """Ten actions: reads, writes, one that fails, and one that uses what another answered."""
    actions: list[dict[str, Any]] = [{"method": "get", "relative_path": f"/items/{number}"} for number in range(6)]
    actions += [{"method": "post", "relative_path": f"/items/{number}", "data": {"n": number}} for number in (6, 7)]
    actions += [{"method": "get", "relative_path": "/nothing/at/all"}]
    actions[0]["id"] = "first"
    actions += [{"method": "get", "relative_path": "/items/{{first.body.id}}"}]
    return post("/batch", "", json.dumps({"data": {"actions": actions}}).encode())


def follow(name: str, server: Server, batches: int) -> None:
    """Send so many batches and say what became of the server's memory."""
    request = batch()
    load = Load(server.port)
    codes = [result["status_code"] for result in json.loads(load.once(request))["data"]]
    if len(codes) != 10 or codes.count(200) != 9:
        message = f"{name}: {codes}"
        raise RuntimeError(message)
    step = max(1, batches // SAMPLES // CONNECTIONS)
    sent: list[float] = []
    held: list[float] = []
    started = perf_counter()
    done = 0
    while done < batches:
        for _ in range(step):
            load.together([request] * CONNECTIONS)
        done += step * CONNECTIONS
        sent.append(done / 1000)
        held.append(server.memory() * 1024)
    load.close()
    half = len(held) // 2
    slope = linear_regression(sent[half:], held[half:]).slope
    say(
        case=name,
        batches=done,
        seconds=round(perf_counter() - started),
        first_mb=round(held[0] / 1024, 1),
        half_mb=round(held[half] / 1024, 1),
        last_mb=round(held[-1] / 1024, 1),
        most_mb=round(max(held) / 1024, 1),
    )
    say(name=f"{name}: slope in KB for 1000 batches", value=round(slope, 2), target=FLAT, met=slope <= FLAT)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batches", type=int, default=100_000)
    options = parser.parse_args()
    app = str(HERE / "_items_app.py")
    ports = [free_port() for _ in range(3)]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        middleware = Server([app, str(ports[0]), "batch"], ports[0], health="/items/1")
        stack.callback(middleware.stop)
        stand_aside()
        follow("middleware", middleware, options.batches)
        upstream = Server([app, str(ports[1])], ports[1], health="/items/1", core=1)
        stack.callback(upstream.stop)
        told = ["--upstream", f"http://127.0.0.1:{ports[1]}", "--allow-private", "--port", str(ports[2])]
        environment = {"FANFOLD_ACCESS_LOG": str(Path(folder) / "access.log")}
        gateway = Server(["-m", "fanfold", "gateway", *told], ports[2], environment, health="/-/healthz")
        stack.callback(gateway.stop)
        follow("gateway", gateway, options.batches)


if __name__ == "__main__":
    main()
