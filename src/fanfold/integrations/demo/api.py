"""The demo API: paths, pages of lists, and errors, in the manner of well-known public APIs."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import DecodeError, json

from fanfold.errors import RequestError
from fanfold.integrations.demo import blocks, people
from fanfold.integrations.demo.contacts import ContactBooks, Contacts, number_of
from fanfold.model import Answer

MAX_PAGE = 100
MAX_BODY = 64 * 1024
MAX_TARGET = 8192

_CODES = {
    400: "validation_error",
    404: "object_not_found",
    405: "method_not_allowed",
    409: "conflict_error",
    413: "payload_too_large",
    414: "uri_too_long",
}

_WRONG_CURSOR = "start_cursor should be one that was given out for this list."

Numbered = tuple[int, dict[str, Any]]


class Asked(Protocol):
    """A request to an API inside this process; the URL may be absolute, and its scheme and host mean nothing."""

    @property
    def method(self) -> str:
        """Such as ``GET``, in either case."""

    @property
    def url(self) -> Any:
        """What gives the URL as text."""

    @property
    def body(self) -> bytes | None:
        """JSON, or nothing."""


class DemoApi:
    """Answers requests. Data is the same each time, but for contacts, which each account changes for itself."""

    def __init__(self, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._books = ContactBooks(clock)

    async def ask(self, request: Asked, account: Any, caller: Any) -> Answer:
        """The answer to a request; a refusal is an answer too. ``account`` is what contacts are kept for."""
        del caller
        return self.answer(request.method, str(request.url), request.body or b"", getattr(account, "id", ""))

    def answer(self, method: str, url: str, body: bytes = b"", account: str = "") -> Answer:
        """Like ``ask``, without waiting."""
        try:
            status, value = self._answered(method.upper(), url, body, account)
        except RequestError as error:
            code = _CODES.get(error.status, "invalid_request")
            status = error.status
            value = {"object": "error", "status": status, "code": code, "message": error.message}
        headers = (("content-type", "application/json; charset=utf-8"),)
        return Answer(status, json.encode(value), headers, trusted=True)

    def _answered(self, method: str, url: str, body: bytes, account: str) -> tuple[int, Any]:
        if len(url) > MAX_TARGET:
            raise RequestError("The address is too long.", status=414)
        if len(body) > MAX_BODY:
            raise RequestError(f"The body is longer than {MAX_BODY} bytes.", status=413)
        segments, query = _taken_apart(url)
        match segments:
            case ["contacts"]:
                return self._contacts(method, query, body, self._books.of(account))
            case ["contacts", gid]:
                return _contact(method, gid, body, self._books.of(account))
            case _:
                _only(method, "GET")
                return 200, _read(segments, query)

    def _contacts(self, method: str, query: dict[str, str], body: bytes, book: Contacts) -> tuple[int, Any]:
        if method == "POST":
            return 200, book.create(_decoded(body))
        _only(method, "GET", "POST")
        wanted = {name: query[name] for name in ("company_id", "email") if name in query}
        rows = book.after(_first(query, "c_"))
        fitting = (row for row in rows if all(row[1].get(name) == value for name, value in wanted.items()))
        return 200, _page(query, fitting, "c_{}".format)


def _taken_apart(url: str) -> tuple[list[str], dict[str, str]]:
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, max_num_fields=100))
    except ValueError:
        raise RequestError("The address cannot be read.") from None
    return [unquote(segment) for segment in parts.path.strip("/").split("/")], query


def _contact(method: str, gid: str, body: bytes, book: Contacts) -> tuple[int, Any]:
    if method == "PATCH":
        return 200, book.update(gid, _decoded(body))
    if method == "DELETE":
        return 200, book.delete(gid)
    _only(method, "GET", "PATCH", "DELETE")
    return 200, book.get(gid)


def _read(segments: list[str], query: dict[str, str]) -> Any:
    match segments:
        case [kind] if kind in _LISTS:
            found = _LISTS[kind](query)
        case [kind, gid] if kind in _ONES:
            found = _ONES[kind](gid)
        case ["blocks", gid, "children"]:
            found = _children(gid, query)
        case _:
            raise RequestError(f"There is nothing at /{'/'.join(segments)[:200]}", status=404)
    return found


def _users(query: dict[str, str]) -> Any:
    return _page(query, _made(people.user, people.USERS, _first(query, "u_")), "u_{}".format)


def _companies(query: dict[str, str]) -> Any:
    rows = _made(people.company, people.COMPANIES, _first(query, "co_"))
    domain = query.get("domain")
    return _page(query, (row for row in rows if domain in (None, row[1]["domain"])), "co_{}".format)


def _page_alone(name: str) -> Any:
    if name not in blocks.PAGES:
        raise RequestError(f"There is no page {name[:100]!r}.", status=404)
    return blocks.page(name)


def _block(gid: str) -> Any:
    place = blocks.place_of(gid)
    if place is None:
        raise RequestError(f"There is no block {gid[:100]!r}.", status=404)
    return blocks.block(*place)


def _pages(query: dict[str, str]) -> Any:
    names = list(blocks.PAGES)
    cursor = query.get("start_cursor", names[0])
    if cursor not in names:
        raise RequestError(_WRONG_CURSOR)
    start = names.index(cursor)
    return _page(query, ((at, blocks.page(names[at])) for at in range(start, len(names))), names.__getitem__)


def _children(parent: str, query: dict[str, str]) -> Any:
    found = blocks.children_of(parent)
    if found is None:
        raise RequestError(f"There is no page or block {parent[:100]!r}.", status=404)
    name, numbers = found
    start, cursor = 0, query.get("start_cursor")
    if cursor is not None:
        place = blocks.place_of(cursor)
        start = -1 if place is None or place[0] != name else bisect_left(numbers, place[1])
        if place is None or not 0 <= start < len(numbers) or numbers[start] != place[1]:
            raise RequestError(_WRONG_CURSOR)
    rows = ((number, blocks.block(name, number)) for number in numbers[start : start + MAX_PAGE + 1])
    return _page(query, rows, lambda number: blocks.block_id(name, number))


def _made(make: Callable[[int], dict[str, Any]], many: int, first: int) -> Iterator[Numbered]:
    return ((number, make(number)) for number in range(first, many + 1))


def _one(make: Callable[[int], dict[str, Any]], many: int, gid: str, prefix: str, kind: str) -> dict[str, Any]:
    number = number_of(gid, prefix)
    if not 1 <= number <= many:
        raise RequestError(f"There is no {kind} {gid[:100]!r}.", status=404)
    return make(number)


def _first(query: dict[str, str], prefix: str) -> int:
    """The number that a page begins with: its cursor is an id."""
    cursor = query.get("start_cursor")
    number = 1 if cursor is None else number_of(cursor, prefix)
    if number < 1:
        raise RequestError(_WRONG_CURSOR)
    return number


def _page(query: dict[str, str], rows: Iterable[Numbered], cursor_of: Callable[[int], str]) -> dict[str, Any]:
    """As many rows as a page may have; its cursor is the id of the row after them."""
    size = _size(query)
    results: list[dict[str, Any]] = []
    following = None
    for number, row in rows:
        if len(results) == size:
            following = cursor_of(number)
            break
        results.append(row)
    return {"object": "list", "results": results, "next_cursor": following, "has_more": following is not None}


def _size(query: dict[str, str]) -> int:
    text = query.get("page_size", str(MAX_PAGE))
    if not text.isascii() or not text.isdigit() or len(text) > 4 or not 1 <= int(text) <= MAX_PAGE:
        raise RequestError(f"page_size should be a number from 1 to {MAX_PAGE}.")
    return int(text)


def _decoded(body: bytes) -> Any:
    try:
        return json.decode(body)
    except (DecodeError, UnicodeDecodeError, RecursionError):
        raise RequestError("The body should be JSON.") from None


def _only(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise RequestError(f"Only {', '.join(allowed)} can be asked here.", status=405)


_LISTS: dict[str, Callable[[dict[str, str]], Any]] = {"users": _users, "companies": _companies, "pages": _pages}

_ONES: dict[str, Callable[[str], Any]] = {
    "users": lambda gid: _one(people.user, people.USERS, gid, "u_", "user"),
    "companies": lambda gid: _one(people.company, people.COMPANIES, gid, "co_", "company"),
    "pages": _page_alone,
    "blocks": _block,
}
