"""Requests that the server makes on behalf of its clients: vetted, bounded, and without following where they lead."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from fanfold.errors import Unreachable
from fanfold.settings import Settings
from fanfold.targets.client import Client
from fanfold.targets.vetting import Vetting
from fanfold.version import __version__
from fanfold.work.posting import Reply

if TYPE_CHECKING:
    import aiohttp

MAX_REPLY = 16 * 1024
"""Bytes of an answer that are read; nobody needs more of it."""

MAX_AT_ONCE = 200
MAX_AT_ONCE_PER_HOST = 20
"""Requests under way: one host that does not answer must not hold up the others."""

LOOPBACK = ("127.0.0.1", "::1", "localhost")


def vetting_of(settings: Settings) -> Vetting:
    """Whom a server with these settings may call."""
    if settings.strict_webhook_targets:
        return Vetting()
    private = settings.allow_private_webhooks
    return Vetting(loopback=private or settings.host in LOOPBACK, private=private)


class Poster:
    """Satisfies ``fanfold.work.posting.Post``; cookies, proxies and redirects are none of its business."""

    def __init__(self, vetting: Vetting) -> None:
        self._vetting = vetting
        self._client = Client(vetting)
        self._places = asyncio.Semaphore(MAX_AT_ONCE)
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, within: float) -> Reply:
        """Send a JSON body; raises ``Unreachable`` where nothing came back in time."""
        host = urlsplit(url).hostname or ""
        places = self._hosts.setdefault(host, asyncio.Semaphore(MAX_AT_ONCE_PER_HOST))
        async with places, self._places:
            session = await self._client.session()
            try:
                async with asyncio.timeout(within):
                    return await self._send(session, url, headers, body)
            except TimeoutError:
                raise Unreachable(f"No answer within {within:g} seconds") from None
            except (OSError, ValueError, self._client.failures) as error:
                raise Unreachable(f"The request failed: {type(error).__name__}") from error

    async def _send(self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        parts = urlsplit(url)
        await self._vetting.resolve(parts.hostname or "", parts.port or 0)
        sent = {"Content-Type": "application/json", "User-Agent": f"fanfold/{__version__}", **headers}
        async with session.post(url, data=body, headers=sent, allow_redirects=False) as response:
            begun = await _beginning(response.content)
            found = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status, found, begun)

    async def vet(self, url: str) -> None:
        """Raise ``ForbiddenTarget`` for a URL that may not be called, ``Unreachable`` where nobody knows its host."""
        parts = urlsplit(url)
        await self._vetting.resolve(parts.hostname or "", parts.port or 0)

    async def close(self) -> None:
        """Close what is open."""
        await self._client.close()


async def _beginning(content: aiohttp.StreamReader) -> bytes:
    found = b""
    while len(found) < MAX_REPLY:
        more = await content.read(MAX_REPLY - len(found))
        if not more:
            break
        found += more
    return found
