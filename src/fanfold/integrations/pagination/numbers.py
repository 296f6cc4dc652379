"""Pages by number, and by how many records to pass over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fanfold.integrations.pagination.opaque import sealed, whole_number
from fanfold.integrations.pagination.strategy import Draft, Plain, Received, place, sizing_of

_PAGE = "p"
_OFFSET = "o"


class PageNumbers(Plain):
    """The first page is ``first_page``, 1 unless told. A page without records is the end."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._key = str(config.get("page_key") or "page")
        self._first = int(config.get("first_page", 1))
        self._sizing = sizing_of(config)

    async def enter(self, draft: Draft, cursor: str, limit: int | None) -> None:
        """Ask for a page by its number; for the first by none where the method or caller says where to begin."""
        self._sizing.put(draft, limit)
        if cursor:
            self._put(draft, whole_number(cursor, _PAGE, 0))
        elif self._key not in draft.query:
            self._put(draft, self._first)

    async def beyond(self, draft: Draft, cursor: str, received: Received) -> str:
        """The next number, as long as there are records."""
        if received.count == 0 or self._sizing.short(draft, received.count):
            return ""
        now = whole_number(cursor, _PAGE, 0) if cursor else _begun(draft.query.get(self._key), self._first)
        return sealed(_PAGE, now + 1)

    def _put(self, draft: Draft, number: int) -> None:
        place(draft, self._key, number, in_body=self._sizing.in_body, in_query=self._sizing.in_query)


class Offsets(Plain):
    """How many records to pass over: as many as were given so far, whatever size of page was asked for."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._key = str(config.get("offset_key") or "offset")
        self._sizing = sizing_of(config)

    async def enter(self, draft: Draft, cursor: str, limit: int | None) -> None:
        """Pass over what was seen; nothing on the first page."""
        self._sizing.put(draft, limit)
        if cursor:
            number = whole_number(cursor, _OFFSET, 0)
            place(draft, self._key, number, in_body=self._sizing.in_body, in_query=self._sizing.in_query)

    async def beyond(self, draft: Draft, cursor: str, received: Received) -> str:
        """So many more, as long as there are records."""
        if received.count == 0 or self._sizing.short(draft, received.count):
            return ""
        now = whole_number(cursor, _OFFSET, 0) if cursor else _begun(draft.query.get(self._key), 0)
        return sealed(_OFFSET, now + received.count)


def _begun(asked: Any, otherwise: int) -> int:
    """Where the first page began, if a caller chose that."""
    text = str(asked)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else otherwise
