"""Whether whoever is told that something cannot be done now is told so that a person can act on it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import DecodeError, json

from faults.client import Reply
from faults.history import Operation
from faults.workload import Client, Planned

INSIDE = re.compile(r"psycopg|libpq|Traceback|[a-z]Error\b|redis\.|SQLSTATE|server closed|0x[0-9a-f]{6}|127\.0\.0\.1")
"""What only those who wrote the program understand."""

PAUSE = 0.01
"""Seconds between two requests of a caller: refusals come fast, and nobody asks a thousand times a second."""


async def again_and_again(once: Callable[[], Awaitable[None]], until: asyncio.Event) -> None:
    """What a caller does once, until it is told to stop."""
    while not until.is_set():
        await once()
        await asyncio.sleep(PAUSE)


def unfit(status: int, headers: dict[str, str], body: Any) -> str:
    """What is wrong with how a failure of the server is told; nothing where it is well told."""
    try:
        message = str(body["errors"][0]["message"])
    except (KeyError, IndexError, TypeError):
        return f"a {status} says nothing to a person: {body!r}"[:300]
    if " " not in message or not message.endswith((".", "?")) or INSIDE.search(message):
        return f"a {status} is told in words for nobody: {message!r}"[:300]
    names = {name.lower(): value for name, value in headers.items()}
    if status == 503 and not names.get("retry-after", "").isdecimal():
        return f"a 503 does not say when to ask again: {names!r}"[:300]
    return ""


def decoded(reply: Reply) -> Any:
    """The body of an answer, or its bytes where it is no JSON."""
    try:
        return json.decode(reply.body)
    except DecodeError:
        return reply.body


class Careful(Client):
    """A client that looks at the words of what it is refused, and that always wants an answer."""

    def __init__(self, *what: Any, **more: Any) -> None:
        super().__init__(*what, **more)
        self.unfit: list[str] = []
        self.slowest = 0.0
        self.unanswered = 0

    async def fly(self, until: asyncio.Event) -> None:
        """Send batches until told to stop, whether they are answered or not."""
        await again_and_again(self._once, until)
        self.link.close()

    async def _once(self) -> None:
        self.unanswered += not await self.once()

    def _take(self, planned: list[Planned], reply: Reply) -> None:
        self.slowest = max(self.slowest, reply.seconds)
        if reply.status >= 500:
            self._look(reply.status, reply.headers, decoded(reply))
        super()._take(planned, reply)

    def _note(self, operation: Operation, result: dict[str, Any]) -> None:
        if result["status_code"] >= 500:
            self._look(result["status_code"], result["headers"] or {}, result["body"])
        super()._note(operation, result)

    def _look(self, status: int, headers: dict[str, str], body: Any) -> None:
        if found := unfit(status, headers, body):
            self.unfit.append(found)
