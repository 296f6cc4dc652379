"""Carries calls to the server; one for a program, as it keeps connections."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

from fanfold.client import AiohttpTransport, Wire
from fanfold.client.replies import Collected
from fanfold.compat.asana_asyncio.configuration import Configuration
from fanfold.compat.asana_asyncio.rest import RESTResponse
from fanfold.errors import SetupError
from fanfold.version import __version__

if TYPE_CHECKING:
    import aiohttp

_MOST = 256 * 1024 * 1024
"""Bytes that an answer may have."""

Timeout = float | tuple[float, float] | None
"""Seconds for a whole request, or for its connection and its answer; None is the configuration's."""


class ApiClient:
    """Used as ``async with``, or ended with ``close``. Without a configuration it has the default one.

    ``header_name`` and ``header_value``, and ``cookie``, go with every request.
    """

    def __init__(
        self,
        configuration: Configuration | None = None,
        header_name: str | None = None,
        header_value: str = "",
        cookie: str | None = None,
    ) -> None:
        self.configuration = configuration or Configuration.get_default()
        self.default_headers: dict[str, str] = {"User-Agent": f"fanfold/{__version__}"}
        if header_name is not None:
            self.default_headers[header_name] = header_value
        if cookie is not None:
            self.default_headers["Cookie"] = cookie
        self._session: aiohttp.ClientSession | None = None
        self._transport: AiohttpTransport | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Let go of connections."""
        transport, session = self._transport, self._session
        self._transport = self._session = None
        if transport is not None:
            await transport.close()
        if session is not None:
            await session.close()

    @property
    def user_agent(self) -> str:
        """What the client calls itself."""
        return self.default_headers["User-Agent"]

    @user_agent.setter
    def user_agent(self, value: str) -> None:
        self.default_headers["User-Agent"] = value

    def set_default_header(self, header_name: str, header_value: str) -> None:
        """A header that goes with every request from now on."""
        self.default_headers[header_name] = header_value

    async def call_api(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None = None,
        timeout: Timeout = None,  # noqa: ASYNC109 - the transport keeps it
    ) -> RESTResponse:
        """Send one request to a whole URL. Raises ``fanfold.client.TransportError`` if no answer comes."""
        if self._transport is None:
            self._transport = self._connected()
        seconds = self.configuration.timeout if timeout is None else timeout
        answer = Collected(_MOST)
        wire = Wire(method, url, headers, body, sum(seconds) if isinstance(seconds, tuple) else seconds)
        await self._transport.send(wire, answer)
        return RESTResponse(answer.status, dict(answer.headers), answer.content)

    def _connected(self) -> AiohttpTransport:
        configuration = self.configuration
        if configuration.verify_ssl and configuration.ssl_ca_cert is None and configuration.proxy is None:
            return AiohttpTransport()
        self._session = _session(configuration)
        return AiohttpTransport(self._session)


def _session(configuration: Configuration) -> aiohttp.ClientSession:
    try:
        import aiohttp  # noqa: PLC0415
    except ImportError:
        raise SetupError("The client needs aiohttp: pip install 'fanfold[client]'") from None
    trust: Any = ssl.create_default_context(cafile=configuration.ssl_ca_cert) if configuration.verify_ssl else False
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trust),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None),
        proxy=configuration.proxy,
    )


__all__ = ["ApiClient", "Timeout"]
