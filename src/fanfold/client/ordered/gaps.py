"""Which tasks can be put into place at once, though a batch is carried out in no order.

What stands in the right order already is the chain. A batch may put two tasks between any two neighbours of it: one
right behind the left one, one right before the right one. Whichever comes first, the outcome is the same; a third would
have to be put beside one of these two, which may not stand there yet. Whatever else lies between the neighbours is to
be moved itself, and does not matter.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from msgspec import Struct


class Move(Struct, frozen=True):
    """Put the task at ``place`` right behind that at ``after``, right before that at ``before``, or at the end."""

    place: int
    after: int | None = None
    before: int | None = None


def moves(chain: Sequence[int], loose: Iterable[int], most: int, *, free_end: bool) -> list[Move]:
    """Up to ``most`` moves that lengthen ``chain`` (sorted, not empty) by tasks of ``loose``, in any order.

    Where many wait for the same neighbours, those are chosen that part the rest evenly, the longest waits first.
    ``free_end``: nothing else goes to the end of the list meanwhile.
    """
    runs: dict[int, list[int]] = {}
    for place in sorted(loose):
        runs.setdefault(bisect_left(chain, place), []).append(place)
    found: list[Move] = []
    for gap, run in sorted(runs.items(), key=lambda one: -len(one[1])):
        if len(found) >= most:
            break
        found += _into(gap, run, chain, free_end=free_end)
    return found[:most]


def _into(gap: int, run: list[int], chain: Sequence[int], *, free_end: bool) -> list[Move]:
    """The moves into the gap before the ``gap``-th of the chain; a run at the start has only one neighbour."""
    third = (len(run) - 1) // 3
    if gap == 0:
        return [Move(run[third], before=chain[0])]
    left = chain[gap - 1]
    is_last = gap == len(chain)
    if len(run) == 1:
        return [Move(run[0], after=left)]
    if is_last and not free_end:
        return [Move(run[(len(run) - 1) // 2], after=left)]
    return [Move(run[third], after=left), Move(run[-1 - third], before=None if is_last else chain[gap])]


def longest(places: Sequence[int]) -> list[int]:
    """A longest part of ``places`` that ascends, in order: what need not be moved."""
    ends: list[int] = []
    tops: list[int] = []
    before: list[int] = []
    for index, place in enumerate(places):
        at = bisect_left(ends, place)
        before.append(tops[at - 1] if at else -1)
        ends[at:] = [place, *ends[at + 1 :]]
        tops[at:] = [index, *tops[at + 1 :]]
    found = []
    index = tops[-1] if tops else -1
    while index >= 0:
        found.append(places[index])
        index = before[index]
    return found[::-1]


def lengthen(chain: list[int], place: int) -> None:
    """Add a place to the chain, where it belongs."""
    if not chain or chain[-1] < place:
        chain.append(place)
    else:
        insort(chain, place)


__all__ = ["Move", "lengthen", "longest", "moves"]
