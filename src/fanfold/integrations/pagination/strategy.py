"""What all strategies have in common: they put into a request what asks for a page, and read where the next one is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from msgspec import Struct

from fanfold.errors import RequestError

MOST = 1_000_000_000


class Draft(Struct):
    """A request that is being made up. ``url`` is without a query, unless it is a link that was given whole.

    ``signature`` are parameters that say who asks.
    """

    method: str
    url: str
    query: dict[str, Any]
    headers: dict[str, str]
    body: Any = None
    signature: dict[str, Any] = {}


class Received(Struct, frozen=True):
    """An answer as strategies see it. ``data`` is decoded, headers are lower case, ``url`` is where it came from.

    ``count`` is how many records were found in it, ``hosts`` where else its links may lead. ``tidy`` takes from a URL
    what says who asked: links of APIs often repeat it, and cursors are seen by clients.
    """

    status: int
    headers: Mapping[str, str]
    data: Any
    count: int
    url: str
    hosts: tuple[str, ...] = ()
    tidy: Callable[[str], str] = str


class Strategy(Protocol):
    """A way of going on. Pure: it keeps nothing between pages."""

    async def enter(self, draft: Draft, cursor: str, limit: int | None) -> None:
        """Ask for the page of a cursor, for the first one where that is empty; ``limit`` is how large it is to be.

        Raises ``RequestError`` for a cursor that is none.
        """

    async def beyond(self, draft: Draft, cursor: str, received: Received) -> str:
        """The cursor of the page after the one that was asked for with ``cursor``; empty at the end."""

    async def before(self, received: Received) -> str:
        """The cursor of the page before, where the API tells it."""


def read_limit(value: Any) -> int:
    """How large a page is to be, as a client wrote it."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 12:
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MOST:
        raise RequestError("query.limit: must be a whole number from 1")
    return value


class Sizing(Struct, frozen=True):
    """How a page's size is asked for: under which name, how large at most, as which type, and where."""

    key: str = ""
    most: int | None = None
    text: bool = False
    in_body: bool = False
    in_query: bool = True

    def put(self, draft: Draft, limit: int | None) -> None:
        """Ask for pages of that size; without one, the API chooses or the method has said it."""
        if limit is None or not self.key:
            return
        size = limit if self.most is None else min(limit, self.most)
        place(draft, self.key, str(size) if self.text else size, in_body=self.in_body, in_query=self.in_query)

    def short(self, draft: Draft, count: int) -> bool:
        """Whether so few records can only be the last ones.

        That is so where the API is known to give as many as are asked for; one that gives fewer than it was asked for
        because it has a maximum of its own would otherwise be cut off.
        """
        if not self.key:
            return False
        asked = draft.query.get(self.key)
        if asked is None and self.in_body and isinstance(draft.body, dict):
            asked = draft.body.get(self.key)
        try:
            size = int(asked) if asked is not None else 0
        except (TypeError, ValueError):
            return False
        return self.most is not None and count < size <= self.most


def sizing_of(config: Mapping[str, Any]) -> Sizing:
    """As a pagination's configuration says it."""
    most = config.get("max_limit")
    in_body = bool(config.get("add_to_body"))
    return Sizing(
        key=str(config.get("limit_key") or ""),
        most=int(most) if isinstance(most, int | float | str) and str(most).isdecimal() else None,
        text=config.get("limit_data_type") == "string",
        in_body=in_body,
        in_query=bool(config.get("add_to_query", not in_body)),
    )


def place(draft: Draft, key: str, value: Any, *, in_body: bool, in_query: bool) -> None:
    """Put a value into the query, into the body, or both. A dotted key is a path in the body."""
    if in_query:
        draft.query[key] = value
    if in_body:
        draft.body = _with(draft.body if isinstance(draft.body, dict) else {}, key.split("."), value)


def _with(body: dict[str, Any], path: list[str], value: Any) -> dict[str, Any]:
    inner = body.get(path[0])
    rest = path[1:]
    return {**body, path[0]: _with(inner if isinstance(inner, dict) else {}, rest, value) if rest else value}


class Plain:
    """What strategies do that have no page before."""

    async def before(self, received: Received) -> str:
        """None is told."""
        del received
        return ""
