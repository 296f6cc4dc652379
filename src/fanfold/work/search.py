"""Finding tasks and names: the index is brought up to date, then one query finds the gids in order.

There are two ways to look through tasks: go along the order asked for until enough are found, or take the few that the
narrowest condition leaves and sort them. Which is shorter is estimated from how many records each condition leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from math import prod
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from fanfold.work.clock import Clock, stamp
from fanfold.work.pages import MAX_LIMIT
from fanfold.work.store import Held

if TYPE_CHECKING:
    from fanfold.work.api import Api
    from fanfold.work.request import Request
    from fanfold.work.schema import Waiting
    from fanfold.work.view import View

Find = Callable[[Any], "list[int]"]
"""From a cursor to the gids of what was found."""

COUNTED = 10_000
"""How far the records that a condition leaves are counted: beyond that it is no narrow one."""

RANKED = 5000
"""Matches, newest first, that are looked at when the best are wanted."""


class Condition(Struct, frozen=True):
    """What has to hold of a task ``f`` (see ``search.sql``), and if possible where those are of which it does.

    ``source`` yields their gids in a column ``gid``, and perhaps others if it is not ``exact``. ``share`` is a guess at
    how many of all tasks those are, for conditions without a source.
    """

    where: str
    values: tuple[Any, ...] = ()
    source: str = ""
    source_values: tuple[Any, ...] = ()
    share: float = 0.5
    exact: bool = True


class Order(Struct, frozen=True):
    """By a column of the tasks, those without a value last, and by gid where that is the same."""

    column: str
    descending: bool = True

    @property
    def sql(self) -> str:
        """Said only where it matters that those without a value come last: an index is in one such order."""
        way = "DESC" if self.descending else "ASC"
        last = " NULLS LAST" if self.column in ("due", "completed_at") else ""
        return f"f.{self.column} {way}{last}, f.gid {way}"


# -- bringing the index up to date -----------------------------------------------------------------------------------


def _until(clock: Clock, search_delay: float) -> str:
    return stamp(clock() - timedelta(seconds=search_delay)) if search_delay else ""


async def catch_up(api: Api) -> None:
    """Bring the index up to date, step by step between other requests."""
    until = _until(api.clock, api.search_delay)
    more = await api.read(lambda session: session.store.index_is_behind())
    while more:
        more = await api.write(lambda session: session.store.index_step(until))
        await asyncio.sleep(0)


def _catch_up_now(view: View) -> None:
    until = _until(view.clock, view.search_delay)
    more = view.store.index_is_behind()
    while more:
        view.store.begin_action()
        try:
            more = view.store.index_step(until)
        except BaseException:
            view.store.undo_action()
            raise
        view.store.end_action()


async def keep_up(api: Api) -> bool:
    """Bring the index a step further if there is one; whether more is to do."""
    until = _until(api.clock, api.search_delay)
    if not await api.read(lambda session: session.store.index_upto() is not None and session.store.index_is_behind()):
        return False
    return await api.write(lambda session: session.store.index_step(until))


def ahead(find: Find) -> Waiting:
    """What ``find`` finds in the index as it is now, without holding up other requests: for a route's ``before``."""

    async def wait(api: Api) -> list[int]:
        await catch_up(api)
        return await api.look_aside(find)

    return wait


def found(request: Request, find: Callable[[Request], Find], wanted: int = MAX_LIMIT) -> list[Held]:
    """What was found before the handler, or is found now, as far as it is still there and visible to the caller."""
    view, gids = request.view, request.found
    if gids is None:
        _catch_up_now(view)
        gids = view.store.look(find(request))
    held: list[Held] = []
    for start in range(0, len(gids), wanted):
        some = gids[start : start + wanted]
        rows = view.rows(some)
        held += [Held(gid, *rows[gid]) for gid in some if gid in rows]
        if len(held) >= wanted:
            break
    return held[:wanted]


# -- tasks -----------------------------------------------------------------------------------------------------------

_OF_ALL = "SELECT count(*) FROM task_facts {along task_by_modified_at} WHERE workspace = ?"


def visible(view: View) -> str:
    """The condition that the caller may see a task ``f`` with the record ``r``."""
    return "TRUE" if view.service else f"r.private = 0 OR {view.store.query('task_lets_in')}"


def tasks(view: View, workspace: int, conditions: Sequence[Condition], order: Order, limit: int) -> Find:
    """The first ``limit`` tasks of a workspace, in order, that the caller may see and all ``conditions`` hold of."""
    user, said = view.user, view.store.idiom.said

    def find(cursor: Any) -> list[int]:
        narrowest = _narrowest(cursor, said, workspace, conditions, limit)
        where = ""
        values: list[Any] = []
        for condition in conditions:
            if condition is not narrowest or not condition.exact:
                where += f" AND ({condition.where})"
                values += condition.values
        if narrowest is None:
            tables, start = f"task_facts f {{along task_by_{order.column}}}", []
        else:
            tables = f"({narrowest.source} {{first}}) s {{then}} task_facts f ON f.gid = s.gid"
            start = list(narrowest.source_values)
        sql = (
            f"SELECT f.gid, ?1 FROM {tables} {{then}} record r ON r.gid = f.gid "
            f"WHERE f.workspace = ?{where} AND ({visible(view)}) ORDER BY {order.sql} LIMIT ?"
        )
        return [gid for gid, _ in cursor.execute(said(sql), (user, *start, workspace, *values, limit))]

    return find


def _narrowest(
    cursor: Any, said: Callable[[str], str], workspace: int, conditions: Sequence[Condition], limit: int
) -> Condition | None:
    """The condition to begin with, or None where going along the order is shorter."""
    sourced = [condition for condition in conditions if condition.source]
    if not sourced:
        return None
    numbers = [f"(SELECT count(*) FROM (SELECT 1 FROM ({c.source}) s LIMIT {COUNTED}) c)" for c in sourced]
    values = [value for condition in sourced for value in condition.source_values]
    found = cursor.execute(said(f"SELECT {', '.join(numbers)}"), values).fetchone()
    counts = dict(zip(sourced, found, strict=True))
    narrowest = min(counts, key=counts.__getitem__)
    least = counts[narrowest]
    if least <= limit:
        return narrowest
    (total,) = cursor.execute(said(_OF_ALL), (workspace,)).fetchone()
    shares = [counts[c] / total if c in counts else c.share for c in conditions]
    along = min(total, limit / max(prod(min(share, 1.0) for share in shares), 1e-9))
    return None if along < 2 * least else narrowest


def ranked(
    view: View, workspace: int, query: str, conditions: Sequence[Condition], limit: int, *, best_last: bool
) -> Find:
    """The same in order of how well the words of the tasks match ``query``, newest first where that is the same."""
    user, said = view.user, view.store.idiom.said
    where = "".join(f" AND ({condition.where})" for condition in conditions)
    way = "DESC" if best_last else "ASC"
    sql = said(
        f"SELECT f.gid, ?1 FROM ({{scored words}} ORDER BY gid DESC LIMIT {RANKED}) s "
        f"{{then}} task_facts f ON f.gid = s.gid "
        f"{{then}} record r ON r.gid = f.gid WHERE f.workspace = ?{where} AND ({visible(view)}) "
        f"ORDER BY s.score {way}, f.modified_at DESC, f.gid DESC LIMIT ?"
    )
    values = [value for condition in conditions for value in condition.values]
    return lambda cursor: [gid for gid, _ in cursor.execute(sql, (user, query, workspace, *values, limit))]
