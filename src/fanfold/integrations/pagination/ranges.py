"""Pages by the ``Range`` header, with a unit of the API's own, as in ``Range: items=0-99``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from fanfold.integrations.pagination.opaque import sealed, whole_number
from fanfold.integrations.pagination.strategy import Draft, Plain, Received, sizing_of

USUAL = 100
"""Records of a page where nobody says otherwise."""

_RANGE = "r"
_CONTENT_RANGE = re.compile(r"\s*(?:[\w-]+[\s=]+)?(\d{1,15})-(\d{1,15})(?:/(\d{1,15}|\*))?\s*", re.ASCII)


class Ranges(Plain):
    """``range_unit`` is ``items`` unless told. A page beyond the last record is a 416, and the end."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._unit = str(config.get("range_unit") or "items")
        self._most = sizing_of(config).most

    async def enter(self, draft: Draft, cursor: str, limit: int | None) -> None:
        """A range of so many records."""
        start = whole_number(cursor, _RANGE, 0) if cursor else 0
        size = limit or min(USUAL, self._most or USUAL)
        if self._most is not None:
            size = min(size, self._most)
        draft.headers["range"] = f"{self._unit}={start}-{start + size - 1}"

    async def beyond(self, draft: Draft, cursor: str, received: Received) -> str:
        """Where the range that was given ends, if that is not the end of all."""
        del draft
        told = _CONTENT_RANGE.fullmatch(received.headers.get("content-range", ""))
        if told is None or received.count == 0:
            return ""
        start, end = whole_number(cursor, _RANGE, 0) if cursor else 0, int(told[2])
        if end < start or (told[3] not in {None, "*"} and end + 1 >= int(told[3])):
            return ""
        return sealed(_RANGE, end + 1)
