"""Pages that behave: they tell what they received, who asks, what was done before, and what state they find."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextvars import ContextVar
from typing import Any
from urllib.parse import quote

from fanfold.attack.ground.exchange import Exchange

LOGINS = 3
"""Attempts that one account has, and one address."""

SECRET = "ground-secret-of-the-administrator"  # noqa: S105 - what must never be seen
"""What the administrator's page shows, and nobody may see."""

_mark: ContextVar[str] = ContextVar("mark", default="")
_logins: Counter[str] = Counter()
_counts: Counter[str] = Counter()


async def echo(exchange: Exchange) -> None:
    """Everything that was received."""
    event = exchange.event
    told = {
        "method": event.method,
        "path": event.path,
        "raw_path": event.raw_path,
        "query": event.query,
        "headers": event.headers,
        "client": event.client,
        "user": event.user,
        "body": exchange.body.decode("latin-1"),
    }
    await exchange.answer(told, int(exchange.number("status", 200)))


async def value(exchange: Exchange) -> None:
    """Whatever the query holds as ``v``, for others to refer to."""
    text = _text(exchange, "v") or ""
    headers = [("etag", '"1"'), ("location", quote(text, safe="/:?#[]@!$&'()*+,;="))]
    await exchange.answer({"v": text, "secret": "ground-inner-secret"}, headers=headers)


def _text(exchange: Exchange, name: str) -> str | None:
    """Text from the query; as ``hex`` where the batch server must not see what it is."""
    if "hex" in exchange.query:
        return bytes.fromhex(exchange.query["hex"]).decode("utf-8", "replace")
    return exchange.query.get(name)


async def many(exchange: Exchange) -> None:
    """A list of so many values."""
    size = min(int(exchange.number("n", 10)), 2_000_000)
    text = _text(exchange, "v")
    await exchange.answer({"items": [index if text is None else text for index in range(size)], "v": "one"})


async def say(exchange: Exchange) -> None:
    """A body and a content type of the asker's choice; the header ``x-upstream-secret`` is nobody's business."""
    kind = exchange.query.get("type", "text/plain").replace("\r", "").replace("\n", "")
    headers = [("content-type", kind), ("x-upstream-secret", "ground-inner-secret"), ("set-cookie", "session=ground")]
    await exchange.answer((_text(exchange, "body") or "").encode(), int(exchange.number("status", 200)), headers)


async def whoami(exchange: Exchange) -> None:
    """Who the asker is, for nobody else to know."""
    _counts["whoami"] += 1
    told = {"user": exchange.event.user, "number": _counts["whoami"]}
    await exchange.answer(told, headers=[("cache-control", "private, no-store"), ("vary", "authorization, cookie")])


async def private(exchange: Exchange) -> None:
    """A page of one user, named by the last segment of its path."""
    user = exchange.event.user
    if not user:
        await exchange.answer({"errors": [{"message": "Not Authorized"}]}, 401)
    elif exchange.words[-1] != user:
        await exchange.answer({"errors": [{"message": "Forbidden"}]}, 403)
    else:
        await exchange.answer({"canary": f"only {user} sees this"})


async def admin(exchange: Exchange) -> None:
    """What no batch of the kit may ever reach."""
    await exchange.answer({"secret": SECRET})


async def login(exchange: Exchange) -> None:
    """Three attempts for an account, and for an address as proxies tell it."""
    account = f"account {exchange.event.path}"
    named = next(
        (exchange.header(name) for name in ("x-forwarded-for", "x-real-ip", "forwarded") if exchange.header(name)),
        exchange.event.client,
    )
    address = f"address {named} {exchange.event.path}"
    key = address if exchange.words[0] == "login-by-address" else account
    _logins[key] += 1
    refused = _logins[key] > LOGINS
    await exchange.answer(
        {"attempt": _logins[key]}, 429 if refused else 401, [("retry-after", "60")] if refused else []
    )


async def count(exchange: Exchange) -> None:
    """A counter of side effects: a POST adds one."""
    if exchange.event.method == "POST":
        _counts[exchange.event.path] += 1
    await exchange.answer({"count": _counts[exchange.event.path]}, 201 if exchange.event.method == "POST" else 200)


async def state(exchange: Exchange) -> None:
    """Leaves a mark wherever a request can keep one, or looks for one: /state/RUN/put and /state/RUN/look."""
    scope = exchange.scope
    if exchange.words[-1] == "put":
        word = exchange.query.get("v", "mark")
        _mark.set(word)
        scope["mark"] = word
        scope.setdefault("state", {})["mark"] = word
        scope["headers"].append((b"x-mark", word.encode()))
        await exchange.answer({"put": word}, headers=[("set-cookie", f"mark={word}; Path=/"), ("x-mark", word)])
        return
    await asyncio.sleep(exchange.number("after", 0.02))
    found: dict[str, Any] = {
        "context": _mark.get(),
        "scope": scope.get("mark", ""),
        "state": (scope.get("state") or {}).get("mark", ""),
        "headers": [value.decode("latin-1") for name, value in scope["headers"] if name == b"x-mark"],
        "cookie": exchange.header("cookie"),
        "user": exchange.event.user,
    }
    await exchange.answer(found)


async def item(exchange: Exchange) -> None:
    """A thing with a version: a PUT has to name it in If-Match."""
    if exchange.event.method == "PUT" and exchange.header("if-match") != '"1"':
        await exchange.answer({"errors": [{"message": "Precondition failed"}]}, 412)
    else:
        await exchange.answer({"version": 1}, headers=[("etag", '"1"')])


async def slow(exchange: Exchange) -> None:
    """Answers after so many ``seconds``, unless the asker has left."""
    if not await exchange.pause(min(exchange.number("seconds", 1), 120)):
        await exchange.answer({"slept": True})
