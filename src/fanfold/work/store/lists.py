"""Lists: a page of records at a time, behind a border, and what was looked for by conditions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import starmap

from fanfold.work.store.links import LOWEST, Links
from fanfold.work.store.rows import ALL, Held, Where

TaskCounts = tuple[int, int, int, int]
"""Tasks, those completed, milestones, those completed."""


class Lists(Links):
    """Reading many records in order."""

    def page_linked(self, owner: int, field: str, after: int | None, limit: int, where: Where = ALL) -> list[Held]:
        """Up to ``limit`` members of the owner's list behind the border ``after``."""
        return self._page("page_linked", owner, field, after, limit, where)

    def page_linking(self, target: int, field: str, after: int | None, limit: int, where: Where = ALL) -> list[Held]:
        """Up to ``limit`` records that have ``target`` in their list, by gid."""
        return self._page("page_linking", target, field, after, limit, where)

    def page_notes(self, owner: int, field: str, after: int | None, limit: int, where: Where = ALL) -> list[Held]:
        """Up to ``limit`` of the records that the owner's links have as notes, in the order of the list."""
        return self._page("page_notes", owner, field, after, limit, where)

    def by_name(self, owner: int, field: str, limit: int) -> list[Held]:
        """The first ``limit`` members of the owner's list in alphabetical order."""
        return list(starmap(Held, self._cursor.execute(self._sql["by_name"], (owner, field, limit))))

    def page_kind(self, workspace: int, kind: str, after: int | None, limit: int, where: Where = ALL) -> list[Held]:
        """Up to ``limit`` records of a kind in a workspace, by gid."""
        return self._page("page_kind", workspace, kind, after, limit, where)

    def _page(self, name: str, first: int, second: str, after: int | None, limit: int, where: Where) -> list[Held]:
        sql = self._with(name, where)
        border = LOWEST if after is None else after
        return list(starmap(Held, self._cursor.execute(sql, (first, second, border, *where.values, limit))))

    def _with(self, name: str, where: Where) -> str:
        """A query with a further condition."""
        return self._sql[name].replace("{where}", self._sql.idiom.said(where.sql))

    def page_nested(
        self, owner: int, outer: str, inner: str, after: tuple[int, int] | None, limit: int, where: Where = ALL
    ) -> list[Held]:
        """Up to ``limit`` members of the lists ``inner`` of the members of its list ``outer``, one after the other.

        ``after`` is a place in the outer and one in the inner list; the borders given back are places in inner ones.
        """
        found: list[Held] = []
        spot, border = after or (LOWEST, None)
        for place, member in self.places(owner, outer):
            if place >= spot:
                start = border if place == spot else None
                found += self.page_linked(member, inner, start, limit - len(found), where)
                if len(found) >= limit:
                    break
        return found

    def found(self, workspace: int, kind: str, where: Where, order: str, limit: int, start: int = 0) -> list[Held]:
        """Up to ``limit`` records of a kind in a workspace from number ``start`` on, in order; borders are gids."""
        sql = self._with("found", where).replace("{order}", self._sql.idiom.said(order))
        return list(starmap(Held, self._cursor.execute(sql, (workspace, kind, *where.values, limit, start))))

    def dates_of(self, project: int, *, subtasks: bool) -> tuple[str | None, str | None, str | None, str | None]:
        """First and last start, first and last due date of a project's tasks, or also of what hangs below them."""
        found: tuple[str | None, ...] = self._cursor.execute(self._sql["dates_of"], (project, subtasks)).fetchone()
        return found  # type: ignore[return-value]

    def task_counts(self, projects: Sequence[int]) -> dict[int, TaskCounts]:
        """How many tasks each project has, how many are completed, how many are milestones, how many are both.

        Projects without tasks are left out.
        """
        return {gid: tuple(counts) for gid, *counts in self._in("task_counts", projects)} if projects else {}

    def time_spent(self, project: int, where: Where = ALL) -> dict[int, float]:
        """Minutes entered for a project by the gid of whoever entered them; 0 for nobody."""
        sql = self._with("time_spent", where)
        found = self._cursor.execute(sql, (project, *where.values))
        return {int(user or 0): _number(minutes) for user, minutes in found}

    def time_estimated(self, project: int, custom_field: int) -> dict[int, float]:
        """Sum of a custom field over a project's tasks by the gid of whom they are assigned to; 0 for nobody."""
        found = self._cursor.execute(self._sql["time_estimated"], (project, str(custom_field)))
        return {int(user or 0): _number(value or 0) for user, value in found}


def _number(value: float | Decimal) -> float:
    """What a sum is as a number of JSON: whole where all that was summed up is."""
    if isinstance(value, Decimal):
        return float(value) if int(value.as_tuple().exponent) < 0 else int(value)
    return value
