"""One request to an upstream and its answer, over pooled connections; and where there is none, what that means.

Whoever decides on asking again has to know more than that something failed: whether anything was sent, whether a kept
connection had only been closed meanwhile, whether the same would happen again.
"""

from __future__ import annotations

import importlib
import ssl
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from fanfold.errors import FanfoldError, ForbiddenTarget, Unreachable
from fanfold.model import Answer
from fanfold.targets.client import Client, ForbiddenAddressError, NotSentError, used_before
from fanfold.targets.forwarding import passed_back
from fanfold.targets.redirects import STATUSES, led
from fanfold.targets.terms import Terms
from fanfold.targets.trust import distrust, trust_in
from fanfold.targets.unpacking import NotReadable, TooLarge, read_bounded
from fanfold.targets.vetting import Vetting

if TYPE_CHECKING:
    import aiohttp

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""


_FORBIDDEN = "The upstream is at an address that may not be called"


def _root(error: BaseException) -> BaseException:
    """What led to an error in the first place."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error


class Request(Struct):
    """What is sent. ``bare``: wherever a redirect leads, nothing goes along that may be a credential.

    ``renewed``: a kept connection turned out to be closed; from then on it is sent over connections of its own.
    """

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    bare: bool = False
    renewed: bool = False


class NoAnswer(FanfoldError):
    """The upstream gave no usable answer

    ``unsent``: nothing of the request has reached it. ``stale``: all there is to it is a kept connection that had been
    closed meanwhile. ``lasting``: asked again it would be the same. ``reason`` is for the log.
    """

    def __init__(self, message: str = "", *, unsent: bool = False, stale: bool = False, lasting: bool = False) -> None:
        super().__init__(message)
        self.unsent = unsent
        self.stale = stale
        self.lasting = lasting

    @property
    def reason(self) -> str:
        """What led to it, in a word or two."""
        cause = _root(self)
        if isinstance(cause, ssl.SSLCertVerificationError):
            return cause.verify_message
        return cause.message if isinstance(cause, FanfoldError) else type(cause).__name__


class _Noticed(Struct):
    """What is noticed while a request is under way."""

    begun: bool = False


class _BrokenError(Exception):
    """A connection failed. Of a type that the client library does not take for a reason to send writes again."""


class Exchanges:
    """Sends requests as ``terms`` say, to addresses that ``vetting`` allows; raises ``SetupError`` for bad terms.

    Connections are kept and used again, and there are as many as the terms allow. Beside them a request can have one of
    its own, new and used once: where many connections were closed at a time, the next kept one would be no better.
    """

    def __init__(self, terms: Terms, vetting: Vetting) -> None:
        self._terms = terms
        self._url: Any = None
        trust = trust_in(terms.ca_file) if terms.ca_file else None
        told: dict[str, Any] = {"connections": terms.connections, "trust": trust, "session": self._session}
        self._kept = Client(vetting, keep_alive=terms.keep_alive, **told)
        self._own = Client(vetting, **told)

    async def close(self) -> None:
        """Close the connections."""
        await self._kept.close()
        await self._own.close()

    async def ask(self, request: Request) -> Answer:
        """The whole answer, whatever its status; raises ``NoAnswer``."""
        noticed = _Noticed()
        used_before.set(False)
        client = self._own if request.renewed else self._kept
        try:
            return await self._ask(await client.session(), request, noticed)
        except (TooLarge, NotReadable) as error:
            raise NoAnswer(f"The upstream's answer cannot be taken: {error.message}", lasting=True) from error
        except ForbiddenTarget as error:
            raise NoAnswer(_FORBIDDEN, unsent=True, lasting=True) from error
        except NotSentError as error:
            raise NoAnswer(unsent=True) from error
        except (OSError, ValueError, _BrokenError, Unreachable, client.failures) as error:
            raise _failure(noticed, error) from error

    async def _ask(self, session: aiohttp.ClientSession, request: Request, noticed: _Noticed) -> Answer:
        """One request, and those that it is redirected to."""
        url, headers = request.url, request.headers
        most = self._terms.redirects if request.method in SAFE else 0
        for left in range(most, -1, -1):
            async with session.request(
                request.method,
                self._url(url, encoded=True),  # without its notions of how a path should be spelt
                data=request.body,
                headers=headers,
                allow_redirects=False,
            ) as response:
                noticed.begun = True
                location = response.headers.get("location")
                if left and location and response.status in STATUSES:
                    response.close()
                    url, headers = led(url, headers, location, bare=request.bare)
                    continue
                return await self._take(request, response)
        raise AssertionError

    async def _take(self, request: Request, response: aiohttp.ClientResponse) -> Answer:
        try:
            _check_head(response)
            body = b""
            if request.method != "HEAD":
                body = await self._read(response)
        except (TooLarge, NotReadable):
            response.close()
            raise
        return Answer(response.status, body, passed_back(tuple(response.headers.items())))

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        most = self._terms.max_response
        encoding = response.headers.get("content-encoding", "")
        length = response.content_length
        if not encoding and length is not None and length <= most:
            return await response.content.read()  # no more of it than was announced
        return await read_bounded(response.content.iter_any(), encoding, most)

    def _session(self, library: Any) -> dict[str, Any]:
        """What the client library is told besides."""
        self._url = importlib.import_module("yarl").URL

        async def translate(request: Any, handler: Callable[[Any], Awaitable[Any]]) -> Any:
            try:
                return await handler(request)
            except (library.ClientOSError, library.ServerDisconnectedError) as error:
                raise _BrokenError from error

        return {
            "timeout": library.ClientTimeout(total=None, sock_connect=self._terms.connect_timeout),
            "middlewares": (translate,),
        }


def _check_head(response: aiohttp.ClientResponse) -> None:
    """Refuse an answer that is none, or whose end can be seen in two places."""
    if not 200 <= response.status <= 599:
        raise NotReadable(f"It has the status {response.status}")
    headers = response.headers
    if "transfer-encoding" in headers:
        coding = headers.getall("transfer-encoding")
        if [one.strip().lower() for one in coding] != ["chunked"]:
            raise NotReadable("It is encoded in a way that was not asked for")
    if "content-length" in headers and len(set(headers.getall("content-length"))) > 1:
        raise NotReadable("It has two lengths")


def _failure(noticed: _Noticed, error: Exception) -> NoAnswer:
    cause = _root(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return NoAnswer(distrust(cause), unsent=True, lasting=True)
    if isinstance(cause, ForbiddenAddressError):
        return NoAnswer(_FORBIDDEN, unsent=True, lasting=True)
    reused = used_before.get()
    stale = isinstance(error, _BrokenError) and reused and not noticed.begun
    reached = noticed.begun or reused
    return NoAnswer("The upstream broke off" if reached else "", stale=stale)
