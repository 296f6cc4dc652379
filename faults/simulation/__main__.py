"""Runs seeds, tells figures as one line of JSON, and shows each seed that failed with the command that repeats it."""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import multiprocessing
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from time import perf_counter

from faults.simulation.running import Found, run_seed

SHOWN = 5
"""Seeds that are shown of those that failed."""


def main() -> int:
    """Exit code 1 if any seed failed, or was not the same twice."""
    options = _options()
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    if options.digests:
        for found in map(run_seed, seeds):
            _say(f"{found.seed} {found.digest}")
        return 0
    gc.collect()
    gc.freeze()
    started = perf_counter()
    failed = events = steps = 0
    seconds = 0.0
    digest = hashlib.blake2b(digest_size=12)
    digests: dict[str, str] = {}
    for found in _run(seeds, options.jobs):
        events += found.events
        steps += found.steps
        seconds += found.seconds
        digest.update(found.digest.encode())
        digests[str(found.seed)] = found.digest
        if found.wrong:
            failed += 1
            if failed <= SHOWN:
                _show(found)
    taken = perf_counter() - started
    repeated = min(options.twice, options.seeds)
    differing = _differing(options.first_seed, repeated, digests) if repeated else []
    for seed in differing:
        _say(f"Seed {seed} was not the same run twice: it is not the seed alone that decides.")
    figures = {
        "simulation": "limiter and dispatcher",
        "python": platform.python_version(),
        "first_seed": options.first_seed,
        "seeds": options.seeds,
        "failed": failed,
        "events": events,
        "steps": steps,
        "virtual_hours": round(seconds / 3600, 1),
        "seconds": round(taken, 1),
        "seeds_a_second": round(options.seeds / taken, 1),
        "repeated": repeated,
        "repeated_differently": len(differing),
        "digest": digest.hexdigest(),
    }
    _say(json.dumps(figures))
    return 1 if failed or differing else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m faults.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="how many (default: 200)")
    parser.add_argument("--first-seed", type=int, default=1, help="the first of them (default: 1)")
    parser.add_argument("--twice", type=int, default=50, help="how many to run again in a process of their own")
    parser.add_argument("--jobs", type=int, default=1, help="processes (default: 1)")
    parser.add_argument("--digests", action="store_true", help="print no more than a digest of each run")
    options = parser.parse_args()
    if options.seeds < 1 or options.jobs < 1:
        parser.error("--seeds and --jobs are at least 1")
    return options


def _run(seeds: range, jobs: int) -> Iterator[Found]:
    if jobs == 1:
        yield from map(run_seed, seeds)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(run_seed, seeds, chunksize=20)


def _differing(first: int, count: int, digests: dict[str, str]) -> list[str]:
    """The seeds that are another run in a process that hashes otherwise."""
    asked = ["--digests", "--seeds", str(count), "--first-seed", str(first)]
    again = subprocess.run(
        [sys.executable, "-m", "faults.simulation", *asked],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": str(first % 1000 + 1)},
    )
    lines = [line.split() for line in again.stdout.splitlines()]
    return [seed for seed, digest in lines if digests[seed] != digest]


def _show(found: Found) -> None:
    _say(f"Seed {found.seed} failed:")
    for message in found.wrong[:10]:
        _say(f"  {message}")
    _say("Its last events until then:")
    for line in found.tail:
        _say(f"  {line}")
    _say(f"Again: python -m faults.simulation --seeds 1 --first-seed {found.seed}\n")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
