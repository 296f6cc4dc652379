"""The work-management API as a target: it finds the route's handler and lets it answer.

Compatible with Asana's published API. It needs no HTTP to be called and knows nothing of batches or limits.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from fanfold.model import Answer, Call
from fanfold.work.clock import Clock, utc_now
from fanfold.work.identity import ROUTES as IDENTITY
from fanfold.work.kinds import KINDS
from fanfold.work.kinds.events import ALIASES
from fanfold.work.plans import on_free_plan
from fanfold.work.posting import Post
from fanfold.work.request import Request
from fanfold.work.router import Router
from fanfold.work.schema import Kind, Route
from fanfold.work.scim import ROUTES as SCIM
from fanfold.work.session import Once, Session
from fanfold.work.store import Store
from fanfold.work.strictness import StrictRequest

T = TypeVar("T")


class Api(ABC):
    """All operations, wherever the records are kept. Links in answers begin with ``base``; uploads go to ``files``.

    ``strict``: unknown fields and parameters are refused rather than ignored. ``free``: on the free plan (see
    ``work/plans.py``). ``search_delay``: seconds after which searches see what was written.

    ``background`` is told of each job that has more to do than its first step, once that is durable; it is to be set
    before one is begun. ``post`` is how targets of webhooks are spoken to; ``told`` is given the webhooks for which
    there may be something to deliver, once that is durable (see ``work/deliveries.py``).
    """

    background: Callable[[int], None]

    shared = False
    """Whether other processes may have the same database and do the same as this one."""

    look_again: float = 1.0
    """Seconds after which it is to be looked whether another process has changed something."""

    def __init__(
        self,
        *,
        base: str = "",
        files: Path | None = None,
        clock: Clock = utc_now,
        strict: bool = False,
        free: bool = False,
        search_delay: float = 0.0,
    ) -> None:
        self.kinds: dict[str, Kind] = {kind.name: kind for kind in KINDS}
        served = [route for kind in KINDS for route in kind.routes]
        if free:
            served = on_free_plan(served)
        self.router = Router([*served, *ALIASES, *IDENTITY, *SCIM])
        self.resolve = self.router.find
        self.base = base
        self.files = files
        self.clock = clock
        self.search_delay = search_delay
        self.request = StrictRequest if strict else Request
        self.post: Post | None = None
        self.told: Callable[[list[int]], None] | None = None

    @abstractmethod
    async def send(self, call: Call, once: Once | None = None) -> Answer:
        """Carry out one call and make it durable; if it writes, ``once`` only and together with what that keeps."""

    @abstractmethod
    async def read(self, work: Callable[[Session], T]) -> T:
        """What ``work`` makes of what is committed."""

    @abstractmethod
    async def write(self, work: Callable[[Session], T], lane: int = 0) -> T:
        """What ``work`` returns, once all that it wrote is durable; if it raises, nothing of it is kept.

        ``lane``: the workspace that it writes to, or a negative number that is the same for all that must not be done
        at once; 0 for what may concern any workspace, which waits for all others.
        """

    async def lane_of(self, gid: int) -> int:  # noqa: ARG002 - most have one only
        """The lane for what is written about a record."""
        return 0

    @abstractmethod
    async def renew(self, work: Callable[[Store], T]) -> T:
        """What ``work`` returns, which puts all data of another store in place of those there are (``take_over``)."""

    @abstractmethod
    async def copy_to(self, path: Path) -> None:
        """Write a copy of what is committed to a new SQLite file."""

    async def open(self) -> None:  # noqa: B027 - most need nothing
        """Make ready for the first request."""

    @abstractmethod
    async def close(self) -> None:
        """Let go of the store, when nothing is under way any more."""

    @abstractmethod
    async def look_aside(self, find: Callable[[Any], T]) -> T:
        """What ``find`` makes of a cursor over what is committed, holding up nobody; ``RequestError`` if it is slow."""

    @abstractmethod
    async def carry_on(self, gid: int) -> bool:
        """Do one step of a job and make it durable; whether there is more to do."""

    @abstractmethod
    def changes_elsewhere(self) -> int:
        """A number that differs from the last one if another process has written since. It costs next to nothing."""

    @abstractmethod
    def sign(self, text: str) -> str:
        """A signature that only this database can make."""

    @abstractmethod
    def forget(self) -> None:
        """Other data are there now: forget what was known of those before."""

    def now(self) -> datetime:
        """The present moment, by the clock that all answers go by."""
        return self.clock()

    def operations(self) -> list[Route]:
        """The operations that are served, in the order of the kinds' pages."""
        return [route for kind in KINDS for route in kind.routes]


class WorkApi(Api):
    """All operations over one store that never makes anybody wait. Unless told, jobs are carried to their end at once.

    Its calls can be answered inline: ``answer`` carries one out, ``commit`` makes all of them durable.
    """

    def __init__(self, store: Store, **settings: Any) -> None:
        """``settings``: see ``Api``."""
        super().__init__(**settings)
        self.store = store
        self.session = session = Session(store, self)
        self.answer = session.answer
        self.commit = session.commit
        self.view = session.view
        self.finish = session.finish
        self.background = session.finish

    def changes_elsewhere(self) -> int:
        """A number that differs from the last one if another process has written since."""
        return self.store.changes_elsewhere()

    def sign(self, text: str) -> str:
        """A signature that only this database can make."""
        return self.store.sign(text)

    def forget(self) -> None:
        """Other data are there now: forget what was known of those before."""
        self.session.forget()

    async def send(self, call: Call, once: Once | None = None) -> Answer:
        """Carry out one call and make it durable."""
        route: Any = call.endpoint
        found = None
        if route.before is not None:
            waiting = await self.read(lambda session: session.ahead(call))
            found = await waiting(self)
        answer = self.answer(call, found, once)
        self.commit()
        return answer

    async def read(self, work: Callable[[Session], T]) -> T:
        """What ``work`` makes of what is committed."""
        self.store.begin_read()
        try:
            return work(self.session)
        finally:
            self.commit()

    async def write(self, work: Callable[[Session], T], lane: int = 0) -> T:  # noqa: ARG002 - there is but one
        """What ``work`` returns, once all that it wrote is durable; if it raises, nothing of it is kept."""
        try:
            return self.session.do(work)
        finally:
            self.commit()

    async def renew(self, work: Callable[[Store], T]) -> T:
        """What ``work`` returns, which puts all data of another store in place of those there are (``take_over``)."""
        return work(self.store)

    async def copy_to(self, path: Path) -> None:
        """Write a copy of what is committed to a new SQLite file."""
        self.store.copy_to(path)

    async def open(self) -> None:
        """From now on every request waits while the store does."""
        self.store.hurry()

    async def close(self) -> None:
        """Let go of the store, when nothing is under way any more."""
        self.store.close()

    async def look_aside(self, find: Callable[[Any], T]) -> T:
        """What ``find`` makes of a cursor over what is committed, holding up nobody; ``RequestError`` if it is slow."""
        return await self.store.look_aside(find)

    async def carry_on(self, gid: int) -> bool:
        """Do one step of a job and make it durable; whether there is more to do."""
        try:
            return self.session.carry_on(gid)
        finally:
            self.commit()
