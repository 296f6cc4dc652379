"""Recipes: how long one is planned, a fan-out of a thousand calls, and what a hundred thousand records cost in memory.

The fan-out is compared with the same calls in a program written by hand: aiohttp, fifty under way, each answer decoded
with msgspec, nothing else. Both run in this process, on one core, one after the other and in turns, before the same API
on the other core. The program by hand has no retries, no bounds, no vetting of addresses and no order.

Records are streamed by a real server, as lines, from pages of a thousand; what is told is the most memory that the
server has held, of the machine's own accounting.

    python benchmarks/fetching.py [--rounds 7]
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import aiohttp
import msgspec
import uvloop
from _load import Server, free_port, stand_aside

from fanfold.engine import Engine
from fanfold.engine.fetching import graph
from fanfold.engine.plan import make_plan
from fanfold.entries import Caps, Entry, Recipe
from fanfold.expressions.jsonata import JsonataEvaluator
from fanfold.integrations.accounts import Account, MemoryAccounts
from fanfold.integrations.declaration import Declaration
from fanfold.integrations.target import IntegrationsTarget
from fanfold.model import Action, Batch, Caller, Resolve
from fanfold.targets.vetting import Vetting

HERE = Path(__file__).parent
CALLS = 1000
AT_ONCE = 50
CALLER = Caller("benchmark", "1")


def say(**line: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"benchmark": "fetching", **line}), flush=True)


def declared(port: int) -> dict[str, Any]:
    """The API as an integration."""
    return {
        "name": "items",
        "base_url": f"http://127.0.0.1:{port}",
        "credentials": {"format": "api_key"},
        "authorization": {"format": "bearer", "config": {"token": "{{api_key}}"}},
        "pagination": {"format": "page", "config": {"page_key": "page", "limit_key": "limit"}},
        "manners": {"concurrency": AT_ONCE},
        "resources": {
            "items": {"get": {"path": "/items/{{id}}"}, "list": {"path": "/items", "response_path": "items"}}
        },
    }


def batch_of(entries: tuple[Entry, ...], args: dict[str, Any], caps: Caps, resolve: Resolve) -> Batch:
    """A batch of a recipe."""
    actions = tuple([Action(entry.method, f"/{entry.resource}") for entry in entries])
    return Batch(actions, recipe=Recipe(account="acc", entries=entries, args=args, caps=caps), resolve=resolve)


def target_before(port: int) -> tuple[IntegrationsTarget, Resolve]:
    """What asks the API, and finds where calls lead."""
    declaration = msgspec.convert(declared(port), Declaration)
    account = Account(id="acc", integration="items", owner="1", context={"api_key": "not-a-real-key"})
    target = IntegrationsTarget(MemoryAccounts(account), JsonataEvaluator(), vetting=Vetting(loopback=True))
    return target, target.opened(account, declaration)


# -- planning --------------------------------------------------------------------------------------------------------


def planning(rounds: int) -> None:
    """Twenty entries in a row, each with placeholders; planned for the first time, and again with other arguments."""
    target, resolve = target_before(1)
    entries = tuple(
        Entry(
            index=index,
            resource="items",
            name=f"step-{index}",
            method="list",
            depends_on=(f"step-{index - 1}",) if index else (),
            query={"of": "{{resources.items.id}}" if index else "x", "limit": 100, "q": "{{args.q}}"},
        )
        for index in range(20)
    )
    batch = batch_of(entries, {"q": "x"}, Caps(), resolve)

    def spent(*, cold: bool) -> float:
        count = 200
        started = process_time()
        for _ in range(count):
            if cold:
                graph.forget()
            make_plan(batch, CALLER, target, None)
        return (process_time() - started) / count * 1e6

    for cold, name in ((False, "planning 20 entries, seen before"), (True, "planning 20 entries for the first time")):
        cost = median(spent(cold=cold) for _ in range(rounds))
        say(name=name, value=round(cost, 1), unit="us of CPU", target=200, met=cost <= 200)


# -- a thousand calls ------------------------------------------------------------------------------------------------


async def by_hand(port: int, session: aiohttp.ClientSession, ids: list[str]) -> list[Any]:
    """As one would write it."""
    room = asyncio.Semaphore(AT_ONCE)
    decode = msgspec.json.decode

    async def fetch(name: str) -> Any:
        async with (
            room,
            session.get(
                f"http://127.0.0.1:{port}/items/{name}", headers={"authorization": "Bearer not-a-real-key"}
            ) as response,
        ):
            response.raise_for_status()
            return decode(await response.read())

    return list(await asyncio.gather(*[fetch(name) for name in ids]))


async def by_recipe(engine: Engine, resolve: Resolve, ids: list[str]) -> list[Any]:
    """The same as a recipe."""
    entry = Entry(index=0, resource="items", method="get", id="{{args.ids}}", loop_on="ids", persist=True)
    batch = batch_of((entry,), {"ids": ids}, Caps(at_once=AT_ONCE), resolve)
    (result,) = await engine.run(batch, CALLER)
    if result.outcome is None or result.outcome.mishaps:
        raise RuntimeError(result)
    value: list[Any] = result.outcome.value
    return value


async def fan_out(port: int, rounds: int) -> None:
    """Both ways in turns, for as many rounds."""
    ids = [f"item-{number}" for number in range(CALLS)]
    target, resolve = target_before(port)
    engine = Engine(target)
    took: dict[str, list[tuple[float, float]]] = {"recipe": [], "by hand": []}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as session:
        ways: dict[str, Callable[[], Awaitable[list[Any]]]] = {
            "recipe": lambda: by_recipe(engine, resolve, ids),
            "by hand": lambda: by_hand(port, session, ids),
        }
        for way in ways.values():
            if [record["id"] for record in await way()] != ids:
                raise RuntimeError
        for number in range(rounds):
            for name in list(ways)[:: -1 if number % 2 else 1]:
                before = perf_counter(), process_time()
                await ways[name]()
                took[name].append((perf_counter() - before[0], process_time() - before[1]))
    await target.close()
    found = {name: [median(column) for column in zip(*rows, strict=True)] for name, rows in took.items()}
    for name, (wall, cpu) in found.items():
        say(
            case=f"1,000 calls, 50 under way: {name}",
            ms=round(wall * 1e3, 1),
            cpu_us_a_call=round(cpu / CALLS * 1e6, 1),
        )
    for place, what in enumerate(("time", "CPU")):
        ratio = found["recipe"][place] / found["by hand"][place]
        say(name=f"recipe over by hand, {what}", value=round(ratio, 2), target=1.3, met=ratio <= 1.3)


# -- memory ----------------------------------------------------------------------------------------------------------


def streaming(stack: ExitStack, api: int) -> None:
    """A hundred thousand records through a server, and what it held at most."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (folder / "items.json").write_text(json.dumps(declared(api)))
    port = free_port()
    command = ["-m", "fanfold", "serve", "--port", str(port), "--db", str(folder / "a.db"), "--access-log", "off"]
    told = {
        "FANFOLD_TOKEN": "benchmark",
        "FANFOLD_INTEGRATIONS": str(folder),
        "FANFOLD_ALLOW_PRIVATE_UPSTREAMS": "true",
    }
    server = Server(command, port, told)
    stack.callback(server.stop)
    headers = {"authorization": "Bearer benchmark", "content-type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(path: str, body: dict[str, Any], **more: str) -> http.client.HTTPResponse:
        connection.request("POST", path, json.dumps(body), {**headers, **more})
        return connection.getresponse()

    created = json.loads(ask("/integrated-account", {"integration_name": "items", "context": {"api_key": "x"}}).read())
    recipe = {
        "integrated_account_id": created["id"],
        "resources": [{"resource": "items", "method": "list", "query": {"limit": 1000}, "persist": True}],
    }
    before = peak(server.process.pid)
    started = perf_counter()
    response = ask("/batch-request", recipe, accept="application/x-ndjson")
    lines, last = 0, b""
    while line := response.readline():
        lines += line.startswith(b'{"resource"')
        last = line
    seconds = perf_counter() - started
    if json.loads(last)["summary"]["records"] != 100_000:
        raise RuntimeError(last)
    most = peak(server.process.pid)
    say(case="100,000 records streamed", seconds=round(seconds, 2), lines=lines, idle_mb=round(before, 1))
    say(name="most memory that the server held", value=round(most, 1), unit="MB", target=100, met=most <= 100)


def peak(pid: int) -> float:
    """The most memory that a process has held, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    planning(options.rounds)
    with ExitStack() as stack:
        port = free_port()
        api = Server([str(HERE / "_records_app.py"), str(port)], port, health="/items/1", core=1)
        stack.callback(api.stop)
        stand_aside()
        uvloop.run(fan_out(port, options.rounds))
        streaming(stack, port)


if __name__ == "__main__":
    main()
