"""What is known, at any moment, of tasks that are being created in order: which are there, and which stand where.

Nothing here asks anybody. Schemes read it to say what to do next; what comes of that is told to it. After a fault it
knows as much as before, so that whatever is missing is done, and nothing again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

from fanfold.client.ordered.gaps import lengthen, longest


class Arrangement:
    """``count`` tasks, named by their places from 0.

    ``queue``: not created yet. ``chain``: known to stand in the right order. ``loose``: to be put into place.
    ``blocks``: created together, one block behind the other, in an order that is not known yet. ``lost``: whether they
    were created is not known. ``given_up``: not to be dealt with any more. ``doubtful``: something may stand
    elsewhere than known, which is to be looked into at the end, or at once if it is ``hurried``. ``strangers``: gids
    and names of what was read and is none of these tasks.
    """

    def __init__(self, count: int) -> None:
        self.queue = deque(range(count))
        self.gids: dict[int, str] = {}
        self.places: dict[str, int] = {}
        self.chain: list[int] = []
        self.loose: set[int] = set()
        self.blocks: list[list[int]] = []
        self.lost: set[int] = set()
        self.given_up: set[int] = set()
        self.doubtful = False
        self.hurried = False
        self.strangers: dict[str, str] = {}
        self._trail: list[str] = []
        self._read: set[str] = set()
        self._afresh: list[str] | None = None
        self._newest = -1

    @property
    def is_done(self) -> bool:
        """Whether every task is there and in its place, or given up."""
        return not (self.queue or self.loose or self.blocks or self.lost)

    @property
    def is_unclear(self) -> bool:
        """Whether the list has to be read to its end before anything else is done."""
        return bool(self.lost) or self._afresh is not None

    @property
    def unread(self) -> int:
        """How many tasks stand in an order that is not known."""
        return sum([len(block) for block in self.blocks])

    # -- what was done -----------------------------------------------------------------------------------------------

    def named(self, place: int, gid: str) -> None:
        """The task at ``place`` has been created."""
        self.gids[place] = gid
        self.places[gid] = place
        self.lost.discard(place)
        self.strangers.pop(gid, None)

    def appended(self, places: Sequence[int]) -> None:
        """Tasks were put at the end of the list by one batch, or some of them perhaps (those that are lost)."""
        fresh = [place for place in places if place > self._newest]
        self.loose.update([place for place in places if place <= self._newest and place not in self.lost])
        if not fresh:
            return
        self._newest = max(fresh)
        if len(fresh) == 1 and not self.blocks and fresh[0] not in self.lost:
            self.chain.append(fresh[0])
        else:
            self.blocks.append(fresh)

    def moved(self, place: int) -> None:
        """A task has been put into its place."""
        self.loose.discard(place)
        lengthen(self.chain, place)

    def give_up(self, place: int) -> None:
        """Leave a task out."""
        self.given_up.add(place)
        self.loose.discard(place)
        self.lost.discard(place)
        for places in (self.chain, self.queue, *self.blocks):
            if place in places:
                places.remove(place)

    def doubt(self, *, at_once: bool) -> None:
        """Something may stand elsewhere than known."""
        self.doubtful = True
        self.hurried = self.hurried or at_once

    def again(self, place: int) -> None:
        """A task is not there: it is to be created, before those that come later."""
        self.lost.discard(place)
        self.queue.appendleft(place)

    def assume(self) -> None:
        """Go on without knowing the order of blocks: one task of each is kept, since it stands behind all before."""
        for block in self.blocks:
            kept = block[(len(block) - 1) // 3]
            self.chain.append(kept)
            self.loose.update(place for place in block if place != kept)
        self.blocks = []

    # -- what was read -----------------------------------------------------------------------------------------------

    def read_afresh(self) -> None:
        """Believe nothing of the order but what is read from now on."""
        self._afresh = []
        self.doubtful = self.hurried = False

    def adopt(self, names: Sequence[str]) -> list[int]:
        """Recognize lost tasks, by their names, among what was read and is nobody's; their places."""
        adopted = []
        unknown: dict[str, list[str]] = {}
        for gid, name in self.strangers.items():
            unknown.setdefault(name, []).append(gid)
        for place in sorted(self.lost):
            found = unknown.get(names[place])
            if found:
                self.named(place, found.pop(0))
                adopted.append(place)
                if not any(place in block for block in self.blocks):
                    self.loose.add(place)
        return adopted

    def read(self, gids: Iterable[str], blocks: int, *, ended: bool) -> None:
        """More of the list, in its order. ``ended``: that was its end, as of when there were ``blocks`` blocks."""
        for gid in gids:
            if self._afresh is not None:
                self._afresh.append(gid)
            if gid not in self._read:
                self._read.add(gid)
                self._trail.append(gid)
        if ended:
            for place in sorted(self.lost, reverse=True):
                for block in self.blocks:
                    if place in block:
                        block.remove(place)
                self.again(place)
            self.blocks = [block for block in self.blocks if block]
        if self._afresh is None:
            self._take_in(blocks, ended=ended)
        elif ended:
            self._order_afresh(self._afresh)

    def _take_in(self, blocks: int, *, ended: bool) -> None:
        """Learn the order of the blocks that were read to their end."""
        known = {self.places[gid] for gid in self._trail if gid in self.places}
        whole = 0
        while whole < len(self.blocks):
            if not (known.issuperset(self.blocks[whole]) or (ended and whole < blocks)):
                break
            whole += 1
        if not whole:
            return
        taken = {place for block in self.blocks[:whole] for place in block}
        del self.blocks[:whole]
        order = [self.places[gid] for gid in self._trail if self.places.get(gid, -1) in taken]
        last = self.chain[-1] if self.chain else -1
        kept = longest([place for place in order if place > last])
        self.chain += kept
        self.loose |= taken.difference(kept, self.given_up)
        self._trail = [gid for gid in self._trail if self.places.get(gid, -1) not in taken]

    def _order_afresh(self, listed: list[str]) -> None:
        order = [self.places[gid] for gid in dict.fromkeys(listed) if gid in self.places]
        self.chain = longest([place for place in order if place not in self.given_up])
        self.loose = set(self.gids).difference(self.chain, self.given_up)
        self.blocks = []
        self._trail = []
        self._afresh = None


__all__ = ["Arrangement"]
