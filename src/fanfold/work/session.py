"""A store being worked with: whose turn it is, what they may see, and what their calls have begun.

Over a SQLite file there is one session, which lasts; over a database that others use too there is one for each request
or each group of writes. In both, calls are answered one after the other and nothing waits.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from fanfold.errors import Unavailable
from fanfold.model import Answer, Call
from fanfold.work.background import advance, fail
from fanfold.work.kinds import OBSERVERS, STEPS
from fanfold.work.kinds.export_files import discard_old
from fanfold.work.shape import decode
from fanfold.work.view import MEMBERS, SERVICE_ACCOUNTS, View

if TYPE_CHECKING:
    from fanfold.work.api import Api
    from fanfold.work.schema import Waiting
    from fanfold.work.store import Store

T = TypeVar("T")

PLACES = (SERVICE_ACCOUNTS, MEMBERS)
"""Link fields by which a user is in a workspace."""

MAX_USERS = 10_000
"""Users of whom it is remembered where they are."""

logger = logging.getLogger("fanfold")


class Once(Protocol):
    """Sees to it that a call that writes is carried out once, however often it is asked for."""

    def known(self, store: Store) -> Answer | None:
        """The answer, if it was carried out before."""

    def keep(self, store: Store, answer: Answer) -> None:
        """Keep the answer."""


def raise_in_words(store: Store, error: BaseException) -> NoReturn:
    """Raise an error as whoever asked is to be told of it."""
    said = store.in_words(error) if isinstance(error, Exception) else error
    if said is error:
        raise error
    raise said from None


class Session:
    """The operations of an API over one store. What was written is durable after ``commit``."""

    def __init__(self, store: Store, api: Api) -> None:
        self.store = store
        self._api = api
        self._known: dict[int, tuple[frozenset[int], int]] = {}
        self._epoch = -1
        self._view: View | None = None
        self._begun: list[int] = []

    # -- calls -------------------------------------------------------------------------------------------------------

    def answer(self, call: Call, found: Any = None, once: Once | None = None) -> Answer:
        """Carry out one call without waiting; what it wrote is durable after ``commit``. ``found``: see ``Route``.

        ``once`` knows the answer, if it was carried out before, or keeps it, in the same action as what it wrote.
        """
        route: Any = call.endpoint
        store, request = self.store, self._api.request
        if not route.write:
            try:
                store.begin_read()
                return route.handler(request(self.view(int(call.caller.user)), call, route, found))  # type: ignore[no-any-return]
            except Exception as error:  # noqa: BLE001 - it is raised, in its own words or in better ones
                raise_in_words(store, error)
        store.begin_action()
        begun = len(self._begun)
        try:
            known = None if once is None else once.known(store)
            answer: Answer = known or route.handler(request(self.view(int(call.caller.user)), call, route, found))
            if once is not None and known is None:
                once.keep(store, answer)
        except BaseException as error:  # noqa: BLE001
            store.undo_action()
            del self._begun[begun:]
            raise_in_words(store, error)
        store.end_action()
        return answer

    def do(self, work: Callable[[Session], T]) -> T:
        """What ``work`` returns, which is undone if it raises; durable after ``commit``."""
        self.store.begin_action()
        try:
            result = work(self)
        except BaseException as error:  # noqa: BLE001
            self.store.undo_action()
            raise_in_words(self.store, error)
        self.store.end_action()
        return result

    def ahead(self, call: Call) -> Waiting:
        """What a call whose route says so has to wait for before it can be answered."""
        route: Any = call.endpoint
        waiting: Waiting = route.before(self._api.request(self.view(int(call.caller.user)), call, route))
        return waiting

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
                self._api.background(gid)
        webhooks = self.store.to_be_told()
        if webhooks and self._api.told is not None:
            self._api.told(webhooks)

    # -- in the background -------------------------------------------------------------------------------------------

    def carry_on(self, gid: int) -> bool:
        """Do one step of a job and make it durable; whether there is more to do. One that breaks has failed.

        Raises ``Unavailable`` where the step could not be done for now, and nothing of it was.
        """
        store = self.store
        try:
            more = self._advance(gid)
        except BaseException as error:  # noqa: BLE001
            store.undo_action()
            raise_in_words(store, error)
        store.end_action()
        self.commit()
        return more

    def _advance(self, gid: int) -> bool:
        """Do one step in an action that is left open."""
        store = self.store
        store.begin_action()
        row = store.record(gid)
        view = self.view(0 if row is None else int(decode(row.document).get("user") or 0))
        try:
            return advance(view, gid)
        except Exception as error:
            if isinstance(store.in_words(error), Unavailable):
                raise
            logger.exception("job %s failed", gid)
            store.undo_action()
            store.begin_action()
            fail(self.view(view.user), gid)
            return False

    def finish(self, gid: int) -> None:
        """Carry a job on to its end."""
        while self.carry_on(gid):
            pass

    def discard_exports(self) -> bool:
        """Remove a bounded number of files of exports that are kept no longer; whether there may be more."""
        return discard_old(self.view(0))

    # -- who sees what -----------------------------------------------------------------------------------------------

    def view(self, user: int) -> View:
        """The store as a user sees it, at one moment: that of the first call since the last commit."""
        view, epoch = self._view, self.store.epoch
        if view is None or view.user != user or epoch != self._epoch:
            if epoch != self._epoch:
                self._epoch = epoch
                self._known.clear()
            if user not in self._known:
                if len(self._known) >= MAX_USERS:
                    self._known.clear()
                self._known[user] = self._places(user)
            workspaces, service = self._known[user]
            api = self._api
            view = self._view = View(
                self.store,
                api.kinds,
                user,
                workspaces,
                api.clock,
                api.base,
                OBSERVERS,
                api.files,
                STEPS,
                self._begun.append,
                service,
                api.search_delay,
                api.post,
            )
        return view

    def _places(self, user: int) -> tuple[frozenset[int], int]:
        """The workspaces that a user sees, and the one whose service account the user is, or 0."""
        served, member_of = self.store.owners_by(user, *PLACES)
        for workspace, _ in served:
            return frozenset((workspace,)), workspace
        return frozenset([owner for owner, _ in member_of]), 0

    def forget(self) -> None:
        """The store holds other data now: forget who is where, and what was begun."""
        self._view = None
        self._known.clear()
        self._begun.clear()

    def now(self) -> datetime:
        """The present moment, by the clock that all answers go by."""
        return self._api.clock()
