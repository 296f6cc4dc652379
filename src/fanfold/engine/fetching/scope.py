"""What placeholders and expressions see in one run: names in layers, of which a run changes only its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import UNSET

Scope = Mapping[str, Any]

Path = tuple[str, ...]


def bind(scope: Scope, path: Path, value: Any) -> dict[str, Any]:
    """A scope in which ``value`` stands at ``path``; all the rest is as before, and shared with the one before."""
    name, *rest = path
    if not rest:
        return {**scope, name: value}
    inner = scope.get(name)
    return {**scope, name: bind(inner if isinstance(inner, dict) else {}, tuple(rest), value)}


def found(scope: Scope, path: Path) -> Any:
    """What stands at ``path``, ``UNSET`` where there is nothing."""
    value: Any = scope
    for name in path:
        if isinstance(value, Mapping) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isascii() and name.isdecimal() and int(name[:9]) < len(value):
            value = value[int(name[:9])]
        else:
            return UNSET
    return value


def merged(base: Any, over: Any) -> Any:
    """Decoded JSON with ``over`` laid upon it: objects member by member, all else replaced."""
    if not isinstance(base, dict) or not isinstance(over, dict):
        return over
    return {**base, **{name: merged(base.get(name), value) for name, value in over.items()}}
