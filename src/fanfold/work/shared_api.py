"""The operations over a database that other processes use too.

Each request reads in a session of its own, with whatever others read at the same moment; what writes goes through the
lane of its workspace (see ``store/lanes.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from fanfold.model import Answer, Call
from fanfold.work.api import Api
from fanfold.work.request import looked_at
from fanfold.work.routes import read
from fanfold.work.session import PLACES, Once, Session
from fanfold.work.store import Store
from fanfold.work.store.coherent import COMPARE
from fanfold.work.store.database import Database
from fanfold.work.store.greenlets import carry
from fanfold.work.store.lanes import EVERYTHING, WriteWire
from fanfold.work.store.mirror import Mirror
from fanfold.work.store.postgres import SQL, PostgresStore
from fanfold.work.store.questions import told
from fanfold.work.store.reading import ReadWire
from fanfold.work.store.rows import Reach
from fanfold.work.store.wire import numbered
from fanfold.work.view import gid_of

T = TypeVar("T")

MAX_WORKSPACES = 100_000
"""Records whose workspace is remembered; it never changes."""

TELLING = (
    "workspace",
    "organization",
    "projects",
    "project",
    "parent",
    "team",
    "portfolio",
    "goal",
    "resource",
    "target",
)
"""Fields that name something of the workspace that is written to."""


NOTHING: Reach = ((), ())


def mentioned(call: Call) -> Iterator[int]:
    """Gids of what a call is about: in its path, or else in what it says."""
    yield from filter(None, map(gid_of, call.params))
    data = call.body.get("data") if isinstance(call.body, dict) else call.body
    fields = data if isinstance(data, dict) else getattr(data, "fields", {})
    for name in TELLING:
        value = fields.get(name)
        gid = gid_of(value[0] if isinstance(value, list) and value else value)
        if gid is not None:
            yield gid


class SharedApi(Api):
    """All operations over a PostgreSQL database. ``signing_key`` is the database's."""

    shared = True

    look_again = 0.0  # it costs nothing: others tell us

    def __init__(self, url: str, signing_key: bytes, *, connections: int, **settings: Any) -> None:
        """``settings``: see ``Api``."""
        super().__init__(**settings)
        self._key = signing_key
        self.database = Database(url, connections, self._writer)
        self._mirror = Mirror()
        self._workspaces: dict[int, int] = {}
        self.database.readers.first = numbered(SQL[COMPARE])[0]
        self._wire = ReadWire(self.database.readers)

    def _writer(self, wire: WriteWire, lane: int) -> Session:
        return Session(PostgresStore(wire, signing_key=self._key, scope=lane, mirror=self._mirror), self)

    def _reader(self) -> Session:
        return Session(PostgresStore(self._wire, signing_key=self._key, mirror=self._mirror), self)

    async def send(self, call: Call, once: Once | None = None) -> Answer:
        """Carry out one call and make it durable."""
        route: Any = call.endpoint
        found = None
        if route.before is not None:
            waiting = await self.read(lambda session: session.ahead(call))
            found = await waiting(self)
        if route.write:
            lane = await self._lane(call)
            return await self.database.lanes.run(lambda session: session.answer(call, found, once), lane)
        with told():
            return await carry(self._answer, call, found)

    async def _lane(self, call: Call) -> int:
        """The workspace that a call writes to, as far as it shows; where it does not, it may be any."""
        gid = next(mentioned(call), None)
        return EVERYTHING if gid is None else await self.lane_of(gid)

    async def lane_of(self, gid: int) -> int:
        """The lane for what is written about a record: its workspace."""
        known = self._mirror.rows.get(gid)
        workspace = self._workspaces.get(gid) if known is None else known.workspace
        if workspace is None:
            row = await self.read(lambda session: session.store.record(gid))
            workspace = EVERYTHING if row is None else row.workspace
            if workspace:
                if len(self._workspaces) >= MAX_WORKSPACES:
                    self._workspaces.clear()
                self._workspaces[gid] = workspace
        return workspace

    def _answer(self, call: Call, found: Any) -> Answer:
        store = PostgresStore(self._wire, signing_key=self._key, mirror=self._mirror)
        route: Any = call.endpoint
        subject = gid_of(call.params[0]) if route.subject else None
        reach = looked_at(call, self.kinds[route.kind]) if route.handler is read else NOTHING
        store.prepare(int(call.caller.user), PLACES, subject, reach)
        return Session(store, self).answer(call, found)

    async def read(self, work: Callable[[Session], T]) -> T:
        """What ``work`` makes of what is committed."""
        with told():
            return await carry(self._read, work)

    def _read(self, work: Callable[[Session], T]) -> T:
        session = self._reader()
        session.store.begin_read()
        return work(session)

    async def write(self, work: Callable[[Session], T], lane: int = EVERYTHING) -> T:
        """What ``work`` returns, once all that it wrote is durable; if it raises, nothing of it is kept."""
        return await self.database.lanes.run(lambda session: session.do(work), lane)

    async def renew(self, work: Callable[[Store], T]) -> T:
        """What ``work`` returns, which puts all data of another store in place of those there are (``take_over``)."""
        return await self.database.lanes.run(lambda session: work(session.store), EVERYTHING, alone=True)

    async def copy_to(self, path: Path) -> None:
        """Write a copy of what is committed to a new SQLite file."""
        await self.database.lanes.run(lambda session: session.store.copy_to(path), EVERYTHING, alone=True)

    async def look_aside(self, find: Callable[[Any], T]) -> T:
        """What ``find`` makes of a cursor over what is committed, holding up nobody; ``RequestError`` if it is slow."""
        return await self.read(lambda session: session.store.look(find))

    async def carry_on(self, gid: int) -> bool:
        """Do one step of a job and make it durable; whether there is more to do."""
        return await self.database.lanes.run(lambda session: session.carry_on(gid), await self.lane_of(gid), alone=True)

    async def open(self) -> None:
        """Begin to connect."""
        await self.database.open()

    async def close(self) -> None:
        """Let go of the database, when nothing is under way any more."""
        await self.database.close()

    def changes_elsewhere(self) -> int:
        """A number that differs from the last one if something was changed that may be remembered."""
        return self.database.changes

    def sign(self, text: str) -> str:
        """A signature that only this database can make."""
        return self._reader().store.sign(text)

    def forget(self) -> None:
        """Other data are there now: forget what was known of those before."""
        self._mirror.clear()
        self._workspaces.clear()
