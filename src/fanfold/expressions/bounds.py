"""How much one evaluation may take, each bound with its unit and default in one place."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Bounds(Struct, frozen=True, kw_only=True):
    """Bounds on one evaluation. Durations are in seconds, sizes in bytes, the length of a source in characters.

    ``seconds`` are of processor time, ``patience`` those that may pass until it has had them. ``reading`` are seconds
    of processor time more for each MiB that it is given, of four at most: that much has to go through its functions.
    ``inline`` is how long it is tried on the event loop before it is worked out beside it. ``memory`` is what it may
    take beyond what it is ``given``, which is bounded as JSON, as are the ``result`` and what is ``handed`` to a
    function of ours on the way to it.
    """

    seconds: float = 0.2
    reading: float = 0.5
    patience: float = 1.0
    inline: float = 0.003
    steps: int = 5_000_000
    depth: int = 500
    string: int = 1024 * 1024
    array: int = 200_000
    result: int = 1024 * 1024
    handed: int = 16 * 1024 * 1024
    memory: int = 64 * 1024 * 1024
    given: int = 32 * 1024 * 1024
    source: int = 64 * 1024


def processor_time(bounds: Bounds, given: int) -> float:
    """Seconds of processor time for an evaluation that is given so many bytes."""
    return bounds.seconds + bounds.reading * min(4.0, given / 1024**2)


def patience(bounds: Bounds, given: int) -> float:
    """Seconds that may pass until it has had that, however busy the machine."""
    return bounds.patience + 2 * (processor_time(bounds, given) - bounds.seconds)


def limits(bounds: Bounds, seconds: float, *, handed: bool = False) -> dict[str, Any]:
    """The bounds as the engine of ``jlens`` takes them; it has but one for the result and for what functions get.

    Whoever asks for the larger, of what is ``handed`` to functions, has to look at the size of the result.
    """
    return {
        "timeout": seconds,
        "max_depth": bounds.depth,
        "max_steps": bounds.steps,
        "max_string_length": bounds.string,
        "max_array_length": bounds.array,
        "max_result_size": bounds.handed if handed else bounds.result,
    }
