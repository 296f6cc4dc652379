"""A batch endpoint for any ASGI application, in one line: ``app = BatchMiddleware(app)``.

Each action of a batch becomes a request to the application itself, with the caller's credentials and through whatever
middleware, routing and error handling the application has. Nothing is decided here that the application decides.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from inspect import isawaitable
from typing import Any

from fanfold.dialects import AsanaDialect
from fanfold.engine import Admission, Engine
from fanfold.errors import Crashed, LimitExceeded, RequestError
from fanfold.limits import MemoryLimiter, profile
from fanfold.model import Answer, Caller, Limiter
from fanfold.serving.answering import results_answer, send_answer
from fanfold.serving.bodies import ClientLeftError, Receive, Scope, Send, gone, header, read_body, read_query
from fanfold.targets.asgi import INHERITED_HEADERS, MAX_RESPONSE, OWN_HEADERS, App, AsgiTarget
from fanfold.targets.routes import Routes

logger = logging.getLogger("fanfold")

MIB = 1024 * 1024


class BatchMiddleware:
    """``app`` with a batch endpoint at ``path``; every other request, WebSocket and lifespan passes untouched.

    Durations are in seconds, sizes in bytes.
    """

    def __init__(  # noqa: PLR0913 - each is a setting with a default
        self,
        app: App,
        path: str = "/batch",
        *,
        max_actions: int = 20,
        timeout: float = 30.0,
        deadline: float = 60.0,
        max_body: int = MIB,
        body_timeout: float = 30.0,
        max_response: int = MAX_RESPONSE,
        allow: Iterable[str] = (),
        deny: Iterable[str] = (),
        inherit: Collection[str] = INHERITED_HEADERS,
        own: Collection[str] = OWN_HEADERS,
        limiter: Limiter | str | None = None,
        caller: Callable[[Scope], Caller | Awaitable[Caller]] | None = None,
    ) -> None:
        self.app = app
        self.path = path
        self._max_body = max_body
        self._body_timeout = body_timeout
        self._caller = caller or caller_of
        routes = Routes(allow, (*deny, path))
        self.target = AsgiTarget(app, max_response=max_response, own=own, inherited=inherit, routes=routes)
        self.dialect = AsanaDialect(
            max_actions=max_actions, lenient_paths=True, refused=(), foreign=True, timeout=timeout, deadline=deadline
        )
        limiters = [MemoryLimiter(profile(limiter)) if isinstance(limiter, str) else limiter] if limiter else []
        self.engine = Engine(self.target, Admission(*limiters))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a batch; hand everything else on."""
        if scope["type"] != "http" or scope["path"] != scope.get("root_path", "") + self.path:
            await self.app(scope, receive, send)
        else:
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._batch(scope, receive)
        except ClientLeftError:
            return
        except LimitExceeded as error:
            answer = self.dialect.limit_answer(error)
        except RequestError as error:
            answer = self.dialect.error_answer(error)
        except Exception:
            logger.exception("%s %r crashed", scope["method"], scope["path"])
            answer = self.dialect.error_answer(Crashed())
        await send_answer(send, answer, "-", head=False)

    async def _batch(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            raise RequestError("A batch is sent with POST", status=405)
        if not header(scope["headers"], b"content-type").lower().startswith(b"application/json"):
            raise RequestError("Content-Type: A batch is application/json", status=415)
        found = self._caller(scope)
        caller = await found if isawaitable(found) else found
        query = dict(read_query(scope["query_string"])) if scope["query_string"] else {}
        batch = self.dialect.decode(await read_body(scope, receive, self._max_body, self._body_timeout))
        with self.target.within(scope):
            results = await self.engine.run(batch, caller, lambda: gone(receive))
        return results_answer(scope, query, self.dialect, results)


def caller_of(scope: Scope) -> Caller:
    """Who asks, as far as anybody can tell who is not the application: by credentials, else by address."""
    shown = [value for name, value in scope["headers"] if name in {b"authorization", b"cookie"}]
    if not shown:
        client: Any = scope.get("client")
        shown = [str(client[0] if client else "").encode()]
    return Caller(hashlib.sha256(b"\0".join(shown)).hexdigest()[:32])
