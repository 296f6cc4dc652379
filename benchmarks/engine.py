"""What the engine adds to the handlers it calls, in this process and without HTTP; and that it really is parallel.

Prints one JSON line a figure: the median over interleaved rounds, in microseconds an action unless the name says
otherwise. ``over_handlers`` is what is left after calling the same ten handlers directly.

    python benchmarks/engine.py [--rounds 15] [--batches 2000]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
from collections.abc import Awaitable, Callable
from contextlib import suppress
from statistics import median
from time import perf_counter

from fanfold.dialects import AsanaDialect
from fanfold.engine import Admission, Engine, make_plan
from fanfold.limits import MemoryLimiter, profile
from fanfold.model import Answer, Call, Caller
from fanfold.targets import EchoTarget
from fanfold.targets.echo import EchoEndpoint

ACTIONS = 10
LIMITS = "requests=1000000000,reads=50,writes=15,searches=60"
"""Asana's own, but for the window: it must count and not be full while this runs."""

CALLER = Caller("benchmark")
ANSWER = Answer(200, b'{"data":{"gid":"1","name":"' + b"x" * 1000 + b'"}}', trusted=True)

NOOP = json.dumps(
    {
        "data": {
            "actions": [
                {"method": "get", "relative_path": f"/tasks/{number}", "data": {}, "options": {}}
                for number in range(ACTIONS)
            ]
        }
    },
    separators=(",", ":"),
).encode()

WAITING = json.dumps(
    {"data": {"actions": [{"method": "get", "relative_path": "/wait/100"} for _ in range(ACTIONS)]}}
).encode()


class NoopTarget(EchoTarget):
    """Answers everything with the same kilobyte, at once."""

    def __init__(self, *, inline: bool) -> None:
        super().__init__(inline=inline)
        self.endpoint = EchoEndpoint(inline=inline)

    def resolve(self, _method: str, _path: str) -> tuple[EchoEndpoint, tuple[str, ...]]:
        """One endpoint for all."""
        return self.endpoint, ()

    async def send(self, _call: Call) -> Answer:
        """What a handler with nothing to do costs."""
        return ANSWER

    def answer(self, _call: Call) -> Answer:
        """The same without a coroutine."""
        return ANSWER


def whole(target: NoopTarget) -> Callable[[], Awaitable[object]]:
    """From the bytes of the request to those of the answer, with admission, deadline and per-action isolation."""
    dialect = AsanaDialect(timeout=30, deadline=60)
    engine = Engine(target, Admission(MemoryLimiter(profile(LIMITS))))

    async def run() -> bytes:
        return dialect.encode(await engine.run(dialect.decode(NOOP), CALLER))

    return run


def bare(target: NoopTarget, *, inline: bool) -> Callable[[], Awaitable[object]]:
    plan = make_plan(AsanaDialect().decode(NOOP), CALLER, target)
    calls = [step.call for step in plan.steps if step.call is not None]

    async def run() -> list[Answer]:
        if inline:
            return [target.answer(call) for call in calls]
        return [await target.send(call) for call in calls]

    return run


async def seconds(work: Callable[[], Awaitable[object]], times: int) -> float:
    started = perf_counter()
    for _ in range(times):
        await work()
    return (perf_counter() - started) / times


async def cost(rounds: int, batches: int) -> dict[str, float]:
    """Microseconds an action of every case; the order of the cases turns round with every round."""
    tasks, inline = NoopTarget(inline=False), NoopTarget(inline=True)
    cases = {
        "bare": bare(tasks, inline=False),
        "bare_inline": bare(inline, inline=True),
        "tasks": whole(tasks),
        "inline": whole(inline),
    }
    taken: dict[str, list[float]] = {name: [] for name in cases}
    for number in range(rounds + 1):
        for name in sorted(cases, reverse=bool(number % 2)):
            spent = await seconds(cases[name], batches)
            if number:
                taken[name].append(spent * 1e6 / ACTIONS)
    return {name: median(values) for name, values in taken.items()}


async def waits(rounds: int) -> float:
    """Milliseconds that ten actions take together when each of them waits 100."""
    dialect = AsanaDialect(timeout=30, deadline=60)
    engine = Engine(EchoTarget(), Admission(MemoryLimiter(profile(LIMITS))))

    async def run() -> bytes:
        return dialect.encode(await engine.run(dialect.decode(WAITING), CALLER))

    return median([await seconds(run, 1) for _ in range(rounds)]) * 1e3


def report(name: str, value: float, target: float | None = None) -> None:
    line = {"benchmark": "engine", "name": name, "value": round(value, 3), "python": platform.python_version()}
    print(json.dumps(line if target is None else {**line, "target": target, "met": value <= target}), flush=True)


async def main(rounds: int, batches: int) -> None:
    costs = await cost(rounds, batches)
    for name, value in costs.items():
        report(f"{name}_us_per_action", value)
    report("tasks_over_handlers_us_per_action", costs["tasks"] - costs["bare"], 6.0)
    report("inline_over_handlers_us_per_action", costs["inline"] - costs["bare_inline"], 2.5)
    report("ten_waits_of_100_ms_p50_ms", await waits(rounds), 105.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--batches", type=int, default=2000)
    options = parser.parse_args()
    loops: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with suppress(ImportError):
        from uvloop import new_event_loop as loops
    with asyncio.Runner(loop_factory=loops) as runner:
        runner.run(main(options.rounds, options.batches))
