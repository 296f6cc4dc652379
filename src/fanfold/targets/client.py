"""The HTTP client behind every request that leaves this server: no cookies, no proxies, no address that is not vetted.

It is imported with the first request, off the event loop: many servers never make any.
"""

from __future__ import annotations

import asyncio
import importlib
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from fanfold.errors import FanfoldError
from fanfold.targets.unpacking import NotReadable
from fanfold.targets.vetting import Vetting

if TYPE_CHECKING:
    import aiohttp

MAX_FIELDS = 100
"""Header fields of an answer; each may be 8 KiB long."""

MAX_FIELD = 8192

MAX_INTERIM = 20
"""Interim answers (100, 103) before the answer. The library passes over any number of them."""


class NotSentError(FanfoldError):
    """The connection could not be used, and nothing of the request was sent"""


class ForbiddenAddressError(OSError):
    """A socket was about to be opened to an address that may not be called. One of those that the library expects."""


used_before: ContextVar[bool] = ContextVar("used_before", default=False)
"""Whether the connection over which a request was just sent had been used before, in the context that sent it."""


class VettedResolver:
    """Hands out addresses that have been looked at, so that what was vetted is what is connected to."""

    def __init__(self, vetting: Vetting) -> None:
        self._vetting = vetting

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[dict[str, Any]]:
        """What the client library wants to know of a host; raises ``Unreachable``."""
        del family
        addresses = await self._vetting.resolve(host, port)
        return [
            {
                "hostname": host,
                "host": address,
                "port": port,
                "family": socket.AF_INET6 if ":" in address else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for address in addresses
        ]

    async def close(self) -> None:
        """There is nothing to close."""


class Client:
    """One pool of connections, opened with its first use.

    ``keep_alive``: seconds that an idle connection is kept, none for a new one each time; ``connections``: how many at
    once, 0 for any number; ``trust``: whose certificates are believed, those that the system trusts unless told. What
    is told besides goes to the session as it is.
    """

    def __init__(
        self,
        vetting: Vetting,
        *,
        keep_alive: float = 0.0,
        connections: int = 0,
        trust: ssl.SSLContext | None = None,
        session: Callable[[Any], dict[str, Any]] = lambda _: {},
    ) -> None:
        self._vetting = vetting
        self._keep_alive = keep_alive
        self._connections = connections
        self._trust = trust
        self._told = session
        self._session: aiohttp.ClientSession | None = None
        self._opening = asyncio.Lock()
        self.failures: type[Exception] = OSError
        """What the library raises where no good answer came, once it is loaded."""

    async def session(self) -> aiohttp.ClientSession:
        """The session, which is opened where it is not."""
        if self._session is not None:
            return self._session
        async with self._opening:
            if self._session is None:
                library: Any = await asyncio.to_thread(importlib.import_module, "aiohttp")
                self.failures = library.ClientError
                self._session = self._open(library)
            return self._session

    def _open(self, library: Any) -> aiohttp.ClientSession:
        kept: dict[str, Any] = {"keepalive_timeout": self._keep_alive} if self._keep_alive else {"force_close": True}
        connector = _connector_class(library)(
            limit=self._connections,
            ssl=self._trust or True,
            use_dns_cache=False,
            resolver=VettedResolver(self._vetting),
            socket_factory=self._socket,
            **kept,
        )
        session: aiohttp.ClientSession = library.ClientSession(
            connector=connector,
            request_class=_request_class(library),
            cookie_jar=library.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_field_size=MAX_FIELD,
            max_line_size=MAX_FIELD,
            max_headers=MAX_FIELDS,
            **{"timeout": library.ClientTimeout(total=None), **self._told(library)},
        )
        return session

    def _socket(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket for an address that is about to be connected to: the last look at it, whatever led there."""
        family, kind, protocol, _, address = info
        if not self._vetting.admits(str(address[0]), int(address[1])):
            raise ForbiddenAddressError("not an address that may be called")
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        """Close what is open."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()


def _connector_class(library: Any) -> Any:
    """Connectors that wake the next who waits for a connection where the one who was woken has gone meanwhile.

    Otherwise that connection is free and nobody knows, until the next one is given back: where there is none, all who
    wait do so until their time is up.
    """
    plain = library.TCPConnector._wait_for_available_connection  # noqa: SLF001 - there is no other door

    async def wait(connector: Any, *arguments: Any) -> None:
        try:
            await plain(connector, *arguments)
        except asyncio.CancelledError:
            connector._release_waiter()  # noqa: SLF001 - nor one to this
            raise

    return type("Connector", (library.TCPConnector,), {"_wait_for_available_connection": wait})


def _request_class(library: Any) -> Any:
    """Requests that use no connection on which something waits to be read: it would be taken for their answer."""
    plain = library.ClientRequest.send

    async def send(request: Any, connection: Any) -> Any:
        protocol = connection.protocol
        if protocol is None or protocol.should_close:
            raise NotSentError
        if request.method == "HEAD":
            protocol.force_close()  # some servers send a body all the same
        used_before.set("read" in vars(protocol))
        protocol.read = _reading(protocol)
        return await plain(request, connection)

    return type("Request", (library.ClientRequest,), {"send": send})


def _reading(protocol: Any) -> Callable[[], Awaitable[Any]]:
    """What reads the heads of one answer, and gives up where interim ones do not end."""
    plain = type(protocol).read
    count = 0

    async def read() -> Any:
        nonlocal count
        message = await plain(protocol)
        count += message[0].code < 200
        if count > MAX_INTERIM:
            raise NotReadable("It is put off again and again")
        return message

    return read
