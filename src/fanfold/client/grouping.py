"""Which actions hang together: those that name each other have to travel in one batch, all others need not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from fanfold.client.request import Request

_REFERENCE = re.compile(rb"\{\{\s*([A-Za-z0-9_-]{1,64})")


def groups_of(requests: Sequence[Request], lines: Sequence[bytes]) -> list[list[int]]:
    """Places of ``requests``, grouped by who needs whom, in the order of each group's first; ``lines`` are their JSON.

    What only looks like a reference, since no action has that name, joins nothing.
    """
    places = {request.id.casefold(): place for place, request in enumerate(requests) if request.id}
    if not places:
        return [[place] for place in range(len(requests))]
    leader = list(range(len(requests)))

    def find(place: int) -> int:
        while leader[place] != place:
            leader[place] = leader[leader[place]]
            place = leader[place]
        return place

    for place, request in enumerate(requests):
        named = [*request.depends_on, *(found.decode() for found in _REFERENCE.findall(lines[place]))]
        for name in named:
            other = places.get(name.casefold())
            if other is not None:
                first, second = sorted((find(place), find(other)))
                leader[second] = first
    groups: dict[int, list[int]] = {}
    for place in range(len(requests)):
        groups.setdefault(find(place), []).append(place)
    return list(groups.values())


def packed(groups: Sequence[list[int]], most: int) -> list[list[int]]:
    """The same with groups of several put together, each where there is room first, ``most`` places at most.

    Who is on its own stays that: it may travel with anybody.
    """
    packs: list[list[int]] = []
    for group in groups:
        pack = next(
            (pack for pack in packs if len(group) > 1 and len(pack) > 1 and len(pack) + len(group) <= most), None
        )
        if pack is None:
            packs.append(list(group))
        else:
            pack += group
    return [sorted(pack) for pack in packs]


__all__ = ["groups_of", "packed"]
