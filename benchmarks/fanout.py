"""A fan-out of ten through the gateway, against the same ten gathered by hand with aiohttp.

Both are servers of their own on one core, before the same upstream, which shares the other core with the load. Both get
the same batch from the same load and send the upstream the same ten requests over kept connections; see
``_gather_app.py`` for what the one by hand leaves out. The gateway is as it is by default, with its access log in a
file. Two things are compared: the time of a fan-out for one client, and the CPU that it costs under ten.

    python benchmarks/fanout.py [--rounds 7] [--seconds 1] [--spin]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from _load import Load, Server, free_port, post, stand_aside

HERE = Path(__file__).parent
ACTIONS = [{"method": "get", "relative_path": f"/items/{number}"} for number in range(10)]
GOAL = 1.3


def say(**line: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"benchmark": "fanout", **line}), flush=True)


def begin(stack: ExitStack, folder: Path) -> dict[str, Server]:
    """The upstream, and what stands before it."""

    def server(command: list[str], port: int, **told: Any) -> Server:
        started = Server(command, port, **told)
        stack.callback(started.stop)
        return started

    ports = [free_port() for _ in range(3)]
    upstream = f"http://127.0.0.1:{ports[0]}"
    server([str(HERE / "_items_app.py"), str(ports[0])], ports[0], health="/items/1", core=1)
    gateway = ["-m", "fanfold", "gateway", "--upstream", upstream, "--allow-private", "--port", str(ports[1])]
    return {
        "gateway": server(
            gateway, ports[1], environment={"FANFOLD_ACCESS_LOG": str(folder / "access.log")}, health="/-/healthz"
        ),
        "by hand": server([str(HERE / "_gather_app.py"), str(ports[2]), upstream], ports[2]),
    }


def measure(server: Server, request: bytes, options: argparse.Namespace) -> tuple[float, float, float]:
    """Of one round: milliseconds of a fan-out for one client, the server's CPU for one under ten in µs, and its p90."""
    alone = Load(server.port, connections=1, spin=options.spin)
    alone.together([request])
    times = []
    until = perf_counter() + options.seconds / 2
    while perf_counter() < until:
        times.append(alone.together([request]) * 1e3)
    alone.close()
    load = Load(server.port, spin=options.spin)
    load.run(request, 0.1)
    before = server.cpu()
    done = load.run(request, options.seconds)
    spent = server.cpu() - before
    load.close()
    return median(times), spent / done * 1e6, sorted(times)[len(times) * 9 // 10]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--spin", action="store_true", help="a load that never sleeps: see _load.py")
    options = parser.parse_args()
    request = post("/batch", "", json.dumps({"data": {"actions": ACTIONS}}).encode())
    with ExitStack() as stack:
        servers = begin(stack, Path(stack.enter_context(tempfile.TemporaryDirectory())))
        stand_aside()
        check(servers, request)
        rounds: dict[str, list[tuple[float, float, float]]] = {name: [] for name in servers}
        for number in range(options.rounds):
            for name in list(servers)[:: -1 if number % 2 else 1]:
                rounds[name].append(measure(servers[name], request, options))
    found = {name: [median(column) for column in zip(*taken, strict=True)] for name, taken in rounds.items()}
    for name, (p50, cpu, p90) in found.items():
        costs = [one[1] for one in rounds[name]]
        spread = round((max(costs) - min(costs)) / cpu, 2)
        say(case=name, p50_ms=round(p50, 3), p90_ms=round(p90, 3), cpu_us_per_fan_out=round(cpu, 1), spread=spread)
    for place, what in enumerate(("time for one client", "CPU under ten")):
        ratio = found["gateway"][place] / found["by hand"][place]
        say(name=f"gateway over by hand, {what}", value=round(ratio, 2), target=GOAL, met=ratio <= GOAL)


def check(servers: dict[str, Server], request: bytes) -> None:
    """Both have to answer the same ten."""
    answers = []
    for server in servers.values():
        load = Load(server.port)
        answers.append(json.loads(load.once(request))["data"])
        load.close()
    for name, answer in zip(servers, answers, strict=True):
        if [(one["status_code"], one["body"]["id"]) for one in answer] != [(200, number) for number in range(10)]:
            message = f"{name}: {answer}"
            raise RuntimeError(message)


if __name__ == "__main__":
    main()
