"""Where the calls of a simulation go: targets that misbehave as the weather has it, and remember what they were asked.

A path is ``/KIND/NONCE/…``: the nonce tells which action of which batch a call belongs to, and is given back.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable

import msgspec
from msgspec import Struct

from fanfold.errors import LimitExceeded, NoSuchRoute, RequestError, Undecided
from fanfold.limits import Concurrency, Profile
from fanfold.model import Answer, Call, Leave
from fanfold.targets.echo import METHODS, EchoEndpoint
from faults.simulation.dice import CALM, Dice, Weather
from faults.simulation.journal import Journal
from faults.simulation.loop import VirtualLoop

PATIENCE = 300.0
"""Seconds after which a write may be cancelled that makes no end: the grace of what outlives its batch."""

SLOW = 500.0
"""How long the slowest writes take, in seconds: longer than anybody waits."""

_encode = msgspec.json.Encoder().encode


class Seen(Struct, eq=False):
    """One call as its target saw it. ``began`` and ``ended`` are numbers of events, the times are those of the clock.

    ``how`` it ended: ``done``, ``cancelled``, or the name of what was raised. ``extra`` is what stood behind the nonce;
    ``told``: it has been cancelled, and may still be putting something away.
    """

    attempt: int
    kind: str
    nonce: str
    caller: str
    write: bool
    key: str
    body: object
    extra: tuple[str, ...]
    began: int
    began_at: float
    ended: int = 0
    ended_at: float = 0.0
    how: str = ""
    told: bool = False


class Ground(Struct, eq=False):
    """What all who look on share: what is live, what is held for it, what was called, and what it brought about.

    ``slots``: how many there are at most, by the names of costs; ``widths``: how many calls of an attempt may run at
    once. ``jobs`` are under way for each caller, ``most_jobs`` at most where there is a limit.
    ``died`` is done when the worker is dead: what its calls bring about then is as if it had never been.
    ``closing``: the server is being shut down, and whatever still runs may be cancelled. ``mistakes``: keys are used
    for more than one thing. ``exact``: what is held is given back by its holders only, and not because it ran out.
    """

    journal: Journal
    live: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    held: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    slots: dict[str, int] = msgspec.field(default_factory=dict)
    calls: dict[int, list[Seen]] = msgspec.field(default_factory=dict)
    running: Counter[int] = msgspec.field(default_factory=Counter)
    widths: dict[int, int] = msgspec.field(default_factory=dict)
    nonces: Counter[str] = msgspec.field(default_factory=Counter)
    effects: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)
    died: asyncio.Future[None] | None = None
    jobs: Counter[str] = msgspec.field(default_factory=Counter)
    most_jobs: int = 0
    closing: bool = False
    mistakes: bool = False
    exact: bool = True


class SwarmTarget:
    """Answers everything, unless the weather has something else in mind."""

    may_be_inline = False

    def __init__(self, ground: Ground, dice: Dice, weather: Weather, loop: VirtualLoop) -> None:
        self.weather = weather
        self.ground = ground
        self._dice = dice
        self._loop = loop
        self._journal = ground.journal

    def calm(self) -> None:
        """From now on nothing goes wrong."""
        self.weather = CALM

    def resolve(self, method: str, path: str) -> tuple[EchoEndpoint, tuple[str, ...]]:
        """An endpoint for each kind."""
        kind, *params = path.strip("/").split("/")
        if method not in METHODS or kind == "nowhere":
            raise NoSuchRoute
        if kind == "broken":
            raise RuntimeError("asked to break")
        endpoint = EchoEndpoint(
            write=method != "GET",
            batchable=kind != "alone",
            inline=self.may_be_inline and kind == "now",
            costs={"search": ("searches",), "job": ("jobs",)}.get(kind, ()),
        )
        return endpoint, (kind, *params)

    async def send(self, call: Call) -> Answer:
        """The answer, later."""
        seen = self._begin(call)
        how = "lost"
        try:
            answer = await self._perform(call, seen)
            how = "done"
        except asyncio.CancelledError:
            how = "cancelled" if _is_cancelled() else "CancelledError"
            if how == "cancelled":
                await self._take_leave(seen)
            raise
        except BaseException as error:
            how = type(error).__name__
            raise
        finally:
            self._end(seen, how)
        return answer

    # -- one call ----------------------------------------------------------------------------------------------------

    def _begin(self, call: Call) -> Seen:
        ground = self.ground
        attempt = int(_header(call, "x-attempt"))
        kind, nonce, *extra = call.params
        cost = _cost(write=call.endpoint.write)
        caller = call.caller.counted or call.caller.key
        number = self._journal.note("call", attempt, call.method, call.path)
        key = _header(call, "idempotency-key")
        now = self._loop.time()
        seen = Seen(attempt, kind, nonce, caller, call.endpoint.write, key, call.body, tuple(extra), number, now)
        ground.calls.setdefault(attempt, []).append(seen)
        ground.live[caller, cost] += 1
        ground.running[attempt] += 1
        if ground.exact and cost in ground.slots:
            live, held = ground.live[caller, cost], ground.held[caller, cost]
            self._journal.demand(live <= held, f"more {cost} are live than slots are held", caller, live, held, nonce)
            self._journal.demand(live <= ground.slots[cost], f"more {cost} are live than may be", caller, live, nonce)
        width = ground.widths.get(attempt, 0)
        if width:
            running = ground.running[attempt]
            self._journal.demand(running <= width, "more runs at once than the batch allows", nonce, running, width)
        return seen

    def _end(self, seen: Seen, how: str) -> None:
        if not seen.ended:
            ground = self.ground
            seen.how = how
            seen.ended, seen.ended_at = self._journal.note("end", seen.attempt, seen.nonce, how), self._loop.time()
            ground.live[seen.caller, _cost(write=seen.write)] -= 1
            ground.running[seen.attempt] -= 1

    async def _perform(self, call: Call, seen: Seen) -> Answer:
        dice = self._dice_for(seen)
        if dice.happens(0.5):
            self._misbehave(dice)
        if dice.happens(self.weather.never):
            await self._loop.create_future()
        seconds = dice.seconds()
        if seen.write and dice.happens(self.weather.slow_write):
            seconds = dice.random() * SLOW
        if seconds or dice.happens(0.5):
            await asyncio.sleep(seconds)
        if dice.happens(0.5):
            self._misbehave(dice)
        return self._answer(call, seen, self._bring_about, dice)

    def _dice_for(self, seen: Seen) -> Dice:
        """What decides about a call."""
        del seen
        return self._dice

    def _misbehave(self, dice: Dice) -> None:
        weather = self.weather
        if dice.happens(weather.raises):
            raise ValueError("asked to raise")
        if dice.happens(weather.refuses):
            raise RequestError("asked to refuse", status=dice.one_of((400, 404, 429, 500, 503)))
        if dice.happens(weather.limited):
            raise LimitExceeded(3)
        if dice.happens(weather.cancels):
            raise asyncio.CancelledError
        if dice.happens(weather.exits):
            raise SystemExit(3)

    def _answer(self, call: Call, seen: Seen, bring_about: Callable[[Seen], None], dice: Dice) -> Answer:
        if dice.happens(self.weather.wrong_type):
            return None  # type: ignore[return-value]
        if dice.happens(self.weather.refuses / 4):
            return Answer(dice.one_of((404, 409, 503)), b'{"errors":[]}', trusted=True)
        answer = _echo(call, seen)
        if seen.write:
            if dice.happens(self.weather.undecided):
                if dice.happens(0.5):
                    bring_about(seen)
                raise Undecided
            bring_about(seen)
            if dice.happens(self.weather.lost_answer):
                lost = RequestError("the answer was lost", status=502)
                lost.lost = answer
                raise lost
        return answer

    def _bring_about(self, seen: Seen) -> None:
        """Make the effect of a write durable."""
        if self.ground.died is not None and self.ground.died.done():
            return
        self.ground.nonces[seen.nonce] += 1
        if seen.key:
            name = seen.caller, seen.key
            self.ground.effects[name] += 1
            count = self.ground.effects[name]
            self._journal.demand(count == 1, "a key had more than one effect", *name, count)
        if seen.kind == "job":
            self._begin_job(seen.caller)

    def _begin_job(self, caller: str) -> None:
        jobs, most = self.ground.jobs, self.ground.most_jobs
        jobs[caller] += 1
        self._journal.demand(not most or jobs[caller] <= most, "more jobs are under way than may be", caller, most)
        self._loop.call_later(self._dice.seconds() * 10, jobs.subtract, (caller,))

    async def _take_leave(self, seen: Seen) -> None:
        """What was cancelled may still have something to put away."""
        waited = self._loop.time() - seen.began_at
        if seen.write and not self.ground.closing:
            self._journal.demand(waited >= PATIENCE - 1e-6, "a write was cancelled", seen.nonce, waited)
        if waited >= PATIENCE - 1e-6:
            self._end(seen, "cancelled")  # nobody can be asked to wait any longer, however long it takes
        seen.told = True
        self._journal.note("cancel", seen.attempt, seen.nonce)
        if self._dice.happens(self.weather.stubborn):
            await asyncio.sleep(self._dice.random() * 3)


class InlineSwarmTarget(SwarmTarget):
    """Answers ``/now/…`` without waiting; what that wrote is lost where the commit fails."""

    may_be_inline = True

    def __init__(self, ground: Ground, dice: Dice, weather: Weather, loop: VirtualLoop) -> None:
        super().__init__(ground, dice, weather, loop)
        self._written: list[Seen] = []

    def answer(self, call: Call) -> Answer:
        """The answer, now."""
        seen = self._begin(call)
        how = "done"
        try:
            if self._dice.happens(self.weather.busy):
                self._loop.work(self._dice.seconds() / 10)
            self._misbehave(self._dice)
            return self._answer(call, seen, self._written.append, self._dice)
        except BaseException as error:
            how = type(error).__name__
            raise
        finally:
            self._end(seen, how)

    def commit(self) -> None:
        """Make everything durable, or lose it."""
        written, self._written = self._written, []
        if self._dice.happens(self.weather.failing_commit):
            self._journal.note("lost", *[seen.nonce for seen in written])
            raise OSError("the disk is full")
        self._journal.note("commit", *[seen.nonce for seen in written])
        for seen in written:
            self._bring_about(seen)


class EarlySwarmTarget(SwarmTarget):
    """Goes on when it has answered, as applications do that have work of their own."""

    async def serve(
        self, call: Call, settle: Callable[[Answer], None], begun: Callable[[Leave], None] | None = None
    ) -> None:
        """Answer, and go on."""
        seen = self._begin(call)
        grace = self._dice.one_of((0.0, 0.0, 0.05))
        if begun is not None:
            begun(lambda: grace)
        how = "lost"
        try:
            answer = await self._perform(call, seen)
            how = "done"
            if self._dice.happens(self.weather.wrong_type):
                return
            self._end(seen, how)
            settle(answer)
            await asyncio.sleep(self._dice.seconds())
            if self._dice.happens(0.2):
                self._misbehave(self._dice)
        except asyncio.CancelledError:
            how = "cancelled" if _is_cancelled() else "CancelledError"
            if how == "cancelled":
                await self._take_leave(seen)
            raise
        except BaseException as error:
            how = type(error).__name__
            raise
        finally:
            self._end(seen, how)


def _echo(call: Call, seen: Seen) -> Answer:
    items = list(range(int(seen.extra[0]))) if call.params[0] == "list" else []
    body = {"data": {"nonce": seen.nonce, "caller": seen.caller, "items": items}}
    return Answer(201 if call.method == "POST" else 200, _encode(body), (("x-nonce", seen.nonce),), trusted=True)


def _header(call: Call, name: str) -> str:
    return next((value for header, value in call.headers if header == name), "")


def slots_of(profile: Profile) -> dict[str, int]:
    """How many slots there are of each kind that a profile bounds."""
    return {rule.counts: rule.limit for rule in profile.rules if isinstance(rule, Concurrency)}


def _cost(*, write: bool) -> str:
    return "writes" if write else "reads"


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
