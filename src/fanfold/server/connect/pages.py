"""Lists of the platform's own things, in pages: ``{result, next_cursor, limit}``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from fanfold.errors import RequestError

T = TypeVar("T")

LIMIT = 50
MAX_LIMIT = 500


def page_of(
    items: Sequence[T], query: Mapping[str, Any], gid: Callable[[T], str], show: Callable[[T], dict[str, Any]]
) -> dict[str, Any]:
    """The page of ``items`` that a query asks for: what stands behind ``next_cursor``, which is made of a ``gid``."""
    limit = _limit(query.get("limit") or str(LIMIT))
    cursor = query.get("next_cursor")
    begin = 0
    if cursor:
        places = {gid(item): place for place, item in enumerate(items, 1)}
        begin = places.get(_read(cursor), 0)
        if not begin:
            raise RequestError("next_cursor: What it stands behind is not there; begin again without it")
    shown = items[begin : begin + limit]
    more = begin + limit < len(items)
    return {
        "result": [show(item) for item in shown],
        "next_cursor": _written(gid(shown[-1])) if more else None,
        "limit": limit,
    }


def _limit(written: Any) -> int:
    if (
        isinstance(written, str)
        and written.isascii()
        and written.isdecimal()
        and 0 < len(written) < 10
        and int(written)
    ):
        return min(int(written), MAX_LIMIT)
    raise RequestError("limit: Must be a whole number of at least 1")


def _written(gid: str) -> str:
    return base64.urlsafe_b64encode(gid.encode()).decode().rstrip("=")


def _read(cursor: Any) -> str:
    try:
        return base64.urlsafe_b64decode(f"{cursor}{'=' * (-len(cursor) % 4)}").decode()
    except (TypeError, ValueError, binascii.Error):
        raise RequestError("next_cursor: Must be one that a list gave") from None
