"""Objects that are merged into the one around them: the member ``$truto_merge``."""

from __future__ import annotations

from typing import Any

MERGE = "$truto_merge"


def merge(around: dict[str, Any], value: Any) -> dict[str, Any]:
    """``around`` with an object, or an array's objects one after the other, merged in; others are left out."""
    for member in value if isinstance(value, list) else [value]:
        if isinstance(member, dict):
            around = merged(around, member)
    return around


def merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Two objects in one, at every level: the second wins, and arrays are put one behind the other."""
    result = dict(below)
    # Not by recursion: what is filled in may be nested deeper than the stack is.
    todo = [(result, above)]
    while todo:
        into, source = todo.pop()
        for name, value in source.items():
            before = into.get(name)
            if isinstance(before, dict) and isinstance(value, dict):
                into[name] = fresh = dict(before)
                todo.append((fresh, value))
            elif isinstance(before, list) and isinstance(value, list):
                into[name] = before + value
            else:
                into[name] = value
    return result
