"""What a fleet would do that nobody here has: a thousand workers, Redis Cluster, a partitioned PostgreSQL, simulated.

A discrete-event simulation with virtual time: what it says of time follows from the costs below, which are those of
one machine or assumed, and from queues. Decisions are none of its own: each shard asks the product's ``Admission`` over
its ``MemoryLimiter`` (the rules that Redis follows too), and what a lost shard means is decided by ``FallbackLimiter``.

There are a million callers, of Zipf popularity. Their activity is scaled: each case lasts as long as it takes to see
what it is about, from a tenth of a second to minutes of virtual time. The counts of what was let through are kept
apart from the limiters; exit code 1 if they find a limit exceeded. JSON lines; the figures stand in docs/scale.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
from bisect import bisect_left
from collections import deque
from collections.abc import Sequence
from heapq import heappop, heappush, heapreplace
from itertools import accumulate
from math import ceil
from typing import Any, cast

from msgspec import Struct

from fanfold.engine.admission import Admission
from fanfold.engine.plan import Plan
from fanfold.errors import LimitExceeded, LimitsUnknown
from fanfold.limits.fallback import FallbackLimiter
from fanfold.limits.line import DEADLINE
from fanfold.limits.memory import MemoryLimiter
from fanfold.limits.profiles import Profile, profile
from fanfold.limits.redis import RedisLimiter
from fanfold.model import Caller, Grant, Refusal
from fanfold.work.store.lanes import MAX_GROUP

MS = 0.001
# What is asked for takes so many seconds. Measured by benchmarks/sizing.py on PostgreSQL: the first two.
READS_CPU = 1.1 * MS  # of a worker, for a batch of ten reads
PLAN_CPU = 0.28 * MS  # the part of a batch until it is admitted, or refused: taken to be that of a single read
WRITES_CPU = 3.0 * MS  # for a batch of ten creations; assumed: 1.5 on SQLite, and PostgreSQL doubles reads
SPREAD = 0.5  # assumed: CPU of a worker is evenly spread this much to both sides
DECISION = 0.06 * MS  # of a shard, for a decision and its release; assumed
REDIS_TRIP = (0.15 * MS, 0.3 * MS)  # network alone, one zone; assumed
TRIP = 0.2 * MS  # to PostgreSQL and back, network alone; assumed
TRIP_CPU = 0.1 * MS  # of a core of PostgreSQL, for each round trip; assumed
WRITE_TRIPS = 4.5  # for each ten creations, also in a group; assumed, benchmarks/postgres.py counts them
COMMIT = (1 * MS, 2 * MS)  # assumed
NOTICED = 2.0  # until a load balancer sends nothing more to a worker that is away; assumed

BATCH = 10
WRITES = 0.1  # of all batches
CALLERS, ZIPF = 1_000_000, 1.1
IN_WORKSPACE = 10  # callers
CORES = 8  # of a partition's primary
LIMITS = "requests=1500,reads=50,writes=15"
LIMIT, WINDOW = 1500, 60.0
CAPACITY = 1 / ((1 - WRITES) * READS_CPU + WRITES * WRITES_CPU)  # batches a second of one worker
FILLED = 0.6  # how far shards and partitions are filled where workers are busy to the full
TRIPS = (1 - WRITES) + WRITES * WRITE_TRIPS
DATA = [Plan((), {"requests": BATCH, kind: BATCH}) for kind in ("reads", "writes")]
POPULARITY = list(accumulate((k**-ZIPF for k in range(1, CALLERS + 1)), initial=0.0))
SPANS = {10: 4.0, 100: 1.0, 1000: 0.15}  # virtual seconds for each load, of which the first fifth is left out
ARRIVE, ASK, DECIDE, READ, WRITE, WRITTEN, ANSWER, END = range(8)


def say(case: str, **figures: object) -> None:
    """Print a line."""
    print(json.dumps({"benchmark": "fleet", "case": case, **figures}), flush=True)


def at(values: Sequence[float], *shares: float) -> list[float | None]:
    """Quantiles in milliseconds."""
    ordered = sorted(values)
    return [round(ordered[int(share * (len(ordered) - 1))] / MS, 2) if ordered else None for share in shares]


class Crowd:
    """Who calls next. With a rate, callers keep to their limit: the busiest are as busy as it allows, and no more."""

    def __init__(self, rng: random.Random, rate: float | None = None) -> None:
        self._rng = rng
        self._most = LIMIT / BATCH / WINDOW
        low, high = 0, CALLERS
        while rate is not None and low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if self._all(middle) < rate else (low, middle)
        self._capped = low
        self._total = self._all(low) if low else POPULARITY[-1]
        self._scale = self._most * low**ZIPF if low else 1.0

    def _all(self, capped: int) -> float:
        rest: float = capped**ZIPF * (POPULARITY[-1] - POPULARITY[capped])
        return self._most * (capped + rest)

    def next(self) -> int:
        """A caller."""
        found = self._rng.random() * self._total
        if found < self._capped * self._most:
            return int(found / self._most)
        rest = (found - self._capped * self._most) / self._scale + POPULARITY[self._capped]
        return min(bisect_left(POPULARITY, rest) - 1, CALLERS - 1) if rest > 0 else 0


class Station:
    """Some servers with one queue."""

    def __init__(self, servers: int = 1) -> None:
        self.free = [0.0] * servers
        self.busy = 0.0
        self.up = True

    def serve(self, now: float, seconds: float) -> float:
        """When that is done."""
        done = max(now, self.free[0]) + seconds
        heapreplace(self.free, done)
        self.busy += seconds
        return done


class Shard(Station):
    """One Redis of a cluster: a queue, and the limits of its callers. To ``FallbackLimiter`` it is a line as well."""

    def __init__(self, rules: Profile, fleet: Fleet) -> None:
        super().__init__()
        self.profile = rules
        self.line = self
        self.losses = 0
        self._fleet = fleet
        self._limiter = MemoryLimiter(rules, fleet.clock)
        self.admission = Admission(self._limiter)
        self.local: dict[int, Admission] = {}
        """What each worker asks, once the shard was lost or late."""

    async def take(self, key: str, costs: dict[str, int]) -> Grant | Refusal:
        """As Redis would, if it is there and answers in time."""
        if not self.up or self._fleet.late:
            raise LimitsUnknown
        return await self._limiter.take(key, costs)

    def lose(self) -> None:
        """It is away; it will come back with nothing."""
        for worker in range(self._fleet.size):
            self._alone(worker)
        self.up = False
        self._limiter = MemoryLimiter(self.profile, self._fleet.clock)
        self.admission = Admission(self._limiter)

    def come_back(self) -> None:
        """Empty."""
        self.up = True
        self.losses += 1

    def of(self, worker: int) -> Admission:
        """What a worker asks."""
        if self.up and not self.local and not self._fleet.late:
            return self.admission
        if worker not in self.local:
            self._alone(worker)
        return self.local[worker]

    def _alone(self, worker: int) -> None:
        line, fleet = cast("RedisLimiter", self), self._fleet
        limiter = FallbackLimiter(line, "local", fleet=fleet.size, batch=BATCH, clock=fleet.clock)
        self.local.setdefault(worker, Admission(limiter))


class Batch(Struct, eq=False):
    """One on its way; ``cpu`` is what is left to do for it when everything is there."""

    caller: int
    worker: int
    write: bool
    begun: float
    cpu: float
    alone: bool = False
    admitted: Any = None


class Fleet:
    """Workers, shards and partitions, and what became of every batch."""

    def __init__(self, seed: int, size: int, *, shards: int = 0, partitions: int = 0, limits: str = LIMITS) -> None:
        self.rng = random.Random(seed)
        self.size = size
        self.now = 0.0
        self.late = False
        self.workers = [Station() for _ in range(size)]
        rules = profile(limits)
        load = size * CAPACITY / FILLED
        self.shards = [Shard(rules, self) for _ in range(shards or ceil(load * DECISION))]
        self.partitions = [Station(CORES) for _ in range(partitions or ceil(load * TRIPS * TRIP_CPU / CORES))]
        self.rate = 0.0
        self.crowd: Crowd | None = None
        self.noticed = True
        self.hot: tuple[int, float] | None = None
        self.events: list[tuple[float, int, int, Any]] = []
        self._count = 0
        self._lanes: dict[tuple[int, int], deque[Batch]] = {}
        self._locks: dict[int, float] = {}
        self._spans: dict[int, tuple[deque[float], list[int]]] = {}
        self.answered: list[tuple[float, float, int]] = []
        """(when it came, how long it took, who) of those that were carried out."""
        self.refused: dict[str, int] = {}
        self.unknown = self.failed = self.fitting = self.offered = 0
        self.most = 0

    def clock(self) -> float:
        """Virtual seconds."""
        return self.now

    def push(self, when: float, stage: int, what: Any) -> None:
        """Have something happen."""
        self._count += 1
        heappush(self.events, (when, self._count, stage, what))

    def load(self, rate: float, *, polite: bool = True) -> None:
        """So many batches a second from now on; ``polite`` callers keep to their limit."""
        self.rate = rate
        self.crowd = Crowd(self.rng, rate if polite else None)

    async def run(self, seconds: float) -> None:
        """Let the fleet work for so long."""
        end = self.now + seconds
        if not self.events or all(stage != ARRIVE for _, _, stage, _ in self.events):
            self.push(self.now, ARRIVE, None)
            if self.hot:
                self.push(self.now, ARRIVE, self.hot)
        while self.events and self.events[0][0] <= end:
            self.now, _, stage, what = heappop(self.events)
            if stage == ARRIVE:
                self._arrive(what)
            elif stage == DECIDE:
                await self._decide(what)
            else:
                self._go_on(stage, what)
        self.now = end

    async def drain(self) -> None:
        """Let everything be finished that has come."""
        self.events = sorted(event for event in self.events if event[2] != ARRIVE)
        while self.events:
            self.now, _, stage, what = heappop(self.events)
            if stage == DECIDE:
                await self._decide(what)
            else:
                self._go_on(stage, what)

    def _arrive(self, hot: tuple[int, float] | None) -> None:
        assert self.crowd is not None
        self.push(self.now + self.rng.expovariate(hot[1] if hot else self.rate), ARRIVE, hot)
        self.offered += 1
        worker = self.rng.randrange(self.size)
        while self.noticed and not self.workers[worker].up:
            worker = self.rng.randrange(self.size)
        if not self.workers[worker].up:
            self.failed += 1
            return
        write = self.rng.random() < WRITES
        cpu = (WRITES_CPU if write else READS_CPU) - PLAN_CPU
        batch = Batch(hot[0] if hot else self.crowd.next(), worker, write, self.now, cpu)
        self.push(self._work(batch, PLAN_CPU) + self.rng.uniform(*REDIS_TRIP) / 2, ASK, batch)

    def _work(self, batch: Batch, seconds: float) -> float:
        return self.workers[batch.worker].serve(self.now, seconds * self.rng.uniform(1 - SPREAD, 1 + SPREAD))

    async def _decide(self, batch: Batch) -> None:
        shard = self.shards[_mixed(batch.caller) % len(self.shards)]
        self.late = batch.alone
        admission = shard.of(batch.worker)
        back = self.now + self.rng.uniform(*REDIS_TRIP) / 2
        try:
            async with admission.admit(DATA[batch.write], Caller(str(batch.caller))) as batch.admitted:
                batch.admitted.keep()
        except LimitExceeded as refusal:
            self.refused[refusal.limit or ""] = self.refused.get(refusal.limit or "", 0) + 1
            self.fitting += refusal.limit == "requests" and self._used(batch.caller) + BATCH <= LIMIT
            return
        self._charge(batch.caller)
        if not self._partition(batch).up:
            self.failed += 1
            batch.admitted.release()
        else:
            self.push(back + (0 if batch.write else TRIP / 2), WRITE if batch.write else READ, batch)

    def _go_on(self, stage: int, what: Any) -> None:
        if stage == ASK:
            shard = self.shards[_mixed(what.caller) % len(self.shards)]
            late = shard.up and shard.free[0] - self.now > DEADLINE
            what.alone = late
            self.unknown += late or not shard.up
            known = shard.up and not late
            self.push(shard.serve(self.now, DECISION) if known else self.now + late * DEADLINE, DECIDE, what)
        elif stage == READ:
            self.push(self._partition(what).serve(self.now, TRIP_CPU) + TRIP / 2, ANSWER, what)
        elif stage == WRITE:
            lane = what.worker, what.caller // IN_WORKSPACE
            waiting = self._lanes.get(lane)
            if waiting is None:
                self._lanes[lane] = deque()
                self._group(lane, [what])
            else:
                waiting.append(what)
        elif stage == WRITTEN:
            lane, group = what
            for batch in group:
                self.push(self.now, ANSWER, batch)
            waiting = self._lanes[lane]
            if waiting:
                self._group(lane, [waiting.popleft() for _ in range(min(len(waiting), MAX_GROUP // BATCH))])
            else:
                del self._lanes[lane]
        elif stage == ANSWER:
            self.push(self._work(what, what.cpu), END, what)
        else:
            what.admitted.release()
            self.answered.append((what.begun, self.now - what.begun, what.caller))

    def _group(self, lane: tuple[int, int], group: list[Batch]) -> None:
        """One transaction; those of other workers in the same workspace wait for its lock."""
        trips = WRITE_TRIPS * len(group)
        asked = self._partition(group[0]).serve(self.now, trips * TRIP_CPU) - self.now
        held = asked + trips * TRIP + self.rng.uniform(*COMMIT)
        done = self._locks[lane[1]] = max(self.now, self._locks.get(lane[1], 0.0)) + held
        self.push(done, WRITTEN, (lane, group))

    def _partition(self, batch: Batch) -> Station:
        return self.partitions[_mixed(batch.caller // IN_WORKSPACE) % len(self.partitions)]

    def _used(self, caller: int) -> int:
        charges, _ = self._spans.setdefault(caller, (deque(), [0]))
        while charges and charges[0] + WINDOW <= self.now:
            charges.popleft()
        return BATCH * len(charges)

    def _charge(self, caller: int) -> None:
        """Our own count, apart from what the limiters count."""
        used = self._used(caller) + BATCH
        self._spans[caller][0].append(self.now)
        self.most = max(self.most, used)

    def use(self, seconds: float) -> dict[str, tuple[float, float]]:
        """What was asked of each kind as a share of what it can do: on average, and of the busiest."""
        kinds = {"worker": self.workers, "shard": self.shards, "partition": self.partitions}
        found: dict[str, tuple[float, float]] = {}
        for kind, stations in cast("dict[str, list[Station]]", kinds).items():
            busy = [station.busy / len(station.free) / seconds for station in stations]
            found[kind] = round(sum(busy) / len(busy), 2), round(max(busy), 2)
        return found

    def times(self, begin: float = 0.0, end: float = 1e9, but: int = -1) -> list[float]:
        """How long the batches took that came then, of all callers but one."""
        return [took for came, took, caller in self.answered if begin <= came < end and caller != but]


def _mixed(n: int) -> int:
    return (n * 2654435761 & 0xFFFFFFFF) >> 8


async def accuracy(options: argparse.Namespace) -> bool:
    """More is asked for than is allowed: is never more let through, and never less than could be?"""
    fleet = Fleet(options.seed, 10, shards=4)
    fleet.load(options.scale * 1000, polite=False)
    await fleet.run(150)
    allowed = fleet.most <= LIMIT
    counts = {"batches": fleet.offered, "refused": fleet.refused, "refused_though_it_fits": fleet.fitting}
    say("accuracy", seconds=150, **counts, most_in_60_s=fleet.most, limit=LIMIT, kept=allowed)
    return allowed


async def hot_caller(options: argparse.Namespace) -> bool:
    """One caller asks for fifty times its limit: what do the others notice?"""
    caller, rate = 123_456, 50 * LIMIT / BATCH / WINDOW
    fleets = []
    for hot in (None, (caller, rate)):
        fleet = Fleet(options.seed, 10)
        fleet.hot = hot
        fleet.load(0.6 * 10 * CAPACITY)
        await fleet.run(12 * options.scale)
        fleets.append(fleet)
    found = [at(fleet.times(2, but=caller), 0.5, 0.99) for fleet in fleets]
    say(
        "hot caller", workers=10, load=0.6, batches_s=rate, refused=fleets[1].refused, p50_p99_ms_without_and_with=found
    )
    return True


async def tails(options: argparse.Namespace) -> bool:
    """How long batches take, by load."""
    for size in options.workers:
        for load in (0.3, 0.6, 0.8, 0.95):
            fleet = Fleet(options.seed, size)
            fleet.load(rate := load * size * CAPACITY)
            seconds = max(options.seconds, SPANS.get(size, 40_000 / rate) * options.scale)
            await fleet.run(seconds)
            use = fleet.use(seconds)
            await fleet.drain()
            sizes = {"shards": len(fleet.shards), "partitions": len(fleet.partitions), "batches_s": round(rate)}
            found = at(fleet.times(seconds / 5), 0.5, 0.99, 0.999)
            say("tail", workers=size, **sizes, load=load, seconds=round(seconds, 2), p50_p99_p999_ms=found, use=use)
    return True


async def lost_shard(options: argparse.Namespace) -> bool:
    """A shard is away for 30 s and comes back empty; its callers ask for more than they may all the time."""
    kept = True
    for size in options.workers:
        fleet = Fleet(options.seed, size, shards=4, partitions=1)
        fleet.load(options.scale * 600, polite=False)
        await fleet.run(65)
        shard = fleet.shards[_mixed(0) % 4]
        before, answered, refused = fleet.most, len(fleet.answered), sum(fleet.refused.values())
        shard.lose()
        await fleet.run(30)
        figures = {"without_it": fleet.unknown, "all_let_through": len(fleet.answered) - answered}
        figures |= {"all_refused": sum(fleet.refused.values()) - refused, "refused_though_it_fits": fleet.fitting}
        shard.come_back()
        await fleet.run(65)
        share = shard.profile.shared_by(size, batch=BATCH).rules[0].limit
        kept = kept and fleet.most <= 2 * LIMIT
        over = {"most_in_60_s_before": before, "most_in_60_s": fleet.most, "bound": 2 * LIMIT}
        say("lost shard", workers=size, share=share, batch_fits=share >= BATCH, **figures, **over)
    return kept


async def lost_zone(options: argparse.Namespace) -> bool:
    """A third of everything is away for 30 s, a load balancer notices, and what is left has to do."""
    for load in (0.4, 0.6):
        fleet = Fleet(options.seed, 9, shards=3, partitions=3)
        fleet.load(rate := load * 9 * CAPACITY)
        await fleet.run(4)
        for stations in (fleet.workers[::3], fleet.partitions[::3]):
            for station in stations:
                station.up = False
        fleet.shards[0].lose()
        fleet.noticed = False
        await fleet.run(NOTICED)
        unnoticed = fleet.failed
        fleet.noticed = True
        await fleet.run(30 - NOTICED)
        failed = fleet.failed
        for station in (*fleet.workers, *fleet.partitions):
            station.up = True
        fleet.shards[0].come_back()
        await fleet.run(10)
        usual = at(fleet.times(1, 4), 0.99)[0] or 0.0
        slow = []
        for when in range(34 * 2, 43 * 2):
            p99_then = at(fleet.times(when / 2, when / 2 + 0.5), 0.99)[0] or 0.0
            slow += [when / 2 + 0.5 - 34] if p99_then > 1.5 * usual else []
        p99 = {"before": usual, "away": at(fleet.times(4, 34), 0.99)[0], "after": at(fleet.times(34.5, 43), 0.99)[0]}
        shares = {"until_noticed": round(unnoticed / rate / NOTICED, 3)}
        shares["then"] = round((failed - unnoticed) / rate / (30 - NOTICED), 3)
        recovery = max(slow, default=0.0)
        say(
            "lost zone",
            workers=9,
            load=load,
            failed_share=shares,
            p99_ms=p99,
            recovery_s=recovery,
            refused=fleet.refused,
        )
    return True


async def saturation(options: argparse.Namespace) -> bool:
    """What is full first where there is one Redis and one PostgreSQL, and where there are several."""
    for size in options.workers:
        for name, most in (("one", 1), ("several", 0)):
            fleet = Fleet(options.seed, size, shards=most, partitions=most)
            fleet.load(rate := 0.8 * size * CAPACITY)
            await fleet.run(seconds := 15_000 * options.scale / rate)
            use = fleet.use(seconds)
            wanted = {"worker": 0.8, "shard": rate * DECISION / len(fleet.shards)}
            wanted["partition"] = rate * TRIPS * TRIP_CPU / CORES / len(fleet.partitions)
            first = max(wanted, key=wanted.__getitem__)
            asked = {kind: round(share, 2) for kind, share in wanted.items()}
            say("saturation", workers=size, there_is=name, rate=round(rate), first=first, formula=asked, simulated=use)
    busiest = 1 / POPULARITY[-1]
    say("one caller", share_of_all=round(busiest, 3), fills_a_shard_at_batches_s=round(1 / DECISION / busiest))
    return True


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--workers", type=int, nargs="+", default=[10, 100, 1000])
    parser.add_argument("--seconds", type=float, default=0.0, help="virtual seconds of each load, at least")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="a fifth of the batches")
    options = parser.parse_args()
    options.scale = 0.2 if options.quick else 1.0
    say("model", callers=CALLERS, zipf=ZIPF, seed=options.seed, activity="scaled: see seconds and batches of each case")

    async def all_of_it() -> bool:
        kept = [await case(options) for case in (accuracy, hot_caller, tails, lost_shard, lost_zone, saturation)]
        return all(kept)

    sys.exit(0 if asyncio.run(all_of_it()) else 1)


if __name__ == "__main__":
    main()
