"""L7: three times as much is asked as the server can do, at a steady rate that waits for nobody.

What it does then is compared with its peak, both by the clock and for each second of CPU time that it had: the load is
on the same machine, and takes more of it the more it asks. As other work there comes and goes, both are measured
several times in turn, and what counts is the middle one of the comparisons.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from time import perf_counter

from faults.checker import printed
from faults.client import batch_body, request
from faults.server import Server
from faults.setting import Figures, Scenario, Setting
from faults.shooting import Range, Shots, together
from faults.stores import home
from faults.workload import prepare

CONNECTIONS = 16
"""As many at once as it takes to find the peak."""

ROUNDS = 3
TIMES = 3.0
CALM = 0.5
"""The share of the peak that is asked before and after."""

GOODPUT = 0.8
RECOVERS_WITHIN = 10.0
SLACK = 20.0
"""Milliseconds by which times may differ between two quiet spells on a machine that others use too."""


class Spell:
    """A load for some time: what became of it, and what it cost."""

    def __init__(self, shots: Shots, cpu: float) -> None:
        self.shots = shots
        self.by_clock = shots.rate
        self.by_cpu = shots.good / cpu if cpu else 0.0


class Trial:
    """Loads on one server."""

    def __init__(self, server: Server, requests: Sequence[bytes]) -> None:
        self._server = server
        self._requests = requests
        self._range = Range(server.address)

    async def peak(self, rounds: int, seconds: float) -> tuple[float, float]:
        """Batches a second, and for each second of CPU: medians."""
        spells = []
        for _ in range(rounds):
            before = self._server.cpu()
            shots = await self._range.briskly(self._requests, CONNECTIONS, seconds)
            spells.append(Spell(shots, self._server.cpu() - before))
        return statistics.median(one.by_clock for one in spells), statistics.median(one.by_cpu for one in spells)

    async def steady(self, rate: float, seconds: float) -> Spell:
        """So many a second for so long."""
        before = self._server.cpu()
        shots = await self._range.steadily(self._requests, rate, seconds)
        cpu = (
            self._server.cpu() - before
        )  # not of what is still answered then, which does not count as done in this time
        await self._range.rest(shots)
        return Spell(shots, cpu)

    async def recovery(self, rate: float, p99: float) -> float:
        """Seconds until a calm load is answered as quickly as before, or more than it may take."""
        began = perf_counter()
        while perf_counter() < began + RECOVERS_WITHIN:
            since = perf_counter()
            shots = (await self.steady(rate, 1.0)).shots
            if shots.percentile(0.99, 200) <= 2 * p99 + SLACK and not shots.broken and not shots.late:
                return since - began
        return RECOVERS_WITHIN + 1

    def close(self) -> None:
        """End it."""
        self._range.close()


def _mixed(server: Server, tasks: Sequence[str]) -> list[bytes]:
    """Batches of eight reads and two writes."""
    found = []
    for first in range(len(tasks)):
        turned = [*tasks[first:], *tasks[:first]]
        actions: list[object] = [{"method": "get", "relative_path": f"/tasks/{gid}"} for gid in turned[:8]]
        actions += [
            {"method": "put", "relative_path": f"/tasks/{gid}", "data": {"notes": "more"}} for gid in turned[8:10]
        ]
        found.append(request(server.address, "POST", "/api/1.0/batch", batch_body(actions)))
    return found


async def run(setting: Setting) -> Figures:
    """Find the peak, ask three times as much, look how it goes on."""
    async with home(setting, setting.folder) as place:
        server = Server(setting.folder, "--access-log", str(setting.folder / "access.log"), db=place.db)
        server.tamper()
        await server.start()
        async with server.link() as link:
            ground = await prepare(link, "overload", registers=20)
        trial = Trial(server, _mixed(server, ground.registers))
        await trial.peak(1, 1.0)
        clock, _ = await trial.peak(3, setting.seconds(2, 5))
        calm = await trial.steady(clock * CALM, setting.seconds(2, 10))
        setting.say(f"peak {clock:.0f} batches a second")
        peaks: list[tuple[float, float]] = []
        spells: list[Spell] = []
        for _ in range(ROUNDS):
            peaks.append(await trial.peak(1, setting.seconds(1, 5)))
            spells.append(await trial.steady(clock * TIMES, setting.seconds(2, 20)))
        recovered = await trial.recovery(clock * CALM, calm.shots.percentile(0.99, 200))
        clock_after, _ = await trial.peak(3, setting.seconds(1, 5))
        lag = (await server.inner()).lag
        trial.close()
        await server.stop()
    shots = together([spell.shots for spell in spells])
    by_clock = [spell.by_clock / peak for spell, (peak, _) in zip(spells, peaks, strict=True)]
    by_cpu = [spell.by_cpu / peak for spell, (_, peak) in zip(spells, peaks, strict=True)]
    counts = {
        "peak_per_s": round(clock),
        "peak_after_per_s": round(clock_after),
        "asked_per_s": round(clock * TIMES),
        "goodput_per_s": round(statistics.median(spell.by_clock for spell in spells)),
        "goodput_share": round(statistics.median(by_clock), 3),
        "goodput_share_least": round(min(by_clock), 3),
        "goodput_share_by_cpu": round(statistics.median(by_cpu), 3),
        "refused": shots.statuses[503] + shots.statuses[429],
        "refused_p50_ms": round(shots.percentile(0.5, 503, 429), 1),
        "refused_p99_ms": round(shots.percentile(0.99, 503, 429), 1),
        "answered_p99_ms": round(shots.percentile(0.99, 200), 1),
        "broken": shots.broken + shots.late,
        "unsent": shots.unsent,
        "calm_p99_ms": round(calm.shots.percentile(0.99, 200), 1),
        "recovered_s": round(recovered, 1),
        "worst_lag_ms": round(lag * 1000),
    }
    share = statistics.median(by_cpu)
    return Figures(counts=counts, violations=(*_broken(shots, share, recovered), *printed(server)))


def _broken(shots: Shots, share: float, recovered: float) -> list[str]:
    found = []
    if share < GOODPUT:
        found.append(f"goodput fell to {share:.0%} of the peak")
    if recovered > RECOVERS_WITHIN:
        found.append(f"answers were not as quick as before within {RECOVERS_WITHIN:g} s")
    if shots.without_hint:
        found.append(f"{shots.without_hint} refusals came without Retry-After")
    if shots.broken or shots.late:
        found.append(f"{shots.broken} requests were broken off, {shots.late} never answered")
    if odd := {status for status in shots.statuses if status not in (200, 429, 503)}:
        found.append(f"answered with {odd}")
    return found


SCENARIO = Scenario(
    "overload",
    "three times as much as can be done",
    "what can be done is done, the rest is refused quickly, and afterwards all is as before",
    run,
)
