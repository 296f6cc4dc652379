"""The server as an ASGI application: where a request meets token, engine and dialect.

A single request and a batch go the same way: found, authenticated, read, run by the engine as a batch (of one), and
answered by the dialect. The order of checks is the order of the lines in ``_single`` and ``_batch``.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from time import monotonic, perf_counter
from typing import Any

from fanfold.dialects import AsanaDialect
from fanfold.engine import Admission, Engine
from fanfold.errors import Crashed, LimitExceeded, RequestError, SetupError, Unauthenticated
from fanfold.idempotency import Ledger
from fanfold.limits import Profile, StandingLimiter, profile
from fanfold.limits.standing import reservations
from fanfold.model import Action, Answer, Batch, Caller, Limiter, Pairs, Result, Target
from fanfold.server.access_log import AccessLog
from fanfold.server.answers import StoredAnswers
from fanfold.server.connect import is_ours
from fanfold.server.control import PREFIX, Control
from fanfold.server.control.faults import Dropped, Faults, drop, must_not_be_dropped
from fanfold.server.control.journal import Journal, Recording
from fanfold.server.courier import Courier
from fanfold.server.databases import Elsewhere, api_over
from fanfold.server.downloads import Download, send_download
from fanfold.server.durable import DurableRunner, Runner, TaskRunner
from fanfold.server.indexer import Indexer
from fanfold.server.jobs.desk import PREFIX as JOBS
from fanfold.server.jobs.desk import wants_job
from fanfold.server.jobs.jobs import PERFORMANCE
from fanfold.server.jobs.parts import put_together
from fanfold.server.jobs.telling import PERFORMANCE as TELLING
from fanfold.server.limits import Limits
from fanfold.server.outbound import Poster, vetting_of
from fanfold.server.pages import Pages
from fanfold.server.readiness import Part, Readiness, Word
from fanfold.server.tokens import TokenBook
from fanfold.server.turns import Turns
from fanfold.server.uploads import discard, files_of, read_upload
from fanfold.serving.answering import live, send_answer
from fanfold.serving.batches import Batches
from fanfold.serving.bodies import (
    MAX_FORM,
    ClientLeftError,
    Receive,
    Scope,
    Send,
    gone,
    header,
    read_body,
    read_form,
    read_json,
    read_query,
)
from fanfold.serving.observing import METRICS, observing
from fanfold.settings import Settings
from fanfold.targets.observed import observed
from fanfold.work import Store, WorkApi
from fanfold.work.clock import SettableClock, stamp
from fanfold.work.deliveries import Deliveries
from fanfold.work.request import Form
from fanfold.work.seed import FIRST_USER

logger = logging.getLogger("fanfold")

BASE = "/api/1.0"
_PREFIX = f"{BASE}/".encode()
_BATCH = f"{BASE}/batch".encode()
READY = b"/readyz"
SHELVES = -50
"""The lane in which what is kept for some time only is removed."""

_FOR_APPS = (b"/-/oauth_", b"/.well-known/")


Handled = tuple[str, Answer | None, Caller | None, Sequence[Result]]
"""A request that has been answered (or dropped): its id, the answer, who asked, what became of its actions."""


class App:
    """The whole server behind one ASGI callable."""

    def __init__(
        self, settings: Settings, store: Store | Elsewhere, *, address: str = "", durable: Path | str | None = None
    ) -> None:
        """``store``: the database, or the way to it. ``durable``: where work in the background is kept, if it is."""
        self.settings = settings
        self.clock = SettableClock()
        self.api = api_over(
            store,
            base=f"{address}{BASE}",
            files=files_of(settings),
            clock=self.clock,
            strict=settings.strict,
            free=settings.plan == "free",
            search_delay=settings.search_delay,
        )
        self.dialect = AsanaDialect(
            max_actions=settings.max_actions,
            lenient_paths=settings.lenient_paths,
            extended=settings.extended,
            timeout=settings.action_timeout,
            deadline=settings.batch_deadline,
        )
        self.observing = observing(metrics=settings.metrics)
        self.limits = Limits(
            settings.redis,
            settings.without_redis,
            settings.sharing,
            self.observing.metrics,
            batch=settings.max_actions,
        )
        self._space = self.api.sign("limits")[:16]
        self.ledger = Ledger(StoredAnswers(self.api), clock=lambda: self.api.now().timestamp())
        self.target = self.watched(self.api)
        self.engine = Engine(
            self.target,
            self.admission(),
            shuffle=settings.shuffle,
            max_fan_out=settings.max_fan_out,
            ledger=self.ledger,
        )
        self.batches = Batches(
            self.engine,
            self.dialect,
            max_body=settings.max_body,
            body_timeout=settings.body_timeout,
            observing=self.observing,
            ledger=self.ledger,
        )
        self.batches.max_job_actions = max(settings.max_actions, settings.max_job_actions)
        self.faults = Faults(self.api, self.dialect.limit_answer)
        self.struck = self.watched(self.faults)
        self.journal = Journal(settings.journal) if settings.journal else None
        self.tokens = TokenBook(self.api)
        self._desk: Any = None
        self._connect: Any = None
        self._connecting = threading.Lock()
        self.log = AccessLog(settings.access_log)
        self.pages = Pages(self.api, address)
        self.poster = Poster(vetting_of(settings))
        self.api.post = self.poster
        self.jobs, self.teller, self.job_desk = put_together(self)
        self.courier = self._new_courier()
        self.indexer = Indexer(self.api)
        self.runner = self._new_runner(durable)
        self._numbers = itertools.count(1)
        self._run = secrets.token_hex(3)
        self.control = Control(self) if settings.admin or settings.admin_token else None
        parts = [Part("store", self._ask_store), Part("work", self._ask_runner)]
        if self.limits.shared:
            parts.append(Part("redis", self.limits.look))
        self.readiness = Readiness(*parts)

    def _new_courier(self) -> Courier:
        """What begins deliveries when something was committed, and looks round for all that nobody has told of."""
        courier = Courier(
            Deliveries(self.api),
            self._start_unfinished,
            self.jobs.resume,
            self.teller.resume,
            self._discard_exports,
            self._discard_shelved,
            turn=Turns(self.api).mine,
        )
        self.api.told = courier.begin
        return courier

    def _new_runner(self, durable: Path | str | None) -> Runner:
        """What carries on all that outlives its request."""
        performances = {
            "job": self._carry_on,
            "delivery": self.courier.deliver,
            PERFORMANCE: self.jobs.perform,
            TELLING: self.teller.tell,
        }
        runner = TaskRunner(performances) if durable is None else DurableRunner(performances, durable)
        self.courier.runner = self.jobs.runner = self.teller.runner = runner
        self.api.background = self._start_job
        return runner

    @property
    def store(self) -> Store:
        """The database of a server that has it to itself."""
        if not isinstance(self.api, WorkApi):
            raise TypeError("this database is not ours alone; see Api.read and Api.write")
        return self.api.store

    def watched(self, target: Target) -> Target:
        """A target with whoever looks on told of each call."""
        return observed(target, *self.observing.observers)

    def admission(self) -> Admission:
        """The limits of the settings, as they are counted for the database."""
        wait = self.settings.action_timeout
        limits = profile(self.settings.limits, wait)
        limiters: list[Limiter] = [self.limits.limiter(limits, self._space)] if limits.rules else []
        if limits.jobs:
            reserved = None
            if self.limits.shared:
                reserved = self.counted(reservations("jobs", limits.jobs, wait), "jobs")
            jobs = StandingLimiter("jobs", limits.jobs, self._jobs_under_way, wait, reserved)
            # What comes later has been charged for when it refuses.
            limiters.insert(len(limiters) if limits.charge_refused else 0, jobs)
        return Admission(*limiters)

    async def _jobs_under_way(self, caller: str) -> int:
        return await self.api.read(lambda session: session.store.jobs_under_way(caller))

    def counted(self, limits: Profile, what: str) -> Limiter:
        """What keeps further limits, counted for the database too."""
        return self.limits.limiter(limits, f"{self._space} {what}")

    def count_anew(self) -> None:
        """Be as if nothing had been counted yet, for this process."""
        self._space = secrets.token_hex(8)
        self.engine.admission = self.admission()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's event: a request, or the server's start and stop."""
        if scope["type"] == "lifespan":
            await live(receive, send, self.resume, self.close)
        elif scope["type"] == "http":
            if self.journal is None:
                await self._answer(scope, receive, send)
            else:
                await self._noted(self.journal, scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def close(self) -> None:
        """Let what still runs finish, then close the store."""
        until = monotonic() + self.settings.drain_timeout
        await self.indexer.close()
        await self.courier.close()
        await self.runner.close()
        await self.jobs.drain(until - monotonic())
        await self.ledger.drain(until - monotonic())
        if self._connect is not None:
            await self._connect.close(until - monotonic())
        await self.engine.drain(until - monotonic())
        await self.poster.close()
        await self.limits.close()
        self.log.close()
        if self.control is not None:
            self.control.data.close()
        await self.api.close()

    async def _ask_store(self) -> Word:
        await self.api.read(lambda session: session.store.setting(FIRST_USER))
        return "ok"

    async def _ask_runner(self) -> Word:
        return "ok" if self.runner.works else "failed"

    # -- in the background -------------------------------------------------------------------------------------------

    async def resume(self) -> None:
        """Go on with what was under way when the last process ended."""
        self.limits.open()
        await self.api.open()
        self.runner.resume()
        await self._start_unfinished()
        await self.jobs.resume()
        self.courier.open()
        self.indexer.open()

    async def _start_unfinished(self) -> bool:
        """Have all jobs carried on that are not at their end; those that are under way just go on."""
        for gid in await self.api.read(lambda session: session.store.unfinished()):
            self._start_job(gid)
        return False

    def _start_job(self, gid: int) -> None:
        # Gids begin anew in a new database, whose signatures are others.
        self.runner.start("job", str(gid), f"job-{gid}-{self.api.sign(f'job {gid}')[:12]}")

    async def _carry_on(self, gid: str) -> float | None:
        return 0 if await self.api.carry_on(int(gid)) else None

    async def _discard_exports(self) -> bool:
        return await self.api.write(lambda session: session.discard_exports())

    async def _discard_shelved(self) -> bool:
        await self.api.write(lambda session: session.store.drop_shelved(session.now().timestamp()), SHELVES)
        return False

    # -- one request -------------------------------------------------------------------------------------------------

    async def _noted(self, journal: Journal, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to the API and keep it in the journal."""
        recording = Recording(receive)
        handled = await self._answer(scope, recording.receive, send)
        if handled is not None and scope["raw_path"].startswith(_PREFIX):
            journal.note(recording, scope, stamp(self.clock()), *handled)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> Handled | None:
        started = perf_counter()
        raw: bytes = scope["raw_path"]
        method: str = scope["method"]
        caller: Caller | None = None
        results: Sequence[Result] = ()
        request = f"{self._run}-{next(self._numbers)}"
        answer: Answer | None
        try:
            if not raw.startswith(_PREFIX):
                answer, caller, results = await self._beside(scope, receive)
            elif raw == _BATCH and method == "POST":
                caller = await self.caller(scope)
                answer, results = await self._batch(scope, receive, caller)
            elif raw == _BATCH and method == "OPTIONS":
                caller = await self.tokens.caller(scope["headers"])
                answer = await self.batches.describe(caller)
            else:
                path = raw[len(BASE) :].decode("latin-1")
                endpoint, params = self.engine.target.resolve(method, path)
                caller = await self.caller(scope)
                answer = await self._single(
                    scope, receive, caller, Action(method, path, endpoint=endpoint, params=params)
                )
        except ClientLeftError:
            return None
        except (LimitExceeded, RequestError) as error:
            answer = self._refusal(error)
        except Exception:
            logger.exception("%s %r crashed", method, scope["path"])
            answer = self.dialect.error_answer(Crashed())
        if answer is None:
            await drop(receive, send)
        else:
            if isinstance(answer, Download):
                await send_download(send, receive, answer, request, head=method == "HEAD")
            else:
                await send_answer(send, receive, answer, request, head=method == "HEAD")
            self.log.note(request, method, scope["path"], answer.status, started, caller, results)
        return request, answer, caller, results

    async def _beside(self, scope: Scope, receive: Receive) -> tuple[Answer, Caller | None, Sequence[Result]]:
        """What is not part of the API: accounts at others, the controls, what apps ask for, and the few pages."""
        if scope["raw_path"].startswith(JOBS):
            return *await self.job_desk.answer(scope), ()
        if is_ours(scope["raw_path"]):
            try:
                # What is declared is read and compiled once, which takes too long for the loop.
                platform = self._connect or await asyncio.to_thread(self.connect)
            except SetupError as error:
                raise RequestError(error.message, status=501) from None
            return await platform.answer(scope, receive)  # type: ignore[no-any-return]
        return await self._page(scope, receive), None, ()

    async def _page(self, scope: Scope, receive: Receive) -> Answer:
        if scope["raw_path"].startswith(_FOR_APPS):
            return await self._serve_apps(scope, receive)
        if self.control is not None and scope["raw_path"].startswith(PREFIX):
            return await self.control.answer(scope, receive)
        if scope["raw_path"] == READY and scope["method"] in ("GET", "HEAD"):
            return (await self.readiness.look()).answer()
        if scope["raw_path"] == METRICS and (shown := self.observing.exposition()) is not None:
            return shown
        return self.pages.answer(scope["method"], scope["path"], scope["query_string"])

    def connect(self) -> Any:
        """The platform for accounts at other APIs, which is loaded with the first who asks for it.

        Raises ``SetupError`` where its settings, or the declarations that they name, are not right.
        """
        with self._connecting:
            if self._connect is None:
                from fanfold.server.connect.front import Connect  # noqa: PLC0415 - many servers never need it

                self._connect = Connect(self)
            return self._connect

    def _refusal(self, error: LimitExceeded | RequestError) -> Answer | None:
        """What whoever asked is told; nothing at all where the connection is to be dropped."""
        if isinstance(error, LimitExceeded):
            return self.dialect.limit_answer(error)
        return None if isinstance(error, Dropped) else self.dialect.error_answer(error)

    async def _serve_apps(self, scope: Scope, receive: Receive) -> Answer:
        """The endpoints of OAuth, whose packages are loaded with the first app that comes."""
        body = b""
        if scope["method"] == "POST":
            body = await read_body(scope, receive, MAX_FORM, self.settings.body_timeout)
        if self._desk is None:
            try:
                from fanfold.server.oauth.desk import Desk  # noqa: PLC0415 - most servers never need it
            except ModuleNotFoundError:
                raise RequestError("This server has no OAuth: pip install 'fanfold[oauth]'", status=501) from None
            self._desk = Desk(self.api, self.tokens, self.api.base.removesuffix(BASE))
        answer: Answer = await self._desk.answer(
            scope["method"], scope["path"], scope["query_string"], scope["headers"], body
        )
        return answer

    async def caller(self, scope: Scope) -> Caller:
        """Who sent a request; raises ``Unauthenticated``."""
        caller = await self.tokens.caller(scope["headers"])
        if caller is None:
            raise Unauthenticated
        return caller

    async def _single(self, scope: Scope, receive: Receive, caller: Caller, action: Action) -> Answer:
        query = read_query(scope["query_string"]) if scope["query_string"] else ()
        body: Any = None
        if action.method in ("POST", "PUT", "PATCH"):
            body, more = await self._read(scope, receive, action)
            query += more
        asked = Action(action.method, action.path, query, body, (), action.endpoint, action.params)
        batch = Batch((asked,), single=True, timeout=self.settings.action_timeout)
        try:
            (result,) = await self.engine.run(batch, caller, lambda: gone(receive))
        finally:
            if body.__class__ is Form:
                discard(body)
        if self.faults.rules:
            must_not_be_dropped((result,))
        return self.dialect.answer_of(result)

    async def _read(self, scope: Scope, receive: Receive, action: Action) -> tuple[Any, Pairs]:
        settings = self.settings
        content_type = header(scope["headers"], b"content-type")
        if content_type.startswith(b"multipart/form-data"):
            if action.path != "/attachments" or self.api.files is None:
                raise RequestError("multipart/form-data is accepted for attachments only", status=415)
            return await read_upload(scope, receive, self.api.files, settings.max_upload, settings.body_timeout), ()
        body = await read_body(scope, receive, settings.max_body, settings.body_timeout)
        if content_type.startswith(b"application/x-www-form-urlencoded"):
            return read_form(body)
        return read_json(body), ()

    async def _batch(self, scope: Scope, receive: Receive, caller: Caller) -> tuple[Answer, Sequence[Result]]:
        if wants_job(scope):
            return await self.job_desk.submit(scope, receive, caller), ()
        if not self.faults.rules:
            return await self.batches.answer(scope, receive, caller)
        if any(rule.fault.kind == "drop" for rule in self.faults.rules):
            # What is dropped is lost with its whole batch, which is not known before all of it has run.
            headers = [pair for pair in scope["headers"] if pair[0] != b"accept"]
            scope = {**scope, "headers": headers}
        answer, results = await self.batches.answer(scope, receive, caller, self._struck)
        must_not_be_dropped(results)
        return answer, results

    async def _struck(self, batch: Batch) -> Batch:
        await self.faults.strike_batch()
        return batch
