"""Looking at a server that may refuse for a moment: whoever compares asks again then, as any client should."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

from faults.client import PATIENCE, Link, Reply
from faults.server import Server

ATTEMPTS = 50
PAUSE = 0.1


class PatientLink(Link):
    """A connection on which what was refused for now is asked again."""

    async def ask(self, method: str, path: str, body: Any = None, *lines: str, within: float = PATIENCE) -> Reply:
        """The first answer that is no 503, or the last."""
        for _ in range(ATTEMPTS):
            reply = await super().ask(method, path, body, *lines, within=within)
            if reply.status != 503:
                break
            await asyncio.sleep(PAUSE)
        return reply


class _Patiently(Server):
    def link(self) -> Link:
        return PatientLink(self.address)


def patiently(server: Server) -> Server:
    """The same server, for whoever asks again where it refuses."""
    other = copy.copy(server)
    other.__class__ = _Patiently
    return other
