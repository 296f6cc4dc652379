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
    """All operations over one store. Links in answers begin with ``base``; uploads go to ``files``."""

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
        self._epoch = -1
        self._view: View | None = None

    # -- the target's verbs ------------------------------------------------------------------------------------------

    def answer(self, call: Call) -> Answer:
        """Carry out one call without waiting; what it wrote is durable after ``commit``."""
        route: Any = call.endpoint
        store = self.store
        if not route.write:
            store.begin_read()
            return route.handler(Request(self.view(int(call.caller.user)), call, route))  # type: ignore[no-any-return]
        store.begin_action()
        try:
            answer: Answer = route.handler(Request(self.view(int(call.caller.user)), call, route))
        except BaseException:
            store.undo_action()
            raise
        store.end_action()
        return answer

    async def send(self, call: Call) -> Answer:
        """Carry out one call and make it durable."""
        answer = self.answer(call)
        self.commit()
        return answer

    def commit(self) -> None:
        """Make durable what was written since the last commit."""
        self._view = None
        self.store.commit()

    # -- who sees what -----------------------------------------------------------------------------------------------

    def view(self, user: int) -> View:
        """The store as a user sees it, at one moment: that of the first call since the last commit."""
        view, epoch = self._view, self.store.epoch
        if view is None or view.user != user or epoch != self._epoch:
            if epoch != self._epoch:
                self._epoch = epoch
                self._workspaces.clear()
            if user not in self._workspaces:
                self._workspaces[user] = frozenset([owner for owner, _ in self.store.owners(user, MEMBERS)])
            view = self._view = View(
                self.store, self.kinds, user, self._workspaces[user], self._clock, self.base, OBSERVERS, self.files
            )
        return view

    def operations(self) -> list[Route]:
        """The operations that are served, in the order of the kinds' pages."""
        return [route for kind in KINDS for route in kind.routes]
