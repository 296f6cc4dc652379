"""Looking at the parts of a seed file: each is what it should be, or the place is named and what was expected there."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from fanfold.work.seed_keys import SeedError
from fanfold.work.strictness import nearest


def mapping(value: Any, place: str) -> dict[str, Any]:
    """A copy of a mapping from names to values."""
    if not isinstance(value, dict):
        raise SeedError(f"{place}: expected names with values, not {shown(value)}")
    return {str(name): member for name, member in value.items()}


def listed(value: Any, place: str) -> list[Any]:
    """A list."""
    if not isinstance(value, list):
        raise SeedError(f"{place}: expected a list, not {shown(value)}")
    return value


def a_text(value: Any, place: str) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value:
        raise SeedError(f"{place}: expected a text, not {shown(value)}")
    return value


def known(names: Collection[str], expected: Collection[str], place: str) -> None:
    """Refuse a name that is not among those expected."""
    for name in names:
        if name not in expected:
            raise SeedError(f"{place}: expected {', '.join(expected)}, not {name!r}.{nearest(name, expected)}")


def shown(value: Any) -> str:
    """A value as it stands in a message."""
    return "nothing" if value is None else repr(value)[:80]
