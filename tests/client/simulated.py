"""A batch server in memory with limits as strict as the real one's, and with whatever goes wrong on the way."""

import asyncio
import math
from collections import deque

import msgspec

from fanfold.client.errors import TransportError
from fanfold.client.limits import costs_of

REFUSED = "This endpoint is not available in a batch request"


class Server:
    """Answers as ``answer`` says, after ``delay`` seconds; refused requests count where ``charges`` is on.

    ``log`` has what came, a list of actions for each request; ``done`` what was carried out. ``mishaps`` are taken one
    for each request: a function of the server, the request and its sink, which does instead what it likes.
    """

    def __init__(self, *, quota=None, window=60.0, reads=None, writes=None, delay=0.05, features=(), charges=True):
        self.quota, self.window, self.reads, self.writes = quota, window, reads, writes
        self.delay, self.features, self.charges = delay, features, charges
        self.asked, self.log, self.done, self.mishaps = [], [], [], deque()
        self.counted = deque()
        self.under_way = {"reads": 0, "writes": 0}
        self.most = {"reads": 0, "writes": 0}
        self.refused = []
        self.offers = True
        self.closed = False
        self.seen = {}
        self.body_sizes = []

    @property
    def refusals(self):
        return len(self.refused)

    async def send(self, wire, sink):
        loop = asyncio.get_running_loop()
        self.asked.append((loop.time(), wire))
        if wire.method == "OPTIONS":
            await asyncio.sleep(self.delay)
            self.reply(sink, 200 if self.offers else 404, {"data": self.offer()} if self.offers else {"errors": []})
            return
        actions = self.read(wire)
        self.log.append(actions)
        self.body_sizes.append(len(wire.body or b""))
        await asyncio.sleep(self.delay / 2)
        if self.mishaps and (mishap := self.mishaps.popleft()):
            await mishap(self, wire, actions, sink)
            return
        await self.serve(wire, actions, sink)

    async def serve(self, wire, actions, sink):
        wait = self.admit(actions)
        if wait is not None:
            self.refused.append((asyncio.get_running_loop().time(), wait))
            body = {"errors": [{"message": "too many"}]}
            self.reply(sink, 429, body, {"retry-after": str(wait), **self.standing()})
            return
        costs = self.costs(actions)
        try:
            await asyncio.sleep(self.delay / 2)
        finally:
            for name in self.under_way:
                self.under_way[name] -= costs.get(name, 0)
        results = [self.carry_out(action) for action in actions]
        if not wire.url.endswith("/batch"):
            self.reply(sink, results[0]["status_code"], results[0]["body"])
        elif wire.headers["Accept"] == "application/x-ndjson":
            await self.stream(sink, results)
        else:
            self.reply(sink, 200, {"data": results}, self.standing())

    async def stream(self, sink, results):
        sink.begin(200, {"content-type": "application/x-ndjson", **self.standing()})
        for place, result in reversed(list(enumerate(results))):
            line = msgspec.json.encode({"index": place, **result, "ms": 1.5}) + b"\n"
            sink.feed(line[:7])
            sink.feed(line[7:])
            await asyncio.sleep(0)
        sink.feed(b'{"summary":{"actions":%d}}\n' % len(results))

    def carry_out(self, action):
        path, key = action["relative_path"], action.get("idempotency_key")
        if path.startswith("/missing"):
            return self.result(action, 404, {"errors": [{"message": f"Unknown object: {path}"}]})
        if path.startswith("/odd") and not action.get("alone"):
            return self.result(action, 400, {"errors": [{"message": REFUSED}]})
        if key is not None and key in self.seen:
            return self.seen[key]
        self.done.append(action)
        result = self.result(action, 200, {"data": {"path": path, "data": action.get("data")}})
        if key is not None:
            self.seen[key] = result
        return result

    def result(self, action, status, body):
        named = {"id": action["id"]} if "id" in action else {}
        return {**named, "status_code": status, "headers": {}, "body": body}

    def read(self, wire):
        if wire.url.endswith("/batch"):
            return msgspec.json.decode(wire.body)["data"]["actions"]
        path = wire.url.removeprefix("http://server/api")
        data = msgspec.json.decode(wire.body)["data"] if wire.body else None
        return [{"method": wire.method.lower(), "relative_path": path, "data": data, "alone": True}]

    def costs(self, actions):
        costs = {}
        for action in actions:
            for name in costs_of(action["method"].upper(), action["relative_path"]):
                costs[name] = costs.get(name, 0) + 1
        return costs

    def admit(self, actions):
        """Seconds to wait, or None if it was admitted."""
        now = asyncio.get_running_loop().time()
        while self.counted and self.counted[0][0] <= now - self.window:
            self.counted.popleft()
        costs = self.costs(actions)
        used = sum(amount for _, amount in self.counted)
        wait = None
        if self.quota is not None and used + len(actions) > self.quota:
            wait = self.until_it_fits(now, len(actions))
        for name, quota in (("reads", self.reads), ("writes", self.writes)):
            if quota is not None and self.under_way[name] + costs.get(name, 0) > quota:
                wait = 30
        if wait is None or self.charges:
            self.counted.append((now, len(actions)))
        if wait is None:
            for name in self.under_way:
                self.under_way[name] += costs.get(name, 0)
                self.most[name] = max(self.most[name], self.under_way[name])
        return wait

    def until_it_fits(self, now, amount):
        """Whole seconds after which as many fit, this refusal included where it counts."""
        pending = [*self.counted, (now, amount)] if self.charges else list(self.counted)
        used = sum(one for _, one in pending)
        for at, one in pending:
            used -= one
            if used + amount <= self.quota:
                return max(1, math.ceil(at + self.window - now))
        raise AssertionError("it never fits")

    def standing(self):
        if self.quota is None:
            return {}
        left = max(0, self.quota - sum(amount for _, amount in self.counted))
        return {
            "ratelimit-policy": f'"requests";q={self.quota};w={self.window:.0f}',
            "ratelimit": f'"requests";r={left};t={math.ceil(self.reset())}',
        }

    def reset(self):
        """Seconds until all of it is there again."""
        return self.counted[-1][0] + self.window - asyncio.get_running_loop().time() if self.counted else 0

    def offer(self):
        limits = [("requests", self.quota, self.window), ("reads", self.reads, None), ("writes", self.writes, None)]
        return {
            "max_actions": 10,
            "max_body": 100_000,
            "features": list(self.features),
            "limits": [
                {"limit": name, "quota": quota, "left": quota, "window": window, "reset": 0}
                for name, quota, window in limits
                if quota is not None
            ],
        }

    def reply(self, sink, status, body, headers=None):
        sink.begin(status, {"content-type": "application/json", **(headers or {})})
        sink.feed(body if isinstance(body, bytes) else msgspec.json.encode(body))

    async def close(self):
        self.closed = True


def answers(status, body, headers=None):
    """A mishap: this, whatever was asked."""

    async def mishap(server, _wire, _actions, sink):
        server.reply(sink, status, body, headers)

    return mishap


async def breaks(_server, _wire, _actions, _sink):
    """A mishap: the connection breaks before anything was done."""
    raise TransportError("broken")


async def loses_the_answer(server, wire, actions, _sink):
    """A mishap: all is done, and then the connection breaks."""

    class Nowhere:
        def begin(self, status, headers):
            pass

        def feed(self, data):
            pass

    await server.serve(wire, actions, Nowhere())
    raise TransportError("broken")
