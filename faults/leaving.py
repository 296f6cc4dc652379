"""F11: clients that vanish, in every way and at every moment, while others on other connections want their own answers.

Half of them leave the work API, half the gateway, whose calls to an upstream are cancelled on the way: a connection
that still has somebody's answer in it and is used again would give that answer to the next.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from time import monotonic
from typing import Any

from msgspec import DecodeError, json

from faults.checker import assert_invariants, leaked, printed
from faults.client import Address, BrokenError, Link, abort, batch_body, read_answer, request
from faults.history import History, Operation
from faults.server import Gateway, Server
from faults.setting import Figures, Scenario, Setting, shortened
from faults.stores import home
from faults.upstream import Upstream
from faults.workload import Client, Ground, prepare

AT_ONCE = 32
"""Clients that are about to leave at any moment."""

STAYING = 3
"""Clients that stay, and check that every answer is their own."""

RESTS_WITHIN = 10.0
"""Seconds after the last has left in which nothing may be left of any of them."""

GARBAGE = b"\x00\xff\r\n\r\nGET / HTTP/9.9\r\n\r\n" + bytes(range(256))


Maker = Callable[[random.Random], tuple[list[Any], list[str]]]
"""Makes the actions of a batch, and says what their answers show."""


class Leaver:
    """Clients that leave one server. ``path`` is where batches go."""

    def __init__(self, address: Address, path: str, make: Maker) -> None:
        self._address = address
        self._path = path
        self._make = make
        self.ways: Counter[str] = Counter()
        self.answers = 0
        self.wrong: list[str] = []

    async def leave(self, dice: random.Random) -> None:
        """One client: comes, asks, and is gone."""
        way = dice.choice((self._at_once, self._silently, self._half, self._in_request, self._in_answer, self._piped))
        self.ways[way.__name__.strip("_")] += 1
        try:
            reader, writer = await asyncio.open_connection(self._address.host, self._address.port)
        except OSError as error:
            self.wrong.append(f"a connection was refused: {error}")
            return
        try:
            async with asyncio.timeout(30):
                await way(reader, writer, dice)
        except TimeoutError:
            self.wrong.append(f"{way.__name__}: neither answered nor closed within 30 s")
        except (OSError, EOFError):
            pass  # it was the server that closed the connection, as it may
        finally:
            writer.close()

    def _request(self, dice: random.Random) -> tuple[bytes, list[str]]:
        actions, nonces = self._make(dice)
        return request(self._address, "POST", self._path, batch_body(actions)), nonces

    async def _at_once(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter, dice: random.Random) -> None:
        """Asks and closes."""
        writer.write(self._request(dice)[0])
        await asyncio.sleep(dice.choice((0, dice.random() * 0.02)))

    async def _silently(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter, dice: random.Random) -> None:
        """Asks and is reset."""
        writer.write(self._request(dice)[0])
        await asyncio.sleep(dice.choice((0, dice.random() * 0.02)))
        abort(writer)

    async def _half(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dice: random.Random) -> None:
        """Says that it will say no more, and listens."""
        sent, nonces = self._request(dice)
        writer.write(sent)
        writer.write_eof()
        await self._listen(reader, nonces)

    async def _in_request(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter, dice: random.Random) -> None:
        """Leaves in the middle of its own request."""
        sent = self._request(dice)[0]
        writer.write(sent[: dice.randrange(1, len(sent))])
        await asyncio.sleep(dice.random() * 0.01)
        if dice.random() < 0.5:
            abort(writer)

    async def _in_answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dice: random.Random) -> None:
        """Leaves in the middle of the answer, which comes as a stream every other time."""
        sent, _ = self._request(dice)
        if dice.random() < 0.5:
            sent = sent.replace(b"\r\n", b"\r\nAccept: application/x-ndjson\r\n", 1)
        writer.write(sent)
        await reader.read(dice.randrange(1, 400))
        abort(writer)

    async def _piped(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, dice: random.Random) -> None:
        """Asks twice without waiting, and then talks nonsense."""
        first, nonces = self._request(dice)
        second, more = self._request(dice)
        writer.write(first + second + GARBAGE)
        await self._listen(reader, nonces)
        if dice.random() < 0.7:
            await self._listen(reader, more)
        abort(writer)

    async def _listen(self, reader: asyncio.StreamReader, nonces: list[str]) -> None:
        """Read one answer, which has to be to what was asked."""
        status, _, body = await read_answer(reader)
        self.answers += 1
        if status == 200:
            self.wrong += misplaced(body, nonces)
        elif status >= 500:
            self.wrong.append(f"answered {status}: {body[:200]!r}")


def misplaced(body: bytes, nonces: list[str]) -> list[str]:
    """Whether each result shows its own nonce; what is wrong."""
    try:
        results = json.decode(body)["data"]
    except (DecodeError, KeyError, TypeError):
        return [f"I4: answered with {body[:200]!r}"]
    if len(results) != len(nonces):
        return [f"I4: {len(nonces)} actions had {len(results)} results"]
    return [
        f"I4: what asked for {nonce} was given {result}"
        for nonce, result in zip(nonces, results, strict=True)
        if result["status_code"] < 300 and nonce not in str(result["body"])
    ]


class Crowd:
    """Leavers of one server, and those who stay."""

    def __init__(self, setting: Setting, name: str, leaver: Leaver, wanted: int) -> None:
        self.setting = setting
        self.name = name
        self.leaver = leaver
        self.wanted = wanted
        self.left = 0
        self.over = asyncio.Event()

    async def come_and_go(self) -> None:
        """Have all of them leave."""
        await asyncio.gather(*(self._one_after_the_other(number) for number in range(AT_ONCE)))
        self.over.set()

    async def _one_after_the_other(self, number: int) -> None:
        dice = self.setting.dice("leaving", self.name, number)
        while self.left < self.wanted:
            self.left += 1
            if self.left % 2000 == 0:
                self.setting.say(f"{self.left} of {self.wanted} have come to the {self.name}")
            await self.leaver.leave(dice)


async def _rested(server: Server, most_tasks: int, most_fds: int) -> float:
    """Seconds until the server holds nothing more than before, ``RESTS_WITHIN`` at most."""
    began = monotonic()
    while monotonic() < began + RESTS_WITHIN:
        inner, sample = await server.inner(), server.sample()
        if inner.tasks <= most_tasks and sample.fds <= most_fds:
            break
        await asyncio.sleep(0.2)
    return monotonic() - began


# -- the work API ------------------------------------------------------------------------------------------------------


def _works(ground: Ground, history: History) -> Maker:
    """Batches that create and read; what was created is noted as not answered."""
    numbers = iter(range(10**9))

    def make(dice: random.Random) -> tuple[list[Any], list[str]]:
        nonces = [f"left-{next(numbers)}" for _ in range(dice.randrange(1, 4))]
        data = {"projects": [ground.project], "tags": [ground.tag], "assignee": "me"}
        for nonce in nonces:
            history.end(history.ask(Operation("create", nonce, nonce)), "info")
        register = dice.choice(ground.registers)
        read = {"method": "get", "relative_path": f"/tasks/{register}", "options": {"fields": ["notes"]}}
        made = [{"method": "post", "relative_path": "/tasks", "data": {"name": nonce, **data}} for nonce in nonces]
        return [read, *made], [register, *nonces]

    return make


async def _leave_work(setting: Setting, wanted: int) -> tuple[Leaver, list[str], dict[str, float]]:
    async with home(setting, setting.folder) as place:
        server = Server(setting.folder, db=place.db)
        server.tamper()
        await server.start()
        history = History()
        async with server.link() as link:
            ground = await prepare(link, "leaving")
        before = server.sample(), await server.inner()
        leaver = Leaver(server.address, "/api/1.0/batch", _works(ground, history))
        crowd = Crowd(setting, "work API", leaver, wanted)
        staying = [Client(f"stay{n}", server, ground, history, setting.dice("staying", n)) for n in range(STAYING)]
        await asyncio.gather(crowd.come_and_go(), *(client.fly(crowd.over) for client in staying))
        rest = await _rested(server, before[1].tasks + 2, before[0].fds + 2)
        lag = (await server.inner()).lag
        found = leaked(before, (server.sample(), await server.inner()))
        found += await assert_invariants(server, place.inside, ground, history)
        own = sum(one.state == "ok" for one in history.operations)
        await server.stop()
    return leaver, found, {"checked_results": own, "rest_s": round(rest, 2), "worst_lag_ms": round(lag * 1000)}


# -- the gateway -------------------------------------------------------------------------------------------------------


def _calls(name: str) -> Maker:
    """Batches whose calls the upstream answers after up to 30 ms with what was asked."""
    numbers = iter(range(10**9))

    def make(dice: random.Random) -> tuple[list[Any], list[str]]:
        paths = [f"/late/{dice.randrange(31)}/{name}-{next(numbers)}." for _ in range(dice.randrange(1, 6))]
        methods = dice.choices(("get", "post"), (3, 1), k=len(paths))
        return [{"method": method, "relative_path": path} for method, path in zip(methods, paths, strict=True)], paths

    return make


async def _stay(link: Link, name: str, dice: random.Random, over: asyncio.Event) -> tuple[int, list[str]]:
    """A client that asks again and again; how many results it had, and what was wrong with them."""
    make = _calls(name)
    had, wrong = 0, []
    while not over.is_set():
        actions, paths = make(dice)
        try:
            reply = await link.ask("POST", "/batch", batch_body(actions))
        except BrokenError as error:
            wrong.append(f"a client that stayed was not answered: {error}")
            continue
        had += len(paths)
        wrong += misplaced(reply.body, paths)
        if reply.status != 200 or any(one["status_code"] >= 500 for one in json.decode(reply.body)["data"]):
            wrong.append(f"a client that stayed was answered {reply.status} {reply.body[:200]!r}")
    link.close()
    return had, wrong


async def _leave_gateway(setting: Setting, wanted: int) -> tuple[Leaver, list[str], dict[str, float]]:
    folder = setting.folder / "gateway"
    folder.mkdir()
    async with Upstream() as upstream:
        server = Gateway(folder, upstream.url)
        server.tamper()
        await server.start()
        async with server.link() as link:
            await link.ask("POST", "/batch", batch_body(_calls("first")(setting.dice("first"))[0]))
        before = server.sample(), await server.inner()
        leaver = Leaver(server.address, "/batch", _calls("left"))
        crowd = Crowd(setting, "gateway", leaver, wanted)
        stayed = [
            asyncio.create_task(_stay(server.link(), f"stay{n}", setting.dice("gateway", n), crowd.over))
            for n in range(STAYING)
        ]
        await crowd.come_and_go()
        staying = await asyncio.gather(*stayed)
        # Connections to the upstream that are kept for a while are no leak.
        rest = await _rested(server, before[1].tasks + 2, before[0].fds + 2)
        lag = (await server.inner()).lag
        found = leaked(before, (server.sample(), await server.inner()))
        for _, wrong in staying:
            found += wrong
        code = await server.stop()
        found += [f"the gateway ended with {code}"] if code else []
        found += printed(server)
    had = sum(count for count, _ in staying)
    return leaver, found, {"checked_results": had, "rest_s": round(rest, 2), "worst_lag_ms": round(lag * 1000)}


async def run(setting: Setting) -> Figures:
    """Leave both."""
    wanted = setting.sized(400, 20_000)
    counts: dict[str, float] = {"disconnects": 0, "answers_checked": 0}
    violations: list[str] = []
    for name, leave in (("work", _leave_work), ("gateway", _leave_gateway)):
        leaver, found, figures = await leave(setting, wanted // 2)
        violations += [f"{name}: {one}" for one in (*leaver.wrong, *found)]
        counts["disconnects"] += leaver.ways.total()
        counts["answers_checked"] += leaver.answers
        counts |= {f"{name}_{key}": value for key, value in figures.items()}
    return Figures(counts=counts, violations=shortened(violations))


SCENARIO = Scenario(
    "leaving",
    "clients that vanish",
    "nobody is given what was meant for somebody else, and nothing is left of those who have gone",
    run,
)
