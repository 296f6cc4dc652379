"""Event streams: what happened since the last time one asked, as far as the caller may see it.

A sync token is a place in the log, the time at which it was given and a signature: 32 hexadecimal digits that nobody
has to keep.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work.events import Entry, events_of, read_entry
from fanfold.work.request import encode
from fanfold.work.schema import Ref, Route, text
from fanfold.work.shape import fill

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.schema import Document
    from fanfold.work.store import Row
    from fanfold.work.store.events import Logged
    from fanfold.work.view import View

MAX_EVENTS = 1000
"""Most events that one token gives; one change that alone is more than that is still shown whole."""

MAX_OF_RECORD = 100
"""The same where the events are those of one record and what hangs below it."""

FOLLOWED = ("task", "project", "goal", "portfolio")
"""The kinds of which there are streams."""

LIFETIME = 24 * 3600
"""How long a token is good for, in seconds."""

TOO_OLD = (
    "Sync token invalid or too old. If you are attempting to keep resources in sync, you must fetch the full dataset "
    "for this query now and use the new sync token for the next sync."
)

_RECORDS = ("user", "resource", "parent", "change.new_value", "change.added_value", "change.removed_value")

SHOWN = ",".join(
    (
        *("type", "action", "created_at", "change.field", "change.action"),
        *(f"{record}.{field}" for record in _RECORDS for field in ("resource_type", "name")),
    )
)
"""What is shown of an event unless the client chooses: of each record in it no more than its name."""

_TOKEN = re.compile(r"([0-9a-f]{12})([0-9a-f]{8})[0-9a-f]{12}")


def list_of_workspace(request: Request) -> Answer:
    """Get what happened in a workspace since a sync token was given."""
    return _stream(request, request.row, request.view.store.events, MAX_EVENTS)


def list_of_record(request: Request) -> Answer:
    """Get what happened to a record since a sync token was given.

    That is a task, project, goal or portfolio, together with what hangs below it: the stories and subtasks of a task,
    the tasks of a project. The answer to a request without a token, or with one that is too old, is 412 and holds one
    to begin with.
    """
    row = request.row if request.route.subject else request.require("resource", "")
    if row.kind not in FOLLOWED:
        raise RequestError(f"resource: Not a valid GID type: {row.kind}")
    return _stream(request, row, request.view.store.events_of, MAX_OF_RECORD)


def _stream(request: Request, row: Row, read: Callable[[int, int, int], list[Logged]], most: int) -> Answer:
    """The next piece of the events that ``read`` gives for the subject, at most so many."""
    view, subject = request.view, row.gid
    newest = view.store.latest_event(row.workspace)
    since = _place(view, subject, request.query.get("sync", ""))
    if since is None:
        raise RequestError(TOO_OLD, status=412, extra={"sync": _token(view, subject, newest)})
    logged = read(subject, since, most + 1)
    shown, upto = _shown(view, [(place, gid, read_entry(entry)) for place, gid, entry in logged], most)
    more = upto is not None
    if upto is None:
        upto = max(newest, since, *(place for place, *_ in logged))
    request.query.setdefault("opt_fields", SHOWN)
    data = encode(fill(view, shown, request.selection(full=False)))
    tail = encode({"sync": _token(view, subject, upto), "has_more": more})[1:]
    return request.answer(b'{"data":%b,%b' % (data, tail))


def _shown(view: View, logged: list[tuple[int, int, Entry]], most: int) -> tuple[list[Document], int | None]:
    """The events to show, and the place of the last entry looked at where there are more behind it."""
    shown: list[Document] = []
    last = None
    for place, events in told(view, logged):
        if last is not None and len(shown) + len(events) > most:
            return shown, last
        shown += events
        last = place
    return shown, last if len(logged) > most else None


def told(view: View, logged: list[tuple[int, int, Entry]]) -> Iterator[tuple[int, list[Document]]]:
    """The place of each entry, and those of its events that the caller may know of."""
    rows = view.store.records({gid for _, gid, _ in logged})
    seen: dict[int, bool] = {}
    for place, gid, entry in logged:
        row = rows.get(gid)
        events: list[Document] = []
        if row is None:
            if _may_know(view, entry):
                events += events_of(entry, {"gid": str(gid), "resource_type": entry.kind, "name": entry.name})
        elif _sees(view, row, seen):
            events += events_of(entry, Ref(gid))
        yield place, events


def _sees(view: View, row: Row, seen: dict[int, bool]) -> bool:
    if row.gid not in seen:
        seen[row.gid] = view.sees(row)
    return seen[row.gid]


def _may_know(view: View, entry: Entry) -> bool:
    """Whether the caller may know of what happened to a record that is no longer there."""
    if view.service or view.user in (entry.user, *entry.told):
        return True
    if view.kinds[entry.kind].within:
        return view.sees_gid(entry.parent)
    return not entry.private


# -- sync tokens -----------------------------------------------------------------------------------------------------


def _token(view: View, subject: int, place: int) -> str:
    return _signed(view, subject, f"{place:012x}{_now(view):08x}")


def _signed(view: View, subject: int, head: str) -> str:
    return head + view.store.sign(f"events of {subject}: {head}")[:12]


def _place(view: View, subject: int, token: str) -> int | None:
    """The place in the log that a token stands for, or None where it is none of ours or too old."""
    found = _TOKEN.fullmatch(token)
    if found is None or not hmac.compare_digest(token, _signed(view, subject, found[1] + found[2])):
        return None
    place = int(found[1], 16)
    if place + 1 < view.store.first_event():
        return None
    return place if _now(view) - int(found[2], 16) <= LIFETIME else None


def _now(view: View) -> int:
    return int(datetime.fromisoformat(view.now).timestamp())


# -- routes ----------------------------------------------------------------------------------------------------------

EVENTS = Route(
    "GET",
    "/events",
    "getEvents",
    list_of_record,
    "",
    summary="Get what happened to a record since the last time",
    query=(text("resource", required=True), text("sync")),
    answers="stream",
)

ALIASES = tuple(
    Route(
        "GET", f"/{kind}s/{{{kind}_gid}}/events", "getEvents", list_of_record, "", subject=kind, query=(text("sync"),)
    )
    for kind in FOLLOWED
)
"""The same with the record in the path: understood, as the description's prose says, but no operations of their own."""
