"""Copying a portfolio in steps: its custom fields at once, then as much of its people and items as was asked for.

Items are not copied themselves: the copy holds the same projects and portfolios, in the same order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, convert, to_builtins

from fanfold.work.background import CHUNK, State
from fanfold.work.change import copy_of, touching
from fanfold.work.kinds.copying import read_words
from fanfold.work.kinds.custom_field_settings import attach, settings_of
from fanfold.work.kinds.portfolio_items import ITEMS, put
from fanfold.work.kinds.portfolios import PRIVATE, TEMPLATES
from fanfold.work.membership import join, members_link
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.schema import Document
    from fanfold.work.store import Row
    from fanfold.work.view import View

INCLUDABLE = ("description", "members", "permissions", "templates", "rules", "child_projects", "child_portfolios")
"""What a copy may be asked to include; descriptions and rules are accepted, but there are none."""

_USERS, _TEAMS = members_link("portfolio"), members_link("portfolio", team=True)


class Copying(Struct):
    """How far the copying has come: the state of a job.

    ``lists``: the lists of the source that are copied. Those before ``at`` have been, and of that one all up to the
    position ``after``.
    """

    source: int
    copy: int
    lists: tuple[str, ...]
    kinds: tuple[str, ...]
    permissions: bool
    at: int = 0
    after: int | None = None


def read_include(_: Request, value: Any) -> frozenset[str]:
    """The body field ``include`` of a portfolio's duplication."""
    return read_words(value, INCLUDABLE)


def duplicate(view: View, source: Row, name: str, include: frozenset[str]) -> State:
    """A copy of a portfolio that holds nothing yet, and how the rest is to be copied."""
    values: Document = {"name": name, "archived": False, "owner": str(view.user), "created_by": str(view.user)}
    permissions = "permissions" in include
    if not permissions:
        values |= {"privacy_setting": PRIVATE, "default_access_level": "viewer"}
    change = copy_of(view, source, **values)
    change.private = int(change.after["privacy_setting"] == PRIVATE)
    join(change, view.user, level="admin")
    store = view.store
    for link in ("portfolio.custom_objects", *((TEMPLATES,) if "templates" in include else ())):
        for target in store.targets(source.gid, link):
            store.append(change.gid, link, target)
    change.keep()
    _custom_fields(view, source, change.gid)
    kinds = tuple(kind for kind in ("project", "portfolio") if f"child_{kind}s" in include)
    lists = (*((_USERS, _TEAMS) if "members" in include else ()), *((ITEMS,) if kinds else ()))
    state: State = to_builtins(Copying(source.gid, change.gid, lists, kinds, permissions))
    return state


def copy_some(job: Change, state: State) -> State | None:
    """A step: copy what comes next in the lists, in their order."""
    copying = convert(state, Copying)
    view, store = job.view, job.store
    row = store.record(copying.copy)
    if row is None:
        raise LookupError(f"what was to hold the copies was deleted: {copying.copy}")
    change, room = touching(view, row), CHUNK
    while copying.at < len(copying.lists):
        link = copying.lists[copying.at]
        some = store.stretch(copying.source, link, copying.after, room)
        if link == ITEMS:
            _items(view, row, [target for _, target, _ in some], copying)
        else:
            _people(change, {target: note for _, target, note in some if note is not None}, link, copying)
        room -= len(some)
        if not room:
            copying.after = some[-1][0]
            break
        copying.at, copying.after = copying.at + 1, None
    change.write()
    return None if copying.at >= len(copying.lists) else to_builtins(copying)


def _custom_fields(view: View, source: Row, copy: int) -> None:
    row, settings = view.store.record(copy), settings_of(view, source)
    shown = view.store.records(settings.values())
    for index, (field, setting) in enumerate(settings.items()):
        if row is not None and setting in shown:
            important = decode(shown[setting].document)["is_important"]
            attach(view, row, field, index << 32, important=important)


def _people(change: Change, members: dict[int, int], link: str, copying: Copying) -> None:
    """Members have the access that they have to the source if its permissions are copied."""
    rows = change.store.records(members.values()) if copying.permissions else {}
    for member, gid in members.items():
        level = decode(rows[gid].document)["access_level"] if gid in rows else ""
        join(change, member, level=level, team=link == _TEAMS)


def _items(view: View, copy: Row, gids: list[int], copying: Copying) -> None:
    """Whoever has the copy made puts into it what they see."""
    rows = view.rows(gids)
    for gid in gids:
        if gid in rows and rows[gid].kind in copying.kinds and not view.store.linked(copy.gid, ITEMS, gid):
            put(view, copy, rows[gid], view.store.end(copy.gid, ITEMS))
