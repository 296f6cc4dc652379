"""How much of the published API is answered: counted from the descriptors, and the list of what is pending."""

from __future__ import annotations

from msgspec import Struct

from fanfold.work.kinds import KINDS
from fanfold.work.pending import pending

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
    """Count the operations that are served and those that are not."""
    served = [(route.method, route.template, route.operation) for kind in KINDS for route in kind.routes]
    missing = [(route.method, route.template, route.operation) for route in pending(r for k in KINDS for r in k.routes)]
    groups = tuple(
        Group(
            name,
            sum(_group(template) == name for _, template, _ in [*served, BATCH]),
            sum(_group(template) == name for _, template, _ in [*served, BATCH, *missing]),
            tuple(f"{m} {template} ({operation})" for m, template, operation in missing if _group(template) == name),
        )
        for name in sorted({_group(template) for _, template, _ in [*served, BATCH, *missing]})
    )
    return Coverage(sum(group.served for group in groups), sum(group.total for group in groups), groups)


def _group(template: str) -> str:
    return template.split("/")[1]
