"""The work-management API as a target: ``answer(call)`` finds the route's handler and lets it answer.

Compatible with Asana's published API. It needs no HTTP to be called and knows nothing of batches or limits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fanfold.model import Answer, Call
from fanfold.work.clock import Clock, utc_now
from fanfold.work.kinds import KINDS, OBSERVERS
from fanfold.work.pending import pending
from fanfold.work.request import Request
from fanfold.work.router import Router
from fanfold.work.schema import Kind, Route
from fanfold.work.store import SqliteStore
from fanfold.work.view import MEMBERS, View


class WorkApi:
    """All operations over one store. ``base`` is the address that links in answers begin with, ``files`` where uploads go."""

    def __init__(
        self, store: SqliteStore, *, base: str = "", files: Path | None = None, clock: Clock = utc_now
    ) -> None:
        self.store = store
        self.kinds: dict[str, Kind] = {kind.name: kind for kind in KINDS}
        served = [route for kind in KINDS for route in kind.routes]
        self.router = Router([*served, *pending(served)])
        self.resolve = self.router.find
        self.base = base
        self.files = files
        self._clock = clock
        self._workspaces: dict[int, frozenset[int]] = {}
        self._seen_epoch = -1

    # -- the target's verbs ------------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Answer:
        """Carry out one call without waiting; what it wrote is durable after ``commit``."""
        route: Any = call.endpoint
        view = self.view(int(call.caller.user))
        if not route.write:
            self.store.begin_read()
            return self._handle(route, call, view)
        self.store.begin_action()
        try:
            answer = self._handle(route, call, view)
        except BaseException:
            self.store.undo_action()
            raise
        self.store.end_action()
        return answer

    async def send(self, call: Call) -> Answer:
        """Carry out one call and make it durable."""
        answer = self.answer(call)
        self.commit()
        return answer

    def commit(self) -> None:
        """Make durable what was written since the last commit."""
        self.store.commit()

    def _handle(self, route: Route, call: Call, view: View) -> Answer:
        return route.handler(Request(view, call, route))

    # -- who sees what -----------------------------------------------------------------------------------------------

    def view(self, user: int) -> View:
        """The store as a user sees it, at this moment."""
        if self.store.epoch != self._seen_epoch:
            self._workspaces.clear()
            self._seen_epoch = self.store.epoch
        workspaces = self._workspaces.get(user)
        if workspaces is None:
            workspaces = frozenset(owner for owner, _ in self.store.owners(user, MEMBERS))
            self._workspaces[user] = workspaces
        return View(self.store, self.kinds, user, workspaces, self._clock, self.base, OBSERVERS, self.files)

    def operations(self) -> list[Route]:
        """The operations that are served, in the order of the kinds' pages."""
        return [route for kind in KINDS for route in kind.routes]
