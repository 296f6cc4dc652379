"""Carries out a scheme against a server that promises no order, and mends what goes wrong on the way.

A creation of which nobody knows whether it was done is never simply repeated: the project is read first, and what is
there is taken over. For that what stood there before is read before anything is created.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Literal, Protocol

from msgspec import Struct

from fanfold.client.errors import ApiError, BadAnswer, ClientClosed, ClientError, NotFound, TransportError
from fanfold.client.ordered.arrangement import Arrangement
from fanfold.client.ordered.gaps import Move
from fanfold.client.ordered.listing import Listing, Page
from fanfold.client.ordered.outcome import outcome
from fanfold.client.ordered.schemes import Create, Look, Scheme, Step, next_round
from fanfold.client.ordered.wanted import Wanted
from fanfold.client.replies import Reply
from fanfold.client.request import Request


class Batches(Protocol):
    """What creation needs of a client."""

    async def batch(
        self,
        requests: Iterable[Request],
        *,
        serial: bool = ...,
        stop: bool = ...,
        return_exceptions: Literal[True],
    ) -> list[Reply | ClientError]:
        """The reply to each request, or why there is none."""


class Patience(Struct, frozen=True):
    """``attempts`` at each task, and seconds to ``pause`` before looking whether what was not answered was done."""

    attempts: int = 6
    pause: float = 1.0


Sleep = Callable[[float], Awaitable[object]]


class Creation:
    """Creates ``wanted`` in a project, in rounds of up to ``size`` actions."""

    def __init__(
        self,
        client: Batches,
        project: str,
        wanted: Wanted,
        scheme: Scheme,
        size: int,
        patience: Patience,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client = client
        self._wanted = wanted
        self._scheme = scheme
        self._size = size
        self._patience = patience
        self._sleep = sleep
        self._listing = Listing(project, unfinished=not wanted.any_completed)
        self._arrangement = Arrangement(len(wanted))
        self._before: set[str] = set()
        self._created: list[Any | None] = [None] * len(wanted)
        self._errors: dict[int, ClientError] = {}
        self._tries: Counter[int] = Counter()
        self._reasons: dict[int, ClientError] = {}
        self._failures = self._forgotten = 0
        self._unanswered = False

    async def run(self) -> list[Any]:
        """What the server answered for each task. Raises ``PartlyCreated``, or why nothing at all was created."""
        await self._read_before()
        while steps := next_round(self._arrangement, self._scheme, self._size, self._wanted.kinds):
            self._disown()
            replies = await self._client.batch([self._written(step) for step in steps], return_exceptions=True)
            for reply in replies:
                if isinstance(reply, ClientClosed):
                    raise reply
            self._learn(steps, replies)
            self._forsake()
            if self._unanswered:
                await self._rest()
        return outcome(self._created, self._errors)

    # -- asking ------------------------------------------------------------------------------------------------------

    async def _read_before(self) -> None:
        ended = False
        while not ended:
            self._listing.remember()
            (reply,) = await self._client.batch([self._listing.request()], return_exceptions=True)
            page = self._page(reply)
            if page is not None:
                self._before.update(gid for gid, _ in page.tasks)
                ended = page.ended
            elif self._unanswered:
                await self._rest()

    async def _rest(self) -> None:
        """Give the server time to be done with what it has not answered."""
        self._unanswered = False
        await self._sleep(self._patience.pause)

    def _written(self, step: Step) -> Request:
        if isinstance(step, Create):
            return self._wanted.create(step.place)
        if isinstance(step, Look):
            if step.afresh:
                self._listing.restart()
            return self._listing.request()
        gids = self._arrangement.gids
        if step.after is not None:
            return self._wanted.move(gids[step.place], {"insert_after": gids[step.after]})
        before = None if step.before is None else gids[step.before]
        return self._wanted.move(gids[step.place], {"insert_before": before})

    # -- learning ----------------------------------------------------------------------------------------------------

    def _learn(self, steps: Sequence[Step], replies: Sequence[Reply | ClientError]) -> None:
        """Take in what came of a round; what was read tells of the blocks that were there before it."""
        blocks, lost = len(self._arrangement.blocks), set(self._arrangement.lost)
        appended = []
        looks = []
        for step, reply in zip(steps, replies, strict=True):
            if isinstance(step, Create):
                if self._is_appended(step.place, reply):
                    appended.append(step.place)
            elif isinstance(step, Move):
                self._has_moved(step.place, reply)
            else:
                looks.append(reply)
        self._arrangement.appended(appended)
        for reply in looks:
            self._has_read(reply, blocks, too_early=self._arrangement.lost > lost)
        refused = [step.place for step in steps if isinstance(step, Create) and step.place in self._errors]
        if refused and not self._arrangement.gids and not appended:
            raise self._errors[refused[0]]

    def _is_appended(self, place: int, reply: Reply | ClientError) -> bool:
        """Whether a task has been created, or perhaps."""
        error = reply if isinstance(reply, ClientError) else reply.error
        if error is None and isinstance(reply, Reply):
            gid = reply.data.get("gid") if isinstance(reply.data, dict) else None
            if isinstance(gid, str):
                self._arrangement.named(place, gid)
                self._created[place] = reply.data
                return True
            error = BadAnswer("The answer is no task")
        assert error is not None  # noqa: S101 - for the types
        if _was_not_done(error):
            if is_final(error):
                self._give_up(place, error)
            elif not self._is_too_often(place, error):
                self._arrangement.again(place)
            return False
        self._unanswered = self._unanswered or not isinstance(error, ApiError)
        self._tries[place] += 1
        self._reasons[place] = error
        self._arrangement.lost.add(place)
        return True

    def _has_moved(self, place: int, reply: Reply | ClientError) -> None:
        error = reply if isinstance(reply, ClientError) else reply.error
        if error is None:
            self._arrangement.moved(place)
        elif isinstance(error, NotFound):
            self._created[place] = None
            self._give_up(place, error)
        elif not self._is_too_often(place, error):
            # It may have been done, or be done yet; or an anchor is no longer there.
            self._unanswered = self._unanswered or not isinstance(error, ApiError)
            if is_final(error) or not _was_not_done(error):
                self._arrangement.doubt(at_once=is_final(error))

    def _has_read(self, reply: Reply | ClientError, blocks: int, *, too_early: bool) -> None:
        """Take in a page. ``too_early``: it may have been read before what is lost was created."""
        page = self._page(reply)
        if page is None:
            return
        arrangement = self._arrangement
        for gid, name in page.tasks:
            if gid not in self._before and gid not in arrangement.places:
                arrangement.strangers[gid] = name
        for place in arrangement.adopt(self._wanted.names):
            self._created[place] = {"gid": arrangement.gids[place], "name": self._wanted.names[place]}
        arrangement.read(
            [gid for gid, _ in page.tasks if gid not in self._before], blocks, ended=page.ended and not too_early
        )

    def _page(self, reply: Reply | ClientError) -> Page | None:
        """What was read; None if it has to be read again. Raises why it cannot be read, if that will not change."""
        try:
            if isinstance(reply, ClientError):
                raise reply
            page = self._listing.page(reply)
        except ClientError as error:
            self._failures += 1
            if is_final(error) or self._failures > self._patience.attempts:
                raise
            self._unanswered = True
            return None
        self._failures = 0
        if page is None:
            self._forgotten += 1
            if self._forgotten > self._patience.attempts:
                raise BadAnswer("The server forgets again and again where its pages end")
        elif page.ended:
            self._forgotten = 0
        return page

    # -- giving up ---------------------------------------------------------------------------------------------------

    def _disown(self) -> None:
        """What is nobody's while nothing is lost belongs to others, whatever its name."""
        if not self._arrangement.lost:
            self._before.update(self._arrangement.strangers)
            self._arrangement.strangers.clear()

    def _forsake(self) -> None:
        """Give up the tasks that are found not to be there again and again."""
        for place in [place for place in self._reasons if place not in self._arrangement.lost]:
            error = self._reasons.pop(place)
            if place not in self._arrangement.gids and self._tries[place] >= self._patience.attempts:
                self._give_up(place, error)

    def _is_too_often(self, place: int, error: ClientError) -> bool:
        """Whether a task has failed so often that it is given up."""
        self._tries[place] += 1
        if self._tries[place] < self._patience.attempts:
            return False
        self._give_up(place, error)
        return True

    def _give_up(self, place: int, error: ClientError) -> None:
        self._errors[place] = error
        self._arrangement.give_up(place)


def _was_not_done(error: ClientError) -> bool:
    """Whether it is certain that a request changed nothing."""
    if isinstance(error, ApiError):
        return error.status < 500 and error.status != 408
    return isinstance(error, TransportError) and not error.sent


def is_final(error: ClientError) -> bool:
    """Whether the same request would be refused again."""
    return isinstance(error, ApiError) and error.status < 500 and error.status not in {408, 425, 429}


__all__ = ["Batches", "Creation", "Patience", "Sleep", "is_final"]
