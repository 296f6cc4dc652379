"""F7: the disk is full, and then there is room again.

Database, uploads and exports are in a small file system of their own, in a mount namespace of their own (``unshare``),
which needs the rights to mount. What is left of the room is taken by a ballast.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import subprocess
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Self

from faults.afterwork import copy_is_whole, large_project
from faults.checker import ask_again, assert_invariants
from faults.client import Link
from faults.history import History
from faults.inside import SqliteInside
from faults.server import NotServingError, Server
from faults.setting import Figures, Scenario, Setting, UnableError, shortened
from faults.workload import NOTHING_DONE, Client, Ground, fly_all, prepare

ROOM = 24
"""MB of the file system."""

CLIENTS = 4
RESUMES_WITHIN = 5.0
"""Seconds after which writes have to succeed once there is room."""

MB = 1024 * 1024


class SmallDisk:
    """A file system in memory that only its own processes see; ``outside`` is a path to it from everywhere else."""

    def __init__(self, inside: Path) -> None:
        self._inside = inside
        self._holder: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        script = f"mount -t tmpfs -o size={ROOM}m tmpfs {self._inside} && echo ready && exec sleep 86400"
        self._inside.mkdir()
        user = [] if _is_root() else ["-r"]
        self._holder = subprocess.Popen(
            ["unshare", "-m", *user, "sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        atexit.register(self._holder.kill)
        said = await asyncio.to_thread(self._holder.stdout.readline) if self._holder.stdout else b""
        if said.strip() != b"ready":
            raise UnableError("a file system cannot be mounted here, not even in a namespace")
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._holder is not None:
            self._holder.kill()
            self._holder.wait()

    @property
    def pid(self) -> int:
        """The process whose view of the file systems has it."""
        return self._holder.pid if self._holder else 0

    @property
    def within(self) -> tuple[str, ...]:
        """What is put before a command that is to see it."""
        user = () if _is_root() else ("--preserve-credentials", "-U")
        return ("nsenter", "-t", str(self.pid), "-m", *user, "--")

    @property
    def outside(self) -> Path:
        """The same place seen from here."""
        return Path(f"/proc/{self.pid}/root{self._inside}")

    def fill(self) -> int:
        """Leave no room; how much was taken, in bytes."""
        ballast = self.outside / "ballast"
        size = 0
        with ballast.open("ab", buffering=0) as out, suppress(OSError):
            for piece in (64 * 1024, 4096, 512):
                with suppress(OSError):
                    while True:
                        size += out.write(bytes(piece))
        return size

    def empty(self) -> None:
        """Give all of it back."""
        (self.outside / "ballast").unlink()


def _is_root() -> bool:
    return os.geteuid() == 0


class Trial:
    """A server on a small disk."""

    def __init__(self, server: Server, disk: SmallDisk, setting: Setting) -> None:
        self.server = server
        self.disk = disk
        self.setting = setting
        self.history = History()
        self.found: list[str] = []
        self.refused = self.reads = 0
        self.resumed = 0.0

    def clients(self, ground: Ground, name: str) -> list[Client]:
        """Those who write all the time; that nothing could be done is no fault here."""
        made = [
            Client(f"{name}c{n}", self.server, ground, self.history, self.setting.dice("disk", name, n))
            for n in range(CLIENTS)
        ]
        for client in made:
            client.may = NOTHING_DONE
        return made

    async def full(self, ground: Ground, name: str, seconds: float) -> None:
        """Have them write while there is no room, and look whether others can read; then give room again."""
        over = asyncio.Event()
        before = sum(one.status in NOTHING_DONE for one in self.history.operations)
        flying = asyncio.create_task(fly_all(self.clients(ground, name), over))
        await asyncio.sleep(0.3)
        self.disk.fill()
        until = monotonic() + seconds
        async with self.server.link() as link:
            while monotonic() < until:
                await self._read(link, ground)
                await asyncio.sleep(0.05)
        await self._upload(ground)
        self.disk.empty()
        began = monotonic()
        while not await self._writes(ground) and monotonic() < began + RESUMES_WITHIN:
            await asyncio.sleep(0.05)
        self.resumed = max(self.resumed, monotonic() - began)
        await asyncio.sleep(0.3)
        over.set()
        await flying
        self.refused += sum(one.status in NOTHING_DONE for one in self.history.operations) - before

    async def _read(self, link: Link, ground: Ground) -> None:
        reply = await link.ask("GET", f"/api/1.0/tasks/{ground.registers[0]}?opt_fields=name")
        self.reads += 1
        if reply.status != 200:
            self.found.append(f"F7: a read was answered {reply.status} while the disk was full: {reply.body[:200]!r}")

    async def _writes(self, ground: Ground) -> bool:
        async with self.server.link() as link:
            data = {"data": {"name": "room again", "workspace": ground.workspace}}
            return (await link.ask("POST", "/api/1.0/tasks", data)).status == 201

    async def _upload(self, ground: Ground) -> None:
        """A file for which there is no room."""
        border = "xyz"
        head = f'--{border}\r\nContent-Disposition: form-data; name="parent"\r\n\r\n{ground.registers[0]}\r\n'
        head += f'--{border}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
        body = head.encode() + bytes(2 * MB) + f"\r\n--{border}--\r\n".encode()
        address = self.server.address
        lines = (
            f"POST /api/1.0/attachments HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {address.token}\r\n"
            f"Content-Type: multipart/form-data; boundary={border}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        async with self.server.link() as link:
            reply = await link.raw(lines.encode() + body)
        if reply.status not in NOTHING_DONE:
            self.found.append(f"F7: an upload without room was answered {reply.status}: {reply.body[:200]!r}")


async def _job(trial: Trial) -> list[str]:
    """A job for whose copy there is no room until later: it has to come to its end, once."""
    async with trial.server.link() as link:
        large = await large_project(link, 420)
        job = await link.data("POST", f"/projects/{large.project}/duplicate", name="Copy without room")
        trial.disk.fill()
        await asyncio.sleep(1.5)
        trial.disk.empty()
        return await copy_is_whole(link, large, job["gid"])


async def _die_and_start(trial: Trial) -> list[str]:
    """Killed while there is no room, and started again: it serves, or says in one sentence why not."""
    trial.disk.fill()
    trial.server.kill()
    try:
        await trial.server.start()
    except NotServingError as said:
        last = str(said).strip().splitlines()[-1:]
        trial.setting.say(f"without room it does not start: {last}")
    trial.disk.empty()
    if not trial.server.running:
        await trial.server.start()
    return []


async def run(setting: Setting) -> Figures:
    """Fill the disk, again and again."""
    if setting.db != "sqlite":
        raise UnableError("the disk of PostgreSQL is filled in the scenario postgres")
    rounds = setting.sized(2, 20)
    place = setting.folder / "small"
    async with SmallDisk(place) as disk:
        server = Server(setting.folder, db=str(place / "faults.db"))
        server.before = disk.within
        trial = Trial(server, disk, setting)
        await server.start()
        async with server.link() as link:
            ground = await prepare(link, "disk")
        for number in range(rounds):
            await trial.full(ground, f"r{number}", setting.seconds(2, 5) if not setting.minutes else 2)
        found = await _job(trial)
        found += await _die_and_start(trial)
        async with server.link() as link:
            found += await ask_again(link, trial.history, ground)
        inside = SqliteInside(str(disk.outside / "faults.db"), elsewhere=True)
        found += await assert_invariants(server, inside, ground, trial.history)
        code = await server.stop()
        found += [f"the server ended with {code}"] if code else []
    if trial.resumed >= RESUMES_WITHIN:
        found.append(f"F7: writes were not possible {RESUMES_WITHIN:g} s after there was room again")
    if not trial.refused:
        found.append("nothing was refused: the disk was never full")
    counts = {
        "rounds": rounds,
        "refused_for_want_of_room": trial.refused,
        "reads_served_meanwhile": trial.reads,
        "acknowledged_writes": sum(one.state == "ok" for one in trial.history.operations),
        "resumed_ms": round(trial.resumed * 1000),
    }
    return Figures(counts=counts, violations=shortened(trial.found + found))


SCENARIO = Scenario(
    "disk",
    "no room on the disk",
    "writes are refused and undone, reads are served, and all goes on by itself when there is room again",
    run,
)
