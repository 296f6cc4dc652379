"""Likes, which tasks and stories have: who likes a record, shown under the names of today and of old."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fanfold.work.change import Relation
from fanfold.work.schema import Document, Field, Ref, boolean, computed

if TYPE_CHECKING:
    from fanfold.work.change import Change
    from fanfold.work.shape import Sheet


def like_fields(link: str) -> tuple[Field, ...]:
    """The fields of a kind whose likes are the link field ``link``, whose note is the like's own gid."""

    def liked(sheet: Sheet, gid: int, _: Document) -> bool:
        user = sheet.view.user
        return any(like.gid == user for like in sheet.links(gid, link))

    def likes(sheet: Sheet, gid: int, _: Document) -> list[Any]:
        return [{"gid": str(like.note), "user": Ref(like.gid)} for like in sheet.links(gid, link)]

    def number(sheet: Sheet, gid: int, _: Document) -> int:
        return len(sheet.links(gid, link))

    needs = (link,)
    return (
        computed("hearted", liked, needs=needs, of="boolean", blank=False),
        computed("hearts", likes, needs=needs, of="list", blank=[]),
        computed("num_hearts", number, needs=needs, of="integer", blank=0),
        boolean("liked", compute=liked, needs=needs, blank=False),
        computed("likes", likes, needs=needs, of="list", blank=[]),
        computed("num_likes", number, needs=needs, of="integer", blank=0),
    )


def is_liked(link: str) -> Callable[[Change], None]:
    """A rule for creation and update: ``liked`` is what the caller thinks of the record."""

    def rule(change: Change) -> None:
        liked = change.after.pop("liked", None)
        if "liked" not in change.given.values:
            return
        store, gid, user = change.store, change.gid, change.view.user
        if not liked and store.unlink(gid, link, user):
            change.relations.append(Relation("removed", "likes", user))
        elif liked and not store.linked(gid, link, user):
            store.append(gid, link, user, store.new_gid())
            change.relations.append(Relation("added", "likes", user))

    return rule
