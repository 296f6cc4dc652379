"""What is kept of jobs, on the shelves of the work API's database: how far each has come, and what came of it.

Everything about the jobs of one user is written one after the other (``lane_of``), and what is decided by what is read
is decided in the transaction that writes it. What a call wrote, and what it answered, is one transaction too: so a job
that another process goes on with finds what was done, and does not do it again.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fanfold.model import Answer, Caller, Pairs
from fanfold.work.store.shelves import Shelved

if TYPE_CHECKING:
    from fanfold.work.store import Store

JOBS = "jobs"
"""The shelf of all jobs, each of the user who asked for it; what belongs to one has a shelf of its own."""

UNDER_WAY = "jobs under way"
"""The shelf of those that are not at their end, in the order in which they were asked for."""

REQUESTS = "job requests"
"""The shelf of what was asked, for as long as it is needed."""

HOOKS = "job webhooks"
"""The shelf of those who are to be told of the end of a job, until they have been (see ``telling.py``)."""

ALL = "all"
"""The place of what was answered altogether, where actions have no answers of their own."""

Kind = Literal["batch", "plan"]
"""Actions of the work API, or a recipe."""

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]

OVER = frozenset(("succeeded", "failed", "cancelled"))

_LANES = 16


class Job(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One job. Moments are in seconds since 1970; ``deadline`` is when it has to be at its end.

    ``key``, ``user``, ``scopes`` and ``counted`` are those of the caller. ``names`` are the ids of its actions, if any
    has one; ``fields`` the members that their results are to have, if not all. ``leaving``: it was asked to end. At
    its end ``webhook`` is told.
    """

    id: str
    kind: Kind = "batch"
    status: Status = "queued"
    key: str
    user: str
    scopes: tuple[str, ...] | None = None
    counted: str = ""
    created: float
    deadline: float
    started: float | None = None
    finished: float | None = None
    total: int
    done: int = 0
    failed: int = 0
    names: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    leaving: bool = False
    why: str = ""
    webhook: str = ""

    @property
    def caller(self) -> Caller:
        """Who asked for it."""
        scopes = None if self.scopes is None else frozenset(self.scopes)
        return Caller(self.key, self.user, scopes, counted=self.counted)

    @property
    def shelf(self) -> str:
        """Where what belongs to it is kept."""
        return f"job {self.id}"


class Settled(Struct, frozen=True, array_like=True):
    """What an action was answered: ``place`` is that in the batch, with that of an element behind it (``3/0``)."""

    place: str
    status: int
    headers: Pairs
    body: msgspec.Raw

    @property
    def answer(self) -> Answer:
        """The answer."""
        return Answer(self.status, bytes(self.body), self.headers, trusted=True)


class _Waiting(Struct, frozen=True, array_like=True):
    """A job that is not at its end. ``begun``: it counts as one of those that its caller has under way."""

    key: str
    begun: bool


_encode = msgspec.json.Encoder().encode
_read_job = msgspec.json.Decoder(Job).decode
_read_settled = msgspec.json.Decoder(list[Settled]).decode
_read_waiting = msgspec.json.Decoder(_Waiting).decode


def new_id() -> str:
    """An id that nobody can guess: 160 bits."""
    return secrets.token_hex(20)


def settled(place: str, answer: Answer) -> Settled:
    """What is kept of an answer, which is JSON."""
    return Settled(place, answer.status, answer.headers, msgspec.Raw(answer.body or b"null"))


def lane_of(user: str) -> int:
    """The lane in which all about the jobs of a user is written."""
    return -100 - int(user) % _LANES


# -- one job ---------------------------------------------------------------------------------------------------------


def put(store: Store, job: Job, until: float) -> None:
    """Keep a job as it is now, until a moment."""
    store.shelve(JOBS, Shelved(job.id, int(job.user), until, _encode(job)))


def begin(store: Store, job: Job, request: bytes, until: float) -> None:
    """Keep a new job with what was asked; it is under way from now on, last in the line of its caller."""
    put(store, job, until)
    store.shelve(REQUESTS, Shelved(job.id, int(job.user), until, request))
    store.shelve(UNDER_WAY, Shelved(job.id, int(job.user), None, _encode(_Waiting(job.key, begun=False))))


def find(store: Store, job: str, now: float) -> tuple[Job, float] | None:
    """A job that is still kept, and until when."""
    found = store.shelved(JOBS, job)
    if found is None or found.until is None or found.until <= now:
        return None
    return _read_job(found.document), found.until


def request_of(store: Store, job: Job) -> bytes:
    """What was asked."""
    found = store.shelved(REQUESTS, job.id)
    return b"" if found is None else found.document


def all_of(store: Store, user: str, now: float) -> list[tuple[Job, float]]:
    """The jobs of a user that are still kept, the newest first."""
    return [
        (_read_job(row.document), row.until)
        for row in reversed(store.shelved_of(JOBS, int(user)))
        if row.until is not None and row.until > now
    ]


def end(store: Store, job: Job, until: float) -> None:
    """Keep a job that has ended; nothing of it is under way any more, and what was asked is not needed any more."""
    put(store, job, until)
    store.unshelve(REQUESTS, job.id)
    store.unshelve(UNDER_WAY, job.id)


def remove(store: Store, job: Job) -> None:
    """Keep nothing of a job."""
    for row in store.shelved_of(job.shelf, int(job.user)):
        store.unshelve(job.shelf, row.name)
    for shelf in (REQUESTS, UNDER_WAY, HOOKS):
        store.unshelve(shelf, job.id)
    store.unshelve(JOBS, job.id)


# -- those under way -------------------------------------------------------------------------------------------------


def admit(store: Store, user: str, most: int) -> list[str]:
    """Of the jobs of a user those which begin now: each caller has ``most`` under way, or any number for 0."""
    rows = [(row, _read_waiting(row.document)) for row in store.shelved_of(UNDER_WAY, int(user))]
    begun: dict[str, int] = {}
    for _, waiting in rows:
        begun[waiting.key] = begun.get(waiting.key, 0) + waiting.begun
    found = []
    for row, waiting in rows:
        if not waiting.begun and (not most or begun[waiting.key] < most):
            begun[waiting.key] += 1
            store.shelve(UNDER_WAY, row._replace(document=_encode(replace(waiting, begun=True))))
            found.append(row.name)
    return found


def left(store: Store) -> list[tuple[str, str, bool]]:
    """All jobs that are not at their end: id, user, and whether they have begun."""
    return [(row.name, str(row.owner), _read_waiting(row.document).begun) for row in store.shelved_on(UNDER_WAY)]


def count_waiting(store: Store, caller: Caller) -> int:
    """How many jobs of a caller are not at their end."""
    rows = store.shelved_of(UNDER_WAY, int(caller.user))
    return sum(_read_waiting(row.document).key == caller.key for row in rows)


# -- what came of it -------------------------------------------------------------------------------------------------


def add(store: Store, job: Job, found: Sequence[Settled], until: float) -> None:
    """Keep what some actions were answered, or ``ALL`` of them as far as it is known by now."""
    several = [one for one in found if one.place != ALL]
    for group in ([one] for one in found if one.place == ALL):
        _shelve(store, job, ALL, group, until)
    if several:
        _shelve(store, job, several[0].place if len(several) == 1 else secrets.token_hex(8), several, until)


def _shelve(store: Store, job: Job, name: str, found: Sequence[Settled], until: float) -> None:
    store.shelve(job.shelf, Shelved(name, int(job.user), until, _encode(found)))


def one(store: Store, job: Job, place: str) -> Answer | None:
    """What an action, or an element of one, was answered, if that is kept by itself."""
    found = store.shelved(job.shelf, place)
    return None if found is None else _read_settled(found.document)[0].answer


def results(store: Store, job: Job) -> dict[str, Settled]:
    """Everything that was answered so far, by place; those of elements have a ``/`` in theirs."""
    rows = store.shelved_of(job.shelf, int(job.user))
    return {one.place: one for row in rows for one in _read_settled(row.document)}
