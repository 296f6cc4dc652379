"""F20: the largest bodies, the largest batches, expressions that take all that they may, and how late the loop is.

Each sort is sent by some clients for a while, beside a good one that asks for little. What is late is the event loop:
nobody else is answered meanwhile. As other programs have the processor too, told besides is how much processor time
the loop has taken at a time.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from msgspec import json

from faults.checker import at_rest, printed
from faults.client import Link, batch_body, request
from faults.server import Server
from faults.setting import Figures, Scenario, Setting, shortened
from faults.stores import home
from faults.workload import Ground, prepare

MOST = 0.1
"""Seconds that the loop should be late at most. More is told, and is a broken promise from ``UNBEARABLE`` on."""

UNBEARABLE = 1.0
SENDERS = 2
PATIENCE = 60.0
"""Seconds in which jobs have to be at their end."""

MIB = 1024 * 1024
MARGIN = 1024
TASKS = 100

EXPRESSIONS = (
    "$sum([1..200000])",
    "$count($map([1..199999], function($v) { $v * $v }))",
    "($f := function($n) { $n < 2 ? 1 : $f($n - 1) + $f($n - 2) }; $f(40))",
    '($f := function($t) { $f($t & $t) }; $f("x"))',
    '$match("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!", /(a+)+$/)',
    "$sort([1..100000], function($l, $r) { $l < $r })",
)
"""All of them take as much as they may, in time, steps, levels or text."""

Requests = Sequence[bytes]


def _bodies(server: Server, ground: Ground) -> Requests:
    """What is as large as a body may be, and takes as long to read as it can."""
    room = MIB - MARGIN

    def filled(start: bytes, piece: bytes, end: bytes) -> bytes:
        return start + piece * ((room - len(start) - len(end)) // len(piece)) + end

    task = b'{"data":{"projects":["%s"],' % ground.project.encode()
    keys = b",".join(b'"key%d":%d' % (number, number) for number in range(60_000))[: room - 100].rpartition(b",")[0]
    found = [
        ("/tasks", filled(task + b'"notes":"', b"n", b'"}}')),
        ("/tasks", filled(task + b'"notes":"', b"\\u00e9\\n", b'"}}')),
        ("/tasks", b'{"data":{%s}}' % keys),
        ("/batch", filled(b'{"data":{"actions":[', b"1,", b"1]}}")),
        ("/batch", filled(b'{"data":{"actions":', b"[", b"")),
        (
            "/batch",
            filled(b'{"data":{"actions":[{"method":"get","relative_path":"/users/me"', b',"a":{"b":[1]}', b"}]}}"),
        ),
    ]
    return [request(server.address, "POST", f"/api/1.0{path}", body) for path, body in found]


def _batches(server: Server, ground: Ground) -> Requests:
    """As many actions as there may be, which ask for as much as they may, at once or as a job."""
    page = {
        "method": "get",
        "relative_path": f"/projects/{ground.project}/tasks",
        "options": {
            "limit": 100,
            "fields": ["name", "notes", "assignee.name", "projects.name", "memberships.section.name"],
        },
    }
    many = [{"method": "get", "relative_path": f"/tasks/{gid}"} for gid in ground.registers]
    each = {"id": "each", "for_each": "{{list.body.data}}", "method": "get", "relative_path": "/tasks/{{item.gid}}"}
    found = [
        request(server.address, "POST", "/api/1.0/batch", batch_body([page] * 10)),
        request(server.address, "POST", "/api/1.0/batch", batch_body([page | {"id": "list"}, each])),
        request(server.address, "POST", "/api/1.0/batch", batch_body(many * 10), "Prefer: respond-async"),
    ]
    return [*found[:2], *found]


def _expressions(server: Server, account: str) -> Requests:
    """Expressions that take all that they may."""
    found = []
    for expression in EXPRESSIONS:
        resources = [
            {"resource": "users", "method": "list"},
            {
                "name": "t",
                "type": "transform",
                "depends_on": "users",
                "persist": True,
                "config": {"expression": expression},
            },
        ]
        body = json.encode({"integrated_account_id": account, "resources": resources})
        found.append(request(server.address, "POST", "/batch-request", body))
    return found


class Spell:
    """Some time in which one sort of request is sent beside a good client."""

    def __init__(self, server: Server, ground: Ground) -> None:
        self._server = server
        self._ground = ground
        self.times: list[float] = []
        self.statuses: Counter[int] = Counter()
        self.found: list[str] = []
        self.lag = self.busy = 0.0
        self.where = ""

    async def run(self, requests: Requests, seconds: float) -> None:
        """Send them again and again."""
        await asyncio.sleep(0.2)
        self._server.forget_lag()
        await asyncio.sleep(0.1)
        until = monotonic() + seconds
        senders = [self._send(requests, number, until) for number in range(SENDERS if requests else 0)]
        await asyncio.gather(self._good(until), *senders)
        inner = await self._server.inner()
        self.lag, self.busy, self.where = inner.lag, inner.busy, inner.where

    async def _send(self, requests: Requests, first: int, until: float) -> None:
        async with self._server.link() as link:
            number = first
            while monotonic() < until or number < len(requests):
                reply = await link.raw(requests[number % len(requests)])
                number += 1
                self.statuses[reply.status] += 1
                if reply.headers.get("connection", "") == "close":
                    link.close()
                if reply.status >= 500 and reply.status != 503:
                    self.found.append(f"F20: answered {reply.status} {reply.body[:200]!r}")

    async def _good(self, until: float) -> None:
        async with self._server.link() as link:
            while monotonic() < until:
                reply = await link.ask("GET", f"/api/1.0/tasks/{self._ground.registers[0]}")
                self.times.append(reply.seconds)
                if reply.status != 200:
                    self.found.append(f"F20: a good client was answered {reply.status} {reply.body[:200]!r}")
                await asyncio.sleep(0.02)

    @property
    def p99(self) -> float:
        """Milliseconds of the good client, at the 99th percentile."""
        return sorted(self.times)[int(0.99 * len(self.times))] * 1000


def _missed(name: str, spell: Spell) -> str:
    late, busy = round(spell.lag * 1000), round(spell.busy * 1000)
    if spell.busy > MOST:
        return f"{name}: the loop was {late} ms late, not 100, {busy} ms of it its own work, in {spell.where or '?'}"
    return f"{name}: the loop was {late} ms late, not 100; of its own work these were {busy} ms, the rest the machine's"


async def _account(link: Link) -> str:
    """The account that is there from the start."""
    found = json.decode((await link.ask("GET", "/integrated-account")).body)["result"]
    return str(found[0]["id"])


async def run(setting: Setting) -> Figures:
    """One sort after the other."""
    counts: dict[str, Any] = {}
    found: list[str] = []
    notes: list[str] = []
    async with home(setting, setting.folder) as place:
        server = Server(setting.folder, "--access-log", "off", *place.flags, db=place.db)
        server.tamper()
        server.environment["FAULTS_WHERE"] = "1"
        await server.start()
        async with server.link() as link:
            ground = await prepare(link, "lag", registers=TASKS)
            server.forget_lag()
            account = await _account(link)
            await asyncio.sleep(0.2)
            first = await server.inner()
            counts |= {"first_lag_ms": round(first.lag * 1000), "first_busy_ms": round(first.busy * 1000)}
            if first.busy > MOST:
                notes.append(
                    f"the first who asks for accounts: {first.busy * 1000:.0f} ms of its own work, in {first.where}"
                )
        sorts: dict[str, Callable[[], Requests]] = {
            "quiet": list,
            "bodies": lambda: _bodies(server, ground),
            "batches": lambda: _batches(server, ground),
            "expressions": lambda: _expressions(server, account),
        }
        for name, make in sorts.items():
            spell = Spell(server, ground)
            await spell.run(make(), setting.seconds(4, 60))
            counts |= {f"{name}_lag_ms": round(spell.lag * 1000), f"{name}_busy_ms": round(spell.busy * 1000)}
            counts |= {f"{name}_good_p99_ms": round(spell.p99)}
            found += [f"{name}: {one}" for one in spell.found]
            if name != "quiet":
                counts[f"{name}_sent"] = spell.statuses.total()
            if spell.busy > UNBEARABLE:
                found.append(f"F20: {name}: the loop was {spell.busy:.1f} s at one thing, {spell.where}")
            elif spell.lag > MOST:
                notes.append(_missed(name, spell))
            setting.say(f"{name}: {spell.lag * 1000:.0f} ms, {dict(spell.statuses)}")
        async with server.link() as link:
            until = monotonic() + PATIENCE
            while (held := await at_rest(link)) and monotonic() < until:
                await asyncio.sleep(0.5)  # jobs go on for a while
            found += held
        found += printed(server)
        await server.stop()
    return Figures(counts=counts, violations=shortened(found), notes=tuple(notes))


SCENARIO = Scenario(
    "loop-lag",
    "the largest bodies, batches and expressions",
    "whoever asks for little beside them does not wait for them",
    run,
)
