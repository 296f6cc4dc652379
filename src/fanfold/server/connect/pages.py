"""Lists of the platform's own things, in pages: ``{result, next_cursor, limit}``."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any

from fanfold.errors import RequestError

LIMIT = 50
MAX_LIMIT = 500


def page_of(items: Sequence[dict[str, Any]], query: Mapping[str, Any]) -> dict[str, Any]:
    """The page of ``items``, each with an ``id``, that a query asks for: what stands behind ``next_cursor``."""
    written = query.get("limit") or str(LIMIT)
    if not isinstance(written, str) or not (written.isascii() and written.isdecimal()) or len(written) > 9:
        raise RequestError("limit: Must be a whole number of at least 1")
    limit = min(int(written), MAX_LIMIT)
    if limit < 1:
        raise RequestError("limit: Must be a whole number of at least 1")
    cursor = query.get("next_cursor")
    begin = 0
    if cursor:
        places = {item["id"]: place for place, item in enumerate(items, 1)}
        begin = places.get(_read(cursor), 0)
        if not begin:
            raise RequestError("next_cursor: What it stands behind is not there; begin again without it")
    shown = list(items[begin : begin + limit])
    more = begin + limit < len(items)
    return {"result": shown, "next_cursor": _written(shown[-1]["id"]) if more else None, "limit": limit}


def _written(gid: str) -> str:
    return base64.urlsafe_b64encode(gid.encode()).decode().rstrip("=")


def _read(cursor: Any) -> str:
    try:
        return base64.urlsafe_b64decode(f"{cursor}{'=' * (-len(cursor) % 4)}").decode()
    except (TypeError, ValueError, binascii.Error):
        raise RequestError("next_cursor: Must be one that a list gave") from None
