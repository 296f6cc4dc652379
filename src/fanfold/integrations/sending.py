"""Sending requests to one declared API: not too many at once, again where that is safe, and not while it says no.

There is one for each integration for the life of the process, so that its connections are used again, and what one call
learned (wait for ten seconds, nobody answers) the others know.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from msgspec import Struct

from fanfold.entries import Retry
from fanfold.errors import RemoteError, RequestError
from fanfold.integrations.declaration import Declaration, Manners, Method
from fanfold.integrations.rates import RateRules, Seen
from fanfold.integrations.responses import Reply
from fanfold.model import Answer
from fanfold.targets.attempts import Attempts
from fanfold.targets.exchange import Exchanges, NoAnswer, Request
from fanfold.targets.persistence import AGAIN, Breakers, Retries, spread
from fanfold.targets.terms import Terms
from fanfold.targets.vetting import Vetting

REDIRECTS = 3

_SHARED = 1000
"""Accounts of which it is remembered until when they are to wait."""


class Times(Struct, frozen=True):
    """Where time comes from: sleeping, a clock that only goes forward, and seconds since 1970."""

    sleep: Callable[[float], Awaitable[None]]
    clock: Callable[[], float]
    now: Callable[[], float]


Ask = Callable[[], Awaitable[Answer]]
"""One attempt at asking an API in this process."""


class Errand(Struct, frozen=True):
    """What is to be known of a request to send it: for which account, whether it changes something, until when.

    ``until`` is a time of the event loop; ``retry`` what the caller wants instead of the API's own manners.
    """

    account: str
    method: Method
    write: bool
    until: float
    rules: RateRules
    retry: Retry | None = None


class Pauses:
    """Until when each account is to leave its API alone, because it was told so."""

    def __init__(self, times: Times) -> None:
        self._times = times
        self._until: dict[str, float] = {}

    def left(self, account: str) -> float:
        """Seconds that are left of an account's pause."""
        until = self._until.get(account)
        if until is None:
            return 0.0
        left = until - self._times.clock()
        if left <= 0:
            del self._until[account]
        return max(0.0, left)

    def lengthen(self, account: str, seconds: float) -> None:
        """Let an account wait for so long from now, if it would not wait longer anyway."""
        until = self._times.clock() + seconds
        if until > self._until.get(account, 0.0):
            self._until.pop(account, None)
            self._until[account] = until
            while len(self._until) > _SHARED:
                del self._until[next(iter(self._until))]


class Sender:
    """Sends to the API of one declaration, to addresses that ``vetting`` allows only."""

    def __init__(self, declaration: Declaration, vetting: Vetting, times: Times) -> None:
        self.manners: Manners = declaration.manners
        self._name = declaration.name
        self._times = times
        self._pauses = Pauses(times)
        terms = Terms(
            timeout=self.manners.timeout,
            connections=self.manners.concurrency,
            max_response=self.manners.max_response,
            redirects=REDIRECTS,
        )
        self._breakers = Breakers(terms.failures, terms.rest, times.clock)
        self.exchanges = Exchanges(terms, vetting)
        self._attempts = Attempts(self.exchanges, declaration.name)
        self._places = asyncio.Semaphore(self.manners.concurrency)
        self._under_way = 0
        self._retired = False

    async def send(self, request: Request, errand: Errand, ask: Ask | None = None) -> Reply:
        """The last answer, whatever its status; raises ``RequestError`` where there is none.

        ``ask`` is asked instead of the network, with the same manners.
        """
        self._under_way += 1
        try:
            return await self._persist(request, errand, ask)
        finally:
            self._under_way -= 1
            if self._retired and not self._under_way:
                await self.close()

    async def _persist(self, request: Request, errand: Errand, ask: Ask | None) -> Reply:
        """Attempts until one is to be the last."""
        breaker = self._breakers.of(errand.account)
        tried = 0
        while True:
            if self._pauses.left(errand.account):
                await self._wait(errand)
            async with self._places:
                outcome = await (self._attempts.make(request, breaker) if ask is None else ask())
            tried += 1
            if isinstance(outcome, Answer) and outcome.status < 300 and errand.rules.plain and errand.retry is None:
                return _reply(outcome, errand)
            pause, reply = await self._judged(outcome, errand, tried)
            if pause is None or breaker.wait():
                if reply is None:
                    message = outcome.message if isinstance(outcome, NoAnswer) else ""
                    raise RequestError(message, status=502)
                return reply
            if pause:
                await self._times.sleep(pause)

    def failed(self, account: str) -> None:
        """Note that an account had no answer in time."""
        self._breakers.of(account).failed()

    async def retire(self) -> None:
        """Close the connections when all that is under way has ended; nothing more is to be begun."""
        self._retired = True
        if not self._under_way:
            await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self.exchanges.close()

    # -- whether to ask again ----------------------------------------------------------------------------------------

    async def _wait(self, errand: Errand) -> None:
        """Let the pause of an account pass; raises ``RemoteError`` (429) where that takes longer than is left."""
        while left := self._pauses.left(errand.account):
            if left > self.manners.max_wait or left >= errand.until - asyncio.get_running_loop().time():
                raise RemoteError(
                    f"{self._name} has asked to be left alone for another {left:.0f} seconds",
                    status=429,
                    extra={"truto_is_remote_error": True, "raw_response": None},
                    headers=(("retry-after", f"{left:.0f}"),),
                )
            # A little more for each, or all who waited would come at once.
            await self._times.sleep(left + 0.05 * spread())

    async def _judged(
        self, outcome: Answer | NoAnswer, errand: Errand, tried: int
    ) -> tuple[float | None, Reply | None]:
        """Seconds until the next attempt, None where this was the last, and the answer if there is one."""
        if isinstance(outcome, NoAnswer):
            again = not outcome.lasting and (outcome.unsent or not errand.write)
            return (self._grown(errand, tried, None) if again else None), None
        reply = _reply(outcome, errand)
        seen = Seen(reply.status, reply.headers, reply.shown)
        if await errand.rules.refused(seen):
            wished = await errand.rules.wished(seen)
            pause = self._grown(errand, tried, wished)
            self._pauses.lengthen(errand.account, wished if wished is not None else pause or 0.0)
            # Waiting is done with all others of the account, before the next attempt.
            return (None if pause is None else 0.0), reply
        statuses = errand.retry.statuses if errand.retry else frozenset() if errand.write else AGAIN
        if reply.status not in statuses:
            return None, reply
        return self._grown(errand, tried, await errand.rules.wished(seen)), reply

    def _grown(self, errand: Errand, tried: int, wished: float | None) -> float | None:
        retry = errand.retry
        attempts, base = (retry.attempts, retry.pause) if retry else (self.manners.attempts, 0.2)
        pause = Retries(attempts, base, self.manners.max_wait).pause(tried, wished, spread())
        if pause is None or pause >= errand.until - asyncio.get_running_loop().time():
            return None
        return pause


def _reply(answer: Answer, errand: Errand) -> Reply:
    return Reply(answer.status, dict(answer.headers), answer.body, errand.method)
