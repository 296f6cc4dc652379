"""Belonging to a workspace, team or project: a link from it to the user, and a record with a gid of its own.

The link is placed by the gid of that record, which is its note too, so that either leads to the other in one step and
members come in the order in which they joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from fanfold.work.change import born, deletion
from fanfold.work.pages import page
from fanfold.work.store import Held

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fanfold.model import Answer
    from fanfold.work.request import Request
    from fanfold.work.schema import Document
    from fanfold.work.view import View

Owner = Literal["workspace", "team", "project"]
"""What one can belong to."""


def membership(view: View, of: Owner, owner: int, user: int) -> int | None:
    """Gid of the record of a membership, or None where the user is no member."""
    return view.store.place(owner, f"{of}.members", user)


def enlist(view: View, of: Owner, owner: int, workspace: int, user: int, values: Document) -> bool:
    """Make a user a member, with ``values`` in the record of it; False if they were one already."""
    if membership(view, of, owner, user) is not None:
        return False
    gid = born(view, f"{of}_membership", workspace, **values).gid
    view.store.link(owner, f"{of}.members", user, gid, gid)
    return True


def dismiss(view: View, of: Owner, owner: int, user: int) -> bool:
    """End a membership; False if there was none."""
    gid = membership(view, of, owner, user)
    row = None if gid is None else view.store.record(gid)
    if row is None:
        return False
    view.store.unlink(owner, f"{of}.members", user)
    deletion(view, row).write()
    return True


def memberships_of(view: View, of: Owner, user: int) -> dict[int, int]:
    """The memberships of a user, whether the caller sees them or not: what they belong to → gid of the membership."""
    return {owner: note for owner, note in view.store.owners(user, f"{of}.members") if note is not None}


def roll(request: Request, of: Owner, owner: int, user: int | None = None) -> Answer:
    """A page of the memberships of an owner, in the order of joining; of one ``user`` only, where that is given."""
    if user is not None:
        gid = membership(request.view, of, owner, user)
        return chosen(request, () if gid is None else (gid,))
    store = request.view.store
    return page(request, request.kind, lambda after, limit: store.page_notes(owner, f"{of}.members", after, limit))


def chosen(request: Request, gids: Iterable[int]) -> Answer:
    """A page of the records with these gids, in their order."""
    ordered = sorted(gids)
    store = request.view.store

    def fetch(after: int | None, limit: int) -> list[Held]:
        wanted = [gid for gid in ordered if after is None or gid > after][:limit]
        rows = store.records(wanted)
        return [Held(gid, *rows[gid]) for gid in wanted if gid in rows]

    return page(request, request.kind, fetch)
