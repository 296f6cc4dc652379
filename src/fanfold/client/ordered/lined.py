"""Creates tasks in order where the server can carry out a batch in order: one request for each batch, and no more.

Every creation has a key, so that it is done once however often it is sent. What fails stops its batch; it is sent again
with what comes after it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter, deque
from collections.abc import Sequence
from typing import Any

from fanfold.client.errors import ClientClosed, ClientError, DependencyFailed
from fanfold.client.offers import Offer
from fanfold.client.ordered.creation import Batches, Patience, Sleep, is_final
from fanfold.client.ordered.outcome import outcome
from fanfold.client.ordered.wanted import Wanted
from fanfold.client.replies import Reply
from fanfold.client.request import Request

_ENVELOPE = 128
"""Bytes of an action around its line: key, id and what it depends on."""


def keeps_order(offer: Offer) -> bool:
    """Whether a server carries out actions in order on demand, and each once."""
    return offer.has("idempotency_key") and (offer.has("serial") or offer.has("references"))


class Line:
    """Creates ``wanted`` in batches of up to ``size`` actions and ``room`` bytes."""

    def __init__(
        self,
        client: Batches,
        wanted: Wanted,
        offer: Offer,
        size: int,
        room: int,
        patience: Patience,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._client = client
        self._wanted = wanted
        self._serial = offer.has("serial")
        slots = [told.quota for told in offer.limits if told.limit == "writes" and told.window is None]
        self._size = max(1, min([size, *slots]))
        self._room = room
        self._patience = patience
        self._sleep = sleep
        self._name = secrets.token_hex(12)
        self._queue = deque(range(len(wanted)))
        self._created: list[Any | None] = [None] * len(wanted)
        self._errors: dict[int, ClientError] = {}
        self._tries: Counter[int] = Counter()

    async def run(self) -> list[Any]:
        """What the server answered for each task. Raises ``PartlyCreated``, or why nothing at all was created."""
        while self._queue:
            requests = self._next()
            replies = await self._client.batch(
                requests, serial=self._serial and len(requests) > 1, stop=len(requests) > 1, return_exceptions=True
            )
            error = self._learn(replies)
            if error is not None:
                await self._fail(error)
        return outcome(self._created, self._errors)

    def _next(self) -> list[Request]:
        """The next tasks, as many as fit into a batch; each waits for the one before it."""
        requests: list[Request] = []
        room = self._room
        for place in list(self._queue)[: self._size]:
            named: dict[str, Any] = {"key": f"{self._name}-{place}"}
            if not self._serial:
                named["id"] = f"t{place}"
                named["depends_on"] = (requests[-1].id,) if requests else ()
            request = self._wanted.create(place, **named)
            room -= len(request.in_batch()) + _ENVELOPE
            if requests and room < 0:
                break
            requests.append(request)
        return requests

    def _learn(self, replies: Sequence[Reply | ClientError]) -> ClientError | None:
        """Take in what was created, up to the first that was not; why that was not."""
        for reply in replies:
            error = reply if isinstance(reply, ClientError) else reply.error
            if error is not None:
                return error
            assert isinstance(reply, Reply)  # noqa: S101 - for the types
            self._created[self._queue.popleft()] = reply.data
        return None

    async def _fail(self, error: ClientError) -> None:
        """The first of the queue was not created: leave it out if it was refused, or wait before it is sent again."""
        place = self._queue[0]
        self._tries[place] += 1
        final = is_final(error) and not isinstance(error, DependencyFailed)
        if isinstance(error, ClientClosed) or (final and not any(self._created)):
            raise error
        if final or self._tries[place] >= self._patience.attempts:
            self._errors[place] = error
            self._queue.popleft()
        else:
            await self._sleep(self._patience.pause)


__all__ = ["Line", "keeps_order"]
