"""How requests reach a server: one verb, and aiohttp behind it.

aiohttp is imported with the first request, so that programs which never make one need not have it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from fanfold.client.errors import TransportError
from fanfold.client.request import File
from fanfold.errors import SetupError

if TYPE_CHECKING:
    import aiohttp

KEPT = 4.0
"""Seconds that an idle connection is kept: less than servers do, so that hardly any is closed as it is used again."""


class Wire(Struct, frozen=True):
    """A request as it goes out; ``url`` is escaped, ``timeout`` in seconds.

    ``files`` make it a form, which ``texts`` are the other fields of.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    timeout: float = 60.0
    files: Mapping[str, File] = {}
    texts: Mapping[str, str] = {}


class Sink(Protocol):
    """Takes an answer as it comes. What it raises ends the request and is passed on."""

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The head; names of headers are lower case."""

    def feed(self, data: bytes) -> None:
        """More of the body."""


class Transport(Protocol):
    """Where requests go."""

    async def send(self, wire: Wire, sink: Sink) -> None:
        """Hand the whole answer to ``sink``. Raises ``TransportError`` if there is none, or not all of it."""

    async def close(self) -> None:
        """Let go of connections."""


class AiohttpTransport:
    """Keeps up to ``connections`` open. A ``session`` of the caller's own is used instead and left open."""

    def __init__(self, session: aiohttp.ClientSession | None = None, *, connections: int = 20) -> None:
        self._session = session
        self._own = session is None
        self._connections = connections

    async def send(self, wire: Wire, sink: Sink) -> None:
        """One request, without following redirects: they would take the token elsewhere."""
        aiohttp = _aiohttp()
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, keepalive_timeout=KEPT),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=None),
            )
        body: Any = _form(wire) if wire.files else wire.body
        try:
            async with asyncio.timeout(wire.timeout):
                async with self._session.request(
                    wire.method,
                    _url(wire.url),
                    headers=wire.headers,
                    data=body,
                    allow_redirects=False,
                ) as response:
                    sink.begin(response.status, {name.lower(): value for name, value in response.headers.items()})
                    async for chunk in response.content.iter_any():
                        sink.feed(chunk)
        except TimeoutError:
            raise TransportError(f"No answer within {wire.timeout:g} seconds") from None
        except (aiohttp.ClientConnectorError, aiohttp.InvalidURL) as error:
            raise TransportError(f"{error}", sent=False) from None
        except (aiohttp.ClientError, OSError) as error:
            raise TransportError(f"The connection broke: {error or type(error).__name__}") from None

    async def close(self) -> None:
        """Close the connections, if they are its own."""
        if self._session is not None and self._own:
            await self._session.close()
            self._session = None


def _aiohttp() -> Any:
    try:
        import aiohttp  # noqa: PLC0415
    except ImportError:
        raise SetupError("The client needs aiohttp: pip install 'fanfold[client]'") from None
    return aiohttp


def _url(url: str) -> Any:
    from yarl import URL  # noqa: PLC0415

    return URL(url, encoded=True)


def _form(wire: Wire) -> Any:
    form = _aiohttp().FormData()
    for name, text in wire.texts.items():
        form.add_field(name, text)
    for name, file in wire.files.items():
        form.add_field(name, file.content, filename=file.name, content_type=file.kind)
    return form


__all__ = ["AiohttpTransport", "Sink", "Transport", "Wire"]
