"""How the actions of a job are carried out: each is admitted when its turn comes, waits where it has to, and is kept.

It stands between the engine and the target as the engine's ledger, which is asked for every action that has a key; in
a job each has one, its place. What is known already is answered from what was kept, so that a job which is gone on
with does nothing twice. What writes to the work API is kept in the transaction that writes. For what writes elsewhere
the server's own ledger notes that it was begun, and what nobody saw the end of is not done again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from msgspec import Struct

from fanfold.engine import Admission
from fanfold.engine.plan import Plan, add_costs
from fanfold.errors import Limited, LimitExceeded, RequestError, TimedOut, Unauthenticated, Unavailable, Undecided
from fanfold.idempotency import Ledger, fingerprint_of
from fanfold.model import Answer, Call, Target, Wiring
from fanfold.server.jobs import records
from fanfold.server.jobs.pace import Pace
from fanfold.server.jobs.records import Job
from fanfold.server.jobs.work import Still
from fanfold.work.schema import Route

if TYPE_CHECKING:
    from fanfold.engine.admission import Admitted
    from fanfold.work.api import Api
    from fanfold.work.store import Store

T = TypeVar("T")

LONGEST_WAIT = 5.0
"""Seconds for which a limit that refused is not asked again at most: others may have given back what they had."""

AGAIN = 2.0
"""Seconds after which the database is asked again that could not be reached."""

RIGHTS = 1.0
"""Seconds for which it holds that a caller may still ask."""


class Means(Struct, frozen=True):
    """What the actions of any job are carried out with.

    ``timeout`` in seconds bounds each that reads; ``most`` bytes of answers are kept of a job, and all its actions may
    fan out into ``fan_out`` elements.
    ``target`` and ``admission`` are asked for each time, as they may be exchanged. ``watched`` has those who look on
    told of the calls of a target.
    """

    api: Api
    target: Callable[[], Target]
    admission: Callable[[], Admission]
    watched: Callable[[Target], Target]
    ledger: Ledger
    still: Still
    timeout: float
    most: int
    fan_out: int
    pace: Pace


class Kept:
    """How much is kept of one job; satisfies ``work.session.Once`` for the action at ``place``."""

    def __init__(self, job: Job, room: Room, until: float, place: str) -> None:
        self._job = job
        self._room = room
        self._until = until
        self._place = place

    def known(self, store: Store) -> Answer | None:
        """The answer that was given before."""
        return records.one(store, self._job, self._place)

    def keep(self, store: Store, answer: Answer) -> None:
        """Keep the answer."""
        found = records.settled(self._place, self._room.bounded(answer))
        records.add(store, self._job, [found], self._until)


class Room:
    """How much may still be kept of the answers of one job, in bytes."""

    def __init__(self, most: int) -> None:
        self.left = most

    def bounded(self, answer: Answer) -> Answer:
        """The answer, or what is kept of one for which there is no room any more."""
        size = len(answer.body) + sum(len(name) + len(value) for name, value in answer.headers)
        if size <= self.left:
            self.left -= size
            return answer
        return Answer(507, _TOO_LARGE, trusted=True)


_TOO_LARGE = b'{"errors":[{"message":"The results of this job are too large together: this one was not kept"}]}'


class Actions:
    """The actions of one job, as their ``wirings`` have them. ``recorded`` are answers by place.

    ``kept`` are the places whose answers were kept as they were given. ``let_in``: whether the caller may still ask.
    """

    def __init__(
        self, means: Means, job: Job, recorded: dict[str, Answer], wirings: Sequence[Wiring], room: Room, until: float
    ) -> None:
        self._means = means
        self._job = job
        self._caller = job.caller
        self._recorded = recorded
        self._wirings = wirings
        self._room = room
        self._until = until
        self._turn = asyncio.Lock()
        self._over: asyncio.Future[RequestError] = asyncio.get_running_loop().create_future()
        self._sure_until = 0.0
        self.kept: set[str] = set()
        self.let_in = True

    def stop(self, error: RequestError) -> None:
        """Begin nothing any more, and give up what only reads: their results are this error."""
        if not self._over.done():
            self._over.set_result(error)

    # -- as the engine's target and ledger ---------------------------------------------------------------------------

    def resolve(self, method: str, path: str) -> Any:
        """The endpoint, as the target has it."""
        return self._means.target().resolve(method, path)

    async def send(self, call: Call) -> Answer:
        """Every action has a key, so that ``carry_out`` is asked instead."""
        raise AssertionError(f"{call.path} has no key")

    async def carry_out(self, call: Call, key: str, run: object) -> tuple[Answer, bool]:  # noqa: ARG002 - of Ledger
        """What the action at a place answers, carried out once; False, as the client gave it no key."""
        known = self._recorded.get(key)
        if known is not None:
            return known, False
        while True:
            await self._may_begin()
            admitted = await self._admitted(call)
            try:
                await self._may_begin()
                return await self._put(call, key)
            except (Unavailable, Undecided):
                if not call.endpoint.write or isinstance(call.endpoint, Route):
                    await self._unless_over(asyncio.sleep(AGAIN))
                    continue
                raise
            finally:
                admitted.release()

    # -- before it begins --------------------------------------------------------------------------------------------

    async def _may_begin(self) -> None:
        """Raise what it is refused with where the job is to end, or its caller is let in no more."""
        if self._over.done():
            raise self._over.result()
        if time.monotonic() >= self._sure_until:
            if not await self._means.still(self._caller):
                self.let_in = False
                self.stop(Unauthenticated("Not carried out: whoever asked for this job is not authorized any more"))
                raise self._over.result()
            self._sure_until = time.monotonic() + RIGHTS

    async def _admitted(self, call: Call) -> Admitted:
        """Take what a call costs, when that is to be had: refusals may cost something too, so it is looked first."""
        costs = add_costs([call.endpoint], 1)
        async with self._turn:
            while True:
                admission = self._means.admission()
                refusals, _ = await admission.look(costs, self._caller)
                waits = [refusal.retry_after for refusal in refusals]
                if not waits:
                    try:
                        return await admission.admit(Plan((), costs), self._caller).__aenter__()
                    except LimitExceeded as refused:
                        waits = [refused.retry_after]
                if None in waits:
                    raise Limited
                longest = max(wait for wait in waits if wait is not None)
                await self._unless_over(asyncio.sleep(min(longest, LONGEST_WAIT)))

    # -- carrying it out ---------------------------------------------------------------------------------------------

    async def _put(self, call: Call, key: str) -> tuple[Answer, bool]:
        place, _, element = key.partition("/")
        given = self._wirings[int(place)].key
        if given:
            name = f"{given}/{element}" if element else given
            fingerprint = fingerprint_of(call.method, call.path, call.query, call.body)
            return await self._means.ledger.once(self._caller, name, fingerprint, lambda: self._carry_out(call, key))
        if call.endpoint.write and not isinstance(call.endpoint, Route):
            name = f"job/{self._job.id}/{key}"
            fingerprint = fingerprint_of(call.method, call.path, call.query, call.body)
            found, _ = await self._means.ledger.once(
                self._caller, name, fingerprint, lambda: self._means.target().send(call)
            )
            return found, False
        return await self._carry_out(call, key), False

    async def _carry_out(self, call: Call, key: str) -> Answer:
        if not call.endpoint.write:
            return await self._read(call, self._wirings[int(key.partition("/")[0])].timeout)
        if not isinstance(call.endpoint, Route):
            return await self._means.target().send(call)
        await self._means.pace.turn()
        once = Kept(self._job, self._room, self._until, key)
        answer = await self._means.watched(_Writing(self._means.api, once)).send(call)
        self.kept.add(key)
        return answer

    async def _read(self, call: Call, own: float | None) -> Answer:
        try:
            async with asyncio.timeout(min(own or self._means.timeout, self._means.timeout)) as bound:
                return await self._unless_over(self._send(call))
        except TimeoutError:
            if not bound.expired():
                raise
            raise TimedOut from None

    async def _send(self, call: Call) -> Answer:
        await self._means.pace.turn()
        return await self._means.target().send(call)

    async def _unless_over(self, awaited: Coroutine[Any, Any, T]) -> T:
        """What is awaited, which is given up when the job is to end."""
        task = asyncio.ensure_future(awaited)
        try:
            await asyncio.wait((task, self._over), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise self._over.result()
            return task.result()
        finally:
            if not task.done():
                task.cancel()


class _Writing:
    """The work API, which keeps what it answers together with what it writes."""

    def __init__(self, api: Api, once: Kept) -> None:
        self._api = api
        self._once = once
        self.resolve = api.resolve

    async def send(self, call: Call) -> Answer:
        """Carry out one call."""
        return await self._api.send(call, self._once)
