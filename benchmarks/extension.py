"""What it costs a plain batch that actions may use each other's results: reading and planning it, before and since.

Two processes, one with the code of this tree and one with that of ``--without``, a revision from before there were
references, take turns at decoding and planning the same plain batch of ten. Each batch is compared in the dialect of
the server and in that of the gateway. Needs the repository's history.

    python benchmarks/extension.py [--without REVISION] [--rounds 31]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter_ns, process_time_ns

ROOT = Path(__file__).parent.parent
BEFORE = "24d0ef5"
"""The last released revision without references."""

BATCHES = 1000
ACTIONS = 10
GOAL = 0.3


def say(**line: object) -> None:
    """One line of JSON."""
    print(json.dumps({"benchmark": "extension", **line}), flush=True)


# -- one side, in a process of its own -------------------------------------------------------------------------------


def work() -> None:
    """Decode and plan, and write how long it took, as often as a line with the name of a dialect comes in."""
    from fanfold.dialects import AsanaDialect  # noqa: PLC0415 - of whichever code this process was given
    from fanfold.engine.plan import make_plan  # noqa: PLC0415
    from fanfold.model import Caller  # noqa: PLC0415
    from fanfold.targets import EchoTarget  # noqa: PLC0415

    dialects = {
        "own": AsanaDialect(timeout=30, deadline=60),
        "foreign": AsanaDialect(timeout=30, deadline=60, foreign=True, lenient_paths=True, refused=()),
    }
    target, caller = EchoTarget(), Caller("benchmark")
    actions = [
        {"method": "get", "relative_path": f"/tasks/{number}", "data": {}, "options": {"fields": ["name"]}}
        if number % 2
        else {"method": "post", "relative_path": "/tasks", "data": {"name": f"Task {number}"}}
        for number in range(ACTIONS)
    ]
    body = json.dumps({"data": {"actions": actions}}).encode()
    for line in sys.stdin:
        dialect = dialects[line.strip()]
        started = process_time_ns()
        for _ in range(BATCHES):
            make_plan(dialect.decode(body), caller, target)
        print((process_time_ns() - started) / BATCHES / ACTIONS / 1000, flush=True)


class Side:
    """A process with code from ``source``."""

    def __init__(self, source: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--work"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(source)},
        )

    def measure(self, dialect: str) -> float:
        """CPU time in µs for one action."""
        told, heard = self.process.stdin, self.process.stdout
        if told is None or heard is None:
            raise AssertionError
        told.write(f"{dialect}\n")
        told.flush()
        return float(heard.readline())

    def stop(self) -> None:
        """End the process."""
        self.process.communicate()


# -- both ------------------------------------------------------------------------------------------------------------


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--without", default=BEFORE, help="a revision to compare with")
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work()
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            unpack(options.without, Path(folder))
        except (OSError, subprocess.CalledProcessError):
            say(skipped="all", why=f"the code of {options.without} cannot be had: is the history here?")
            return
        sides = {"with": Side(ROOT / "src"), "without": Side(Path(folder) / "src")}
        try:
            for dialect in ("own", "foreign"):
                compare(sides, dialect, options.rounds)
        finally:
            for side in sides.values():
                side.stop()


def unpack(revision: str, folder: Path) -> None:
    """The source of a revision, in ``folder``."""
    packed = subprocess.run(
        ["git", "-C", str(ROOT), "archive", revision, "src"], capture_output=True, check=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")


def compare(sides: dict[str, Side], dialect: str, rounds: int) -> None:
    """Both in turn, the first of them by turns; the difference is taken round by round."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    started = perf_counter_ns()
    for number in range(rounds + 1):
        for name in sorted(sides, reverse=bool(number % 2)):
            cost = sides[name].measure(dialect)
            if number:
                taken[name].append(cost)
    more = median([one - other for one, other in zip(taken["with"], taken["without"], strict=True)])
    say(
        dialect=dialect,
        **{f"{name}_us_per_action": round(median(costs), 3) for name, costs in taken.items()},
        **{f"{name}_least": round(min(costs), 3) for name, costs in taken.items()},
        seconds=round((perf_counter_ns() - started) / 1e9, 1),
    )
    say(
        name=f"more for an action, {dialect} dialect, in microseconds",
        value=round(more, 3),
        target=GOAL,
        met=more <= GOAL,
    )


if __name__ == "__main__":
    main()
