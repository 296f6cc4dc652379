"""The request journal: the last requests with what was sent and answered, kept in memory, secrets removed.

The access log says that something was asked; the journal shows a test what its client really sent. While it is off a
request pays for one look at an attribute.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

from msgspec import DecodeError, Struct, json

from fanfold.model import Answer, Caller, Result
from fanfold.serving.bodies import Message, Receive, Scope

MAX_BODY = 65_536
"""Bytes of a body that are kept; of a longer one only its length."""

REMOVED = "[removed]"

_SECRET = re.compile(r"token|secret|password|authorization|signature|api_?key", re.IGNORECASE)
_IN_TEXT = re.compile(r"((?:signature|token|secret)=)[^&\s\"]+", re.IGNORECASE)


class Entry(Struct, frozen=True):
    """One request. ``status`` is null where the connection was dropped; ``actions`` are those of a batch."""

    number: int
    time: str
    request: str
    method: str
    path: str
    query: dict[str, str]
    status: int | None
    caller: str
    user: str
    ms: float
    sent: Any
    answered: Any
    actions: list[dict[str, Any]]


class Recording:
    """One request under way, and the beginning of its body."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._parts: list[bytes] = []
        self.size = 0
        self.started = perf_counter()

    async def receive(self) -> Message:
        """What the client sends, noted as it comes."""
        message = await self._receive()
        body = message.get("body", b"")
        self.size += len(body)
        if body and self.size <= MAX_BODY:
            self._parts.append(body)
        return message

    def body(self) -> Any:
        """What was sent."""
        return _shown(b"".join(self._parts), self.size)


class Journal:
    """The last ``most`` requests."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._entries: deque[Entry] = deque(maxlen=most)
        self._number = 0

    def note(
        self,
        recording: Recording,
        scope: Scope,
        at: str,
        request: str,
        answer: Answer | None,
        caller: Caller | None,
        results: Sequence[Result],
    ) -> None:
        """Keep a request that has been answered at ``at``, or dropped."""
        self._number += 1
        self._entries.append(
            Entry(
                number=self._number,
                time=at,
                request=request,
                method=scope["method"],
                path=scope["path"],
                query=_query(scope["query_string"]),
                status=None if answer is None else answer.status,
                caller=caller.key if caller else "",
                user=caller.user if caller else "",
                ms=round((perf_counter() - recording.started) * 1000, 3),
                sent=recording.body(),
                answered=None if answer is None else _shown(answer.body, len(answer.body)),
                actions=[_action(result) for result in results],
            )
        )

    def entries(self, wanted: Mapping[str, str], after: int = 0) -> list[Entry]:
        """Those whose method, status, caller and user are as wanted, and whose path holds the wanted text."""
        return [entry for entry in self._entries if entry.number > after and _fits(entry, wanted.items())]

    def clear(self) -> None:
        """Forget all of them; numbers go on."""
        self._entries.clear()


def _fits(entry: Entry, wanted: Iterable[tuple[str, str]]) -> bool:
    for name, value in wanted:
        found = getattr(entry, name)
        if value not in found if name == "path" else str(found) != (value.upper() if name == "method" else value):
            return False
    return True


def _action(result: Result) -> dict[str, Any]:
    status = result.answer.status if result.answer is not None else getattr(result.error, "status", None)
    action = result.action
    ms = round(result.seconds * 1000, 3)
    return {"method": action.method, "path": without_secrets(action.path), "status": status, "ms": ms}


def _query(text: bytes) -> dict[str, str]:
    pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True)
    return {name: REMOVED if _SECRET.search(name) else without_secrets(value) for name, value in pairs}


def _shown(body: bytes, size: int) -> Any:
    """A body as it is kept: decoded JSON without its secrets, or how long it was."""
    if not size:
        return None
    try:
        return without_secrets(json.decode(body if len(body) == size <= MAX_BODY else b"?"))
    except (DecodeError, UnicodeDecodeError, RecursionError):
        return f"[{size} bytes]"


def without_secrets(value: Any) -> Any:
    """The same value; what stands under a name that tells of a secret, or is a signature in a link, is removed."""
    if isinstance(value, dict):
        return {
            name: REMOVED if _SECRET.search(name) and isinstance(member, str) else without_secrets(member)
            for name, member in value.items()
        }
    if isinstance(value, list):
        return [without_secrets(member) for member in value]
    return _IN_TEXT.sub(rf"\1{REMOVED}", value) if isinstance(value, str) else value
