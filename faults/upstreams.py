"""F12, F13: APIs that do what APIs do on bad days, names and certificates that are not what they should be.

Each is called through a gateway in batches of ten, of which one or some actions go to it and the others to an API that
is well and says what it was asked for; and by batch requests in the name of an account.
"""

from __future__ import annotations

import asyncio
import random
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from time import monotonic
from typing import Any, NamedTuple

from msgspec import json

from faults.certificates import ELSEWHERE, HERE, Authority
from faults.checker import at_rest, leaked, printed
from faults.client import BrokenError, Link, batch_body
from faults.fetching import fetch
from faults.names import Name, Names
from faults.server import Gateway, free_port
from faults.setting import Figures, Scenario, Setting, shortened
from faults.upstream import UNASKED_AFTER, Upstream, bomb

TIMEOUT = 2.5
"""Seconds that the gateway gives an action."""

SLACK = 0.5
"""Seconds that an end may be later than that, on a machine that others use too."""

MAX_RESPONSE = 1024 * 1024
MOST_GROWN = 64 * 1024 * 1024
"""Bytes that the gateway may take more for some dozens of answers of ``MAX_RESPONSE`` that are read at a time."""

MOST_AT_REST = 0.1
"""CPU time that it may use in a second in which nobody asks for anything."""

AT_ONCE = 6
IN_A_BATCH = 10
ATTEMPTS = 4
"""Times that a read may be sent: three, and once more where a kept connection had been closed."""

RESTS_WITHIN = 10.0

OK, BAD, ALONE, LATE = 200, 502, 503, 504

ECHOED = frozenset({"talking/unasked", "talking/early", "talking/stale"})
"""What answers as it should, for all the trouble it makes."""


class Case(NamedTuple):
    """Something that goes wrong: where it is, and how it may be answered, where a write is not answered alike."""

    path: str
    read: frozenset[int]
    write: frozenset[int]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.path.strip("/")


def _case(path: str, *read: int, write: tuple[int, ...] = ()) -> Case:
    return Case(path, frozenset(read), frozenset(write or read))


BEHAVIOURS = (
    *(_case(f"/{name}", LATE) for name in ("hang", "hang-after-head", "hang-in-body", "drip", "drip-head")),
    *(_case(f"/{name}", BAD) for name in ("close", "reset", "reset-in-head", "reset-in-body", "garbage", "old")),
    *(_case(f"/{name}", BAD) for name in ("bad-chunk", "huge-chunk", "cut-chunk", "short", "two-lengths")),
    *(_case(f"/{name}", BAD) for name in ("length-and-chunks", "endless", "announced", "bomb", "cut-gzip")),
    *(_case(f"/{name}", BAD) for name in ("no-gzip", "unknown-coding", "interim", "many-fields", "long-field")),
    *(_case(f"/{name}", BAD) for name in ("nul", "split", "status-0", "switch")),
    *(_case(f"/{name}", OK) for name in ("long", "folded")),
    _case("/loop", 302),
    _case("/astray", BAD, write=(302,)),
    _case("/to-file", BAD, write=(302,)),
    _case("/busy", 503),
)
"""What the API does over connections that are as they should be."""

PLACES = (
    _case("/refusing", BAD),
    _case("/full", LATE),
    _case("/mute", LATE),
    _case("/plain", BAD),
    _case("/expired", BAD),
    _case("/stranger", BAD),
    _case("/elsewhere", BAD),
    _case("/unknown-name", BAD),
    _case("/slow-name", LATE),
    _case("/forbidden-name", BAD),
    _case("/secure/reset-in-body", BAD, ALONE),
    _case("/secure/garbage", BAD, ALONE),
    _case("/talking/unasked", OK),
    _case("/talking/early", OK, write=(OK, BAD)),
    _case("/talking/stale", OK, write=(OK, BAD)),
)
"""APIs that cannot be reached, are not who they should be, or go wrong behind a good certificate.

One that closes connections without a word (``talking``) may lose a write to any of its paths: it has none that is good.
"""

TURNING = "/turning-name"
"""An API whose name stands in turn for itself and for a place that may not be called."""

WORDS = ("The upstream", "This request took too long to complete.")
"""What an error of an action begins with. All else would be somebody's inner workings."""


class Trial:
    """A gateway before all of these, and what was seen."""

    def __init__(self, gateway: Gateway, upstreams: list[Upstream]) -> None:
        self._gateway = gateway
        self._upstreams = upstreams
        self._numbers = iter(range(10**9))
        self.found: list[str] = []
        self.statuses: Counter[str] = Counter()
        self.batches = self.compared = 0
        self.latest = 0.0
        """Seconds after the timeout at which the latest answer came."""

        self.most_sent: Counter[str] = Counter()
        """How often a read and a write were sent at most."""

    def link(self, name: str) -> Link:
        """A caller of its own, so that nobody else is told to leave an API alone that failed for them."""
        return Link(self._gateway.address._replace(token=f"secret-of-{name.replace('/', '-')}"))

    def nonce(self) -> str:
        """A text that is nowhere else."""
        return f"nonce-{next(self._numbers)}-"

    def good(self, dice: random.Random) -> tuple[dict[str, Any], str]:
        """An action that has to be answered, and with what."""
        nonce = self.nonce()
        path = dice.choice((f"/echo/{nonce}", f"/late/{dice.randrange(60)}/{nonce}", f"/secure/echo/{nonce}"))
        return {"method": dice.choice(("get", "get", "post")), "relative_path": path}, nonce

    async def one(self, case: Case, number: int, dice: random.Random) -> None:
        """One bad read, then one bad write, then some of both, among good ones each; ``number`` of the round."""
        async with self.link(f"{case.name}-{number}") as link:
            for methods in (("get",), ("post",), tuple(dice.choices(("get", "post", "put"), k=dice.randrange(2, 4)))):
                await self._batch(link, case, methods, dice)

    async def _batch(self, link: Link, case: Case, methods: tuple[str, ...], dice: random.Random) -> None:
        made = [self.good(dice) for _ in range(IN_A_BATCH)]
        bad = dict(zip(sorted(dice.sample(range(IN_A_BATCH), len(methods))), methods, strict=True))
        for place, method in bad.items():
            nonce = self.nonce()
            made[place] = {"method": method, "relative_path": f"{case.path}/{nonce}?secret=s3cr3t"}, nonce
        self.batches += 1
        try:
            reply = await link.ask("POST", "/batch", batch_body([action for action, _ in made]), within=TIMEOUT + 30)
        except BrokenError as error:
            self.found.append(f"{case.name}: the batch was not answered: {error}")
            return
        if reply.status != OK:
            self.found.append(f"{case.name}: the batch was answered {reply.status} {reply.body[:200]!r}")
            return
        self.latest = max(self.latest, reply.seconds - TIMEOUT)
        self._look(case, made, bad, json.decode(reply.body)["data"])
        await asyncio.sleep(2 * UNASKED_AFTER)

    def _look(self, case: Case, made: list[Any], bad: dict[int, str], results: list[dict[str, Any]]) -> None:
        if len(results) != len(made):
            self.found.append(f"I4: {case.name}: {len(made)} actions had {len(results)} results")
            return
        for place, ((action, nonce), result) in enumerate(zip(made, results, strict=True)):
            if place in bad:
                self._failed(case, bad[place], nonce, result, several=len(bad) > 1)
                continue
            self.compared += 1
            if result["status_code"] != OK or nonce not in str(result["body"]):
                self.found.append(f"I4: {case.name}: beside it {action} was answered {result}"[:500])

    def _failed(self, case: Case, method: str, nonce: str, result: dict[str, Any], *, several: bool) -> None:
        status, body = result["status_code"], result["body"]
        self.statuses[str(status)] += 1
        may = (case.read if method == "get" else case.write) | ({ALONE} if several else frozenset())
        if status not in may:
            self.found.append(f"{case.name}: {method} was answered {status} {str(body)[:200]}")
        if status == OK and case.name in ECHOED and nonce not in str(body):
            self.found.append(f"I4: {case.name}: {method} {nonce} was answered {str(body)[:200]}")
        if status >= BAD and "s3cr3t" in str(body):
            self.found.append(f"I11: {case.name} was answered with {str(body)[:200]}")
        if "smuggled" in str(body):
            self.found.append(f"I4: {case.name}: {method} {nonce} was given what nobody asked for")
        if status in (BAD, LATE) and not str(body["errors"][0]["message"]).startswith(WORDS):
            self.found.append(f"{case.name}: {method} was told {body['errors'][0]['message']!r}")
        sent = sum(
            count
            for upstream in self._upstreams
            for asked, count in upstream.seen.items()
            if nonce in asked and asked.startswith(method.upper())
        )
        sort = "read" if method == "get" else "write"
        self.most_sent[sort] = max(self.most_sent[sort], sent)
        if sent > (ATTEMPTS if sort == "read" else 1):
            self.found.append(f"{case.name}: {method} {nonce} was sent {sent} times")

    async def turn(self, names: Names, rounds: int, dice: random.Random) -> None:
        """Have a name stand in turn for a good place and a forbidden one: each answer is from the one or a refusal."""
        statuses: Counter[int] = Counter()
        async with self.link("turning") as link:
            for _ in range(rounds):
                made = [self.good(dice) for _ in range(IN_A_BATCH - 1)]
                nonce = self.nonce()
                made.append(({"method": "get", "relative_path": f"{TURNING}/echo/{nonce}"}, nonce))
                reply = await link.ask("POST", "/batch", batch_body([action for action, _ in made]))
                *others, last = json.decode(reply.body)["data"]
                statuses[last["status_code"]] += 1
                if last["status_code"] not in (OK, BAD) or (last["status_code"] == OK and nonce not in str(last)):
                    self.found.append(f"turning-name: answered {last}")
                self.compared += len(others)
                if any(one["status_code"] != OK for one in others):
                    self.found.append(f"turning-name: beside it {others} was answered")
                await asyncio.sleep(0.01)
        if not names.asked("turning.test"):
            self.found.append("turning-name: it was never looked up, so nothing was tried")

    async def all_good(self, dice: random.Random) -> None:
        """Whether a batch of good actions is answered as if nothing had been."""
        async with self.link("afterwards") as link:
            made = [self.good(dice) for _ in range(IN_A_BATCH)]
            reply = await link.ask("POST", "/batch", batch_body([action for action, _ in made]))
            self._look(_case("/afterwards", OK), made, {}, json.decode(reply.body)["data"])


# -- where all of this is ----------------------------------------------------------------------------------------------


class _Silence:
    """A place that takes connections (``full``: not even these) and says nothing."""

    def __init__(self, *, full: bool) -> None:
        self._held = [socket.socket()]
        self._held[0].bind(("127.0.0.1", 0))
        self._held[0].listen(0 if full else 1000)
        self.port = self._held[0].getsockname()[1]
        if full:
            for _ in range(4):
                waiting = socket.socket()
                waiting.settimeout(0)
                waiting.connect_ex(("127.0.0.1", self.port))
                self._held.append(waiting)

    def close(self) -> None:
        for held in self._held:
            held.close()


async def _refuse_tls(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say what a server without a certificate says to whoever begins with one."""
    writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    writer.close()


@asynccontextmanager
async def _places(setting: Setting, names: Names) -> AsyncIterator[tuple[str, list[Upstream]]]:
    """The settings of a gateway before all of them, and those that count what they are sent."""
    folder = setting.folder / "certificates"
    folder.mkdir()
    authority, stranger = Authority(folder), Authority(folder, "stranger")
    async with AsyncExitStack() as stack:
        plain, talking = [await stack.enter_async_context(Upstream()) for _ in range(2)]
        secure, expired, strange, elsewhere = [
            await stack.enter_async_context(Upstream(context))
            for context in (
                authority.context(HERE),
                authority.context(HERE, age=30),
                stranger.context(HERE),
                authority.context(ELSEWHERE),
            )
        ]
        blunt = await stack.enter_async_context(await asyncio.start_server(_refuse_tls, "127.0.0.1", 0))
        mute, full = _Silence(full=False), _Silence(full=True)
        stack.callback(mute.close)
        stack.callback(full.close)
        names.write(
            unknown_test=Name(),
            slow_test=Name(addresses=("127.0.0.1",)),
            forbidden_test=Name(addresses=("127.0.0.1",)),
            turning_test=Name(addresses=("127.0.0.1", "169.254.169.254")),
        )
        urls = {
            "/": plain.url,
            "/talking": talking.url,
            "/secure": secure.url,
            "/expired": expired.url,
            "/stranger": strange.url,
            "/elsewhere": elsewhere.url,
            "/plain": f"https://127.0.0.1:{blunt.sockets[0].getsockname()[1]}",
            "/refusing": f"http://127.0.0.1:{free_port()}",
            "/mute": f"https://127.0.0.1:{mute.port}",
            "/full": f"http://127.0.0.1:{full.port}",
            "/unknown-name": f"http://unknown.test:{plain.port}",
            "/slow-name": f"http://slow.test:{plain.port}",
            "/forbidden-name": f"http://forbidden.test:{plain.port}",
            TURNING: f"http://turning.test:{plain.port}",
        }
        yield "\n".join(_config(urls, str(authority.file))), [plain, talking, secure, expired, strange, elsewhere]


def _config(urls: dict[str, str], ca_file: str) -> list[str]:
    lines = [f"action_timeout = {TIMEOUT + 5}", 'limits = "requests=1000000,reads=100,writes=100"']
    for number, (prefix, url) in enumerate(urls.items()):
        lines += [f"[upstreams.u{number}]", f'url = "{url}"', f'prefix = "{prefix}"', "pass_authorization = true"]
        lines += [f"timeout = {TIMEOUT}", f"max_response = {MAX_RESPONSE}", "redirects = 3"]
        if url.startswith("https"):
            lines.append(f'ca_file = "{ca_file}"')
    return lines


# -- the scenario ------------------------------------------------------------------------------------------------------


async def _all(trial: Trial, rounds: int, setting: Setting) -> None:
    """Every case, some at a time, as many rounds as are wanted."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(case: Case, number: int) -> None:
        async with room:
            await trial.one(case, number, setting.dice("upstreams", case.name, number))

    for number in range(rounds):
        await asyncio.gather(*(one(case, number) for case in (*BEHAVIOURS, *PLACES)))
        setting.say(f"round {number + 1} of {rounds}: {trial.batches} batches")


async def _first(trial: Trial) -> None:
    """Have the gateway load what it needs for upstreams, which may take longer than it gives an action here."""
    for path in ("/echo/first", "/secure/echo/first"):
        async with trial.link("first") as link:
            while (await link.ask("GET", path)).status != OK:
                await asyncio.sleep(0.2)


async def _settled(gateway: Gateway, most_tasks: int, most_fds: int) -> float:
    """CPU seconds of a second in which nobody asks, once it holds no more than before or has had time enough."""
    until = monotonic() + RESTS_WITHIN
    while monotonic() < until:
        if (await gateway.inner()).tasks <= most_tasks and gateway.sample().fds <= most_fds:
            break
        await asyncio.sleep(0.2)
    used = gateway.cpu()
    await asyncio.sleep(1.0)
    return gateway.cpu() - used


async def run(setting: Setting) -> Figures:
    """Send batches to all of them, and look what is left."""
    rounds = setting.sized(1, 30)
    await asyncio.to_thread(bomb)  # which takes some seconds, once
    names = Names(setting.folder / "names.json")
    async with _places(setting, names) as (config, upstreams):
        gateway = Gateway(setting.folder, "", config=config)
        gateway.tamper()
        gateway.environment["FAULTS_NAMES"] = str(names.path)
        await gateway.start()
        names.write(
            unknown_test=Name(),
            slow_test=Name(addresses=("127.0.0.1",), delay=3600.0),
            forbidden_test=Name(addresses=("169.254.169.254",)),
            turning_test=Name(addresses=("127.0.0.1", "169.254.169.254")),
        )
        trial = Trial(gateway, upstreams)
        dice = setting.dice("upstreams")
        before = gateway.sample(), await gateway.inner()  # while no connection to an upstream is kept
        await _first(trial)
        await trial.all_good(dice)
        warm = gateway.sample()
        gateway.forget_peak()
        gateway.forget_lag()
        fetching = fetch(setting, upstreams[0], [case.name for case in BEHAVIOURS])
        _, (wrong, fetched) = await asyncio.gather(_all(trial, rounds, setting), fetching)
        await trial.turn(names, 10 * rounds, dice)
        grown = gateway.peak() - warm.resident
        await trial.all_good(dice)
        cpu = await _settled(gateway, before[1].tasks + 2, before[0].fds + 2)
        after = gateway.sample(), await gateway.inner()
        found = [*trial.found, *wrong, *leaked(before, after), *printed(gateway)]
        for case in (*BEHAVIOURS, *PLACES):
            async with trial.link(f"{case.name}-{rounds - 1}") as link:
                found += await at_rest(link, "/batch")
        code = await gateway.stop()
        found += [f"the gateway ended with {code}"] if code else []
        found += [f"I11: {word} was printed" for word in ("secret-of-", "s3cr3t") if word in gateway.printed()]
    if trial.latest > SLACK + after[1].lag:
        found.append(f"answers came {trial.latest:.2f} s after the timeout, and the loop was {after[1].lag:.2f} s late")
    if grown > MOST_GROWN:
        found.append(f"I12: it took up to {grown / 2**20:.0f} MB more")
    if cpu > MOST_AT_REST:
        found.append(f"it used {cpu:.2f} s of CPU time in a second in which nobody asked for anything")
    counts = {
        "ways": len(BEHAVIOURS) + len(PLACES) + 1,
        "batches": trial.batches,
        "good_results": trial.compared,
        **fetched,
        **{f"answered_{status}": count for status, count in sorted(trial.statuses.items())},
        "latest_after_timeout_ms": round(trial.latest * 1000),
        "read_sent_most": trial.most_sent["read"],
        "write_sent_most": trial.most_sent["write"],
        "most_grown_mb": round(grown / 2**20, 1),
        "worst_lag_ms": round(after[1].lag * 1000),
        "worst_busy_ms": round(after[1].busy * 1000),
        "cpu_at_rest": round(cpu, 3),
    }
    return Figures(counts=counts, violations=shortened(found))


SCENARIO = Scenario(
    "upstreams",
    "APIs, names and certificates that go wrong in every way",
    "only the action that asked for it fails, in time and in few words; no write is sent twice, nothing is held",
    run,
)
