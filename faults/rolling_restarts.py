"""F16: a server of several workers is restarted again and again under load, and no request fails.

``python -m faults.rolling_restarts --times 100 --seed 1``. The server is a gateway before an echo in this process, or
whatever ``--server`` says, which is asked for ``--path`` then. Some clients keep their connection, some open a new one
for each request; none tries anything twice. Those that keep it ask at once, or after a pause, so that their requests
meet connections in every state. With the echo each request has a number of its own that has to come back.

Prints a line of JSON; the exit code is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import re
import shlex
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from time import perf_counter
from typing import NamedTuple, Self

import aiohttp
from aiohttp import web
from msgspec import json

from faults.setting import Figures, Number, Scenario, Setting, shortened

ROOT = Path(__file__).parent.parent

PLACES = f"{ROOT / 'src'}{os.pathsep}{ROOT}"

REPLACED = "workers have been replaced"
"""What the server prints at the end of each restart."""

PATIENT = 120.0
"""Seconds in which a restart has to be over."""

EAGER, PAUSING, FRESH = 4, 4, 4
"""Clients of each kind."""

LONGEST_PAUSE = 0.4
"""Seconds between two requests of one that pauses, at most: within the second that idle connections are kept for."""


class Tally:
    """What became of all requests."""

    def __init__(self) -> None:
        self.answered = 0
        self.closed = 0
        self.failures: list[str] = []
        self.seconds: list[float] = []

    def figures(self) -> dict[str, Number]:
        """The counts and times of a line of JSON."""
        taken = sorted(self.seconds)
        return {
            "requests": self.answered + len(self.failures),
            "failed": len(self.failures),
            "answered_with_connection_close": self.closed,
            "p50_ms": round(taken[len(taken) // 2] * 1000, 2),
            "p99_ms": round(taken[len(taken) * 99 // 100] * 1000, 2),
            "max_ms": round(taken[-1] * 1000, 2),
        }


async def _client(kind: str, url: str, tally: Tally, dice: random.Random, over: asyncio.Event, token: str) -> None:
    echoes = url.endswith("/echo")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    kept = None if kind == "fresh" else 3600
    connector = aiohttp.TCPConnector(limit=1, force_close=kept is None, keepalive_timeout=kept)
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        session._retry_connection = False  # noqa: SLF001 - there is no other way to have it try once only
        for number in range(10**9):
            if over.is_set():
                return
            began = perf_counter()
            asked = f"{url}?n={kind}-{id(session)}-{number}" if echoes else url
            try:
                async with session.get(asked) as response:
                    body = await response.text()
                if response.status != 200 or (echoes and body != asked.partition("?n=")[2]):
                    tally.failures.append(f"{kind}: {response.status} {body[:200]}")
                else:
                    tally.answered += 1
                    tally.closed += kind != "fresh" and response.headers.get("connection", "") == "close"
            except (OSError, aiohttp.ClientError, TimeoutError) as error:
                tally.failures.append(f"{kind}: {type(error).__name__}: {error}")
            tally.seconds.append(perf_counter() - began)
            await asyncio.sleep(dice.uniform(0, LONGEST_PAUSE) if kind == "pausing" else 0.002)


@contextlib.asynccontextmanager
async def _echo() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=request.query.get("n", ""))

    app = web.Application()
    app.router.add_get("/echo", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


class Server:
    """The server, and what it has printed."""

    def __init__(self, command: list[str], output: Path, token: str) -> None:
        self._command = command
        self._token = {"FANFOLD_TOKEN": token} if token else {}
        self._output = output

    async def __aenter__(self) -> Self:
        with self._output.open("wb") as out:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdout=out,
                stderr=out,
                env={**os.environ, **self._token, "FANFOLD_ACCESS_LOG": "off", "PYTHONPATH": PLACES},
            )
        self.address = await self._printed(r"listening on (http://\S+:\d+)", 1)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.terminate()
        self.code = await self._process.wait()

    async def restart(self, number: int) -> None:
        """Have all workers replaced, for the ``number``th time."""
        self._process.send_signal(signal.SIGHUP)
        await self._printed(f"({REPLACED})", number)

    async def _printed(self, pattern: str, times: int) -> str:
        until = perf_counter() + PATIENT
        while len(found := re.findall(pattern, self._output.read_text())) < times:
            if self._process.returncode is not None or perf_counter() > until:
                sys.exit(self._output.read_text())
            await asyncio.sleep(0.01)
        return str(found[-1])


class Asked(NamedTuple):
    """Which server is restarted, and what is asked of it; without a command a gateway, which is asked for the echo."""

    command: str = ""
    token: str = ""
    path: str = ""


async def restart(times: int, seed: int, folder: Path, asked: Asked) -> tuple[dict[str, Number], list[str]]:
    """Figures of so many restarts, and what failed meanwhile."""
    tally, over = Tally(), asyncio.Event()
    async with _echo() as upstream:
        words = shlex.split(asked.command) or [
            *(sys.executable, "-m", "fanfold", "gateway", "--port", "0", "--workers", "2"),
            *("--upstream", upstream, "--allow-private"),
        ]
        server = Server(words, folder / "output", asked.token)
        async with server:
            url = server.address + (asked.path if asked.command else "/echo")
            kinds = ["eager"] * EAGER + ["pausing"] * PAUSING + ["fresh"] * FRESH
            clients = [
                asyncio.create_task(_client(kind, url, tally, random.Random(f"{seed}/{place}"), over, asked.token))
                for place, kind in enumerate(kinds)
            ]
            await asyncio.sleep(0.5)
            for number in range(1, times + 1):
                await server.restart(number)
                if number % 10 == 0:
                    _say(f"{number} restarts, {tally.answered} answers, {len(tally.failures)} failures")
            over.set()
            await asyncio.gather(*clients)
    ended = [] if server.code == 0 else [f"the server ended with exit code {server.code}"]
    return {"restarts": times, **tally.figures()}, tally.failures + ended


async def _scenario(setting: Setting) -> Figures:
    counts, failures = await restart(setting.sized(3, 100), setting.seed, setting.folder, Asked())
    return Figures(counts=counts, violations=shortened(failures))


SCENARIO = Scenario(
    "rolling",
    "rolling restarts of two workers under load",
    "no request fails, on new connections, kept ones and idle ones",
    _scenario,
)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    """Restart as often as is asked for."""
    parser = argparse.ArgumentParser(prog="python -m faults.rolling_restarts", description=__doc__)
    parser.add_argument("--times", type=int, default=3, help="restarts (3)")
    parser.add_argument("--seed", type=int, default=1, help="what pauses are drawn from (1)")
    parser.add_argument("--server", default="", help="the command of the server, instead of a gateway of two workers")
    parser.add_argument("--token", default="", help="a token that this server is told, and shown")
    parser.add_argument("--path", default="/healthz", help="what is asked of that server (/healthz)")
    options = parser.parse_args()
    began = perf_counter()
    asked = Asked(options.server, options.token, options.path)
    with tempfile.TemporaryDirectory(prefix="faults-rolling-") as folder:
        counts, failures = asyncio.run(restart(options.times, options.seed, Path(folder), asked))
    line = {"fault": "rolling restart", "seed": options.seed, "seconds": round(perf_counter() - began, 1), **counts}
    print(json.encode(line).decode(), flush=True)
    for failure in shortened(failures):
        _say(failure)
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
