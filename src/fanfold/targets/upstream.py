"""An HTTP origin as a target: pooled connections, bounded in every direction, asked again only where that is safe.

Whatever an upstream does (hang, break off, answer nonsense or without end), it is that one call's error: 502 where no
good answer came, 503 where the upstream is being left alone, 504 where it took too long.
"""

from __future__ import annotations

import asyncio
import importlib
import logging
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import unquote, urlencode, urljoin, urlsplit

import msgspec
from msgspec import Struct

from fanfold.errors import ForbiddenTarget, NoSuchRoute, RequestError, TimedOut, Unreachable
from fanfold.model import Answer, Call, Pairs
from fanfold.targets.client import Client
from fanfold.targets.forwarding import INHERITED, OWN, may_be_passed, passed_back, passed_on, spelt
from fanfold.targets.origins import check_path, origin_of, read_origin
from fanfold.targets.persistence import AGAIN, FAILED, Breaker, Budget, Retries, spread, wished_pause
from fanfold.targets.unpacking import ACCEPTED, NotReadable, TooLarge, read_bounded
from fanfold.targets.vetting import Vetting
from fanfold.version import __version__

if TYPE_CHECKING:
    import aiohttp

logger = logging.getLogger("fanfold")

METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})

MAX_RESPONSE = 16 * 1024 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SECRET = frozenset({"authorization", "cookie"})

_encode = msgspec.json.Encoder().encode


class UpstreamEndpoint(Struct, frozen=True):
    """All that can be known of an operation of somebody else's API: whether its method changes something."""

    write: bool
    batchable: bool
    costs: tuple[str, ...] = ()
    inline: bool = False
    remote: ClassVar[bool] = True


class Terms(Struct, frozen=True, kw_only=True):
    """How an upstream is dealt with. Durations are in seconds, sizes in bytes.

    ``timeout`` is for a call with all its attempts. ``headers`` are sent with each call, whatever its caller says;
    ``passed`` names those of the caller that go on. ``wrapped`` is the name of a member that decoded bodies are put
    into. ``counts`` begins the names of the limits that calls cost. ``redirects`` is how many are followed, and
    ``keep_alive`` how long an idle connection is kept: less than servers do, as a write that meets a closed connection
    is not sent again.
    """

    timeout: float = 25.0
    connect_timeout: float = 5.0
    keep_alive: float = 4.0
    connections: int = 100
    max_response: int = MAX_RESPONSE
    redirects: int = 0
    attempts: int = 3
    failures: int = 5
    rest: float = 5.0
    headers: Pairs = ()
    passed: frozenset[str] = INHERITED | OWN
    wrapped: str = ""
    counts: str = ""


class _Request(Struct):
    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None


class _Exchange(Struct):
    """What is noticed while a request is under way."""

    reused: bool = False
    begun: bool = False


class _Failure(Struct):
    """No answer; ``stale`` where all there is to it is a pooled connection that had been closed meanwhile."""

    reason: str
    stale: bool


class _BrokenError(Exception):
    """A connection failed. Of a type that the client library does not take for a reason to send writes again."""


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
        self._breaker = Breaker(self.terms.failures, self.terms.rest, clock)
        self._sleep = sleep
        self._url: Any = None
        self._client = Client(
            self.vetting,
            keep_alive=self.terms.keep_alive,
            connections=self.terms.connections,
            session=self._told,
        )
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
        try:
            async with asyncio.timeout(self.terms.timeout):
                return await self._persist(request)
        except TimeoutError:
            self._breaker.failed()
            logger.warning("%s %s did not answer in time", self.origin.netloc, request.method)
            raise TimedOut from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    # -- one call ----------------------------------------------------------------------------------------------------

    def _prepare(self, call: Call) -> _Request:
        headers = passed_on(call.headers, self._allowed)
        headers.setdefault("user-agent", f"fanfold/{__version__}")
        body = call.body
        if body is not None and not isinstance(body, bytes):
            body = _encode({self.terms.wrapped: body} if self.terms.wrapped else body)
            headers["content-type"] = "application/json"
        elif not body:
            body = None
            headers.pop("content-type", None)
        headers |= self._fixed
        headers["accept-encoding"] = ACCEPTED
        check_path(call.path)
        query = f"?{urlencode(call.query)}" if call.query else ""
        return _Request(call.method, f"{self._base}{call.path}{query}", headers, body)

    async def _persist(self, request: _Request) -> Answer:
        """Attempts until one is to be the last."""
        self._budget.earn()
        until = asyncio.get_running_loop().time() + self.terms.timeout
        tried = 0
        renewed = False
        while True:
            outcome = await self._attempt(request)
            stale = isinstance(outcome, _Failure) and outcome.stale
            if stale and not renewed and request.method in SAFE:
                renewed = True
                continue
            tried += 1
            pause = self._pause(request, outcome, tried, until - asyncio.get_running_loop().time())
            if pause is None:
                if isinstance(outcome, Answer):
                    return outcome
                raise RequestError(outcome.reason, status=502)
            await self._sleep(pause)

    def _pause(self, request: _Request, outcome: Answer | _Failure, tried: int, left: float) -> float | None:
        """Seconds until the next attempt, or None where this was the last."""
        wished = None
        if isinstance(outcome, Answer):
            if outcome.status not in AGAIN:
                return None
            wished = wished_pause(dict(outcome.headers).get("retry-after"))
        if request.method not in SAFE or self._breaker.wait():
            return None
        pause = self._retries.pause(tried, wished, spread())
        if pause is None or pause >= left or not self._budget.spend():
            return None
        return pause

    async def _attempt(self, request: _Request) -> Answer | _Failure:
        wait = self._breaker.wait()
        if wait:
            raise RequestError(
                f"The upstream is not answering and is left alone; try again in {wait:.0f} seconds", status=503
            )
        exchange = _Exchange()
        trial = self._breaker.enter()
        try:
            answer = await self._ask(request, exchange)
        except (TooLarge, NotReadable) as error:
            raise RequestError(f"The upstream's answer cannot be taken: {error.message}", status=502) from None
        except ForbiddenTarget:
            raise RequestError("The upstream is at an address that may not be called", status=502) from None
        except (OSError, ValueError, _BrokenError, Unreachable, self._client.failures) as error:
            return self._failure(request, exchange, error)
        finally:
            self._breaker.leave(trial=trial)
        if answer.status in FAILED:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return answer

    def _failure(self, request: _Request, exchange: _Exchange, error: Exception) -> _Failure:
        cause = error.__cause__ if isinstance(error, _BrokenError) and error.__cause__ else error
        stale = isinstance(error, _BrokenError) and exchange.reused and not exchange.begun
        if not stale:
            self._breaker.failed()
            logger.warning("%s %s failed: %s", self.origin.netloc, request.method, type(cause).__name__)
        reached = exchange.begun or exchange.reused
        return _Failure("The upstream broke off" if reached else "The upstream gave no usable answer", stale)

    async def _ask(self, request: _Request, exchange: _Exchange) -> Answer:
        """One request, and those that it is redirected to."""
        session = await self._client.session()
        url, headers = request.url, request.headers
        most = self.terms.redirects if request.method in SAFE else 0
        for left in range(most, -1, -1):
            async with session.request(
                request.method,
                self._url(url, encoded=True),  # without its notions of how a path should be spelt
                data=request.body,
                headers=headers,
                allow_redirects=False,
                trace_request_ctx=exchange,
            ) as response:
                exchange.begun = True
                location = response.headers.get("location")
                if left and location and response.status in _REDIRECTS:
                    url, headers = self._led(url, headers, location)
                    response.close()
                    continue
                return await self._take(request, response)
        raise AssertionError

    async def _take(self, request: _Request, response: aiohttp.ClientResponse) -> Answer:
        body = b""
        if request.method != "HEAD":
            encoding = response.headers.get("content-encoding", "")
            try:
                body = await read_bounded(response.content.iter_any(), encoding, self.terms.max_response)
            except (TooLarge, NotReadable):
                response.close()
                raise
        return Answer(response.status, body, passed_back(tuple(response.headers.items())))

    def _led(self, url: str, headers: dict[str, str], location: str) -> tuple[str, dict[str, str]]:
        """Where a redirect leads, with no credentials if that is another origin; never from https to http."""
        before, after = urlsplit(url), urlsplit(urljoin(url, location))
        if after.scheme not in {"https", before.scheme} or after.username is not None or not after.hostname:
            raise NotReadable("It redirects to where it may not")
        if origin_of(before) != origin_of(after):
            dropped = _SECRET | self._fixed.keys()
            headers = {name: value for name, value in headers.items() if name not in dropped}
        return after._replace(fragment="").geturl(), headers

    # -- the client library ------------------------------------------------------------------------------------------

    def _told(self, library: Any) -> dict[str, Any]:
        self._url = importlib.import_module("yarl").URL
        traces = library.TraceConfig()
        traces.on_connection_reuseconn.append(_note_reuse)

        async def translate(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
            try:
                return await handler(request)
            except (library.ClientOSError, library.ServerDisconnectedError) as error:
                raise _BrokenError from error

        return {
            "timeout": library.ClientTimeout(total=None, sock_connect=self.terms.connect_timeout),
            "trace_configs": [traces],
            "middlewares": (translate,),
        }


async def _note_reuse(_session: object, context: Any, _params: object) -> None:
    context.trace_request_ctx.reused = True
