"""Belonging to a workspace, team, project or the like: a link from it to the member, and a record with its own gid.

The link is placed by the gid of that record, which is its note too, so that either leads to the other in one step and
members come in the order in which they joined. Teams may be members of what is shared; they stand in a list of their
own, and let their people in.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import merge
from typing import TYPE_CHECKING, Literal

from fanfold.work.change import Relation, born, deletion
from fanfold.work.pages import page
from fanfold.work.shape import decode
from fanfold.work.store import Held

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.schema import Document
    from fanfold.work.view import View

Owner = Literal["workspace", "team", "project", "portfolio", "goal", "custom_field", "custom_type"]
"""What one can belong to."""

LEVELS: Mapping[str, tuple[str, ...]] = {
    "project": ("admin", "editor", "commenter", "viewer"),
    "portfolio": ("admin", "editor", "viewer"),
    "goal": ("admin", "editor", "commenter", "viewer"),
    "custom_field": ("admin", "editor", "user"),
    "custom_type": ("admin", "editor", "user", "viewer"),
}
"""What is shared, and which access its members may have, the most first."""

_DEFAULTS = {"project": "editor", "portfolio": "viewer", "custom_field": "user"}

_OF_THEIR_OWN = frozenset(("workspace", "team", "project", "portfolio"))
"""Owners whose memberships are a kind of their own; those of all others are of the kind ``membership``."""


def members_link(of: str, *, team: bool = False) -> str:
    """Link field: the members of an owner, users or teams; the note is the record of the membership."""
    return f"{of}.member_teams" if team else f"{of}.members"


def _links(of: str) -> tuple[str, ...]:
    users = members_link(of)
    return (users, members_link(of, team=True)) if of in LEVELS else (users,)


def membership(view: View, of: Owner, owner: int, member: int) -> int | None:
    """Gid of the record of a membership, or None where the user or team is no member."""
    for link in _links(of):
        gid = view.store.place(owner, link, member)
        if gid is not None:
            return gid
    return None


def enlist(
    view: View, of: Owner, owner: int, workspace: int, member: int, values: Document, *, team: bool = False
) -> bool:
    """Make a user or team a member, with ``values`` in the record of it; False if they were one already."""
    if membership(view, of, owner, member) is not None:
        return False
    gid = born(view, f"{of}_membership" if of in _OF_THEIR_OWN else "membership", workspace, **values).gid
    view.store.link(owner, members_link(of, team=team), member, gid, gid)
    return True


def dismiss(view: View, of: Owner, owner: int, member: int) -> bool:
    """End a membership; False if there was none."""
    gid = membership(view, of, owner, member)
    row = None if gid is None else view.store.record(gid)
    if row is None:
        return False
    for link in _links(of):
        view.store.unlink(owner, link, member)
    deletion(view, row).write()
    return True


def memberships_of(view: View, of: Owner, member: int, *, team: bool = False) -> dict[int, int]:
    """The memberships of a user or team, whether the caller sees them or not: what they belong to → the membership."""
    link = members_link(of, team=team)
    return {owner: note for owner, note in view.store.owners(member, link) if note is not None}


# -- of what is shared -----------------------------------------------------------------------------------------------


def join(change: Change, member: int, *, level: str = "", team: bool = False) -> bool:
    """Share the record that changes with a user or team; False if that is so already.

    Unless told, they get the access that the record gives by default.
    """
    of: Owner = change.kind.name  # type: ignore[assignment]  # one of LEVELS
    values: Document = {
        "parent": str(change.gid),
        "member": str(member),
        "access_level": level or default_level(of, change.after),
        "resource_subtype": f"{of}_membership",
    }
    if team:
        values["member_type"] = "team"
    joined = enlist(change.view, of, change.gid, change.workspace, member, values, team=team)
    if joined:
        change.relations.append(Relation("added", "members", member))
    return joined


def leave(change: Change, member: int) -> bool:
    """Share the record that changes no longer: who is no member follows no longer. False if they were none."""
    of: Owner = change.kind.name  # type: ignore[assignment]  # one of LEVELS
    left = dismiss(change.view, of, change.gid, member)
    if left:
        change.relations.append(Relation("removed", "members", member))
        if "followers" in change.kind.fields:
            change.remove("followers", member)
    return left


def disband(change: Change) -> None:
    """End all memberships of a record that is being deleted."""
    for link in _links(change.kind.name):
        for member in change.store.targets(change.gid, link):
            leave(change, member)


def default_level(of: str, document: Document) -> str:
    """The access that new members of a record get; those of goals may comment, whatever its default says."""
    if of == "goal":
        return "commenter"
    return str(document.get("default_access_level") or _DEFAULTS.get(of) or "user")


def governs(view: View, of: Owner, owner: int, document: Document) -> bool:
    """Whether the caller owns a record or is one of its admins, be it through a team; service accounts govern all."""
    if view.service or document.get("owner") == str(view.user):
        return True
    gids = [membership(view, of, owner, view.user)]
    for team, gid in memberships_in(view, of, owner).items():
        if view.store.linked(team, "team.members", view.user):
            gids.append(gid)
    rows = view.store.records([gid for gid in gids if gid is not None])
    return any(decode(row.document)["access_level"] == "admin" for row in rows.values())


def memberships_in(view: View, of: Owner, owner: int) -> dict[int, int]:
    """The teams that are members of an owner: team → the membership."""
    link = members_link(of, team=True)
    found = view.store.links((owner,), (link,), ()).get((owner, link), ())
    return {team.gid: team.note for team in found if team.note is not None}


# -- lists -----------------------------------------------------------------------------------------------------------


def roll(request: Request, of: Owner, owner: int, member: int | None = None, *, users: bool = False) -> Answer:
    """A page of the memberships of an owner, in the order of joining.

    Only that of one ``member`` where it is given; without those of teams where only ``users`` are wanted.
    """
    store, links = request.view.store, _links(of)[: 1 if users else None]
    if member is not None:
        places = [store.place(owner, link, member) for link in links]
        return chosen(request, (gid for gid in places if gid is not None))

    def fetch(after: int | None, limit: int) -> list[Held]:
        found = [store.page_notes(owner, link, after, limit) for link in links]
        return found[0] if len(found) == 1 else list(merge(*found, key=lambda held: held.border))[:limit]

    return page(request, request.kind, fetch)


def chosen(request: Request, gids: Iterable[int]) -> Answer:
    """A page of the records with these gids, in their order."""
    ordered = sorted(gids)
    store = request.view.store

    def fetch(after: int | None, limit: int) -> list[Held]:
        wanted = [gid for gid in ordered if after is None or gid > after][:limit]
        rows = store.records(wanted)
        return [Held(gid, *rows[gid]) for gid in wanted if gid in rows]

    return page(request, request.kind, fetch)
