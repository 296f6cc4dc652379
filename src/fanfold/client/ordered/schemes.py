"""How tasks are created in order where a batch has none: what each round does, and which way is the cheapest.

Every scheme is a sequence of rounds, each awaited before the next. A round creates tasks at the end of the list, moves
tasks into place, and reads the list, all of it in one batch whose actions may be carried out in any order.

=============  ==========================================================  ==================  ===================
scheme         what it does                                                requests            actions
=============  ==========================================================  ==================  ===================
one by one     each task is created when the one before is there           N                   N
grown          created ten at a time; of each ten one is kept, and the     about 2N/10         about 2N
               others are moved beside what stands
read           created several at a time and read; what happens to stand   about 1.55N/10      about 1.55N; N and a
               in order stays, the rest is moved, along with what is                           hundredth where the
               created next                                                                    server keeps order
=============  ==========================================================  ==================  ===================
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from fanfold.client.ordered.arrangement import Arrangement
from fanfold.client.ordered.gaps import Move, moves

Scarce = Literal["requests", "quota"]


class Create(Struct, frozen=True):
    """Create the task at ``place``, at the end of the list."""

    place: int


class Look(Struct, frozen=True):
    """Read the next page of the list; ``afresh``: the first of it."""

    afresh: bool = False


Step = Create | Move | Look


class Scheme(Struct, frozen=True):
    """``creates`` tasks a round at most, and ``moves`` as long as there are tasks to create.

    ``look_after``: the list is read when so many stand in an unknown order; 0 is never.
    """

    name: str
    creates: int
    moves: int
    look_after: int = 0


ONE_BY_ONE = Scheme("one by one", creates=1, moves=0)


def grown(size: int) -> Scheme:
    """The scheme that needs no reading, for batches of ``size`` actions."""
    return Scheme("grown", creates=size, moves=size - 1)


def read(count: int, size: int) -> Scheme:
    """The scheme that keeps what happens to stand in order.

    The list is read soon where there are few tasks, so that there is something to move while others are created, and
    seldom where there are many. How often, and how many are moved meanwhile, was found by trying.
    """
    return Scheme("read", creates=size, moves=max(1, (size * 4) // 10), look_after=size * (3 if count <= 150 else 8))


def chosen(count: int, size: int, scarce: Scarce) -> Scheme:
    """The cheapest scheme for ``count`` tasks in batches of ``size``, by what is ``scarce``.

    ``requests`` are round trips, ``quota`` is what limits count: actions.
    """
    if scarce == "quota" or count <= 2 or size < 3:
        return ONE_BY_ONE
    return grown(size) if 2 * count <= 5 * size else read(count, size)


def next_round(arrangement: Arrangement, scheme: Scheme, size: int, kinds: Sequence[object] = ()) -> list[Step]:
    """What to do next, in any order; nothing when all is done.

    ``kinds``: tasks that could be taken for each other after a fault, though they differ, have the same kind; no two of
    them are created in one round.
    """
    if arrangement.is_unclear:
        return [Look()]
    if arrangement.hurried or (arrangement.is_done and arrangement.doubtful):
        arrangement.read_afresh()
        return [Look(afresh=True)]
    if arrangement.is_done:
        return []
    steps: list[Step] = []
    if not scheme.look_after:
        arrangement.assume()
    elif arrangement.blocks and (not arrangement.queue or arrangement.unread >= scheme.look_after):
        steps.append(Look())
    if not arrangement.chain and not arrangement.blocks and arrangement.loose:
        arrangement.moved(sorted(arrangement.loose)[(len(arrangement.loose) - 1) // 3])
    creating = bool(arrangement.queue)
    most = min(scheme.moves, size - 1) if creating else size
    if creating and scheme.moves == 0 and arrangement.loose:
        creating, most = False, size
    if arrangement.chain and arrangement.loose:
        free = not creating and not arrangement.blocks
        steps += moves(arrangement.chain, arrangement.loose, most - len(steps), free_end=free)
    if creating:
        steps += _creates(arrangement, min(scheme.creates, size - len(steps)), kinds)
    return steps


def _creates(arrangement: Arrangement, most: int, kinds: Sequence[object]) -> list[Step]:
    found: list[Step] = []
    used: set[object] = set()
    while arrangement.queue and len(found) < most:
        place = arrangement.queue[0]
        if kinds and kinds[place] is not None:
            if kinds[place] in used:
                break
            used.add(kinds[place])
        found.append(Create(arrangement.queue.popleft()))
    return found


__all__ = ["ONE_BY_ONE", "Create", "Look", "Scarce", "Scheme", "Step", "chosen", "grown", "next_round", "read"]
