"""How soon a new server answers, and how much memory it takes at rest. Medians of several starts."""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from pathlib import Path

from _load import Load, Server, free_port, get

STARTS = 7
TOKEN = "benchmark-token-of-no-value"


def main() -> None:
    """Measure and print."""
    starts, memory = [], []
    with tempfile.TemporaryDirectory() as directory:
        db = Path(directory) / "start.db"
        for number in range(STARTS + 1):
            port = free_port()
            command = ["-m", "fanfold", "serve", "--db", str(db), "--port", str(port), "--access-log", "off"]
            started = time.perf_counter()
            server = Server(command, port, {"FANFOLD_TOKEN": TOKEN})
            load = Load(port)
            load.once(get("/api/1.0/users/me", TOKEN))
            if number:
                starts.append(time.perf_counter() - started)
                time.sleep(0.5)
                memory.append(server.memory())
            load.close()
            server.stop()
    line = {"case": "start to first 200", "seconds": round(statistics.median(starts), 3), "target": 0.7}
    print(json.dumps(line))
    print(json.dumps({"case": "idle memory", "mb": round(statistics.median(memory), 1), "target": 70}))


if __name__ == "__main__":
    main()
