"""What a batch endpoint says of itself when asked with ``OPTIONS``: sizes, features, limits.

Asana's own server says nothing of the kind; then the client keeps to what Asana documents.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from fanfold.client.limits import Told, told_by_options


class Offer(Struct, frozen=True):
    """What a server offers: actions in a batch, and in a job (0 where it has none), bytes of the body, and so on.

    ``features`` are names of what it can do, ``limits`` how these stand.

    ``told`` says whether the server has told it, or whether it is but what all batch endpoints of this kind have.
    """

    max_actions: int = 10
    max_body: int = 512 * 1024
    features: frozenset[str] = frozenset()
    limits: tuple[Told, ...] = ()
    told: bool = False
    max_job_actions: int = 0

    def has(self, feature: str) -> bool:
        """Whether the server has a feature, such as ``references``, ``serial`` or ``idempotency_key``."""
        return feature in self.features


PLAIN = Offer()


def read_offer(body: Any) -> Offer:
    """The offer in the decoded answer to ``OPTIONS``, or the plain one where that says nothing usable."""
    data = body.get("data") if isinstance(body, dict) else None
    if not isinstance(data, dict):
        return PLAIN
    features = data.get("features")
    return Offer(
        _count(data.get("max_actions"), PLAIN.max_actions),
        _count(data.get("max_body"), PLAIN.max_body),
        frozenset(one for one in features if isinstance(one, str)) if isinstance(features, list) else frozenset(),
        told_by_options(data.get("limits")),
        told=True,
        max_job_actions=_count(data.get("max_job_actions"), 0),
    )


def _count(value: object, otherwise: int) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else otherwise


__all__ = ["PLAIN", "Offer", "read_offer"]
