"""An HTTP origin as a target: pooled connections, bounded in every direction, asked again only where that is safe.

Whatever an upstream does (hang, break off, answer nonsense or without end), it is that one call's error: 502 where no
good answer came, 503 where the upstream is being left alone, 504 where it took too long.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import ClassVar
from urllib.parse import quote, unquote, urlencode

from msgspec import Struct

from fanfold.errors import NoSuchRoute, RequestError, TimedOut
from fanfold.model import Answer, Call
from fanfold.targets.attempts import Attempts
from fanfold.targets.exchange import SAFE, Exchanges, NoAnswer, Request
from fanfold.targets.forwarding import may_be_passed, passed_on, spelt
from fanfold.targets.origins import check_path, read_origin
from fanfold.targets.payload import JSON, payload_of
from fanfold.targets.persistence import AGAIN, Breaker, Breakers, Budget, Retries, spread, wished_pause
from fanfold.targets.terms import Terms
from fanfold.targets.unpacking import ACCEPTED
from fanfold.targets.vetting import Vetting
from fanfold.version import __version__

logger = logging.getLogger("fanfold")

METHODS = SAFE | {"POST", "PUT", "PATCH", "DELETE"}


class UpstreamEndpoint(Struct, frozen=True):
    """All that can be known of an operation of somebody else's API: whether its method changes something."""

    write: bool
    batchable: bool
    costs: tuple[str, ...] = ()
    inline: bool = False
    remote: ClassVar[bool] = True


class UpstreamTarget:
    """Sends calls to the API at ``url``, as ``terms`` say, and to addresses that ``vetting`` allows only."""

    def __init__(
        self,
        url: str,
        terms: Terms | None = None,
        *,
        vetting: Vetting | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.terms = terms or Terms()
        self.vetting = vetting or Vetting()
        self.origin = read_origin(url)
        self._base = url.rstrip("/")
        self._fixed = {spelt(name): value for name, value in self.terms.headers}
        self._allowed = frozenset(name for name in map(spelt, self.terms.passed) if may_be_passed(name))
        self._retries = Retries(self.terms.attempts)
        self._budget = Budget()
        self._breakers = Breakers(self.terms.failures, self.terms.rest, clock)
        self._sleep = sleep
        self._exchanges = Exchanges(self.terms, self.vetting)
        self._attempts = Attempts(self._exchanges, self.origin.netloc)
        counts = self.terms.counts
        self._costs = {
            write: (f"{counts}requests", f"{counts}{'writes' if write else 'reads'}") if counts else ()
            for write in (False, True)
        }

    def resolve(self, method: str, path: str) -> tuple[UpstreamEndpoint, tuple[str, ...]]:
        """GET, HEAD and OPTIONS read; all else writes. What the upstream calls a batch may not stand in one."""
        if method not in METHODS:
            raise NoSuchRoute
        check_path(path)
        write = method not in SAFE
        first = unquote(path).strip("/").partition("/")[0]
        return UpstreamEndpoint(write, first.casefold() != "batch", self._costs[write]), ()

    async def send(self, call: Call) -> Answer:
        """The upstream's whole answer, whatever its status; raises ``RequestError`` where there is none."""
        request = self._prepare(call)
        breaker = self._breakers.of(call.caller.key)
        try:
            async with asyncio.timeout(self.terms.timeout):
                return await self._persist(request, breaker)
        except TimeoutError:
            breaker.failed()
            logger.warning("%s %s did not answer in time", self.origin.netloc, request.method)
            raise TimedOut from None

    async def close(self) -> None:
        """Close the connections."""
        await self._exchanges.close()

    # -- one call ----------------------------------------------------------------------------------------------------

    def _prepare(self, call: Call) -> Request:
        headers = passed_on(call.headers, self._allowed)
        headers.setdefault("user-agent", f"fanfold/{__version__}")
        body = call.body
        if body is not None and not isinstance(body, bytes) and self.terms.wrapped:
            body = {self.terms.wrapped: body}
        if body is not None and not isinstance(body, bytes):
            headers.setdefault("content-type", JSON)
        payload = payload_of(body, headers.get("content-type", "")) or None
        if payload is None:
            headers.pop("content-type", None)
        headers |= self._fixed
        headers["accept-encoding"] = ACCEPTED
        check_path(call.path)
        # A space as %20, which every server reads as one; as + only those that take the query for a form.
        query = f"?{urlencode(call.query, quote_via=quote)}" if call.query else ""
        return Request(call.method, f"{self._base}{call.path}{query}", headers, payload)

    async def _persist(self, request: Request, breaker: Breaker) -> Answer:
        """Attempts until one is to be the last."""
        self._budget.earn()
        until = asyncio.get_running_loop().time() + self.terms.timeout
        tried = 0
        while True:
            outcome = await self._attempts.make(request, breaker)
            tried += 1
            left = until - asyncio.get_running_loop().time()
            pause = None if breaker.wait() else self._pause(request, outcome, tried, left)
            if pause is None:
                if isinstance(outcome, Answer):
                    return outcome
                raise RequestError(outcome.message, status=502)
            await self._sleep(pause)

    def _pause(self, request: Request, outcome: Answer | NoAnswer, tried: int, left: float) -> float | None:
        """Seconds until the next attempt, or None where this was the last."""
        wished = None
        if isinstance(outcome, Answer):
            if outcome.status not in AGAIN:
                return None
            wished = wished_pause(dict(outcome.headers).get("retry-after"))
        elif outcome.lasting:
            return None
        if request.method not in SAFE:
            return None
        pause = self._retries.pause(tried, wished, spread())
        if pause is None or pause >= left or not self._budget.spend():
            return None
        return pause
