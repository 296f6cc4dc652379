"""How much one evaluation may take, each bound with its unit and default in one place."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Bounds(Struct, frozen=True, kw_only=True):
    """Bounds on one evaluation. Durations are in seconds, sizes in bytes, the length of a source in characters.

    ``seconds`` are of processor time; ``patience`` are those that may pass until it has had them.
    ``inline`` is how long it is tried on the event loop before it is worked out beside it. ``memory`` is what it may
    ``seconds`` are of processor time, ``patience`` those that may pass until it has had them.
    and as much less for less, which is what it takes to be handed through functions.
    """

    seconds: float = 0.2
    reading: float = 0.3
    patience: float = 1.0
    inline: float = 0.003
    steps: int = 5_000_000
    depth: int = 500
    string: int = 1024 * 1024
    array: int = 200_000
    result: int = 1024 * 1024
    memory: int = 64 * 1024 * 1024
    given: int = 32 * 1024 * 1024
    source: int = 64 * 1024


def processor_time(bounds: Bounds, given: int) -> float:
    """Seconds of processor time for an evaluation that is given so many bytes."""
    return bounds.seconds + bounds.reading * min(1.0, given / 1024**2)


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
