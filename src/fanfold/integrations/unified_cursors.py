"""Cursors that a mapping made itself, kept apart from those of the integration's own paging."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

from msgspec import json

from fanfold.errors import RequestError

PREFIX = "unified."
MAX_LENGTH = 8192
"""Longest cursor that is read, in characters."""


def wrapped(cursor: Any) -> str:
    """A mapping's cursor as clients get it: empty at the end."""
    return PREFIX + urlsafe_b64encode(json.encode(cursor)).decode() if cursor else ""


def told_apart(cursor: str) -> tuple[str, Any]:
    """The cursor for the integration's paging, and the one for the mapping; never both."""
    if not cursor.startswith(PREFIX):
        return cursor, None
    try:
        if len(cursor) > MAX_LENGTH:
            raise ValueError
        return "", json.decode(urlsafe_b64decode(cursor[len(PREFIX) :]))
    except (ValueError, RecursionError):  # what is no base64 and what is no JSON
        raise RequestError("next_cursor is not one that was given out; begin again without it") from None
