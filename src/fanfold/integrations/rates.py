"""How an API says that it was asked too much, and for how long it wants to be left alone.

What declarations nearly always say of it is read once and looked up; the rest is worked out as the expression it is.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from math import isfinite
from typing import Any

from msgspec import Struct

from fanfold.errors import ExpressionError
from fanfold.expressions.evaluator import Evaluator
from fanfold.integrations.declaration import RateLimit
from fanfold.model import Pairs
from fanfold.targets.persistence import wished_pause

_STATUSES = re.compile(r"\s*status\s*=\s*\d{3}(?:\s+or\s+status\s*=\s*\d{3})*\s*", re.ASCII)
_HEADER = re.compile(r"\s*(?:\$number\(\s*)?headers\.(?:`([\w-]+)`|(\w+))\s*\)?\s*", re.ASCII)
_MILLISECONDS = 1e11
"""A time of more seconds than that is one of milliseconds."""

_EPOCH = 1e9
"""From here on a number is a time rather than a span."""

_LIMIT_NAMES = {
    prefix + name: f"ratelimit-{name}"
    for prefix in ("ratelimit-", "x-ratelimit-", "x-rate-limit-")
    for name in ("limit", "remaining", "reset")
}


class Seen(Struct, frozen=True):
    """An answer as the expressions see it."""

    status: int
    headers: Mapping[str, str]
    data: Callable[[], Any]

    def scope(self) -> dict[str, Any]:
        """What expressions are given."""
        return {"status": self.status, "headers": dict(self.headers), "data": self.data()}


class RateRules:
    """``RateLimit`` made ready. ``now`` gives seconds since 1970."""

    def __init__(self, told: RateLimit, evaluator: Evaluator, now: Callable[[], float]) -> None:
        self._now = now
        self._evaluator = evaluator
        self._statuses: frozenset[int] | None = None
        if _STATUSES.fullmatch(told.is_rate_limited):
            self._statuses = frozenset(map(int, re.findall(r"\d{3}", told.is_rate_limited)))
        else:
            self._limited = evaluator.compile(told.is_rate_limited)
        self.plain = self._statuses is not None and min(self._statuses) >= 300
        """Whether no answer that is a success says so."""
        self._after = self._reading(told.retry_after_header_expression)
        self._until = self._reading(told.rate_limit_header_expression)

    async def refused(self, seen: Seen) -> bool:
        """Whether the API says that it was asked too much."""
        if self._statuses is not None:
            return seen.status in self._statuses
        try:
            return bool(await self._evaluator.evaluate(self._limited, seen.scope()))
        except ExpressionError:
            return seen.status == 429

    async def wished(self, seen: Seen) -> float | None:
        """For how many seconds it wants to be left alone, None where it does not say: the longest that it says."""
        waits = [wished_pause(seen.headers.get("retry-after"))] if self._after is None else []
        if self._after is not None:
            waits.append(await self._after(seen))
        if self._until is not None:
            when = await self._until(seen)
            if when is not None:
                waits.append(when / (1000 if when > _MILLISECONDS else 1) - self._now())
        known = [max(0.0, wait) for wait in waits if wait is not None]
        return max(known) if known else None

    def _reading(self, source: str) -> Callable[[Seen], Awaitable[float | None]] | None:
        if not source:
            return None
        header = _HEADER.fullmatch(source)
        if header:
            name = (header[1] or header[2]).lower()

            async def look(seen: Seen) -> float | None:
                return _number(seen.headers.get(name))

            return look
        expression = self._evaluator.compile(source)

        async def evaluate(seen: Seen) -> float | None:
            try:
                return _number(await self._evaluator.evaluate(expression, seen.scope()))
            except ExpressionError:
                return None

        return evaluate


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or value is None:
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return wished_pause(value) if isinstance(value, str) else None
    return number if isfinite(number) else None


def limit_headers(headers: Mapping[str, str], now: Callable[[], float]) -> Pairs:
    """``ratelimit-limit``, ``-remaining`` and ``-reset`` (seconds from now) of whatever an API calls these."""
    found: dict[str, str] = {}
    for name, value in headers.items():
        if "limit-" not in name:
            continue
        key = _LIMIT_NAMES.get(name)
        if key is None or key in found:
            continue
        if key == "ratelimit-reset":
            number = _number(value)
            if number is None:
                continue
            if number > _EPOCH:
                number = max(0.0, number / (1000 if number > _MILLISECONDS else 1) - now())
            value = str(round(number))  # noqa: PLW2901 - the same, spelt as all others
        found[key] = value
    return tuple(found.items())
