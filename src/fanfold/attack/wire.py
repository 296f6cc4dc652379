"""Sending shots: through an HTTP client that adds nothing of its own, or as bytes on a connection."""

from __future__ import annotations

import asyncio
import contextlib
from io import BytesIO
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from fanfold.attack.cases import Reply, Shot

if TYPE_CHECKING:
    import aiohttp

    from fanfold.attack.site import Site

MOST_READ = 90 * 1024 * 1024
"""Bytes of an answer that are taken; a server that sends more in answer to one batch has no bound worth the name."""

SILENCE = 1.5
"""Seconds after which nothing more is expected on a connection that was sent raw bytes."""

_NOT_OURS = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Wire:
    """Connections to one server."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        import aiohttp  # noqa: PLC0415 - only those who attack need it

        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_NOT_OURS,
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None, connect=10),
            max_line_size=65_536,
            max_field_size=65_536,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def fire(self, shot: Shot, run: str) -> Reply:
        """Send one shot. Never raises for what the server does."""
        began = perf_counter()
        wait = shot.patience if shot.leave is None else shot.leave
        try:
            async with asyncio.timeout(wait):
                reply = await (self._on_a_connection(shot, run) if shot.raw is not None else self._request(shot, run))
        except TimeoutError:
            reply = Reply(0, broken=f"nothing within {wait:g} s")
        reply.seconds = perf_counter() - began
        return reply

    async def ask(self, url: str) -> Reply:
        """A plain GET, with the site's own token."""
        shot = Shot(method="GET", headers={}, caller="asker", patience=30)
        return await self._exchange(shot, url, None, self._headers(shot, "kit"))

    def _headers(self, shot: Shot, run: str) -> dict[str, str]:
        site = self._site
        token = site.token_of(run, shot.caller)
        given = {name: site.fill(value.encode(), run, token).decode() for name, value in shot.headers.items()}
        if token and "authorization" not in {name.lower() for name in given}:
            given["Authorization"] = f"Bearer {token}"
        return given

    async def _request(self, shot: Shot, run: str) -> Reply:
        site = self._site
        token = site.token_of(run, shot.caller)
        path = site.fill(shot.path.encode(), run, token).decode()
        query = site.fill(shot.query.encode(), run, token).decode()
        target = f"{site.origin}{site.endpoint if not path else site.base + path}{'?' if query else ''}{query}"
        content = shot.content()
        body = None if content is None else site.fill(content, run, token)
        return await self._exchange(shot, target, body, self._headers(shot, run))

    async def _exchange(self, shot: Shot, url: str, body: bytes | None, headers: dict[str, str]) -> Reply:
        import aiohttp  # noqa: PLC0415
        from yarl import URL  # noqa: PLC0415

        if self._session is None:
            raise RuntimeError("the wire is not open")
        data: Any = body
        if "transfer-encoding" in {name.lower() for name in headers} and body is not None:
            data = _pieces(body)
        elif body is not None and len(body) > 500_000:
            data = BytesIO(body)
        try:
            async with self._session.request(
                shot.method, URL(url, encoded=True), data=data, headers=headers, allow_redirects=False
            ) as response:
                pairs = [(name, value) for name, value in response.headers.items()]
                pieces: list[bytes] = []
                size = 0
                async for piece in response.content.iter_any():
                    pieces.append(piece)
                    size += len(piece)
                    if size > MOST_READ:
                        return Reply(response.status, pairs, b"".join(pieces), cut=True)
                return Reply(response.status, pairs, b"".join(pieces))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Reply(0, broken=f"{type(error).__name__}: {error}"[:200])

    async def _on_a_connection(self, shot: Shot, run: str) -> Reply:
        """Bytes as they are, and everything that comes back until the server closes or falls silent."""
        site = self._site
        token = site.token_of(run, shot.caller)
        sent = site.fill(shot.raw or b"", run, token)
        received = b""
        try:
            reader, writer = await asyncio.open_connection(site.name, site.port, ssl=site.secure or None)
        except OSError as error:
            return Reply(0, broken=str(error))
        try:
            writer.write(sent)
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SILENCE):
                    while (piece := await reader.read(65_536)) and len(received) < MOST_READ:
                        received += piece
        except OSError as error:
            if not received:
                return Reply(0, broken=str(error))
        finally:
            writer.close()
        first = received.partition(b"\r\n")[0].split(b" ")
        status = int(first[1]) if len(first) > 1 and first[1].isdigit() else 0
        return Reply(status, (), received, broken="" if status else "the connection was closed")


async def _pieces(body: bytes) -> Any:
    for start in range(0, max(len(body), 1), 16_384):
        yield body[start : start + 16_384]
