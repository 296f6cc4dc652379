"""A target whose owner looks at each call before it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import isawaitable

from fanfold.model import Answer, Call, EarlyTarget, Endpoint, Leave

Hook = Callable[[Call], Call | Awaitable[Call | None] | None]
"""Is asked before a call is sent: None for as it is, or another call. A ``RequestError`` is the answer of the call."""


class Hooked:
    """``target`` with a hook before it. What the hook changes has to lead to the same endpoint."""

    def __init__(self, target: EarlyTarget, hook: Hook) -> None:
        self._target = target
        self._hook = hook

    def resolve(self, method: str, path: str) -> tuple[Endpoint, tuple[str, ...]]:
        """As the target does."""
        return self._target.resolve(method, path)

    async def send(self, call: Call) -> Answer:
        """The target's answer to what the hook made of the call."""
        return await self._target.send(await self._asked(call))

    async def serve(
        self, call: Call, settle: Callable[[Answer], None], begun: Callable[[Leave], None] | None = None
    ) -> None:
        """Likewise, settled as soon as it is known."""
        await self._target.serve(await self._asked(call), settle, begun)

    async def _asked(self, call: Call) -> Call:
        found = self._hook(call)
        return (await found if isawaitable(found) else found) or call
