"""The port through which the API speaks to others: one POST to a URL, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from msgspec import Struct

TIMEOUT = 10.0
"""How long the receiver of a webhook may take to answer, in seconds."""


class Reply(Struct, frozen=True):
    """What came back: names of headers in lower case, the beginning of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes = b""


class Post(Protocol):
    """Sends a JSON body to a URL.

    Follows no redirect. Raises ``Unreachable`` where nothing came back in time (``within`` so many seconds), and
    ``ForbiddenTarget`` where the address is not one that may be called.
    """

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes, within: float) -> Reply:
        """Send it."""
        ...
