"""Clients that write, read, change and delete, and note what they were told: what the checker compares with the store.

Every action carries a nonce that its answer has to show, so that an answer to somebody else would be seen at once.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable
from typing import Any, NamedTuple

from msgspec import DecodeError, json

from faults.client import BrokenError, Link, Reply
from faults.history import History, Operation, State
from faults.server import Server

IN_A_BATCH = 10

NOWHERE = "999999999"
"""A project that is not there: what is created in it fails when half of it is written."""

NOTHING_DONE = frozenset({503, 507})
"""Failures of a server that say that nothing was done, so that asking again is right."""


class Ground(NamedTuple):
    """What a run works on: a project of its own, and tasks in it that everybody writes to."""

    workspace: str
    project: str
    tag: str
    registers: tuple[str, ...]


class Planned(NamedTuple):
    """An action, and what is noted of it."""

    action: dict[str, Any]
    operation: Operation


async def prepare(link: Link, name: str, registers: int = 4) -> Ground:
    """Make the ground of a run."""
    workspace = (await link.data("GET", "/workspaces"))[0]["gid"]
    team = (await link.data("GET", f"/workspaces/{workspace}/teams"))[0]["gid"]
    project = (await link.data("POST", "/projects", name=name, workspace=workspace, team=team))["gid"]
    tag = (await link.data("POST", "/tags", name=name, workspace=workspace))["gid"]
    made = [
        (await link.data("POST", "/tasks", name=f"{name} register {number}", notes="first", projects=[project]))["gid"]
        for number in range(registers)
    ]
    return Ground(workspace, project, tag, tuple(made))


class Client:
    """One caller with one connection: batches of ten, one after the other."""

    def __init__(
        self, name: str, server: Server, ground: Ground, history: History, dice: random.Random, *, keyed: bool = True
    ) -> None:
        self.name = name
        self.link = server.link()
        self.ground = ground
        self.history = history
        self.charged = 0
        """Actions that were admitted for all this client knows."""

        self.refused = 0
        self.may: frozenset[int] = frozenset()
        """Statuses that are no fault here, besides those of success and refusal."""

        self._dice = dice
        self._numbers = itertools.count()
        self._mine: list[Operation] = []
        makers = [self._create] * 4 + [self._story] * 2 + [self._write] * 2 + [self._read, self._bad, self._delete]
        self._makers: list[Callable[[], Planned | None]] = [*makers, self._keyed] if keyed else list(makers)

    async def fly(self, until: asyncio.Event) -> None:
        """Send batches until told to stop, or until nobody answers any more."""
        try:
            while not until.is_set():
                if not await self.once():
                    return
        finally:
            self.link.close()

    async def once(self) -> bool:
        """Send one batch; whether it was answered."""
        planned = [made for made in (self._dice.choice(self._makers)() for _ in range(IN_A_BATCH)) if made]
        for one in planned:
            self.history.ask(one.operation)
        try:
            reply = await self.link.batch([one.action for one in planned])
        except BrokenError:
            for one in planned:
                self.history.end(one.operation, "info")
            return False
        self._take(planned, reply)
        return True

    # -- what is asked ---------------------------------------------------------------------------------------------

    def _nonce(self) -> str:
        return f"{self.name}-{next(self._numbers)}"

    def _task(self, nonce: str, **more: Any) -> dict[str, Any]:
        ground = self.ground
        data = {"name": nonce, "projects": [ground.project], "tags": [ground.tag], "assignee": "me"}
        return {"method": "post", "relative_path": "/tasks", "data": data, **more}

    def _create(self) -> Planned:
        nonce = self._nonce()
        return Planned(self._task(nonce), Operation("create", nonce, nonce))

    def _keyed(self) -> Planned:
        nonce = self._nonce()
        return Planned(self._task(nonce, idempotency_key=nonce), Operation("keyed", nonce, nonce))

    def _bad(self) -> Planned:
        nonce = self._nonce()
        action = self._task(nonce)
        action["data"]["projects"] = [self.ground.project, NOWHERE]
        return Planned(action, Operation("bad", nonce, nonce))

    def _story(self) -> Planned:
        nonce, task = self._nonce(), self._dice.choice(self.ground.registers)
        action = {"method": "post", "relative_path": f"/tasks/{task}/stories", "data": {"text": nonce}}
        return Planned(action, Operation("story", task, nonce))

    def _write(self) -> Planned:
        nonce, task = self._nonce(), self._dice.choice(self.ground.registers)
        action = {"method": "put", "relative_path": f"/tasks/{task}", "data": {"notes": nonce}}
        return Planned(action, Operation("write", task, nonce))

    def _read(self) -> Planned:
        task = self._dice.choice(self.ground.registers)
        options = {"fields": ["notes"]}
        return Planned(
            {"method": "get", "relative_path": f"/tasks/{task}", "options": options}, Operation("read", task, "")
        )

    def _delete(self) -> Planned | None:
        if not self._mine:
            return None
        task = self._mine.pop(self._dice.randrange(len(self._mine)))
        return Planned(
            {"method": "delete", "relative_path": f"/tasks/{task.gid}"}, Operation("delete", task.gid, task.value)
        )

    # -- what is answered ------------------------------------------------------------------------------------------

    def _take(self, planned: list[Planned], reply: Reply) -> None:
        if reply.status != 200:
            self._refuse(planned, reply)
            return
        self.charged += len(planned)
        try:
            results = json.decode(reply.body)["data"]
        except (DecodeError, KeyError, TypeError):
            self.history.wrong.append(f"I4: a batch was answered with {reply.body[:200]!r}")
            results = []
        if len(results) != len(planned):
            self.history.wrong.append(f"I4: {len(planned)} actions had {len(results)} results")
            for one in planned:
                self.history.end(one.operation, "info")
            return
        for one, result in zip(planned, results, strict=True):
            self._note(one.operation, result)

    def _refuse(self, planned: list[Planned], reply: Reply) -> None:
        """A batch that was refused as a whole: nothing of it was done, unless it is not known."""
        self.refused += 1
        if reply.status >= 500 and reply.status not in self.may:
            self.history.wrong.append(f"a batch was answered {reply.status}: {reply.body[:200]!r}")
        state: State = "info" if reply.status >= 500 and reply.status not in NOTHING_DONE else "fail"
        for one in planned:
            self.history.end(one.operation, state, reply.status)

    def _note(self, operation: Operation, result: dict[str, Any]) -> None:
        status: int = result["status_code"]
        data = result["body"].get("data") if isinstance(result["body"], dict) else None
        if status >= 500:
            if status not in self.may:
                self.history.wrong.append(f"{operation.what} {operation.value} was answered {status}: {result['body']}")
            self.history.end(operation, "fail" if status in NOTHING_DONE else "info", status)
        elif status >= 400:
            if operation.what != "bad" and status not in self.may:
                self.history.wrong.append(f"{operation.what} {operation.value} was answered {status}: {result['body']}")
            self.history.end(operation, "fail", status)
        else:
            self._done(operation, status, data or {})

    def _done(self, operation: Operation, status: int, data: dict[str, Any]) -> None:
        what = operation.what
        if what == "bad":
            self.history.wrong.append(f"I2: {operation.value} was acknowledged in a project that is not there")
        echoed = {"story": "text", "write": "notes"}.get(what, "name")
        if what == "read":
            operation.value = data["notes"]
        elif what != "delete" and data.get(echoed) != operation.value:
            self.history.wrong.append(f"I4: {operation.value} was answered with {data.get(echoed)!r}")
        self.history.end(operation, "ok", status, data.get("gid", ""))
        if what == "create":
            self._mine.append(operation)


async def fly_all(clients: list[Client], until: asyncio.Event) -> None:
    """Have all of them at work until they are told to stop or nobody answers."""
    await asyncio.gather(*(client.fly(until) for client in clients))
