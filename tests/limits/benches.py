"""A store on a bench: driven step by step, with its clock in our hands. A further store needs one class here."""

from fanfold.limits import MemoryLimiter


class MemoryBench:
    def __init__(self, profile):
        self.now = 1000.0
        self.limiter = MemoryLimiter(profile, clock=lambda: self.now)

    def take(self, key, costs):
        return finish(self.limiter.take(key, costs))

    def release(self, grant):
        grant.release()

    def renew(self, grant):
        return finish(grant.renew())

    def advance(self, seconds):
        self.now += seconds


def finish(coroutine):
    """The result of a coroutine that must not wait: between its first step and its last nothing else runs."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a decision in memory waited")
