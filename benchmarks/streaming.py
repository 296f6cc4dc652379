"""When the first result arrives of a batch that is streamed: nine actions that answer at once, and one after 2 s.

Over HTTP, from the last byte of the request on, as lines of JSON and as server-sent events; a plain batch beside it for
comparison. ``ninth`` is when the last of the quick results is there.

    python benchmarks/streaming.py [--rounds 9]
"""

from __future__ import annotations

import argparse
import json
import socket
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from _load import Server, free_port, stand_aside

ACTIONS = [
    {"method": "get", "relative_path": f"/{'long' if number == 4 else 'items'}/{number}"} for number in range(10)
]
GOAL = 10.0
KINDS = {"lines": "application/x-ndjson", "events": "text/event-stream", "plain": "application/json"}


def say(**line: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"benchmark": "streaming", **line}), flush=True)


def once(port: int, accept: str) -> tuple[list[float], str]:
    """Milliseconds until each result was there, and all that came."""
    body = json.dumps({"data": {"actions": ACTIONS}}).encode()
    head = (
        f"POST /batch HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    times: list[float] = []
    came = b""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(head.encode() + body)
        started = perf_counter()
        while data := connection.recv(65_536):
            now = (perf_counter() - started) * 1e3
            came += data
            times += [now] * (came.count(b'"status_code":') - len(times))
    return times, came.decode()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    port = free_port()
    server = Server([str(Path(__file__).with_name("_items_app.py")), str(port), "batch"], port, health="/items/1")
    stand_aside()
    found: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    try:
        for _ in range(options.rounds):
            for kind, accept in KINDS.items():
                times, came = once(port, accept)
                if len(times) != 10 or not came.startswith("HTTP/1.1 200") or came.count("Item") != 10:
                    raise RuntimeError(came)
                found[kind].append(times)
    finally:
        server.stop()
    for kind, rounds in found.items():
        first, ninth, last = (median([times[place] for times in rounds]) for place in (0, 8, 9))
        say(case=kind, first_ms=round(first, 2), ninth_ms=round(ninth, 2), last_ms=round(last, 1))
    for kind in ("lines", "events"):
        worst, middle = max(times[0] for times in found[kind]), median([times[0] for times in found[kind]])
        say(
            name=f"first result of ten, {kind}, in ms",
            value=round(middle, 2),
            most=round(worst, 2),
            target=GOAL,
            met=middle <= GOAL,
        )


if __name__ == "__main__":
    main()
