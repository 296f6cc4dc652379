"""Where a request to the platform meets who sent it, and whoever answers it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from fanfold.dialects import TrutoDialect
from fanfold.engine import Engine
from fanfold.entries import Caps
from fanfold.errors import Crashed, LimitExceeded, RequestError, SetupError, Unauthenticated
from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.accounts import Account
from fanfold.integrations.demo import DemoApi
from fanfold.integrations.inside import Inside
from fanfold.model import Answer, Caller, Result
from fanfold.server.connect.account_tokens import PREFIX, AccountTokens
from fanfold.server.connect.accounts import AccountDesk
from fanfold.server.connect.api_tokens import TokenDesk
from fanfold.server.connect.asked import Asked, parts_of
from fanfold.server.connect.batch import BatchRequests, Handled
from fanfold.server.connect.calls import Calls, no_such
from fanfold.server.connect.first import begun_with
from fanfold.server.connect.inside import WORK, WorkInside
from fanfold.server.connect.integrations import IntegrationDesk
from fanfold.server.connect.limits import PlatformLimits
from fanfold.server.connect.metadata import UnifiedMetadata
from fanfold.server.connect.once import Once
from fanfold.server.connect.opening import Opener
from fanfold.server.connect.parts import put_together
from fanfold.server.connect.plan_jobs import Keeping, OnceTarget, PlanWork
from fanfold.serving.bodies import ClientLeftError, Receive, Scope, header
from fanfold.settings import Settings
from fanfold.targets.observed import observed
from fanfold.work.clock import stamp

if TYPE_CHECKING:
    from fanfold.server.app import App
    from fanfold.server.jobs.records import Job

logger = logging.getLogger("fanfold")

DEMO = "demo"

AT_LEAST = 1.0
"""Seconds that a renewal of credentials has to end, however late it is: without its answer an account is lost."""

OF_ACCOUNTS = frozenset({"proxy", "unified", "custom"})
"""What the token of an account opens, beside its own account."""

_ME = ("integrated-account", "me")

Answering = Callable[[Asked], Awaitable[Answer]]
Calling = Callable[[Asked], Awaitable[Handled]]


@runtime_checkable
class Closing(Protocol):
    """What has something to end when the server does."""

    def close(self) -> None:
        """End it."""


class Connect:
    """The platform of one server. ``evaluator`` and ``inside`` are the usual ones unless told."""

    def __init__(
        self, app: App, evaluator: Evaluator | None = None, inside: Mapping[str, Inside] | None = None
    ) -> None:
        settings, now = app.settings, app.api.now
        self._book = app.tokens
        self._settings = settings
        self._api = app.api
        self._has_first = False
        self.dialect = TrutoDialect(caps=caps_of(settings), max_entries=settings.connect_entries)
        work = WorkInside(lambda: app.engine, app.dialect, settings.action_timeout)
        self.parts = put_together(
            settings,
            app.api,
            evaluator or usual_evaluator(),
            inside or {WORK: work, DEMO: DemoApi(now)},
            lambda: now().timestamp(),
        )
        limits = PlatformLimits(settings.connect_limits, app.counted)
        self.engine = Engine(
            observed(self.parts.target, *app.observing.observers),
            limits.admission,
            evaluator=self.parts.evaluator,
        )
        once = Once(app.ledger)
        self._ledger, self._most = app.ledger, settings.max_job_results
        accounts, integrations, target = self.parts.accounts, self.parts.integrations, self.parts.target
        self._metadata = UnifiedMetadata(app.api, integrations, self.parts.mapper)

        def moment() -> str:
            return stamp(now())

        self._moment = moment
        desk = IntegrationDesk(app.api, integrations, accounts, moment)
        tokens = AccountTokens(lambda: now().timestamp())
        self._opener = Opener(app.api, accounts, integrations, tokens, desk.is_on)
        self.accounts = AccountDesk(app.api, self.parts, self._opener, tokens, desk, moment)
        calls = Calls(
            self.engine,
            self.dialect,
            usable=self._opener.usable,
            ways=target,
            limits=limits,
            once=once,
            timeout=settings.action_timeout,
        )
        batches = BatchRequests(
            self.engine,
            self.dialect,
            usable=self._opener.usable,
            ways=target,
            once=once,
            observing=app.observing,
            jobs=app.job_desk,
        )
        self._batches = batches
        self._calling: dict[str, Calling] = {
            "batch-request": batches.answer,
            "proxy": calls.proxy,
            "unified": calls.unified,
            "custom": calls.custom,
        }
        self._answering: dict[str, Answering] = {
            "integration": desk.answer,
            "environment-integration": desk.answer_installed,
            "integrated-account": self.accounts.answer,
            "api-token": TokenDesk(app.api, app.tokens, now).answer,
            "ping": _ping,
        }

    async def answer(self, scope: Scope, receive: Receive) -> tuple[Answer, Caller | None, Sequence[Result]]:
        """The answer to a request, who asked, and what became of what was asked for."""
        caller: Caller | None = None
        try:
            if not self._has_first:
                await self._api.write(lambda session: begun_with(session.store, self._moment()))
                self._has_first = True
            asked = await self._asked(scope, receive)
            caller = asked.caller
            answer, results = await self._handled(asked)
        except ClientLeftError:
            raise
        except LimitExceeded as error:
            return self.dialect.limit_answer(error), caller, ()
        except RequestError as error:
            return self.dialect.error_answer(error), caller, ()
        except Exception:
            logger.exception("%s %r crashed", scope["method"], scope["path"])
            return self.dialect.error_answer(Crashed()), caller, ()
        return answer, caller, results

    async def _handled(self, asked: Asked) -> Handled:
        room = asked.parts[0]
        if room == "batch-request" and (asked.method != "POST" or len(asked.parts) > 1):
            raise no_such(asked)
        told = await self._metadata.answer(asked) if room == "unified" else None
        if told is not None:
            return told, ()
        if room in self._calling:
            return await self._calling[room](asked)
        return await self._answering[room](asked), ()

    async def _asked(self, scope: Scope, receive: Receive) -> Asked:
        """The request with who sent it; raises ``RequestError`` 401 or 403 for whoever may not come in here."""
        parts = parts_of(scope["raw_path"])
        settings = self._settings
        caller, account = await self._caller(scope)
        if account is not None and parts[0] not in OF_ACCOUNTS and parts != _ME:
            raise RequestError("The token of an integrated account is for its own resources only", status=403)
        if parts[0] not in self._calling and parts[0] not in self._answering:
            raise RequestError("There is no such path", status=404)
        return Asked(scope, receive, scope["method"], parts, caller, account, settings.max_body, settings.body_timeout)

    async def _caller(self, scope: Scope) -> tuple[Caller, Account | None]:
        """Who asks, and the account that their token opens if it is one of an account."""
        scheme, _, token = header(scope["headers"], b"authorization").partition(b" ")
        several = [name for name, _ in scope["headers"] if name == b"authorization"]
        if scheme.lower() == b"bearer" and len(several) == 1 and token.strip().startswith(PREFIX):
            account = await self._opener.by_token(token.strip())
            if account is not None:
                return Caller(f"account:{account.id}", account.owner), account
        caller = await self._book.caller(scope["headers"])
        if caller is None:
            raise Unauthenticated
        if caller.scopes is not None:
            raise RequestError("An app that was allowed only some things has no access to accounts", status=403)
        return caller, None

    async def plan_work(self, job: Job, body: bytes, until: float) -> PlanWork:
        """A recipe that is carried out as a job; raises ``RequestError`` where its account may not be used any more."""
        batch = await self._batches.opened(self.dialect.decode(body), job.caller)
        target = OnceTarget(self.engine.target, self._ledger, job, self._book.is_still_let_in)
        keeping = Keeping(self._api, until, self._most)
        return PlanWork(keeping, self.dialect, job, batch, target, self.parts.evaluator)

    async def close(self, seconds: float) -> None:
        """Let what still runs finish, then close the connections."""
        until = monotonic() + seconds
        await self.engine.drain(seconds)
        await self.parts.target.close(max(AT_LEAST, until - monotonic()))
        if isinstance(self.parts.evaluator, Closing):
            self.parts.evaluator.close()


def caps_of(settings: Settings) -> Caps:
    """How much one batch request may fetch."""
    return Caps(
        calls=settings.connect_calls,
        pages=settings.connect_pages,
        depth=settings.connect_depth,
        records=settings.connect_records,
        size=settings.connect_size,
        at_once=settings.connect_at_once,
        deadline=settings.connect_deadline,
    )


def usual_evaluator() -> Evaluator:
    """What works out expressions; raises ``SetupError`` where the package for it is not installed."""
    try:
        from fanfold.expressions.jsonata import JsonataEvaluator  # noqa: PLC0415 - its engine is not in the core
    except ModuleNotFoundError:
        raise SetupError("Batch requests need more than the core: pip install 'fanfold[server]'") from None
    return JsonataEvaluator()


async def _ping(asked: Asked) -> Answer:
    if asked.method != "GET" or len(asked.parts) > 1:
        raise no_such(asked)
    return Answer(200, b'{"status":"ok"}', trusted=True)
