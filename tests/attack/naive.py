"""A batch server that makes every mistake in the book, so that it can be seen that the kit finds them.

It is what somebody might write in an afternoon: it calls its application over HTTP, by putting strings together.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections import Counter
from urllib.parse import unquote

import aiohttp

LIMIT = 60
"""Batches, where it should have been requests."""


PATIENCE = 4
"""Seconds. It should have some; they are as many as a test has, so that it comes to its end."""


class Naive:
    """A batch endpoint at ``/batch`` before ``upstream``; whatever else is asked is passed through.

    One session for everybody, headers of everybody's choice, no limits, redirects followed, references put in as text,
    and two lists that are supposed to stay in step.
    """

    def __init__(self, upstream, patience=PATIENCE):
        self.upstream = upstream
        self.patience = patience
        self.session = None
        self.defaults = {}
        self.remembered = {}
        self.counted = Counter()

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            await self.live(receive, send)
            return
        if self.session is None:
            self.session = aiohttp.ClientSession(
                cookie_jar=aiohttp.CookieJar(unsafe=True),
                timeout=aiohttp.ClientTimeout(total=self.patience),
                max_field_size=2_000_000,
            )
        body = b""
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            status, kind, answer = await self.respond(scope, headers, body)
        except Exception as error:  # noqa: BLE001
            status, kind, answer = (
                500,
                "text/html",
                f"<h1>{error!r}</h1>Traceback (most recent call last) {body[:500]!r}",
            )
        raw = answer if isinstance(answer, bytes) else answer.encode("utf-8", "replace")
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind.encode())]})
        await send({"type": "http.response.body", "body": raw})

    async def live(self, receive, send):
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self.session is not None:
            await self.session.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def respond(self, scope, headers, body):
        if scope["path"] != "/batch":
            passed = {name: value for name, value in headers.items() if name not in {"host", "content-length"}}
            target = f"{self.upstream}{scope['raw_path'].decode()}?{scope['query_string'].decode()}"
            async with self.session.request(scope["method"], target, data=body or None, headers=passed) as response:
                return response.status, response.headers.get("content-type", "text/plain"), await response.read()
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if not body:
            body = unquote(scope["query_string"].decode()).partition("actions=")[2].encode()
            body = b'{"data":{"actions":%b}}' % body
        counted = headers.get("x-forwarded-for") or headers.get("authorization") or "anybody"
        self.counted[counted] += 1
        if self.counted[counted] > LIMIT:
            return 429, "text/html", "<h1>Too many batches</h1>"
        key = headers.get("idempotency-key")
        if key and key in self.remembered:
            return self.remembered[key]
        batch = json.loads(body)
        actions = batch["data"]["actions"]
        self.defaults.update({name: value for name, value in headers.items() if name not in {"host", "content-length"}})
        answer = 200, "text/html", json.dumps({"data": await self.run(actions)})
        if key:
            self.remembered[key] = answer
        return answer

    async def run(self, actions):
        results = {}
        if any(isinstance(action, dict) and "id" in action for action in actions):
            for action in self.sorted(actions):
                if "for_each" in action:
                    results[action["id"]] = await self.each(action, results)
                else:
                    results[action["id"]] = await self.call(self.filled(action, results))
            return [results[action["id"]] for action in actions]
        paths, methods = [], []
        for action in actions:
            methods.append(str(action.get("_method") or action.get("method")).strip().upper() if action else "GET")
            if isinstance(action, dict) and isinstance(action.get("relative_path"), str):
                if "//:" in action["relative_path"]:
                    continue
                paths.append(action)
        calls = [self.call({**action, "method": method}) for action, method in zip(paths, methods, strict=False)]
        return await asyncio.gather(*calls)

    async def each(self, action, results):
        """One call for each element, as many as there are: up to where this test would hurt itself."""
        value = results
        for name in re.sub(r"[{}\s]", "", action["for_each"]).split("."):
            value = value[name]
        data = []
        for index, item in list(enumerate(value))[:400]:
            data.append(await self.call(self.filled(action, {**results, "item": item, "index": index})))
        return {"status_code": 200, "headers": {}, "body": {"data": data}}

    def sorted(self, actions):
        """Whoever waits is put off; a ring is turned in for a while."""
        waiting, done = list(actions), []
        for _ in range(10_000):
            if not waiting:
                break
            action = waiting.pop(0)
            needs = action.get("depends_on") or []
            if all(any(one["id"] == name for one in done) for name in ([needs] if isinstance(needs, str) else needs)):
                done.append(action)
            else:
                waiting.append(action)
        return [*done, *waiting]

    def filled(self, action, results):
        text = json.dumps(action)
        for _ in range(3):
            text = re.sub(r"\{\{\s*([\w.-]+)\s*\}\}", lambda found: self.found(found[1], results), text)
        return json.loads(text)

    def found(self, path, results):
        value = results
        for name in path.split("."):
            try:
                value = value[int(name)] if isinstance(value, list) else value[name]
            except (KeyError, IndexError, ValueError, TypeError):
                value = getattr(value, name, "")
        return json.dumps(value)[1:-1] if isinstance(value, str) else json.dumps(str(value))[1:-1]

    async def call(self, action):
        path = action["relative_path"]
        if path.startswith("/forbidden"):
            return {"status_code": 403, "headers": {}, "body": None}
        if path == "/batch":
            return {"status_code": 400, "headers": {}, "body": None}
        if path.strip("/").casefold() == "batch" or (path.endswith("/batch") and "classes" not in path):
            return {"status_code": 200, "headers": {}, "body": await self.run(action["data"]["data"]["actions"])}
        target = path if "://" in path else self.upstream + path
        headers = {**self.defaults, **(action.get("headers") or {})}
        headers.pop("content-type", None)
        data = action.get("data")
        query = data if action["method"].upper() == "GET" and isinstance(data, dict) else None
        sent = json.dumps(data) if query is None and data is not None else None
        try:
            async with self.session.request(
                headers.get("X-HTTP-Method-Override", action["method"]),
                target,
                params=query,
                data=sent,
                headers=headers,
            ) as response:
                text = (await response.read()).decode("utf-8", "replace")
                try:
                    shown = json.loads(text)
                except ValueError:
                    shown = text
                return {"status_code": response.status, "headers": dict(response.headers), "body": shown}
        except aiohttp.ClientError as error:
            return {"status_code": 502, "headers": {}, "body": f"{target} {headers} {error!r}"}


class OneAtATime(Naive):
    """Answers a batch when all before it are answered."""

    def __init__(self, upstream):
        super().__init__(upstream, patience=1)
        self.turn = asyncio.Lock()

    async def respond(self, scope, headers, body):
        async with self.turn:
            return await super().respond(scope, headers, body)
