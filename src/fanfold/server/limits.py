"""Where the limits of this process are kept: in its memory, or in a Redis together with those of other workers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from fanfold.errors import LimitsUnknown
from fanfold.limits import MemoryLimiter, Profile
from fanfold.model import Limiter
from fanfold.server.readiness import Word
from fanfold.settings import WithoutRedis

if TYPE_CHECKING:
    from fanfold.limits.fallback import Watch
    from fanfold.limits.line import Line

MakeLimiter = Callable[[Profile, str], Limiter]
"""What keeps a profile, and a name that tells its counts from those of others in the same place."""


class Limits:
    """Makes the limiters of one process. ``redis`` is a URL, or empty; all share one connection to it.

    ``without`` says what holds while it is away, ``fleet`` how many workers share it. Where there is none each has its
    share, and at least what a batch of ``batch`` actions needs. The connection is made when the first request comes: a
    server starts whether Redis is there or not. Raises ``SetupError`` for a URL that cannot be meant, and where what
    Redis needs is not installed.
    """

    def __init__(
        self, redis: str, without: WithoutRedis, fleet: int, watch: Watch | None = None, *, batch: int = 1
    ) -> None:
        self._without: WithoutRedis = without
        self._fleet = max(1, fleet)
        self._batch = batch
        self._watch = watch
        self._line: Line | None = None
        if redis:
            from fanfold.limits.line import line_to  # noqa: PLC0415 - most servers have none
            from fanfold.limits.shapes import SCRIPTS  # noqa: PLC0415

            self._line = line_to(redis, SCRIPTS)
            if watch is not None:
                self._line.tell(watch.shared)

    @property
    def up(self) -> bool | None:
        """Whether Redis can be asked; None where there is none, or nobody has asked yet."""
        return None if self._line is None else self._line.up

    @property
    def shared(self) -> bool:
        """Whether there is a Redis."""
        return self._line is not None

    def open(self) -> None:
        """Begin to connect to Redis, if there is one."""
        if self._line is not None:
            self._line.open()

    async def answers(self) -> bool:
        """Whether Redis, if there is one, answers now."""
        if self._line is None:
            return True
        from fanfold.limits.line import packed  # noqa: PLC0415

        try:
            await self._line.ask(packed(b"PING"))
        except LimitsUnknown:
            return False
        return True

    def limiter(self, profile: Profile, space: str) -> Limiter:
        """What keeps a profile. All processes that say the same ``space`` count together."""
        if self._line is None:
            return MemoryLimiter(profile.shared_by(self._fleet, batch=self._batch))
        from fanfold.limits.fallback import FallbackLimiter  # noqa: PLC0415
        from fanfold.limits.redis import RedisLimiter  # noqa: PLC0415

        shared = RedisLimiter(profile, self._line, space=space)
        return FallbackLimiter(shared, self._without, fleet=self._fleet, batch=self._batch, watch=self._watch)

    async def look(self) -> Word:
        """Whether Redis works. Where everything is refused without it, nothing works."""
        if self._line is None:
            return "ok"
        try:
            await self._line.ping()
        except LimitsUnknown:
            return "failed" if self._without == "deny" else "degraded"
        return "ok"

    async def close(self) -> None:
        """Give back what is still to be given back, and disconnect."""
        if self._line is not None:
            await self._line.close()
