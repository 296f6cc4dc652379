"""Files on their way out: piece by piece, as fast as the client takes them, so that none is ever whole in memory."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, BinaryIO

from fanfold.model import Answer
from fanfold.serving.answering import headers_of
from fanfold.serving.bodies import Receive, Send, gone

logger = logging.getLogger("fanfold")

PIECE = 256 * 1024
"""How much of a file is read at once, in bytes."""


class Download(Answer, frozen=True):
    """An answer whose body is an open file of so many bytes; sending it closes the file."""

    file: BinaryIO | None = None
    size: int = 0


async def send_download(send: Send, receive: Receive, download: Download, request: str, *, head: bool) -> None:
    """Send a download, until its client has left; ``request`` is its id, ``head`` leaves the body out."""
    file: Any = download.file
    left = 0 if head else download.size
    client_left = asyncio.ensure_future(gone(receive))
    try:
        headers = headers_of(download, download.size, request)
        await send({"type": "http.response.start", "status": download.status, "headers": headers})
        while left and not client_left.done():
            piece = await asyncio.to_thread(file.read, min(PIECE, left))
            if not piece:
                # Unfinished as it is, the client can see that something is missing.
                logger.error("a file of %d bytes became shorter while it was sent", download.size)
                return
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        client_left.cancel()
        file.close()
