"""What admission costs: a take and its release of ten requests and ten reads, in memory. Prints one JSON line.

Medians of interleaved rounds, so that a busy machine slows all alike.
"""

from __future__ import annotations

import asyncio
import json
import platform
from statistics import median
from time import perf_counter

from fanfold.limits import Concurrency, MemoryLimiter, NoLimiter, Profile, Window
from fanfold.model import Limiter, Refusal

COSTS = {"requests": 10, "reads": 10}
ROUNDS = 31
TAKES = 10_000


async def granted(limiter: Limiter) -> float:
    """Microseconds a take and release."""
    start = perf_counter()
    for _ in range(TAKES):
        grant = await limiter.take("caller", COSTS)
        assert not isinstance(grant, Refusal)
        grant.release()
    return (perf_counter() - start) / TAKES * 1e6


async def refused(limiter: Limiter) -> float:
    """Microseconds a refusal."""
    start = perf_counter()
    for _ in range(TAKES):
        assert isinstance(await limiter.take("caller", COSTS), Refusal)
    return (perf_counter() - start) / TAKES * 1e6


def profile_of(requests: int, *, seconds: float, charge_refused: bool = False) -> Profile:
    """The rules of the real profiles; a window of 100 microseconds rolls as one of a minute does, only sooner."""
    rules = (Window("requests", requests, seconds), Concurrency("reads", 50), Concurrency("writes", 15))
    return Profile((*rules, Window("searches", 60)), charge_refused)


async def main() -> None:
    """Measure and print."""
    figures: dict[str, list[float]] = {}
    full = MemoryLimiter(profile_of(1500, seconds=3600, charge_refused=True))
    for _ in range(150):
        grant = await full.take("caller", COSTS)
        assert not isinstance(grant, Refusal)
        grant.release()
    for _ in range(ROUNDS):
        rolling = MemoryLimiter(profile_of(1500, seconds=0.0001))
        rounds = {
            "take_release_us": granted(rolling),
            "refusal_us": refused(full),
            "off_us": granted(NoLimiter()),
        }
        for name, measured in rounds.items():
            figures.setdefault(name, []).append(await measured)
    medians = {name: round(median(values), 3) for name, values in figures.items()}
    print(json.dumps({"benchmark": "limits", "python": platform.python_version(), **medians}))


if __name__ == "__main__":
    asyncio.run(main())
