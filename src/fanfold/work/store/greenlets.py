"""Plain functions that wait without holding up the event loop.

The operations of the API are plain functions over a store, and stay so where the store is at the other end of a
network. Such work is carried in a greenlet, a stack of its own: where it waits, that stack is put aside and whoever
carries it awaits instead. Nothing else can run in the midst of it than where it waits.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any, ParamSpec, TypeVar, cast

from greenlet import getcurrent, greenlet

P = ParamSpec("P")
T = TypeVar("T")


class _Work(greenlet):
    """Work that is being carried."""


async def carry(work: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """What ``work`` returns; it may ``wait``. If the carrier is cancelled, so is the work, where it waits."""
    carried = _Work(work)
    carried.gr_context = getcurrent().gr_context
    given = carried.switch(*arguments, **named)
    while not carried.dead:
        try:
            value = await cast("Awaitable[Any]", given)
        except BaseException:  # noqa: BLE001 - it is raised where the work waits
            given = carried.throw(*sys.exc_info())
        else:
            given = carried.switch(value)
    return cast("T", given)


def wait(awaited: Awaitable[T]) -> T:
    """What is awaited, from within work that is carried."""
    current = getcurrent()
    if not isinstance(current, _Work) or current.parent is None:
        raise RuntimeError("this store can only be used in work that is carried (see Api.read and Api.write)")
    return cast("T", current.parent.switch(awaited))
