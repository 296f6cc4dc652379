"""How much of the published API is answered: the descriptors held against the list of what is published.

The list (``published.txt``: method, path and name of each operation) changes when the published API does. What is in it
and has no route is told as missing.
"""

from __future__ import annotations

from importlib import resources
from itertools import groupby

from msgspec import Struct

from fanfold.work.kinds import KINDS

BATCH = ("POST", "/batch", "createBatchRequest")
"""The one operation that is no route of a kind."""


class Group(Struct, frozen=True):
    """Operations below one first path segment: how many are served, and those that are not, as method and path."""

    name: str
    served: int
    total: int
    missing: tuple[str, ...] = ()


class Coverage(Struct, frozen=True):
    """All groups, in the order of their names, and what they add up to."""

    served: int
    total: int
    groups: tuple[Group, ...]


def coverage() -> Coverage:
    """Count the published operations, and those of them that are served."""
    served = {BATCH, *((route.method, route.template, route.operation) for kind in KINDS for route in kind.routes)}
    groups = []
    for name, operations in groupby(published(), key=lambda operation: operation[1].split("/")[1]):
        listed = list(operations)
        missing = tuple(
            f"{method} {template} ({operation})"
            for method, template, operation in listed
            if (method, template, operation) not in served
        )
        groups.append(Group(name, len(listed) - len(missing), len(listed), missing))
    return Coverage(sum(group.served for group in groups), sum(group.total for group in groups), tuple(groups))


def published() -> list[tuple[str, str, str]]:
    """Method, path and name of each operation of the published API, in the order of the paths."""
    lines = resources.files("fanfold.work").joinpath("published.txt").read_text().splitlines()
    return [(method, template, operation) for method, template, operation in map(str.split, lines)]
