"""Whoever comes to an ASGI application: a server that starts it, and clients that ask it."""

import asyncio
import json
from contextlib import asynccontextmanager
from http.cookies import SimpleCookie
from typing import NamedTuple
from urllib.parse import unquote

PATIENCE = 10
"""Seconds after which an application that never answers has failed."""


class Reply(NamedTuple):
    """What an application answered."""

    status: int
    headers: list
    body: bytes

    @property
    def json(self):
        return json.loads(self.body) if self.body else None

    def header(self, name):
        return next((value for key, value in self.headers if key == name), None)


class Visitor:
    """Asks ``app``, as a server does that has started it."""

    def __init__(self, app, state=None, root_path=""):
        self.app = app
        self.state = state
        self.root_path = root_path

    def scope(self, method, target, headers):
        raw_path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "server": ("testserver", 80),
            "client": ("192.0.2.7", 4711),
            "scheme": "http",
            "root_path": self.root_path,
            "method": method,
            "path": self.root_path + unquote(raw_path),
            "raw_path": (self.root_path + raw_path).encode(),
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        }
        return scope if self.state is None else scope | {"state": self.state.copy()}

    async def ask(self, method, target, body=None, *, left=None, **headers):
        """One request; the client goes away once the event ``left`` is set."""
        raw = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        told = {"host": "testserver", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if raw:
            told = {"content-type": "application/json", "content-length": str(len(raw))} | told
        messages = iter([{"type": "http.request", "body": raw, "more_body": False}])
        got = []
        left = left or asyncio.Event()

        async def receive():
            message = next(messages, None)
            if message is None:
                await left.wait()
                return {"type": "http.disconnect"}
            return message

        async def send(message):
            got.append(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                left.set()  # as servers do: what is over is like a client that has gone

        async with asyncio.timeout(PATIENCE):
            await self.app(self.scope(method, target, told), receive, send)
        if not got:
            return None
        start, *pieces = got
        return Reply(
            start["status"],
            [(bytes(name).decode().lower(), bytes(value).decode("latin-1")) for name, value in start["headers"]],
            b"".join(piece.get("body", b"") for piece in pieces),
        )

    async def batch(self, *actions, left=None, **headers):
        """The results of a batch. An action is a path to read, or a method with a path and data."""
        reply = await self.ask("POST", "/batch", {"data": {"actions": written(actions)}}, left=left, **headers)
        assert reply.status == 200, reply
        return reply.json["data"]

    async def say(self, *words):
        """What is answered over a WebSocket."""
        answers = []
        ended = asyncio.Event()
        messages = iter([{"type": "websocket.connect"}, *({"type": "websocket.receive", "text": w} for w in words)])
        scope = self.scope("GET", "/echo", {"host": "testserver"}) | {"type": "websocket", "scheme": "ws"}
        del scope["method"]
        scope["subprotocols"] = []

        async def receive():
            message = next(messages, None)
            if message is None:
                await ended.wait()
                return {"type": "websocket.disconnect", "code": 1000}
            return message

        async def send(message):
            if message["type"] == "websocket.send":
                answers.append(message["text"])
                if len(answers) == len(words):
                    ended.set()

        async with asyncio.timeout(PATIENCE):
            await self.app(scope, receive, send)
        return answers


def written(actions):
    """Actions as a batch has them."""
    full = [("GET", action) if isinstance(action, str) else action for action in actions]
    return [
        dict(zip(("method", "relative_path", "data", "headers"), (action[0].lower(), *action[1:]), strict=False))
        for action in full
    ]


def cookies_of(header):
    """The cookies of a Cookie header, as a dict."""
    return {name: morsel.value for name, morsel in SimpleCookie(header or "").items()}


@asynccontextmanager
async def started(app, **settings):
    """A visitor of ``app`` while it runs: started before, stopped after, as a server does."""
    inbox, outbox = asyncio.Queue(), asyncio.Queue()
    state = {}
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": state}
    life = asyncio.create_task(app(scope, inbox.get, outbox.put))

    async def tell(what):
        await inbox.put({"type": f"lifespan.{what}"})
        heard = asyncio.create_task(outbox.get())
        async with asyncio.timeout(PATIENCE):
            await asyncio.wait({life, heard}, return_when=asyncio.FIRST_COMPLETED)
        if heard.done():
            assert heard.result()["type"] == f"lifespan.{what}.complete", heard.result()
            return True
        heard.cancel()
        return False

    lives = await tell("startup")
    try:
        yield Visitor(app, state if lives else None, **settings)
    finally:
        if lives:
            await tell("shutdown")
            await life
        else:
            life.exception()
