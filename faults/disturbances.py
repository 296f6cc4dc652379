"""What a network does to a server and what it stands on, each with a name: begun at a proxy, and lifted from it."""

from __future__ import annotations

import random
from collections.abc import Callable

from faults.proxy import PLAIN, ChaosProxy, Rule

Rules = Callable[[random.Random], Rule]

SILENT = "half-open"
REFUSED = "refuse"

RULES: dict[str, Rules] = {
    "delay": lambda dice: Rule(delay=dice.uniform(0.05, 0.5), jitter=dice.uniform(0.0, 0.3)),
    "reset": lambda dice: Rule(reset_after=dice.randrange(20_000)),
    "cut": lambda dice: Rule(cut_after=dice.randrange(20_000)),
    SILENT: lambda _: Rule(lose=True),
    "stall": lambda _: Rule(stall=True),
    "drip": lambda dice: Rule(rate=dice.uniform(200, 5_000)),
    "garbage": lambda dice: Rule(noise=dice.uniform(0.05, 1.0)),
}
"""Slow; broken off in the midst, rudely and politely; open, and nothing arrives; held back, and it arrives at last; a
few bytes at a time; bytes that mean nothing between those that do."""

NAMES = (*RULES, REFUSED)


async def begin(name: str, proxy: ChaosProxy, dice: random.Random) -> str:
    """Disturb what goes through from now on; what is done, in words."""
    if name == REFUSED:
        await proxy.refuse()
        proxy.reset_all()
        return name
    ways = dice.choice((("up",), ("down",), ("up", "down")))
    up, down = (RULES[name](dice) if way in ways else PLAIN for way in ("up", "down"))
    proxy.rule(up=up, down=down)
    return f"{name} {' and '.join(ways)}"


async def lift(proxy: ChaosProxy) -> None:
    """Disturb nothing any more. What was lost stays lost."""
    proxy.rule()
    await proxy.listen()
