"""A place for what the other parts of a server keep in the same file, so that there is one file to copy and to restore.

What stands on a shelf means nothing here: it has a name, belongs to a user, and may be there for some time only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from fanfold.work.store.lists import Lists


class Shelved(NamedTuple):
    """One thing. ``until`` is in seconds since 1970, None for what stays; ``owner`` a gid."""

    name: str
    owner: int
    until: float | None
    document: bytes


class Shelves(Lists):
    """The store's part about shelves."""

    def shelve(self, shelf: str, thing: Shelved) -> None:
        """Put a thing on a shelf, in place of one of its name."""
        self._cursor.execute(self._sql["shelve"], (shelf, *thing))

    def shelved(self, shelf: str, name: str) -> Shelved | None:
        """The thing of a name, also where its time is over."""
        return next((Shelved(*row) for row in self._rows("shelved", shelf, name)), None)

    def shelved_of(self, shelf: str, owner: int) -> list[Shelved]:
        """Those of a user, in the order in which they came."""
        return [Shelved(*row) for row in self._rows("shelved_of", shelf, owner)]

    def shelved_on(self, shelf: str) -> list[Shelved]:
        """Those of everybody, in the order in which they came."""
        return [Shelved(*row) for row in self._rows("shelved_on", shelf)]

    def count_shelved(self, shelf: str, owner: int) -> int:
        """How many there are of a user."""
        return int(self._one("count_shelved", shelf, owner))

    def all_shelved(self) -> list[tuple[str, Shelved]]:
        """Everything, each with its shelf, to be kept while the data around it change."""
        return [(shelf, Shelved(*row)) for shelf, *row in self._rows("all_shelved")]

    def keep_shelved(self, things: Iterable[tuple[str, Shelved]]) -> None:
        """Have these things and no others."""
        self._cursor.execute(self._sql["clear_shelves"])
        for shelf, thing in things:
            self.shelve(shelf, thing)

    def unshelve(self, shelf: str, name: str) -> bool:
        """Take a thing away; whether there was one."""
        return bool(self._change("unshelve", shelf, name))

    def drop_shelved(self, now: float) -> None:
        """Take away what has come to its end."""
        self._cursor.execute(self._sql["drop_shelved"], (now,))
