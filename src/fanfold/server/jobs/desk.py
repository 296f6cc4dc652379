"""Asking for jobs, and asking after them: ``Prefer: respond-async`` on a batch, and what is below ``/-/jobs``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from fanfold.engine import make_plan
from fanfold.engine.plan import Plan
from fanfold.errors import LimitExceeded, NoSuchRoute, RequestError
from fanfold.idempotency import answer_again, fingerprint_of, name_of
from fanfold.model import Answer, Caller
from fanfold.server.answers import keep, kept
from fanfold.server.jobs import records
from fanfold.server.jobs.records import OVER, Job, Kind, Settled
from fanfold.server.jobs.telling import KEPT, WANTED, Hook, new_hook, put, shown_secret
from fanfold.serving.answering import fields_of
from fanfold.serving.bodies import Receive, Scope, header, read_body, read_query
from fanfold.serving.preferences import RESPOND_ASYNC, WAIT, preferences, seconds_to_wait
from fanfold.serving.previews import preview_answer
from fanfold.work.clock import stamp

if TYPE_CHECKING:
    from fanfold.dialects import AsanaDialect
    from fanfold.engine import Admission, Engine
    from fanfold.server.jobs.jobs import Jobs
    from fanfold.server.jobs.telling import Teller
    from fanfold.work.api import Api
    from fanfold.work.session import Session

PREFIX = b"/-/jobs"

MAX_WAITING = 1000
"""Jobs of one caller that are not at their end."""

MAX_KEPT = 1000
"""Jobs of one user that are kept, those that have ended included."""

MAX_WAIT = 30.0
"""Seconds for which somebody may wait for the end of a job."""

DAY = 86_400.0

_COSTS = {"requests": 1}
_APPLIED = ("preference-applied", RESPOND_ASYNC)
_NO_SUCH = "There is no such job, or it is kept no longer"

_encode = msgspec.json.Encoder().encode


class Bounds(Struct, frozen=True):
    """Sizes in bytes, times in seconds; ``deadline`` is a job's."""

    max_body: int
    body_timeout: float
    deadline: float
    kept: float


class Wanted(Struct, frozen=True):
    """What is to be a job: ``total`` actions or entries; the names of these, and which members of each are wanted."""

    kind: Kind
    total: int
    fingerprint: bytes
    names: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None


def wants_job(scope: Scope) -> bool:
    """Whether whoever asks would rather not wait for the answer."""
    return RESPOND_ASYNC in preferences(scope["headers"])


class JobDesk:
    """Answers those who ask for jobs. ``let_in`` finds the caller of a request, or raises ``Unauthenticated``."""

    def __init__(
        self,
        jobs: Jobs,
        teller: Teller,
        api: Api,
        engine: Engine,
        dialect: AsanaDialect,
        bounds: Bounds,
        let_in: Callable[[Scope], Awaitable[Caller]],
    ) -> None:
        self._jobs = jobs
        self._teller = teller
        self._api = api
        self._engine = engine
        self._dialect = dialect
        self._bounds = bounds
        self._let_in = let_in

    # -- asking for one ----------------------------------------------------------------------------------------------

    async def submit(self, scope: Scope, receive: Receive, caller: Caller) -> Answer:
        """Have a batch carried out as a job: 202 with where it is. What is wrong with the batch is told at once."""
        query = dict(read_query(scope["query_string"])) if scope["query_string"] else {}
        body = await read_body(scope, receive, self._bounds.max_body, self._bounds.body_timeout)
        batch = self._dialect.decode(body)
        if batch.conduct is not None and batch.conduct.dry_run:
            plan, refusals, _ = await self._engine.preview(batch, caller)
            return preview_answer(plan, refusals)
        make_plan(batch, caller, self._engine.target, self._engine.means.evaluator)
        names = tuple([action.wiring.id if action.wiring is not None else "" for action in batch.actions])
        fields = query.get("opt_fields")
        wanted = Wanted(
            "batch",
            len(batch.actions),
            fingerprint_of("POST", scope["path"], tuple(query.items()), body),
            names if any(names) else (),
            tuple(sorted(fields_of(fields))) if fields else None,
        )
        return await self.take_on(scope, body, caller, wanted, self._engine.admission)

    async def take_on(self, scope: Scope, body: bytes, caller: Caller, wanted: Wanted, admission: Admission) -> Answer:
        """Have what is wanted carried out as a job, if ``admission`` lets it in as one request."""
        job = self._new(caller, wanted)
        url = header(scope["headers"], WANTED).decode("latin-1")
        hook = new_hook(url) if url else None
        if hook is not None:
            await self._teller.vet(hook)
            job = replace(job, webhook=url)
        key = header(scope["headers"], b"idempotency-key").decode("latin-1")
        async with admission.admit(Plan((), _COSTS), caller):
            return await self._begin(job, body, hook, key, wanted.fingerprint)

    def _new(self, caller: Caller, wanted: Wanted) -> Job:
        now = self._api.now().timestamp()
        return Job(
            id=records.new_id(),
            kind=wanted.kind,
            key=caller.key,
            user=caller.user,
            scopes=None if caller.scopes is None else tuple(sorted(caller.scopes)),
            counted=caller.counted,
            created=now,
            deadline=now + self._bounds.deadline,
            total=wanted.total,
            names=wanted.names,
            fields=wanted.fields,
        )

    async def _begin(self, job: Job, body: bytes, hook: Hook | None, key: str, fingerprint: bytes) -> Answer:
        """Keep the job, unless it was asked for before with the same key: then that one is told of again."""
        name = name_of(job.caller, key) if key else b""
        until = job.deadline + self._bounds.kept
        told = shown(job, until)
        if hook is not None:
            told["webhook"]["secret"] = shown_secret(hook)
        headers = (("location", f"/-/jobs/{job.id}"), _APPLIED, ("retry-after", "1"))
        answer = Answer(202, _encode({"data": told}), headers, trusted=True)

        def begin(session: Session) -> tuple[Answer, list[str]]:
            store = session.store
            known = kept(store, name, job.created) if name else None
            if known is not None:
                again = answer_again(known, fingerprint)
                return replace(again, headers=(*again.headers, ("idempotency-replayed", "true"))), []
            self._bound(session, job)
            records.begin(store, job, body, until)
            if hook is not None:
                put(store, job, hook, until + KEPT)
            if name:
                keep(store, name, fingerprint, answer, job.created + DAY)
            return answer, self._jobs.admit(store, job.user)

        answer, admitted = await self._api.write(begin, records.lane_of(job.user))
        self._jobs.start(admitted)
        return answer

    def _bound(self, session: Session, job: Job) -> None:
        if records.count_waiting(session.store, job.caller) >= MAX_WAITING:
            raise LimitExceeded(30, f"{MAX_WAITING} jobs of yours are not at their end; wait for some of them")
        if session.store.count_shelved(records.JOBS, int(job.user)) >= MAX_KEPT:
            raise LimitExceeded(60, f"{MAX_KEPT} jobs of yours are kept; remove some with DELETE /-/jobs/ID")

    # -- asking after them -------------------------------------------------------------------------------------------

    async def answer(self, scope: Scope) -> tuple[Answer, Caller]:
        """The answer to a request below ``/-/jobs``, and who asked."""
        parts = scope["raw_path"][len(PREFIX) :].decode("latin-1").strip("/").split("/")
        caller = await self._let_in(scope)
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        match method, parts:
            case "GET", [""]:
                return await self._list(scope, caller), caller
            case "GET", [job]:
                return await self._show(scope, caller, job), caller
            case "POST", [job, "cancel"]:
                return await self._cancel(caller, job), caller
            case "DELETE", [job]:
                return await self._remove(caller, job), caller
        raise NoSuchRoute

    async def _show(self, scope: Scope, caller: Caller, name: str) -> Answer:
        job, until = await self._find(caller, name)
        headers: tuple[tuple[str, str], ...] = (("cache-control", "no-store"),)
        wait = seconds_to_wait(preferences(scope["headers"]), MAX_WAIT)
        if wait:
            headers = (*headers, ("preference-applied", f"{WAIT}={wait:.0f}"))
            if job.status not in OVER:
                await self._jobs.ended(job.id, wait)
                job, until = await self._find(caller, name)
        if job.status not in OVER:
            headers = (*headers, ("retry-after", "1"))
        query = dict(read_query(scope["query_string"])) if scope["query_string"] else {}
        if query.get("results", "true").lower() == "false":
            return Answer(200, _encode({"data": shown(job, until)}), headers, trusted=True)
        found = await self._api.read(lambda session: records.results(session.store, job))
        if job.kind == "plan":
            results = bytes(found[records.ALL].body) if records.ALL in found else b"null"
            told = _encode(shown(job, until))
        else:
            results = b"[" + b",".join(self._encoded(job, found)) + b"]"
            told = _encode(shown(job, until, done=sum("/" not in place for place in found)))
        body = b'{"data":' + told[:-1] + b',"results":' + results + b"}}"
        return Answer(200, body, headers, trusted=True)

    def _encoded(self, job: Job, found: dict[str, Settled]) -> Sequence[bytes]:
        """The results in the order of the actions, with null for those that are not there yet."""
        encode, names, fields = self._dialect.encode_settled, job.names, job.fields
        pieces = []
        for place in range(job.total):
            one = found.get(str(place))
            name = names[place] if names else ""
            pieces.append(b"null" if one is None else encode(name, one.answer, fields))
        return pieces

    async def _list(self, scope: Scope, caller: Caller) -> Answer:
        query = dict(read_query(scope["query_string"])) if scope["query_string"] else {}
        limit = query.get("limit", "20")
        if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= 100):
            raise RequestError("limit: Must be an integer between 1 and 100")
        now = self._api.now().timestamp()
        found = await self._api.read(lambda session: records.all_of(session.store, caller.user, now))
        mine = [(job, until) for job, until in found if may_see(caller, job)]
        offset = query.get("offset")
        if offset is not None:
            places = [place for place, (job, _) in enumerate(mine) if job.id == offset]
            if not places:
                raise RequestError("offset: Your pagination token is invalid.")
            mine = mine[places[0] + 1 :]
        page, more = mine[: int(limit)], len(mine) > int(limit)
        last = page[-1][0].id if page else ""
        following = {"offset": last, "path": f"/-/jobs?limit={limit}&offset={last}"} if more else None
        data = {"data": [shown(job, until) for job, until in page], "next_page": following}
        return Answer(200, _encode(data), (("cache-control", "no-store"),), trusted=True)

    async def _cancel(self, caller: Caller, name: str) -> Answer:
        job, until = await self._find(caller, name)
        after = await self._jobs.cancel(job)
        if after is None:
            raise RequestError(_NO_SUCH, status=404)
        return Answer(200, _encode({"data": shown(after, until)}), trusted=True)

    async def _remove(self, caller: Caller, name: str) -> Answer:
        job, _ = await self._find(caller, name)
        if job.status not in OVER:
            raise RequestError("A job that is not at its end cannot be removed; cancel it first", status=409)
        await self._api.write(lambda session: records.remove(session.store, job), records.lane_of(job.user))
        return Answer(200, b'{"data":{}}', trusted=True)

    async def _find(self, caller: Caller, name: str) -> tuple[Job, float]:
        """A job that the caller may see. That there is one which somebody else asked for is nobody's business."""
        now = self._api.now().timestamp()
        found = await self._api.read(lambda session: records.find(session.store, name, now))
        if found is None or not may_see(caller, found[0]):
            raise RequestError(_NO_SUCH, status=404)
        return found


def may_see(caller: Caller, job: Job) -> bool:
    """Whether a job is a caller's: whoever asked for it, and its user with a token of their own."""
    return caller.user == job.user and (caller.key == job.key or caller.key.startswith("token:"))


def shown(job: Job, until: float, done: int = 0) -> dict[str, Any]:
    """What is told of a job beside its results; ``done``: how many of those there are, if that was just counted."""
    link = f"/-/jobs/{job.id}"
    told: dict[str, Any] = {
        "id": job.id,
        "status": job.status,
        "progress": {"done": max(job.done, done), "failed": job.failed, "total": job.total},
        "created_at": _moment(job.created),
        "started_at": _moment(job.started),
        "finished_at": _moment(job.finished),
        "expires_at": _moment(until),
        "links": {"self": link} if job.status in OVER else {"self": link, "cancel": f"{link}/cancel"},
    }
    if job.leaving and job.status not in OVER:
        told["cancelling"] = True
    if job.webhook:
        told["webhook"] = {"url": job.webhook}
    if job.why:
        told["error"] = {"message": job.why}
    return told


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else stamp(datetime.fromtimestamp(seconds, UTC))
