"""What a framework keeps outside of all middleware, brought back around each action.

Starlette and FastAPI turn an unforeseen exception into a response outermost, around any middleware that is added to
them. An action begins inside of that, so its exception would pass by and become an error of ours, where the
application may have its own way to answer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
App = Callable[[Scope, Any, Any], Awaitable[None]]


def with_own_errors(app: App) -> App:
    """``app``, whose exceptions are answered as the application answers them that it was added to."""

    def guarded(scope: Scope, receive: Any, send: Any) -> Awaitable[None]:
        outermost = getattr(scope.get("app"), "middleware_stack", None)
        kind: Any = type(outermost)
        if kind.__name__ == "ServerErrorMiddleware":
            handler, debug = getattr(outermost, "handler", None), getattr(outermost, "debug", False)
            answered: Awaitable[None] = kind(app, handler=handler, debug=debug)(scope, receive, send)
            return answered
        return app(scope, receive, send)

    return guarded
