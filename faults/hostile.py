"""Hostile inputs: the attack kit before the work API and before the gateway, and requests that are nearly right.

Nothing that a client sends may be answered with 500 or above. What the application behind the gateway answers with, or
fails to answer, is its own: there 500, 502 and 504 of an action are right, as the kit's own application crashes where
it is asked to. Were it the gateway that had crashed, the log would tell.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from fanfold.attack.kit import Orders, attack
from fanfold.attack.report import Outcome
from faults.checker import at_rest, leaked, printed
from faults.client import BrokenError, Link, Reply
from faults.inside import Inside
from faults.mutants import Breeder, Mutant
from faults.server import Gateway, Program, Server
from faults.setting import Figures, Scenario, Setting, shortened
from faults.stores import home

AT_ONCE = 6

OF_THE_UPSTREAM = frozenset({500, 502, 503, 504})

PATIENT = "30"
"""Seconds that a request may wait for its turn: how much can be done at a time is no question here."""


class Tally:
    """How often what was answered, and what nobody may be answered."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.inputs = 0
        self.wrong: list[str] = []
        self.closed = 0
        """Connections that were closed without an answer, as they may be on what is no HTTP."""

    def note(self, what: str, status: int, body: bytes, allowed: frozenset[int] = frozenset()) -> None:
        """Note one answer."""
        self.statuses[status] += 1
        if status >= 500 and status not in allowed:
            self.wrong.append(f"{what} was answered {status}: {body[:200]!r}")
        if b"Traceback (most recent" in body:
            self.wrong.append(f"I11: {what} was answered with a traceback")


# -- the kit -----------------------------------------------------------------------------------------------------------


def _take(tally: Tally, outcomes: Sequence[Outcome], allowed: frozenset[int]) -> None:
    for outcome in outcomes:
        if outcome.verdict == "n/a" or outcome.trial is None:
            continue
        tally.inputs += 1
        name = f"{outcome.case.line} {outcome.case.name}"
        if outcome.verdict == "failed":
            tally.wrong.append(f"{name} got through: {outcome.why}")
        for reply in outcome.trial.replies:
            tally.note(name, reply.status, reply.body)
            for result in reply.results or ():
                status = result.get("status_code", 0) if isinstance(result, dict) else 0
                tally.note(name, status, b"", allowed)


async def _kit_before_work(setting: Setting, server: Server, tally: Tally) -> None:
    orders = Orders(token=server.address.token, write="POST /tasks", patience=5, within=300, at_once=AT_ONCE)
    _take(tally, await attack(f"http://127.0.0.1:{server.address.port}/api/1.0/batch", orders), frozenset())
    setting.say(f"{tally.inputs} cases of the kit before the work API")


async def _kit_before_gateway(setting: Setting, tally: Tally) -> list[str]:
    folder = setting.folder / "gateway"
    folder.mkdir()
    async with Program(folder, "attack", "--ground", "--port", "0") as ground:
        config = (
            f"action_timeout = 6.0\nbatch_deadline = 8.0\nmax_wait = {PATIENT}\n"
            f'[upstreams.u]\nurl = "{await ground.said(r"(http://[0-9.:]+)")}"\nprefix = "/"\ntimeout = 5.0\n'
        )
        gateway = Gateway(folder, "", config=config)
        await gateway.start()
        before = tally.inputs
        orders = Orders(patience=12, big=60, within=600, at_once=AT_ONCE, log=str(gateway.output))
        outcomes = await attack(f"http://127.0.0.1:{gateway.address.port}/batch", orders)
        _take(tally, outcomes, OF_THE_UPSTREAM)
        setting.say(f"{tally.inputs - before} cases of the kit before the gateway")
        code = await gateway.stop()
    return printed(gateway) + ([f"the gateway ended with {code}"] if code else [])


# -- mutants -----------------------------------------------------------------------------------------------------------


async def _send(link: Link, mutant: Mutant, tally: Tally) -> None:
    tally.inputs += 1
    what = f"{mutant.method} {mutant.path[:120]} {mutant.body[:120]!r}"
    path = f"/api/1.0{mutant.path}".encode("ascii", "replace").decode()
    try:
        reply = await link.ask(mutant.method, path, mutant.body, *mutant.headers, within=30)
    except BrokenError as broken:
        _broken(tally, what, broken)
    else:
        if mutant.method != "HEAD":
            tally.note(what, reply.status, reply.body)
        else:
            link.close()


async def _send_together(link: Link, breeder: Breeder, mutants: list[Mutant], tally: Tally) -> None:
    tally.inputs += len(mutants)
    actions = [mutant.action for mutant in mutants]
    try:
        body = breeder.spoilt_batch(actions)
        reply = await link.ask("POST", "/api/1.0/batch", body, within=60)
    except BrokenError as broken:
        _broken(tally, f"a batch of {actions}"[:300], broken)
        return
    tally.note("a batch", reply.status, reply.body)
    if reply.status == 200:
        _results(reply, mutants, tally)


def _results(reply: Reply, mutants: list[Mutant], tally: Tally) -> None:
    if len(reply.data) != len(mutants):
        tally.wrong.append(f"I4: {len(mutants)} actions had {len(reply.data)} results")
    for result, mutant in zip(reply.data, mutants, strict=False):
        tally.note(f"{mutant.action}"[:300], result["status_code"], str(result["body"]).encode())


def _broken(tally: Tally, what: str, broken: BrokenError) -> None:
    tally.closed += 1
    if "within" in str(broken):
        tally.wrong.append(f"{what} was not answered: {broken}")


async def _mutants(setting: Setting, server: Server, inside: Inside, wanted: int, tally: Tally) -> None:
    async with server.link() as link:
        description = (await link.ask("GET", "/openapi.json")).data
    gids = [
        gid for kind in ("task", "project", "user", "workspace", "tag", "section") for gid, _ in inside.named(kind, "")
    ]
    done = 0

    async def breed(number: int) -> None:
        nonlocal done
        breeder = Breeder(description, gids, setting.dice("hostile", number))
        breeder.skip(number * 37)
        async with server.link() as link:
            while done < wanted:
                if done % 2:
                    done += 10
                    await _send_together(link, breeder, [breeder.one() for _ in range(10)], tally)
                else:
                    done += 1
                    await _send(link, breeder.one(), tally)

    await asyncio.gather(*(breed(number) for number in range(AT_ONCE)))
    setting.say(f"{done} requests that are nearly right")


async def run(setting: Setting) -> Figures:
    """Send all of it."""
    tally = Tally()
    wanted = setting.sized(3_000, 50_000)
    async with home(setting, setting.folder) as place:
        server = Server(setting.folder, "--access-log", str(setting.folder / "access.log"), db=place.db)
        server.environment["FANFOLD_MAX_WAIT"] = PATIENT
        server.tamper()
        await server.start()
        before = server.sample(), await server.inner()
        await _mutants(setting, server, place.inside, wanted, tally)
        await _kit_before_work(setting, server, tally)
        await asyncio.sleep(1)
        inner = await server.inner()
        found = leaked(before, (server.sample(), inner), most_fds=12)
        async with server.link() as link:
            found += await at_rest(link)
        found += place.inside.unsound()
        code = await server.stop()
        found += printed(server) + ([f"the server ended with {code}"] if code else [])
    if setting.tier == "long":
        found += await _kit_before_gateway(setting, tally)
    counts = {
        "inputs": tally.inputs,
        "answers": tally.statuses.total(),
        "answers_2xx": sum(count for status, count in tally.statuses.items() if status // 100 == 2),
        "answers_4xx": sum(count for status, count in tally.statuses.items() if status // 100 == 4),
        "answers_5xx_of_upstreams": sum(tally.statuses[status] for status in OF_THE_UPSTREAM),
        "answers_5xx": sum("was answered" in one for one in tally.wrong),
        "closed_unanswered": tally.closed,
        "worst_lag_ms": round(inner.lag * 1000),
    }
    return Figures(counts=counts, violations=shortened(tally.wrong + found))


SCENARIO = Scenario("hostile", "hostile inputs", "nothing that a client sends makes the server fail", run)
