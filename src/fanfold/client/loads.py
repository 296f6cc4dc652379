"""What one batch carries while it is under way: whose result stands at which place, and what is still to come."""

from __future__ import annotations

import random
from collections.abc import Callable

from fanfold.client.batching import Unit
from fanfold.client.calls import Call
from fanfold.client.errors import ClientError
from fanfold.client.replies import Reply


class Load:
    """The calls of ``units`` in the client's ``number``-th batch. A call of its own is handed to ``settled`` at once.

    The replies of a group are kept until all are there, since it is the group that is made again if one of them fails.
    """

    def __init__(self, units: list[Unit], number: int, settled: Callable[[Unit, Call, Reply], None]) -> None:
        self.calls: list[Call] = [call for unit in units for call in unit.calls]
        self._owners = [unit for unit in units for _ in unit.calls]
        self._settled = settled
        self._open = dict.fromkeys(range(len(self.calls)))
        self._held: dict[int, Reply] = {}
        size = len(self.calls)
        spread = random.random()  # noqa: S311 - nothing secret
        for place, call in enumerate(self.calls):
            call.batch = (number, size, place)
            call.spread = spread

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the actions, if any has one."""
        names = [call.request.id for call in self.calls]
        return tuple(names) if any(names) else ()

    def settle(self, place: int, reply: Reply) -> None:
        """A result has come."""
        del self._open[place]
        unit = self._owners[place]
        if unit.count > 1:
            self._held[place] = reply
        else:
            self._settled(unit, self.calls[place], reply)

    def unanswered(self) -> list[Unit]:
        """The units of which something has not come."""
        return list(dict.fromkeys([self._owners[place] for place in self._open]))

    def groups(self) -> list[Unit]:
        """The units whose replies are kept."""
        return list(dict.fromkeys([self._owners[place] for place in self._held]))

    def replies(self, unit: Unit) -> list[Reply]:
        """The replies to a unit that have come."""
        return [reply for place, reply in self._held.items() if self._owners[place] is unit]

    def answer(self, unit: Unit) -> None:
        """Hand over the replies to a unit."""
        for place, reply in self._held.items():
            if self._owners[place] is unit:
                self.calls[place].answer(reply)

    def give_up(self, unit: Unit, error: ClientError) -> None:
        """Hand over what has come of a unit; the rest of its calls fail."""
        self.answer(unit)
        for call in unit.calls:
            call.fail(error)


__all__ = ["Load"]
