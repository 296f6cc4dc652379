"""Reactions: emoji that people leave on stories and status updates. Only the system makes them.

Made with ``born``: ``target`` and ``user``, gids, and the ``emoji``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fanfold.errors import RequestError
from fanfold.work import filters
from fanfold.work.change import deletion
from fanfold.work.routes import PAGING, linked_page
from fanfold.work.schema import Document, Field, Kind, computed, one, text
from fanfold.work.shape import decode

if TYPE_CHECKING:
    from fanfold.model import Answer
    from fanfold.work.change import Change
    from fanfold.work.request import Request
    from fanfold.work.shape import Sheet

REACTIONS = "reactions"
"""Link field: the reactions on a story or status update, placed by their gids; the note is whose it is."""

TARGETS = ("story", "status_update")
"""The kinds that one can react to."""

_VARIATIONS = dict.fromkeys((65039, *range(127995, 128000)))
"""What makes a variant of an emoji: how it is to be drawn, and the colour of the skin."""

reaction = Kind(
    "reaction",
    compact=("emoji", "user"),
    fields=(
        text("emoji", access="read", nullable=False),
        one("user", "user", access="read"),
        one("target", "", access="read", opt_in=True),
    ),
    within="target",
    typed=False,
)


@reaction.rule("create")
def is_on_its_target(change: Change) -> None:
    """A reaction is listed with what it is on."""
    after = change.after
    after["emoji_base"] = base_of(after["emoji"])
    change.store.link(int(after["target"]), REACTIONS, change.gid, change.gid, int(after["user"]))


def takes_reactions_along(change: Change) -> None:
    """A rule for deletion: reactions go with what they are on."""
    store = change.store
    for row in store.records(store.targets(change.gid, REACTIONS)).values():
        deletion(change.view, row).write()


def base_of(emoji: str) -> str:
    """An emoji without what makes it a variant."""
    return emoji.translate(_VARIATIONS)


def _emojis(sheet: Sheet) -> dict[int, str]:
    """The emoji of all reactions on all records of a sheet."""
    gids = [link.gid for gid in sheet.gids for link in sheet.links(gid, REACTIONS)]
    return {gid: decode(row.document)["emoji"] for gid, row in sheet.view.store.records(gids).items()}


def _summary(sheet: Sheet, gid: int, _: Document) -> list[Document]:
    emoji_of = sheet.once(REACTIONS, _emojis)
    people: dict[str, list[int | None]] = {}
    for link in sheet.links(gid, REACTIONS):
        people.setdefault(emoji_of[link.gid], []).append(link.note)
    return [
        {"emoji_base": base_of(emoji), "variant": emoji, "count": len(users), "reacted": sheet.view.user in users}
        for emoji, users in people.items()
    ]


def reaction_summary() -> Field:
    """The field of a kind that says which reactions there are, how many of each, and whether the caller's is one."""
    return computed("reaction_summary", _summary, needs=(REACTIONS,), blank=[], of="list")


@reaction.verb(
    "GET",
    "/reactions",
    "getReactionsOnObject",
    query=(text("target", required=True), text("emoji_base", required=True), *PAGING),
    answers="list",
    paged=True,
)
def list_on_target(request: Request) -> Answer:
    """List the reactions with one emoji, in all its variants, on a story or status update."""
    target = request.require("target", "")
    if target.kind not in TARGETS:
        raise RequestError(f"target: Not a valid GID type: {target.kind}")
    wanted = base_of(request.query.get("emoji_base") or "")
    if not wanted:
        raise RequestError("emoji_base: Missing input")
    return linked_page(request, target.gid, REACTIONS, filters.equals("emoji_base", wanted))
