"""The store for many processes: the same verb as in memory, decided by one script within one round trip.

All that is known of a caller has keys with the same hash tag, so that a decision never needs more than one shard of a
cluster, and there is one clock, that of the server. Keys expire by themselves. A window keeps one entry for each
charge, however large that is, and never more than its limit; what has passed is dropped by whoever comes next, so that
deciding costs the same however much was asked before. Only a refusal looks at as many charges as it needs to know its
wait, which are no more than it asks for.

Slots are leases under the name of their admission. Whoever still holds them after a third of the lease renews them; a
process that died does not, and they run out.
"""

from __future__ import annotations

import asyncio
import weakref
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from hashlib import blake2b

from fanfold.limits.concurrency import Concurrency
from fanfold.limits.line import Line, line_to
from fanfold.limits.memory import NOTHING_HELD
from fanfold.limits.profiles import Profile
from fanfold.limits.shapes import MICRO, SCRIPTS, Held, Shape, granted
from fanfold.model import Grant, Refusal, Standing

MAX_CALLERS = 10_000
"""Callers that are remembered, so that what stands for them is not worked out each time."""

MAX_SHAPES = 1_000
"""Combinations of costs that are remembered. Programs ask for few; names of upstreams could make many."""


class RedisLimiter:
    """Keeps a profile's limits for each key in the Redis of ``where``, a URL or a line that several limiters share.

    It answers as ``MemoryLimiter`` does, or raises ``LimitsUnknown`` where the server does not answer in time. Counts
    are shared by all limiters of the same ``space``. ``clock`` is for tests: the server's own is the only one that all
    processes have in common.
    """

    def __init__(
        self, profile: Profile, where: str | Line, *, space: str = "", clock: Callable[[], float] | None = None
    ) -> None:
        self.profile = profile
        self.line = line_to(where, SCRIPTS) if isinstance(where, str) else where
        self._space = blake2b(space.encode(), digest_size=16).digest()
        self._clock = clock
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._callers: dict[str, bytes] = {}
        self._verb = b"charge" if profile.charge_refused else b"take"
        leases = [rule.span for rule in profile.rules if isinstance(rule, Concurrency)]
        self._holders = Holders(self._keep_renewed, min(leases, default=1.0))

    async def take(self, key: str, costs: Mapping[str, int]) -> Grant | Refusal:
        """Take all costs or none. Amounts are at least 1, or ``ValueError``."""
        shape = self._shape(costs)
        if not shape.rules:
            return NOTHING_HELD
        held = Held(shape, self._caller(key), self.line.name(), costs)
        try:
            reply = await self.line.ask(shape.decision(held, self._verb, self._now()))
        except BaseException:
            # Whether it was decided is not known: it must come to nothing, also if it is only decided later.
            if shape.slots:
                self.line.say(shape.handling(held, b"forget"), keep=shape.lease)
            raise
        told = bytes(reply)
        return self._holders.add(RedisGrant(self, held, told)) if granted(told) else shape.refusal(told)

    async def look(self, key: str, costs: Mapping[str, int]) -> Refusal | tuple[Standing, ...]:
        """What ``take`` would say; nothing is taken, and a refusal is not charged for."""
        shape = self._shape(costs)
        if not shape.rules:
            return ()
        held = Held(shape, self._caller(key), self.line.name(), costs)
        told = bytes(await self.line.ask(shape.decision(held, b"look", self._now())))
        return shape.standing(told) if granted(told) else shape.refusal(told)

    async def close(self) -> None:
        """Send what is to be sent, and disconnect."""
        self._holders.close()
        await self.line.close()

    def release(self, held: Held) -> None:
        """Give slots back, soon. That is not waited for; if it is lost the lease runs out."""
        self._holders.remove(held)
        self.line.say(held.shape.handling(held, b"release"), keep=held.shape.lease)

    def _keep_renewed(self, held: Held) -> None:
        # While nobody listens it would only be in the way of what is worth keeping.
        if self.line.up:
            self.line.say(held.shape.handling(held, b"renew", self._now()), keep=held.shape.lease / 3)

    async def renew(self, held: Held) -> bool:
        """Whether all slots were still held; those that were are for a whole lease from now."""
        return bool(await self.line.ask(held.shape.handling(held, b"renew", self._now())))

    def _caller(self, key: str) -> bytes:
        """What stands for a key that may be too long, too strange or too telling for a database."""
        caller = self._callers.get(key)
        if caller is None:
            if len(self._callers) >= MAX_CALLERS:
                self._callers.clear()
            digest = blake2b(key.encode("utf-8", "surrogatepass"), digest_size=15, key=self._space)
            caller = self._callers[key] = urlsafe_b64encode(digest.digest())
        return caller

    def _now(self) -> bytes:
        return b"" if self._clock is None else b"%d" % round(self._clock() * MICRO)

    def _shape(self, costs: Mapping[str, int]) -> Shape:
        for cost, n in costs.items():
            if n < 1:
                raise ValueError(f"{cost}: cannot take {n}")
        names = tuple(costs)
        shape = self._shapes.get(names)
        if shape is None:
            if len(self._shapes) >= MAX_SHAPES:
                self._shapes.clear()
            shape = self._shapes[names] = Shape(self.profile, names)
        return shape


class RedisGrant:
    """A yes of the server, with what was told of the limits."""

    __slots__ = ("__weakref__", "_limiter", "_released", "_told", "held")

    def __init__(self, limiter: RedisLimiter, held: Held, told: bytes) -> None:
        self._limiter = limiter
        self._told = told
        self._released = False
        self.held = held

    def standing(self) -> tuple[Standing, ...]:
        """How everything that was taken from stood in the moment that decided."""
        return self.held.shape.standing(self._told)

    def release(self) -> None:
        """Give the slots back. Releasing twice, or after the lease ran out, changes nothing."""
        if self.held.shape.slots and not self._released:
            self._released = True
            self._limiter.release(self.held)

    async def renew(self) -> bool:
        """Let the leases that are still held run anew from now; False where one is lost already.

        Raises ``LimitsUnknown``.
        """
        if not self.held.shape.slots:
            return True
        return not self._released and await self._limiter.renew(self.held)


class Holders:
    """Grants whose slots are held, renewed as long as somebody holds them.

    A grant is known here only as long as it is known elsewhere: one that was lost without being released runs out.
    """

    def __init__(self, renew: Callable[[Held], None], lease: float) -> None:
        self._renew = renew
        self._turn = lease / 6
        self._young: dict[bytes, weakref.ref[RedisGrant]] = {}
        self._old: dict[bytes, weakref.ref[RedisGrant]] = {}
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def add(self, grant: RedisGrant) -> RedisGrant:
        """Renew a grant's leases before a third of them has passed, again and again."""
        if grant.held.shape.slots:
            self._young[grant.held.name] = weakref.ref(grant)
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(self._turn, self._turn_over)
        return grant

    def remove(self, held: Held) -> None:
        """Renew it no more."""
        if self._young.pop(held.name, None) is None:
            self._old.pop(held.name, None)

    def close(self) -> None:
        """Renew nothing any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _turn_over(self) -> None:
        old, self._old, self._young = self._old, self._young, {}
        for name, known in old.items():
            grant = known()
            if grant is not None:
                self._young[name] = known
                self._renew(grant.held)
        self._timer = asyncio.get_running_loop().call_later(self._turn, self._turn_over) if len(self) else None
