"""What really reached the application, kept so that whoever attacks can ask for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

import msgspec

KEPT = 6000
"""Requests that are remembered; the oldest make room."""

SHOWN_BODY = 4096
"""Bytes of a request's body that are remembered."""


class Event(msgspec.Struct):
    """One request as it arrived, and how it ended: ``answered``, ``cancelled``, ``left`` or ``crashed``.

    Headers are in lower case, in the order in which they came; ``user`` is who the token of the request names;
    ``sent`` counts the bytes of the answer's body.
    """

    method: str
    path: str
    raw_path: str
    query: str
    headers: list[tuple[str, str]]
    client: str
    user: str = ""
    body: str = ""
    size: int = 0
    sent: int = 0
    ended: str = ""

    def mentions(self, word: str) -> bool:
        """Whether the word stands anywhere in the request."""
        if any(word in text for text in (self.raw_path, self.path, self.query, self.body)):
            return True
        return any(word in name or word in value for name, value in self.headers)


class Log:
    """The requests of late."""

    def __init__(self) -> None:
        self._events: deque[Event] = deque(maxlen=KEPT)

    def note(self, scope: Mapping[str, Any]) -> Event:
        """Remember a request that has just begun."""
        client = scope.get("client")
        raw = scope.get("raw_path") or scope["path"].encode()
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        event = Event(
            method=scope["method"],
            path=scope["path"],
            raw_path=raw.decode("latin-1"),
            query=scope.get("query_string", b"").decode("latin-1"),
            headers=headers,
            client=str(client[0]) if client else "",
            user=user_of(dict(headers)),
        )
        self._events.append(event)
        return event

    def about(self, run: str) -> list[Event]:
        """The requests that mention ``run`` anywhere, in the order in which they came."""
        return [event for event in self._events if event.mentions(run)]

    def __len__(self) -> int:
        return len(self._events)


def user_of(headers: Mapping[str, str]) -> str:
    """Whoever shows a token is the user of its name, by header or by cookie."""
    shown = headers.get("authorization", "")
    if shown.lower().startswith("bearer "):
        return shown[7:]
    for pair in headers.get("cookie", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == "session":
            return value
    return ""
