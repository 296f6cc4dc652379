"""What webhooks are sent, and what becomes of it: one delivery at a time for each, in the order of what happened.

What is about to be sent is noted before it is, and that it has arrived in the same transaction as how far the webhook
has come. So a process may die at any moment: what was committed is delivered at least once, and if twice, then with
the same bytes. Nothing here waits by itself: ``attempt`` does what is to be done now and tells when there is more.

Where several processes have the database, whoever sends holds a lease, taken and given up in the transaction that looks
what there is to send. So nobody has to wait for whoever holds it: what is committed meanwhile, that one finds.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from msgspec import Struct

from fanfold.errors import Unreachable
from fanfold.work.change import deletion, touching
from fanfold.work.clock import stamp
from fanfold.work.events import read_entry
from fanfold.work.kinds.events import told
from fanfold.work.kinds.webhook_filters import passes
from fanfold.work.leases import give_up, take
from fanfold.work.posting import TIMEOUT
from fanfold.work.request import encode
from fanfold.work.schema import Document, Ref
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.api import Api
    from fanfold.work.session import Session
    from fanfold.work.store import Row
    from fanfold.work.store.deliveries import Sending
    from fanfold.work.view import View

P = ParamSpec("P")
T = TypeVar("T")

HEARTBEAT = timedelta(hours=8)
"""After this long without anything to tell, an empty list of events shows that the target is still there."""

FIRST_PAUSE = timedelta(seconds=10)
"""Between a failure and the next attempt; doubled with each further one."""

LONGEST_PAUSE = timedelta(hours=1)

GIVEN_UP = timedelta(hours=24)
"""A webhook whose target has failed for so long is deleted."""

MAX_EVENTS = 100
"""Entries of the log that go into one delivery."""

MAX_KEPT = 1000
"""Characters that are kept of what a target said when it failed."""

KEPT = timedelta(hours=25)
"""How long the log is kept: as long as a sync token is good for, and a little more."""

MAX_PRUNED = 1000


LEASE = TIMEOUT + 10
"""Seconds for which whoever sends has the sending for itself."""


class Held(Struct, frozen=True):
    """Another process is sending, and nobody else may for so many seconds."""

    seconds: float


class Parcel(Struct, frozen=True):
    """Something to be sent to a webhook's target."""

    webhook: int
    target: str
    body: bytes
    signature: str


class Deliveries:
    """Delivers what the API's log holds for its webhooks."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._sending: set[int] = set()
        self._holder = secrets.token_bytes(8)

    async def attempt(self, gid: int, *, inherited: bool = False) -> float | None:
        """Send what a webhook is to be sent now; seconds until there is more to do, None where that is not known.

        ``inherited``: another process was at it and may have died, so that it is waited for until its lease runs out.
        """
        if gid in self._sending:
            return None
        self._sending.add(gid)
        try:
            lane = await self._api.lane_of(gid)
            prepare = self._prepare_alone if self._api.shared else _prepare
            found = await self._api.write(lambda session: prepare(session, gid), lane)
            if isinstance(found, Held):
                return found.seconds if inherited else None
            if not isinstance(found, Parcel):
                return found
            problem = await self._send(found)
            return await self._api.write(lambda session: _settle(session, found, problem), lane)
        finally:
            self._sending.discard(gid)

    async def overdue(self, limit: int = 200) -> list[int]:
        """Webhooks that should have been sent something by now and are not being sent it."""
        now = stamp(self._api.now())
        found = await self._api.read(lambda session: session.store.overdue(now, limit))
        return [gid for gid in found if gid not in self._sending]

    async def prune(self) -> bool:
        """Remove a bounded number of entries of the log that nobody can ask for any more; whether there may be more."""
        return await self._api.write(_prune)

    def _prepare_alone(self, session: Session, gid: int) -> Parcel | Held | float | None:
        """``_prepare``, unless another process is sending something to the webhook."""
        name, now = f"delivery {gid}", session.now().timestamp()
        seconds = take(session.store, name, self._holder, now, LEASE)
        if seconds:
            return Held(seconds)
        found = _prepare(session, gid)
        if not isinstance(found, Parcel):
            give_up(session.store, name, self._holder)
        return found

    async def _send(self, parcel: Parcel) -> str | None:
        """Send a parcel; what went wrong, or None."""
        if self._api.post is None:
            return "No deliveries are made"
        headers = {"X-Hook-Signature": parcel.signature}
        try:
            reply = await self._api.post(parcel.target, headers, parcel.body, TIMEOUT)
        except Unreachable as error:
            return error.message
        if 200 <= reply.status < 300:
            return None
        said = reply.body[: MAX_KEPT * 4].decode(errors="replace")
        said = "".join(char for char in said if char.isprintable() or char == "\n")
        return f"{reply.status}\n\n{said}".strip()[:MAX_KEPT]


# -- before --------------------------------------------------------------------------------------------------------


def _prepare(session: Session, gid: int) -> Parcel | float | None:
    """What to send to a webhook now, or the seconds until there is something."""
    store = session.store
    state, row = store.delivery(gid), store.record(gid)
    if state is None or row is None:
        store.drop_delivery(gid)
        return None
    if state.body is None:
        return _look(session, state, row)
    document = decode(row.document)
    pause = _left(session, state, document)
    return pause if pause > 0 else _parcel(state, document, state.body)


def _left(session: Session, state: Sending, webhook: Document) -> float:
    """Seconds until what is being sent is to be tried (again); 0 or less where it is time.

    More than was meant to be left shows that the clock was put back: then it is put off anew, by what was meant.
    """
    now = session.now()
    left = datetime.fromisoformat(state.due) - now
    meant = (
        timedelta() if webhook.get("failure_deletion_timestamp") is None else _pause(webhook["delivery_retry_count"])
    )
    if left > meant:
        left = meant
        session.store.put_off_delivery(state.webhook, stamp(now + meant))
    return left.total_seconds()


def _pause(retries: int) -> timedelta:
    """What lies between a failure and the next attempt after so many of them."""
    grown: timedelta = FIRST_PAUSE * 2 ** min(retries, 20)
    return min(grown, LONGEST_PAUSE)


def _look(session: Session, state: Sending, row: Row) -> Parcel | float | None:
    """The same where nothing is being sent."""
    store, document = session.store, decode(row.document)
    view = session.view(int(document["user"]))
    upto, events, more = _news(view, state, row, document)
    now = stamp(session.now())
    beating = not more and state.due <= now
    gone = store.record(state.subject) is None
    if events or (beating and not gone):
        body = encode({"events": events})
        store.begin_delivery(row.gid, upto, body, now)
        return _parcel(state, document, body)
    if gone and not more:
        deletion(view, row).write()
    elif upto != state.cursor:
        store.move_delivery(row.gid, upto)
    return 0.0 if more else None


# -- after ---------------------------------------------------------------------------------------------------------


def _settle(session: Session, parcel: Parcel, problem: str | None) -> float | None:
    """Note what became of a parcel; seconds until the next attempt, None where the webhook is gone.

    What is there now may be other data than those that the parcel was from: then it is of no more concern.
    """
    row, state = session.store.record(parcel.webhook), session.store.delivery(parcel.webhook)
    if row is None or state is None or state.body != parcel.body:
        return None
    if _parcel(state, decode(row.document), parcel.body) != parcel:
        return None
    return _arrived(session, row) if problem is None else _failed(session, row, problem)


def _arrived(session: Session, row: Row) -> float:
    view, now = _view(session, row)
    change = touching(view, row)
    change.after |= {
        "active": True,
        "last_success_at": stamp(now),
        "delivery_retry_count": 0,
        "next_attempt_after": None,
        "failure_deletion_timestamp": None,
    }
    change.keep()
    session.store.end_delivery(row.gid, stamp(now + HEARTBEAT))
    return 0.0


def _failed(session: Session, row: Row, problem: str) -> float | None:
    view, now = _view(session, row)
    change = touching(view, row)
    after = change.after
    given_up = after.get("failure_deletion_timestamp")
    if given_up is not None and given_up <= stamp(now):
        deletion(view, row).write()
        return None
    retries: int = 0 if given_up is None else after["delivery_retry_count"] + 1
    end = now + GIVEN_UP if given_up is None else datetime.fromisoformat(given_up)
    pause = min(_pause(retries), end - now)
    after |= {
        "last_failure_at": stamp(now),
        "last_failure_content": problem,
        "delivery_retry_count": retries,
        "next_attempt_after": stamp(now + pause),
        "failure_deletion_timestamp": stamp(end),
    }
    change.keep()
    session.store.put_off_delivery(row.gid, after["next_attempt_after"])
    return pause.total_seconds()


def _view(session: Session, row: Row) -> tuple[View, datetime]:
    return session.view(int(decode(row.document)["user"])), session.now()


# -- the end of the log --------------------------------------------------------------------------------------------


def _prune(session: Session) -> bool:
    store = session.store
    old = stamp(session.now() - KEPT)
    wanted = min((upto for upto in (store.read_by_all(), store.index_upto()) if upto is not None), default=None)
    upto = 0
    told_of: list[tuple[int, int]] = []
    entries = store.oldest_events(MAX_PRUNED)
    for seq, gid, document in entries:
        entry = read_entry(document)
        if entry.at > old or (wanted is not None and seq > wanted):
            break
        upto = seq
        told_of += [(subject, seq) for subject in (gid, *entry.above)]
    if upto:
        store.forget_events(upto, told_of)
    return bool(entries) and upto == entries[-1][0]


def _parcel(state: Sending, webhook: Document, body: bytes) -> Parcel:
    return Parcel(state.webhook, webhook["target"], body, hmac.digest(state.secret, body, "sha256").hex())


def _news(view: View, state: Sending, row: Row, webhook: Document) -> tuple[int, list[Document], bool]:
    """Up to where the log was read, the events in it that the webhook wants, and whether there is more behind."""
    store = view.store
    newest = store.latest_event(row.workspace)
    logged = [
        (seq, gid, read_entry(entry)) for seq, gid, entry in store.events_of(state.subject, state.cursor, MAX_EVENTS)
    ]
    if not logged:
        return max(newest, state.cursor), [], False
    rows = store.records({gid for _, gid, _ in logged})
    wanted: list[Document] = []
    for (_, gid, entry), (_, events) in zip(logged, told(view, logged), strict=True):
        about = rows.get(gid)
        subtype = entry.subtype if about is None else decode(about.document).get("resource_subtype") or ""
        wanted += [event for event in events if passes(webhook["filters"], event, subtype)]
    full = len(logged) == MAX_EVENTS
    return (logged[-1][0] if full else newest), _bare(view, wanted), full


def _bare(view: View, events: list[Document]) -> list[Document]:
    """Events with no more than gid and type of each record in them, and nothing of those that are not to be seen."""
    named = {
        value.gid for event in events for value in (*event.values(), *event.get("change", {}).values()) if _is(value)
    }
    kinds = {gid: row.kind for gid, row in view.rows(named).items()} if named else {}

    def bare(value: Any) -> Any:
        if _is(value):
            kind = kinds.get(value.gid)
            return None if kind is None else {"gid": str(value.gid), "resource_type": kind}
        return value

    shown = []
    for event in events:
        plain = {name: bare(value) for name, value in event.items() if name != "type"}
        if not isinstance(event["resource"], Ref):
            plain["resource"] = {name: event["resource"][name] for name in ("gid", "resource_type")}
        if "change" in event:
            plain["change"] = {name: bare(value) for name, value in event["change"].items()}
        shown.append(plain)
    return shown


def _is(value: object) -> bool:
    return isinstance(value, Ref)
