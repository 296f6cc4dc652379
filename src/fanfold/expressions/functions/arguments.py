"""What functions are given, how they refuse it, and how they give null.

The engine hands functions None for null and for what is missing alike, and takes None for nothing at all.
"""

from __future__ import annotations

from typing import Any

NULL = float("nan")
"""What a function gives for null: the engine makes that of what JSON cannot write."""

MAX_ITEMS = 200_000
"""Elements that a function may give."""


class Unsuitable(ValueError):
    """A function was given what it cannot take; the message says what it takes."""


def array(value: Any, name: str) -> list[Any]:
    """An argument that has to be an array; one that is missing is empty."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Unsuitable(
            f"${name} takes an array; a path that gives one value alone does not give one, [] behind it does"
        )
    return value


def string(value: Any, name: str) -> str:
    """An argument that has to be text."""
    if not isinstance(value, str):
        raise Unsuitable(f"${name} takes text")
    return value


def members(value: Any, name: str) -> dict[str, Any]:
    """An argument that has to be an object; one that is missing is empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Unsuitable(f"${name} takes an object")
    return value


def key_text(value: Any) -> str:
    """A value as the name of a member."""
    if isinstance(value, str):
        return value
    if value is None:
        return "undefined"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def at(value: Any, path: str) -> Any:
    """What stands at a dotted path, None where nothing does."""
    for part in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, dict):
            value = value.get(part)
        elif isinstance(value, list) and part.isdigit() and len(part) < 7:
            value = value[int(part)] if int(part) < len(value) else None
        else:
            return None
    return value
