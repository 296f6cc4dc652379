"""The kit: all cases, tried against one server, a few at a time, in bounded number and time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection, Sequence
from functools import partial
from importlib import import_module
from time import perf_counter

from msgspec import Struct

from fanfold.attack.cases import Bout, Case, Reply, Shot, Trial, batch, good
from fanfold.attack.lines import LINES, REASONS
from fanfold.attack.probing import explore
from fanfold.attack.report import Outcome
from fanfold.attack.site import Site
from fanfold.attack.wire import Wire
from fanfold.errors import SetupError

GROUPS = (
    *("positions", "nesting", "counting", "methods", "denials", "headers", "code", "values", "templates"),
    *("breaks", "framing", "addresses", "secrecy", "isolation", "rights", "cycles", "fanout"),
    *("json_bodies", "ambiguities", "bounds", "sameness", "endless", "leaving", "crowds", "logs", "jobs"),
    *("keys", "sharing", "uploads", "browsers"),
)
"""The modules that hold cases, in the order in which they are tried."""

RECOVERS_WITHIN = 15.0
"""Seconds that a server is given after a case that is hard on the application."""

NOT_NEAR = (
    "{host} is not this machine. The kit sends some hundreds of hostile requests: only turn it on a server that you "
    "run, or whose owner has agreed. If that is so, say --yes."
)


class Orders(Struct, frozen=True, kw_only=True):
    """What the kit is told beyond where the server is.

    ``only`` names lines to try, all if empty. ``limit`` is how many requests a caller may make, as far as known.
    ``patience`` bounds what is waited for (seconds), ``big`` how large the largest answer is (MB), ``within`` the whole
    run (seconds), ``at_once`` how many cases are tried at the same time. ``log`` is the
    file that the server writes its log to.
    """

    token: str = ""
    base: str | None = None
    read: str = ""
    write: str = ""
    ground: str = ""
    log: str = ""
    only: Collection[str] = ()
    limit: int = 0
    patience: float = 70.0
    big: int = 1000
    within: float = 900.0
    at_once: int = 6
    agreed: bool = False


def all_cases() -> list[Case]:
    """Every case of every line, in order."""
    return [case for name in GROUPS for case in import_module(f"fanfold.attack.{name}").CASES]


async def attack(url: str, orders: Orders | None = None, cases: Sequence[Case] | None = None) -> list[Outcome]:
    """Try every case that is asked for, of ``cases`` or of all; the outcomes, in the order of the cases.

    Raises ``SetupError`` where there is nothing to be attacked, or where it has not been agreed to.
    """
    orders = orders or Orders()
    site = Site(url, base=orders.base, token=orders.token, read=orders.read, write=orders.write)
    if not site.is_near and not orders.agreed:
        raise SetupError(NOT_NEAR.format(host=site.name))
    if unknown := set(orders.only) - set(LINES):
        raise SetupError(f"There is no line {', '.join(sorted(unknown))}: they are S1 to S30.")
    site.limit, site.log, site.patience, site.big = orders.limit, orders.log, orders.patience, orders.big
    wanted = all_cases() if cases is None else cases
    chosen = [case for case in wanted if not orders.only or case.line in orders.only]
    async with Wire(site) as wire:
        await explore(site, wire, ground=orders.ground.rstrip("/"))
        return await _Run(site, wire, orders.within, orders.at_once).all_of(chosen)


def _groups(cases: Sequence[Case]) -> list[list[tuple[int, Case]]]:
    """Cases that may be tried at the same time, with their places."""
    groups: dict[str, list[tuple[int, Case]]] = {}
    for index, case in enumerate(cases):
        name = {"anybody": "", "its line": case.line, "nobody": f"{case.line} {index}"}[case.company]
        groups.setdefault(name, []).append((index, case))
    return [groups[name] for name in sorted(groups, key=bool) if groups[name]]


class _Run:
    """One pass over cases."""

    def __init__(self, site: Site, wire: Wire, within: float, at_once: int) -> None:
        self._site = site
        self._wire = wire
        self._until = asyncio.get_running_loop().time() + within
        self._room = asyncio.Semaphore(at_once)

    async def all_of(self, cases: Sequence[Case]) -> list[Outcome]:
        """The outcome of each; those that want to be alone come last, when the server has come to itself again."""
        outcomes: dict[int, Outcome] = {}
        for group in _groups(cases):
            found = await asyncio.gather(*(self._beside(case) for _, case in group))
            outcomes |= {index: outcome for (index, _), outcome in zip(group, found, strict=True)}
            if group[0][1].company != "anybody":
                await self._recover()
        return [outcomes[index] for index in range(len(cases))]

    async def _beside(self, case: Case) -> Outcome:
        if case.company != "anybody":
            return await self._one(case)
        async with self._room:
            return await self._one(case)

    async def _recover(self) -> None:
        """A server may be slow to trust an application again that has just misbehaved; that is no fault of its own."""
        until = asyncio.get_running_loop().time() + RECOVERS_WITHIN
        while asyncio.get_running_loop().time() < until:
            reply = await self._wire.fire(batch(good(0)), "recover")
            if reply.results and self._site.is_good(reply.results[0], 0, "recover"):
                return
            await asyncio.sleep(0.5)

    async def _one(self, case: Case) -> Outcome:
        if lacking := self._site.lacks(case.needs):
            return Outcome(case, "n/a", REASONS[lacking[0]])
        if asyncio.get_running_loop().time() > self._until:
            return Outcome(case, "n/a", "the time for the whole run was over")
        trial = Trial(self._site, f"r{secrets.token_hex(6)}")
        began = perf_counter()
        try:
            async with asyncio.timeout(max(case.seconds, self._site.patience + 5)):
                await self._try(case, trial)
        except TimeoutError:
            return Outcome(case, "failed", f"it was not over within {case.seconds:g} s", trial)
        found = case.judge(trial)
        return Outcome(case, "failed" if found else "passed", found, trial, perf_counter() - began)

    async def _try(self, case: Case, trial: Trial) -> None:
        fire = partial(self._fire, trial)
        bout = Bout(trial, fire)
        if case.play is not None:
            await case.play(bout)
        elif case.way == "at once":
            trial.sent.extend(case.send)
            trial.replies.extend(await asyncio.gather(*map(fire, case.send)))
        else:
            for shot in case.send:
                await bout.send(shot)
        trial.seen = await self._site.seen(trial.run)

    async def _fire(self, trial: Trial, shot: Shot) -> Reply:
        return await self._wire.fire(shot, trial.run)
