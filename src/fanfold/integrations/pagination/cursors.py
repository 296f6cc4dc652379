"""Cursors and links that an API gives for its next page, in the body or in a header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from fanfold.errors import RemoteError
from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.dotted import Reading, reading_of
from fanfold.integrations.pagination.links import StrayLink, followed
from fanfold.integrations.pagination.opaque import opened, sealed, unknown
from fanfold.integrations.pagination.strategy import Draft, Plain, Received, place, sizing_of

_CURSOR = "c"
_LINK = "l"
_LONGEST = 8 * 1024

_LINK_VALUE = re.compile(r"<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+\s*(?:=\s*(?:\"(?:[^\"\\]|\\.)*\"|[^\s\",;]+))?)*)")
_PARAMETER = re.compile(r";\s*([\w!#$&+.^`|~*-]+)\s*(?:=\s*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s\",;]+)))?")


def sealed_cursor(value: str) -> str:
    """A cursor of an API's own, as clients see it."""
    return sealed(_CURSOR, value)


class Links(Plain):
    """Whoever goes on by a link. It is looked at when it is found and, as a client hands it back, once more."""

    @staticmethod
    def follow(draft: Draft, cursor: str, hosts: tuple[str, ...]) -> None:
        """Ask for what the link of a cursor leads to: its query is all that is asked for."""
        link = opened(cursor, _LINK)
        if not isinstance(link, str):
            raise unknown()
        try:
            draft.url = followed(link, draft.url, hosts)
        except StrayLink:
            raise unknown() from None
        draft.query = {}

    @staticmethod
    def found(link: str, received: Received) -> str:
        """The cursor for a link in an answer; raises ``RemoteError`` where it may not be followed."""
        try:
            return sealed(_LINK, received.tidy(followed(link, received.url, received.hosts)))
        except StrayLink as error:
            raise RemoteError(str(error), status=502, extra={"truto_is_remote_error": True}) from None


class LinkHeaders(Links):
    """Follows ``Link: <...>; rel="next"`` (RFC 8288)."""

    def __init__(self, config: Mapping[str, Any], hosts: tuple[str, ...]) -> None:
        self._sizing = sizing_of(config)
        self._hosts = hosts

    async def enter(self, draft: Draft, cursor: str, limit: int | None) -> None:
        """The link itself, or the first page."""
        if cursor:
            self.follow(draft, cursor, self._hosts)
        else:
            self._sizing.put(draft, limit)

    async def beyond(self, draft: Draft, cursor: str, received: Received) -> str:
        """Where the next page is, if the header says so."""
        del draft, cursor
        link = link_to("next", received.headers.get("link", ""))
        return self.found(link, received) if link else ""

    async def before(self, received: Received) -> str:
        """Where the page before is, if the header says so."""
        link = link_to("prev", received.headers.get("link", "")) or link_to(
            "previous", received.headers.get("link", "")
        )
        return self.found(link, received) if link else ""


def link_to(relation: str, header: str) -> str:
    """The first target with a relation, empty if there is none. Headers beyond 8 KiB are not read."""
    for found in _LINK_VALUE.finditer(header[:_LONGEST]):
        for name, quoted, bare in _PARAMETER.findall(found[2]):
            if name.lower() == "rel":
                if relation in (quoted or bare).lower().split():
                    return str(found[1])
                break  # only the first one counts
    return ""


class Cursors(Links):
    """Reads ``cursor_path``, and sends what stands there as ``cursor_key``, or follows it where it ``is_link``."""

    def __init__(self, config: Mapping[str, Any], hosts: tuple[str, ...], evaluator: Evaluator, within: str) -> None:
        self._hosts = hosts
        self._sizing = sizing_of(config)
        self._key = str(config.get("cursor_key") or "cursor")
        self._link = bool(config.get("is_link"))
        self._encoded = bool(config.get("is_cursor_url_encoded"))
        self._first_only = bool(config.get("ignore_limit_in_pagination"))
        self._header = config.get("cursor_path_object") == "header"
        self._next = self._reading(config, "cursor_path", evaluator, within)
        self._previous = self._reading(config, "prev_cursor_path", evaluator, within)
        self._more = self._reading(config, "has_next_path", evaluator, within)

    def _reading(self, config: Mapping[str, Any], name: str, evaluator: Evaluator, within: str) -> Reading | None:
        path = config.get(name)
        if not isinstance(path, str) or not path:
            return None
        if self._header:
            return _reading_header(path)
        return reading_of(f"{within}.{path}" if within else path, evaluator)

    async def enter(self, draft: Draft, cursor: str, limit: int | None) -> None:
        """The cursor under its key, or the link itself."""
        if not (cursor and (self._first_only or self._link)):
            self._sizing.put(draft, limit)
        if not cursor:
            return
        if self._link:
            self.follow(draft, cursor, self._hosts)
            return
        value = opened(cursor, _CURSOR)
        if not isinstance(value, str | int | float | dict) or isinstance(value, bool):
            raise unknown()
        place(draft, self._key, value, in_body=self._sizing.in_body, in_query=self._sizing.in_query)

    async def beyond(self, draft: Draft, cursor: str, received: Received) -> str:
        """What the answer says, unless it says that there is no more."""
        del draft, cursor
        seen = received.headers if self._header else received.data
        if self._next is None or (self._more is not None and _says_no(await self._more(seen))):
            return ""
        return self._cursor(await self._next(seen), received)

    async def before(self, received: Received) -> str:
        """What the answer says of the page before."""
        if self._previous is None:
            return ""
        return self._cursor(await self._previous(received.headers if self._header else received.data), received)

    def _cursor(self, value: Any, received: Received) -> str:
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is None or value is False or value in ("", 0) or isinstance(value, list):
            return ""
        if self._link:
            return self.found(str(value), received)
        if self._encoded and isinstance(value, str):
            value = unquote(value)
        return sealed(_CURSOR, value) if len(str(value)) <= _LONGEST else ""


def _says_no(value: Any) -> bool:
    return not value or (isinstance(value, str) and value.strip().lower() in {"false", "0", "no"})


def _reading_header(name: str) -> Reading:
    name = name.strip("`").lower()

    async def read(headers: Any) -> Any:
        return headers.get(name)

    return read
