"""Lists a page at a time: keyset borders, so that inserting while paging neither skips nor repeats.

An offset is a signed token (HS256) that holds the border, an expiry and a digest of what was listed for whom; it is
good for fifteen minutes and for that list only.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

import msgspec

from fanfold.errors import RequestError
from fanfold.work.request import Request, encode
from fanfold.work.shape import decode, shape
from fanfold.work.store.links import BorderLostError

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.schema import Document, Kind
    from fanfold.work.selection import Selection
    from fanfold.work.store import Held, Store

LIFETIME = 900
"""How long an offset is good for, in seconds."""

MAX_LIMIT = 100
MAX_UNPAGED = 1000
"""How many records a list without ``limit`` may hold."""

EXPIRED = "offset: Your pagination token has expired."

_PLAIN = re.compile(r"[A-Za-z0-9_.~-]*").fullmatch

_HEAD = urlsafe_b64encode(b'{"alg":"HS256","typ":"JWT"}').rstrip(b"=")

Fetch = Callable[[Any, int], "list[Held]"]
"""From a border (None at the start) and a number to that many records behind it."""

BorderOf = Callable[["Held"], Any]


def page(
    request: Request,
    kind: Kind | None,
    fetch: Fetch,
    *,
    border_of: BorderOf = attrgetter("border"),
    total: int = MAX_UNPAGED,
) -> Answer:
    """The page of a list that the request asks for.

    ``border_of`` gives the border of a record where its position alone is not enough; ``total`` is the most that an
    answer without ``limit`` may hold.
    """
    # The official client asks every list for a hundred, also those that are not published in pages.
    limit = read_limit(request) if request.route.paged else None
    held = _collect(request, fetch, border_of_offset(request), limit or total, border_of)
    more = len(held) > (limit or total)
    if more and limit is None:
        raise RequestError(
            "The result is too large. You should use pagination (may require specifying a workspace)! "
            "Add limit=100 and follow next_page."
        )
    tail = b"" if limit is None else b',"next_page":null'
    if more and limit is not None:
        held = held[:limit]
        tail = next_page(request, border_of(held[-1]))
    return listing(request, kind, held, tail)


def listing(request: Request, kind: Kind | None, held: list[Held], tail: bytes = b"") -> Answer:
    """An answer that lists ``held`` in order, shown as records of ``kind``; each as what it is without that."""
    selection = request.selection(full=False)
    if selection.compact and not (any(not item.compact for item in held) if kind is None else kind.composed):
        shown = b",".join([item.compact for item in held])
    else:
        missing = request.view.store.documents([item.gid for item in held if not item.document])
        rows = [(item.gid, item.document or missing[item.gid]) for item in held]
        if kind is not None:
            shown = encode(shape(request.view, kind, rows, selection))[1:-1]
        else:
            shown = encode(_each_as_it_is(request, held, rows, selection))[1:-1]
    return request.answer(b'{"data":[%b]%b}' % (shown, tail))


def _each_as_it_is(
    request: Request, held: list[Held], rows: list[tuple[int, bytes]], selection: Selection
) -> list[Document]:
    """Records of several kinds, those of one kind shaped together."""
    view = request.view
    shown: dict[int, Document] = {}
    for name in dict.fromkeys(item.kind for item in held):
        part = [row for row, item in zip(rows, held, strict=True) if item.kind == name]
        shown.update(zip([gid for gid, _ in part], shape(view, view.kinds[name], part, selection), strict=True))
    return [shown[item.gid] for item in held]


def _collect(request: Request, fetch: Fetch, border: Any, limit: int, border_of: BorderOf) -> list[Held]:
    """One more than ``limit`` visible records, so that it is known whether there is another page."""
    seen: list[Held] = []
    while True:
        wanted = limit + 1 - len(seen)
        try:
            found = fetch(border, wanted)
        except BorderLostError:
            raise RequestError(EXPIRED) from None
        if any([item.private for item in found]):  # noqa: C419 - no generator: hot
            seen += [item for item in found if not item.private or request.view.sees_gid(item.gid)]
        else:
            seen = seen + found if seen else found
        if len(found) < wanted or len(seen) > limit:
            return seen
        border = border_of(found[-1])


def read_limit(request: Request) -> int | None:
    """The number of records that are wanted on a page, or None where the request does not say."""
    text = request.query.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
        raise RequestError(f"limit: Must be an integer between 1 and {MAX_LIMIT}")
    return int(text)


def next_page(request: Request, border: Any) -> bytes:
    """The member of an answer that says where the list goes on."""
    offset = sign(request, border)
    kept = [f"{_quoted(name)}={_quoted(value)}&" for name, value in request.query.items() if name != "offset"]
    path = f"{request.call.path}?{''.join(kept)}offset={offset}"
    return b',"next_page":%b' % encode({"offset": offset, "path": path, "uri": request.view.base + path})


def _quoted(text: str) -> str:
    return text if _PLAIN(text) else quote_plus(text)


def sign(request: Request, border: Any) -> str:
    """An offset for the list that this request reads, standing at ``border``."""
    now = _now(request)
    claims = encode({"border": border, "iat": now, "exp": now + LIFETIME, "for": _digest(request)})
    body = _HEAD + b"." + urlsafe_b64encode(claims).rstrip(b"=")
    return (body + b"." + _signature(request.view.store, body)).decode()


def border_of_offset(request: Request) -> Any:
    """Where the list is to begin: the border that its ``offset`` holds, or None at the start."""
    offset = request.query.get("offset")
    if not offset:
        return None
    body, _, signature = offset.encode(errors="replace").rpartition(b".")
    if not hmac.compare_digest(signature, _signature(request.view.store, body)):
        raise RequestError("offset: Your pagination token is invalid.")
    part = body.partition(b".")[2]
    try:
        claims = decode(urlsafe_b64decode(part + b"=" * (-len(part) % 4)))
    except (ValueError, msgspec.DecodeError):
        raise RequestError("offset: Your pagination token is invalid.") from None
    if claims["for"] != _digest(request):
        raise RequestError("offset: Your pagination token is invalid.")
    if claims["exp"] < _now(request):
        raise RequestError(EXPIRED)
    return claims["border"]


def _now(request: Request) -> int:
    return int(request.view.clock().timestamp())


def _signature(store: Store, body: bytes) -> bytes:
    return urlsafe_b64encode(hmac.digest(store.signing_key, body, "sha256")).rstrip(b"=")


def _digest(request: Request) -> str:
    """What the list is: its path and filters, and who reads it; not how many at a time or which fields."""
    filters = sorted(
        (k, v) for k, v in request.query.items() if k not in ("limit", "offset") and not k.startswith("opt_")
    )
    what = encode([request.view.user, request.route.template, request.params, filters])
    return hashlib.sha256(what).hexdigest()[:16]
