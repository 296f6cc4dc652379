"""The ground itself: which page answers, and that every request is remembered.

``GET /-ground/`` says that this is the ground, ``GET /-ground/seen?run=WORD`` lists the requests that mention a word.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable

from fanfold.attack.ground import nasty, pages
from fanfold.attack.ground.exchange import Exchange, Receive, Scope, Send, read
from fanfold.attack.ground.log import SHOWN_BODY, Event, Log

Page = Callable[[Exchange], Awaitable[None]]

PAGES: dict[str, Page] = {
    "echo": pages.echo,
    "value": pages.value,
    "many": pages.many,
    "say": pages.say,
    "whoami": pages.whoami,
    "private": pages.private,
    "admin": pages.admin,
    "login": pages.login,
    "login-by-address": pages.login,
    "count": pages.count,
    "state": pages.state,
    "item": pages.item,
    "slow": pages.slow,
    "forbidden": pages.echo,
    "landed": pages.echo,
    "smuggled": pages.echo,
    "classes": pages.echo,
    "stream": nasty.stream,
    "drip": nasty.drip,
    "sse": nasty.sse,
    "hang": nasty.hang,
    "big": nasty.big,
    "headers": nasty.headers,
    "bomb": nasty.bomb,
    "crash": nasty.crash,
    "redirect": nasty.redirect,
}
"""What answers, by the first segment of the path."""


MOST_TOLD = 1000
"""Requests of one trial that are told of; the last ones."""


class Ground:
    """The application; two of them remember nothing of each other."""

    def __init__(self) -> None:
        self.log = Log()
        self.name = secrets.token_hex(8)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request and remember it; take part in a server's start and stop."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"].startswith("/-ground/"):
            await self._tell(Exchange(scope, receive, send, Log().note(scope), b""))
            return
        event = self.log.note(scope)
        try:
            body = await read(receive)
            event.size, event.body = len(body), body[:SHOWN_BODY].decode("latin-1")
            await self._page(event)(Exchange(scope, receive, send, event, body))
            event.ended = event.ended or "answered"
        except asyncio.CancelledError:
            event.ended = "cancelled"
            raise
        except OSError:
            event.ended = "left"
            raise
        except Exception:
            event.ended = "crashed"
            raise

    async def _tell(self, exchange: Exchange) -> None:
        if exchange.event.path == "/-ground/seen":
            await exchange.answer({"seen": self.log.about(exchange.query.get("run", "-"))[-MOST_TOLD:]})
        else:
            server = exchange.scope.get("server") or ("", None)
            await exchange.answer({"ground": self.name, "host": server[0], "port": server[1], "events": len(self.log)})

    def _page(self, event: Event) -> Page:
        words = [piece for piece in event.path.split("/") if piece]
        return PAGES.get(words[0].casefold() if words else "", _unknown)


async def _unknown(exchange: Exchange) -> None:
    await exchange.answer({"errors": [{"message": "No such page"}]}, 404)


async def _live(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


app = Ground()
