"""A batch of ten through the middleware, against what others made of the idea and against ten requests without it.

The same ten handlers in every system (a small JSON answer; in a second round each waits 20 ms before it), servers on
one core and the load on the other. For the handlers that answer at once: actions a second under ten connections, and
the server's CPU for one action. For those that wait: how long it takes one client until it has all ten answers.
``busy`` is how much of its core the server used; far below 1, it was the load that limited the actions a second.

What is compared with is installed into a temporary folder, or into ``--rivals DIR`` and kept there. HTTP/2 needs
``h2load`` (Debian: ``nghttp2-client``). What cannot be had is left out and said so.

    python benchmarks/middleware.py [--rivals DIR] [--rounds 5] [--seconds 1] [--spin]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import shutil
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

from _load import Load, Server, stand_aside
from _rivals import Missing, Rivals
from _systems import CASES, KINDS, PATHS, Case, start

from fanfold import BatchMiddleware

ACTIONS = 10
SETS = 30
"""Sets of ten that wait, in one round of one case."""

PASSES = 20_000


class Measured(NamedTuple):
    """One round of a case: actions a second, server CPU in µs for one, the share of its core that the server used."""

    rate: float
    cpu: float
    busy: float
    all_ten: float = 0.0
    """Milliseconds until ten that wait are all answered."""


def say(**line: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"benchmark": "middleware", **line}), flush=True)


# -- what the middleware costs everybody else ------------------------------------------------------------------------


async def passing(rounds: int) -> float:
    """Microseconds that a request which is no batch takes longer with the middleware than without it."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        pass

    async def receive() -> Any:
        return None

    async def send(_: Any) -> None:
        return None

    scope = {"type": "http", "method": "GET", "path": "/items/1", "root_path": "", "headers": [], "query_string": b""}
    apps = {"with": BatchMiddleware(app), "without": app}
    taken: dict[str, list[float]] = {name: [] for name in apps}
    for number in range(rounds * 3 + 1):
        for name in sorted(apps, reverse=bool(number % 2)):
            one: Any = apps[name]
            started = perf_counter()
            for _ in range(PASSES):
                await one(scope, receive, send)
            if number:
                taken[name].append((perf_counter() - started) / PASSES * 1e6)
    return median(taken["with"]) - median(taken["without"])


# -- ten actions -----------------------------------------------------------------------------------------------------


def check(case: Case, server: Server, kind: str) -> None:
    """Raise unless ten answers come back, the right ones."""
    load = Load(server.port)
    got = b"".join(load.once(request) for request in case.requests(kind)).decode().replace('\\"', '"')
    load.close()
    names = set(re.findall(r'"name": ?"(Item \d)"', got))
    if len(names) != ACTIONS:
        raise Missing(f"ten answers were expected, of which there are {len(names)}: {got[:300]}")


def measure(case: Case, server: Server, kind: str, options: argparse.Namespace) -> Measured:
    """One round."""
    if case.http2:
        return over_http2(case, server, kind, options)
    requests = case.requests(kind)
    per_answer = ACTIONS // len(requests)
    load = Load(server.port, spin=options.spin)
    if kind == "slow":
        load.together(requests)
        before, started = server.cpu(), perf_counter()
        times = [load.together(requests) for _ in range(SETS)]
        done, all_ten = SETS * ACTIONS, median(times) * 1e3
    else:
        load.run(requests, 0.1)
        before, started = server.cpu(), perf_counter()
        done, all_ten = load.run(requests, options.seconds) * per_answer, 0.0
    cpu, seconds = server.cpu() - before, perf_counter() - started
    load.close()
    return Measured(done / seconds, cpu / done * 1e6, cpu / seconds, all_ten)


def over_http2(case: Case, server: Server, kind: str, options: argparse.Namespace) -> Measured:
    """The same with ``h2load``: ten connections, or one for those that wait, with one batch or ten streams on each."""
    clients = 1 if kind == "slow" else ACTIONS
    urls = [f"http://127.0.0.1:{server.port}{path}" for path in PATHS[kind]]
    command = ["h2load", "-D", f"{max(1, round(options.seconds))}", "-c", str(clients)]
    with tempfile.NamedTemporaryFile() as body:
        if case.body is None:
            command += ["-m", str(ACTIONS), *urls]
        else:
            body.write(case.payload(kind))
            body.flush()
            command += ["-m", "1", "-d", body.name, "-H", "content-type: application/json"]
            command.append(f"http://127.0.0.1:{server.port}/batch")
        before = server.cpu()
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        cpu = server.cpu() - before
    seconds = float(_found(r"finished in ([\d.]+)s", told))
    answers = int(_found(r"(\d+) succeeded, 0 failed, 0 errored", told))
    if int(_found(r"status codes: (\d+) 2xx", told)) != answers:
        raise RuntimeError(told)
    done = answers * (1 if case.body is None else ACTIONS)
    return Measured(done / seconds, cpu / done * 1e6, cpu / seconds, seconds / done * ACTIONS * 1e3)


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    if found is None:
        raise RuntimeError(text)
    return found[1]


def gather(cases: list[Case], rivals: Rivals, stack: ExitStack) -> dict[str, Server]:
    """The servers of all cases that can be had here, started."""
    servers: dict[str, Server] = {}
    refused: set[str] = set()
    for case in cases:
        if case.server in servers or case.server in refused:
            continue
        try:
            if case.http2 and shutil.which("h2load") is None:
                raise Missing("h2load is not here (Debian: nghttp2-client)")
            servers[case.server] = start(case.server, rivals)
            stack.callback(servers[case.server].stop)
        except (Missing, RuntimeError) as error:
            refused.add(case.server)
            say(skipped=case.server, why=str(error))
    for case in [case for case in cases if case.server in servers and not case.http2]:
        for kind in KINDS:
            try:
                check(case, servers[case.server], kind)
            except (Missing, RuntimeError) as error:
                servers.pop(case.server, None)
                say(skipped=case.name, why=str(error))
                break
    return servers


def compare(
    options: argparse.Namespace, cases: list[Case], servers: dict[str, Server], kind: str
) -> dict[str, Measured]:
    """Medians of all cases, taken in turn."""
    rounds: dict[str, list[Measured]] = {case.name: [] for case in cases}
    for number in range(options.rounds):
        for case in cases[:: -1 if number % 2 else 1]:
            rounds[case.name].append(measure(case, servers[case.server], kind, options))
    found = {name: Measured(*map(median, zip(*taken, strict=True))) for name, taken in rounds.items()}
    for name, middle in found.items():
        costs = [one.cpu for one in rounds[name]]
        line = {
            "case": name,
            "handlers": "at once" if kind == "items" else "after 20 ms",
            "actions_per_second": round(middle.rate),
            "cpu_us_per_action": round(middle.cpu, 2),
            "busy": round(middle.busy, 2),
            "spread": round((max(costs) - min(costs)) / middle.cpu, 2),
            "load": "h2load" if "HTTP/2" in name else "spinning" if options.spin else "sleeping",
        }
        say(**line, **({"all_ten_ms": round(middle.all_ten, 2)} if kind == "slow" else {}))
    return found


def goal(name: str, value: float, most: float | None = None, least: float | None = None) -> None:
    """Say whether something is as it should be."""
    met = (most is None or value <= most) and (least is None or value >= least)
    say(name=name, value=round(value, 3), target=most if least is None else least, met=met)


def judge(found: dict[str, Measured]) -> None:
    """The goals, as far as both sides of them could be measured."""
    ours, theirs = found.get("Starlette: ours"), found.get("hapi: bassmaster")
    if ours and theirs:
        goal("actions a second on Starlette over bassmaster's", ours.rate / theirs.rate, least=4.0)
    for frame, apart in (
        ("Starlette", "ten requests"),
        ("FastAPI", "ten requests"),
        ("Starlette, HTTP/2", "ten streams"),
    ):
        batch, separate = found.get(f"{frame}: ours"), found.get(f"{frame}: {apart}")
        if batch and separate:
            goal(f"server CPU for an action on {frame}, over one of {apart}", batch.cpu / separate.cpu, most=1.0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rivals", type=Path, help="a folder for what is compared with; kept")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--spin", action="store_true", help="a load that never sleeps: see _load.py")
    parser.add_argument("--only", default="", help="a pattern for the names of cases")
    options = parser.parse_args()
    goal("a request that is no batch, in microseconds", asyncio.run(passing(options.rounds)), most=1.0)
    with ExitStack() as stack:
        folder = options.rivals or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        cases = [case for case in CASES if re.search(options.only, case.name)]
        servers = gather(cases, Rivals(folder), stack)
        cases = [case for case in cases if case.server in servers]
        stand_aside()
        judge(compare(options, cases, servers, "items"))
        compare(options, cases, servers, "slow")


if __name__ == "__main__":
    main()
