"""A batch endpoint for any ASGI application, in one line: ``app = BatchMiddleware(app)``.

Each action of a batch becomes a request to the application itself, with the caller's credentials and through whatever
middleware, routing and error handling the application has. Nothing is decided here that the application decides.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from inspect import isawaitable
from typing import Any

from fanfold.dialects import AsanaDialect, Dialect
from fanfold.engine import Admission, Engine
from fanfold.errors import Crashed, LimitExceeded, RequestError
from fanfold.idempotency import AnswerStore, Ledger
from fanfold.limits import MemoryLimiter, profile
from fanfold.model import Answer, Call, Caller, Limiter, Target
from fanfold.serving.answering import send_answer
from fanfold.serving.batches import Batches
from fanfold.serving.bodies import ClientLeftError, Message, Receive, Scope, Send, header
from fanfold.serving.callers import client_address, key_of
from fanfold.serving.observing import observing
from fanfold.targets.asgi import INHERITED_HEADERS, MAX_RESPONSE, OWN_HEADERS, App, AsgiTarget
from fanfold.targets.hooked import Hooked
from fanfold.targets.observed import observed
from fanfold.targets.outermost import with_own_errors
from fanfold.targets.routes import Routes

logger = logging.getLogger("fanfold")

MIB = 1024 * 1024


class BatchMiddleware:
    """``app`` with a batch endpoint at ``path``; every other request, WebSocket and lifespan passes untouched.

    ``dialects`` are further endpoints, each by its path with the wire format that it speaks.

    Durations are in seconds, sizes in bytes. ``timeout`` bounds one action and ``deadline`` a batch; ``max_response``
    one answer and ``max_results`` all answers of a batch together; ``max_parallel`` how many actions run at once (0 for
    all), ``max_fan_out`` what ``for_each`` may make of the actions of a batch.

    ``allow`` and ``deny`` are routes such as ``GET /users/*`` (see ``Routes``). ``inherit`` names headers of the batch
    that every action has, ``own`` those that it may set itself; what tells who asks is always inherited and never set.
    ``limiter``: a limiter, or numbers such as ``requests=300,reads=50``, counted for each address, or for each
    ``caller(scope)``. ``drain_timeout``: what goes on after its batch is waited for so long when the application stops.
    ``on_action(call)`` is asked before each action and may return another call, or raise ``RequestError``. ``answers``
    is where answers to idempotency keys are kept, in memory unless told. ``metrics`` are kept in the registry that
    ``prometheus_client`` has for the process.
    """

    def __init__(  # noqa: PLR0913 - each is a setting with a default
        self,
        app: App,
        path: str = "/batch",
        *,
        dialects: Mapping[str, Dialect] | None = None,
        max_actions: int = 20,
        timeout: float = 30.0,
        deadline: float = 60.0,
        max_parallel: int = 0,
        max_fan_out: int = 100,
        max_body: int = MIB,
        body_timeout: float = 30.0,
        drain_timeout: float = 30.0,
        max_response: int = MAX_RESPONSE,
        max_results: int = 64 * MIB,
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
        inherit: Collection[str] = INHERITED_HEADERS,
        own: Collection[str] = OWN_HEADERS,
        limiter: Limiter | str | None = None,
        caller: Callable[[Scope], Caller | Awaitable[Caller]] | None = None,
        on_action: Callable[[Call], Any] | None = None,
        answers: AnswerStore | None = None,
        metrics: bool = False,
    ) -> None:
        self.app = app
        self.path = path
        self._caller = caller or caller_of
        self._drain_timeout = drain_timeout
        routes = Routes(allow, (*deny, path, *(dialects or ())))
        inner = with_own_errors(app)
        self.asgi = AsgiTarget(inner, max_response=max_response, own=own, inherited=inherit, routes=routes)
        self.dialect = AsanaDialect(
            max_actions=max_actions,
            max_parallel=max_parallel,
            lenient_paths=True,
            refused=(),
            foreign=True,
            own=own,
            shows=None,
            timeout=timeout,
            deadline=deadline,
        )
        limiters = [MemoryLimiter(profile(limiter)) if isinstance(limiter, str) else limiter] if limiter else []
        target: Target = self.asgi if on_action is None else Hooked(self.asgi, on_action)
        looking_on = observing(metrics=metrics)
        target = observed(target, *looking_on.observers)
        self.ledger = Ledger(answers)
        self.engine = Engine(
            target,
            Admission(*limiters),
            max_fan_out=max_fan_out,
            max_results=max_results,
            ledger=self.ledger,
        )
        self.endpoints = {
            at: Batches(
                self.engine,
                dialect,
                max_body=max_body,
                body_timeout=body_timeout,
                json_only=True,
                observing=looking_on,
                ledger=self.ledger,
            )
            for at, dialect in {path: self.dialect, **(dialects or {})}.items()
        }
        self._ends = tuple(self.endpoints)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a batch; hand everything else on."""
        if scope["type"] == "lifespan":
            await self.app(scope, self._to_the_end(receive), send)
        elif (
            scope["type"] == "http"
            and scope["path"].endswith(self._ends)
            and (batches := self._meant(scope)) is not None
        ):
            await self._answer(batches, scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _to_the_end(self, receive: Receive) -> Receive:
        """Let the application stop when the actions have that went on after their batch, as a server does itself."""

        async def received() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                await self.ledger.drain(self._drain_timeout)
                await self.engine.drain(self._drain_timeout)
            return message

        return received

    def _meant(self, scope: Scope) -> Batches | None:
        """The endpoint that a request is for. What browsers ask beforehand the application answers."""
        if scope["method"] == "OPTIONS" and header(scope["headers"], b"access-control-request-method"):
            return None
        path: str = scope["path"]
        return self.endpoints.get(path) or self.endpoints.get(path.removeprefix(scope.get("root_path", "")))

    async def _answer(self, batches: Batches, scope: Scope, receive: Receive, send: Send) -> None:
        dialect = batches.dialect
        try:
            answer = await self._batch(batches, scope, receive)
        except ClientLeftError:
            return
        except LimitExceeded as error:
            answer = dialect.limit_answer(error)
        except RequestError as error:
            answer = dialect.error_answer(error)
        except Exception:
            logger.exception("%s %r crashed", scope["method"], scope["path"])
            answer = dialect.error_answer(Crashed())
        await send_answer(send, receive, answer, "")

    async def _batch(self, batches: Batches, scope: Scope, receive: Receive) -> Answer:
        method = scope["method"]
        if method not in {"POST", "OPTIONS"}:
            refused = batches.dialect.error_answer(RequestError("A batch is sent with POST", status=405))
            return Answer(refused.status, refused.body, (("allow", "OPTIONS, POST"),), trusted=True)
        found = self._caller(scope)
        caller = await found if isawaitable(found) else found
        if method == "OPTIONS":
            return await batches.describe(caller)
        with self.asgi.within(scope):
            answer, _ = await batches.answer(scope, receive, caller)
        return answer


def caller_of(scope: Scope) -> Caller:
    """Who asks, as far as anybody can tell who is not the application.

    Callers are told apart by the credentials that they show, but counted by their address: nobody here knows which
    credentials are good, and whoever made some up would be counted anew with each.
    """
    return Caller(key_of(scope), counted=client_address(scope) or "unknown")
