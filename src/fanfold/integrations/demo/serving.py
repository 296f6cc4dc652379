"""The demo API over HTTP, as an ASGI application: for tests, and for those who want to see it with other tools.

Whom contacts are kept for is what the request's bearer token says, whatever it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fanfold.integrations.demo.api import MAX_BODY, DemoApi

Message = MutableMapping[str, Any]


class DemoApp:
    """An ASGI application around the API."""

    def __init__(self, api: DemoApi | None = None) -> None:
        self.api = api or DemoApi()

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """One request; of a body that is too long no more is read than shows that."""
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more and len(body) <= MAX_BODY:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        query = scope.get("query_string", b"").decode("latin-1")
        path = scope.get("raw_path") or scope["path"].encode()
        url = path.decode("latin-1") + (f"?{query}" if query else "")
        token = dict(scope.get("headers", ())).get(b"authorization", b"").decode("latin-1")
        answer = self.api.answer(scope["method"], url, body, token)
        headers = [(name.encode(), value.encode()) for name, value in answer.headers]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})
