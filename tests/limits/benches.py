"""A store on a bench: driven step by step, with its clock in our hands. A further store needs one class here."""

import asyncio

from fanfold.limits import MemoryLimiter
from fanfold.limits.line import line_to
from fanfold.limits.redis import RedisLimiter
from fanfold.limits.shapes import SCRIPTS

PATIENCE = 5.0
"""Seconds that the decisions on a bench may take: what it shows has nothing to do with time."""


class MemoryBench:
    def __init__(self, profile):
        self.now = 1000.0
        self.limiter = MemoryLimiter(profile, clock=lambda: self.now)

    def take(self, key, costs):
        return finish(self.limiter.take(key, costs))

    def look(self, key, costs):
        return finish(self.limiter.look(key, costs))

    def release(self, grant):
        grant.release()

    def renew(self, grant):
        return finish(grant.renew())

    def advance(self, seconds):
        self.now += seconds


class RedisBenches:
    """Makes benches on one Redis, each with counts of its own."""

    def __init__(self, server):
        self.server = server
        self.runner = asyncio.Runner()
        self.made = 0
        line = line_to(server.url, SCRIPTS, deadline=PATIENCE)
        line._sleep = lambda _seconds: asyncio.sleep(0)
        self.line = Recorded(line)

    def __call__(self, profile):
        self.made += 1
        return RedisBench(self, profile)

    def finish(self, coroutine):
        return self.runner.run(coroutine)

    def close(self):
        self.finish(self.line.close())
        self.runner.close()


class RedisBench:
    def __init__(self, benches, profile):
        self.now = 1000.0
        self.benches = benches
        self.limiter = RedisLimiter(profile, benches.line, space=f"bench {benches.made}", clock=lambda: self.now)
        self.limiter._holders._turn = 1e9  # nothing is renewed by itself, as time is in our hands

    def take(self, key, costs):
        return self.benches.finish(self.limiter.take(key, costs))

    def look(self, key, costs):
        return self.benches.finish(self.limiter.look(key, costs))

    def release(self, grant):
        async def release():
            grant.release()

        self.benches.finish(release())

    def renew(self, grant):
        return self.benches.finish(grant.renew())

    def advance(self, seconds):
        self.now += seconds

    def take_once_more(self):
        """Send the last decision again, word for word; what was answered then, and what is answered now."""
        line = self.benches.line

        async def again():
            return await line.ask(line.last)

        return line.answer, self.benches.finish(again())


class Recorded:
    """A line that remembers the last decision and its answer."""

    def __init__(self, line):
        self._line = line
        self.forget()

    def forget(self):
        self.last = self.answer = None

    def __getattr__(self, name):
        return getattr(self._line, name)

    def ask(self, command):
        reply = self._line.ask(command)
        if b"\r\ntake\r\n" in command or b"\r\ncharge\r\n" in command:
            self.last = command
            reply.add_done_callback(self._answered)
        return reply

    def _answered(self, reply):
        self.answer = reply.result()


def finish(coroutine):
    """The result of a coroutine that must not wait: between its first step and its last nothing else runs."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a decision in memory waited")
