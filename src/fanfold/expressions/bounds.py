"""How much one evaluation may take, each bound with its unit and default in one place."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Bounds(Struct, frozen=True, kw_only=True):
    """Bounds on one evaluation. Durations are in seconds, sizes in bytes, the length of a source in characters.

    ``inline`` is how long it is tried on the event loop before it is worked out beside it. ``memory`` is what it may
    take beyond what it is given. ``given`` bounds that, as JSON.
    """

    seconds: float = 0.2
    inline: float = 0.003
    steps: int = 5_000_000
    depth: int = 500
    string: int = 1024 * 1024
    array: int = 200_000
    result: int = 1024 * 1024
    memory: int = 64 * 1024 * 1024
    given: int = 32 * 1024 * 1024
    source: int = 64 * 1024


def limits(bounds: Bounds, seconds: float) -> dict[str, Any]:
    """The bounds as the engine of ``jlens`` takes them."""
    return {
        "timeout": seconds,
        "max_depth": bounds.depth,
        "max_steps": bounds.steps,
        "max_string_length": bounds.string,
        "max_array_length": bounds.array,
        "max_result_size": bounds.result,
    }
