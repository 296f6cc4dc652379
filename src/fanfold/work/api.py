"""The work-management API as a target: ``answer(call)`` finds the route's handler and lets it answer.

Compatible with Asana's published API. It needs no HTTP to be called and knows nothing of batches or limits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from fanfold.model import Answer, Call
from fanfold.work.background import advance, fail
from fanfold.work.clock import Clock, utc_now
from fanfold.work.identity import ROUTES as IDENTITY
from fanfold.work.kinds import KINDS, OBSERVERS, STEPS
from fanfold.work.kinds.events import ALIASES
from fanfold.work.kinds.export_files import discard_old
from fanfold.work.plans import on_free_plan
from fanfold.work.posting import Post
from fanfold.work.request import Request
from fanfold.work.router import Router
from fanfold.work.schema import Kind, Route
from fanfold.work.scim import ROUTES as SCIM
from fanfold.work.shape import decode
from fanfold.work.store import Store
from fanfold.work.strictness import StrictRequest
from fanfold.work.view import MEMBERS, SERVICE_ACCOUNTS, View

logger = logging.getLogger("fanfold")


class WorkApi:
    """All operations over one store. Links in answers begin with ``base``; uploads go to ``files``.

    ``strict``: unknown fields and parameters are refused rather than ignored. ``free``: on the free plan (see
    ``work/plans.py``). ``search_delay``: seconds after which
    searches see what was written.

    ``background`` is told of each job that has more to do than its first step, once that is durable; unless somebody
    else sets it, jobs are carried to their end at once. ``post`` is how targets of webhooks are spoken to; ``told`` is
    given the webhooks for which there may be something to deliver, once that is durable (see ``work/deliveries.py``).
    """

    def __init__(
        self,
        store: Store,
        *,
        base: str = "",
        files: Path | None = None,
        clock: Clock = utc_now,
        strict: bool = False,
        free: bool = False,
        search_delay: float = 0.0,
    ) -> None:
        self.store = store
        self.kinds: dict[str, Kind] = {kind.name: kind for kind in KINDS}
        served = [route for kind in KINDS for route in kind.routes]
        if free:
            served = on_free_plan(served)
        self.router = Router([*served, *ALIASES, *IDENTITY, *SCIM])
        self.resolve = self.router.find
        self.base = base
        self.files = files
        self._clock = clock
        self._search_delay = search_delay
        self._request = StrictRequest if strict else Request
        self._known: dict[int, tuple[frozenset[int], int]] = {}
        self._epoch = -1
        self._view: View | None = None
        self._begun: list[int] = []
        self.background: Callable[[int], None] = self.finish
        self.post: Post | None = None
        self.told: Callable[[list[int]], None] | None = None

    # -- the target's verbs ------------------------------------------------------------------------------------------

    def answer(self, call: Call, found: Any = None) -> Answer:
        """Carry out one call without waiting; what it wrote is durable after ``commit``. ``found``: see ``Route``."""
        route: Any = call.endpoint
        store = self.store
        if not route.write:
            store.begin_read()
            return route.handler(self._request(self.view(int(call.caller.user)), call, route, found))  # type: ignore[no-any-return]
        store.begin_action()
        begun = len(self._begun)
        try:
            answer: Answer = route.handler(self._request(self.view(int(call.caller.user)), call, route, found))
        except BaseException:
            store.undo_action()
            del self._begun[begun:]
            raise
        store.end_action()
        return answer

    async def send(self, call: Call) -> Answer:
        """Carry out one call and make it durable."""
        route: Any = call.endpoint
        found = None
        if route.before is not None:
            self.store.begin_read()
            request = self._request(self.view(int(call.caller.user)), call, route)
            found = await route.before(request)
            self._view = None  # it is later now
        answer = self.answer(call, found)
        self.commit()
        return answer

    def commit(self) -> None:
        """Make durable what was written since the last commit, and have the jobs that it began carried on."""
        self._view = None
        try:
            self.store.commit()
        except BaseException:
            self._begun.clear()
            raise
        if self._begun:
            begun, self._begun[:] = self._begun[:], ()
            for gid in begun:
                self.background(gid)
        webhooks = self.store.to_be_told()
        if webhooks and self.told is not None:
            self.told(webhooks)

    # -- jobs --------------------------------------------------------------------------------------------------------

    def unfinished(self) -> list[int]:
        """The jobs that are not at their end."""
        return self.store.unfinished()

    def carry_on(self, gid: int) -> bool:
        """Do one step of a job and make it durable; whether there is more to do. One that breaks has failed."""
        store = self.store
        store.begin_action()
        row = store.record(gid)
        view = self.view(0 if row is None else int(decode(row.document).get("user") or 0))
        try:
            more = advance(view, gid)
        except Exception:
            logger.exception("job %s failed", gid)
            store.undo_action()
            store.begin_action()
            fail(self.view(view.user), gid)
            more = False
        except BaseException:
            store.undo_action()
            raise
        store.end_action()
        self.commit()
        return more

    def finish(self, gid: int) -> None:
        """Carry a job on to its end."""
        while self.carry_on(gid):
            pass

    def discard_exports(self) -> bool:
        """Remove a bounded number of files of exports that are kept no longer; whether there may be more."""
        self.store.begin_action()
        try:
            more = discard_old(self.view(0))
        except BaseException:
            self.store.undo_action()
            raise
        self.store.end_action()
        self.commit()
        return more

    # -- who sees what -----------------------------------------------------------------------------------------------

    def view(self, user: int) -> View:
        """The store as a user sees it, at one moment: that of the first call since the last commit."""
        view, epoch = self._view, self.store.epoch
        if view is None or view.user != user or epoch != self._epoch:
            if epoch != self._epoch:
                self._epoch = epoch
                self._known.clear()
            if user not in self._known:
                self._known[user] = self._places(user)
            workspaces, service = self._known[user]
            view = self._view = View(
                self.store,
                self.kinds,
                user,
                workspaces,
                self._clock,
                self.base,
                OBSERVERS,
                self.files,
                STEPS,
                self._begun.append,
                service,
                self._search_delay,
                self.post,
            )
        return view

    def _places(self, user: int) -> tuple[frozenset[int], int]:
        """The workspaces that a user sees, and the one whose service account the user is, or 0."""
        for workspace, _ in self.store.owners(user, SERVICE_ACCOUNTS):
            return frozenset((workspace,)), workspace
        return frozenset([owner for owner, _ in self.store.owners(user, MEMBERS)]), 0

    def forget(self) -> None:
        """The store holds other data now: forget who is where, and what was begun."""
        self._view = None
        self._known.clear()
        self._begun.clear()

    def now(self) -> datetime:
        """The present moment, by the clock that all answers go by."""
        return self._clock()

    def operations(self) -> list[Route]:
        """The operations that are served, in the order of the kinds' pages."""
        return [route for kind in KINDS for route in kind.routes]
